"""Batched reads, keyed by column."""
