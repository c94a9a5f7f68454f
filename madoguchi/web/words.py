"""The words around texts and refusals, for the views and templates of this face (they are ``asking``'s)."""

from madoguchi.asking.words import (
    day_words,
    language,
    local,
    said,
    short_day_words,
    time_words,
    words,
)

__all__ = ["day_words", "language", "local", "said", "short_day_words", "time_words", "words"]
