"""A text is cut into passages, and nothing but white space is lost."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.chunks import LONGEST, passages

words = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=40)
gaps = st.sampled_from([" ", "\n", "\n\n", "\r\n\r\n", ". ", "!\n", "\t\n \n", "  "])
texts = st.lists(st.tuples(words, gaps), max_size=400).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)
anything = st.text(max_size=5_000) | st.text("ab. \n", min_size=2_000, max_size=6_000)


@given(texts)
def test_the_passages_hold_the_same_words(text):
    assert " ".join(passages(text)).split() == text.split()


@given(texts | anything)
def test_no_letter_is_lost_whatever_the_text(text):
    assert "".join("".join(passages(text)).split()) == "".join(text.split())


@given(texts | anything)
def test_a_passage_is_neither_blank_nor_too_long(text):
    assert all(passage.strip() and len(passage) <= LONGEST for passage in passages(text))


@given(texts | anything)
def test_a_passage_ends_only_where_the_next_paragraph_does_not_fit(text):
    """Few passages: two that follow each other are together longer than one may be."""
    found = passages(text)
    whole = [one for one in pairwise(found) if len("".join(one)) + 2 <= LONGEST]
    assert whole == []


def test_paragraphs_stay_whole():
    first, second, third = "Un. " * 100, "Deux. " * 100, "Trois. " * 10
    found = passages(f"{first}\n\n{second}\n \n{third}")
    assert found == [first.strip(), f"{second.strip()}\n\n{third.strip()}"]


def test_a_long_paragraph_is_cut_between_sentences():
    sentence = "Une phrase de taille moyenne pour la démonstration."
    found = passages(" ".join([sentence] * 40))
    assert len(found) == 3
    assert all(passage.startswith("Une") and passage.endswith(".") for passage in found)


def test_a_word_without_an_end_is_cut_where_it_must_be():
    assert [len(one) for one in passages("x" * 2_000)] == [900, 900, 200]
