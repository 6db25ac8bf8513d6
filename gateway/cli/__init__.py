"""The command line: `scripts/nexus …`. One module per command; `__main__` puts them together."""
