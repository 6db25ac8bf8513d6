"""What is allowed, and what follows: plain functions and pure reasoning."""
