"""Words that end texts, and words that only look like them."""

import pytest

from dispatch.messages.stopping import meant


@pytest.mark.parametrize("words", ["STOP", "stop.", " Stop! ", "Opt out", "QUIT", "alto", "ＳＴＯＰ", "unsubscribe"])  # noqa: RUF001
def test_a_word_that_stands_alone_ends_texts(words):
    assert meant(words) == "stopped"


@pytest.mark.parametrize("words", ["Start", "UNSTOP", "alta"])
def test_another_brings_them_back(words):
    assert meant(words) == "started"


@pytest.mark.parametrize(
    "words", ["", "stop by at six", "out 123456", "the work must end", "no", "stopp", "don't stop"]
)
def test_whoever_says_more_means_something_else(words):
    assert meant(words) is None
