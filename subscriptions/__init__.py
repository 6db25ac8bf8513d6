"""What makes a dashboard live. The only package, with the gateway, that speaks Redis."""
