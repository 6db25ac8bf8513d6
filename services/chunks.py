"""Cutting a text into passages that can be found and read one by one."""

import re
from collections.abc import Iterator

LONGEST = 900  # characters

PARAGRAPHS = re.compile(r"\n\s*\n")
SENTENCES = re.compile(r"(?<=[.!?…])\s+")


def passages(text: str) -> list[str]:
    """The passages of a text, in reading order, none blank and none over 900 characters.

    A passage holds as many whole paragraphs as fit; a longer paragraph is cut between sentences,
    a longer sentence between words, a longer word where it must be. Only white space is lost.
    """
    found: list[str] = []
    for paragraph in PARAGRAPHS.split(text):
        for number, piece in enumerate(_pieces(paragraph.strip())):
            joint = " " if number else "\n\n"
            if found and len(found[-1]) + len(joint) + len(piece) <= LONGEST:
                found[-1] += joint + piece
            else:
                found.append(piece)
    return found


def _pieces(paragraph: str) -> Iterator[str]:
    """A paragraph in parts that fit: itself, its sentences, their words, parts of a word."""
    if len(paragraph) <= LONGEST:
        if paragraph:
            yield paragraph
        return
    for sentence in SENTENCES.split(paragraph):
        parts = [sentence] if len(sentence) <= LONGEST else sentence.split()
        for part in parts:
            for start in range(0, len(part), LONGEST):
                yield part[start : start + LONGEST]
