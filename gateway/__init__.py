"""Wire and run: HTTP, settings, authentication, the command line."""
