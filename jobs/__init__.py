"""What happens without a request: long work that was asked for, and what is done at set times."""
