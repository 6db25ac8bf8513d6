"""Answers that come in parts: what a document says may follow, to who takes it that way."""
