"""Japanese words and their readings, by SudachiPy and its core dictionary: for the search and for furigana.

Apart from kana.py, which compares spellings without knowing words. The dictionary is read at the first use (0.2 s) and
shared by all threads; each thread has its own tokenizer, because one cannot be used by two.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from sudachipy import Dictionary, SplitMode, Tokenizer

from madoguchi.ground.kana import to_hiragana

#: Bytes of UTF-8 that Sudachi reads at once are limited (49,149); a longer text is cut here, in characters.
LONGEST: Final = 12_000


class Morpheme(NamedTuple):
    """One word as it stands in a text. ``reading`` in hiragana; ``base`` is what all its spellings have in common;
    ``part``, ``kind`` and ``detail`` are its part of speech (名詞, 固有名詞, 人名)."""

    surface: str
    reading: str
    base: str
    part: str
    kind: str
    detail: str


@cache
def _dictionary() -> Dictionary:
    return Dictionary(dict="core")


class _Own(threading.local):
    """The tokenizer of this thread."""

    def __init__(self) -> None:
        self.tokenizer: Tokenizer = _dictionary().tokenizer()


_own: Final = _Own()


def morphemes(text: str, *, whole: bool = False) -> Iterable[Morpheme]:
    """The words of a text: the shortest ones (予防・法), or ``whole`` names and compounds (予防法)."""
    for start in range(0, len(text), LONGEST):
        mode = SplitMode.C if whole else SplitMode.A
        for one in _own.tokenizer.tokenize(text[start : start + LONGEST], mode):
            part = one.part_of_speech()
            yield Morpheme(one.surface(), to_hiragana(one.reading_form()), one.normalized_form(), *part[:3])
