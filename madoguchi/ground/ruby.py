"""Furigana: a text with the reading of its kanji, as HTML ``<ruby>``. Whole words are read, so 手続き is not 手·続き.

Names of persons are left alone: a machine that misreads a name is rude. Words that a dictionary misreads (statutes,
counted things) are read from a table that the city keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from madoguchi.ground.japanese import morphemes
from madoguchi.ground.kana import to_hiragana

_KANJI: Final = "\u3400-\u9fff\uf900-\ufaff々〆〇\U00020000-\U0003ffff"
_HAS_KANJI: Final = re.compile(f"[{_KANJI}]")
_RUNS: Final = re.compile(f"([{_KANJI}]+)")
_DIGIT: Final = re.compile("[0-9０-９]")
#: Numbers in the table: 「#日」 is 日 after any digit.
ANY_NUMBER: Final = "#"


class Furigana:
    """The reader of texts: the dictionary, corrected by ``readings`` (word → hiragana; ``#日``: after a number)."""

    def __init__(self, readings: Mapping[str, str]) -> None:
        words = sorted(readings, key=len, reverse=True)
        self._readings = dict(readings)
        self._known = re.compile("|".join(map(_pattern, words))) if words else None
        self.over = lru_cache(maxsize=8192)(self._over)

    def _over(self, text: str) -> str:
        """The text (HTML-safe, as it stands between two tags) with ``<ruby>`` over its kanji; nothing else changes."""
        return "".join(self._parts(text))

    def _parts(self, text: str) -> Iterator[str]:
        at = 0
        for found in self._known.finditer(text) if self._known else ():
            yield from _read(text[at : found.start()])
            word = found[0]
            yield _over(word, self._readings.get(word) or self._readings[ANY_NUMBER + word])
            at = found.end()
        yield from _read(text[at:])


def _pattern(word: str) -> str:
    """A word of the table: one with digits does not begin inside a longer number."""
    if word.startswith(ANY_NUMBER):
        return f"(?<=[0-9０-９]){re.escape(word[1:])}"
    return f"(?<![0-9０-９]){re.escape(word)}" if word[0].isdigit() else re.escape(word)


def _read(text: str) -> Iterator[str]:
    """The text with the dictionary's readings."""
    if not _HAS_KANJI.search(text):
        yield text
        return
    for one in morphemes(text, whole=True):
        if one.detail == "人名" or not _HAS_KANJI.search(one.surface):
            yield one.surface
        else:
            yield _over(one.surface, one.reading)


def _over(word: str, reading: str) -> str:
    """One word with its reading over the kanji only: 申し込み → 申(もう) し 込(こ) み."""
    if _DIGIT.search(word):
        return _ruby(word, reading)
    pieces = _RUNS.split(word)
    kana = ["".join(filter(_is_reading, to_hiragana(piece))) for piece in pieces]
    fitted = re.fullmatch("".join("(.+)" if at % 2 else piece for at, piece in enumerate(kana)), reading)
    if fitted is None:
        return _ruby(word, reading) if _is_reading(reading) else word
    return "".join(
        _ruby(piece, fitted[at // 2 + 1]) if at % 2 and _is_reading(fitted[at // 2 + 1]) else piece
        for at, piece in enumerate(pieces)
    )


def _is_reading(text: str) -> bool:
    return bool(text) and all("ぁ" <= char <= "ゖ" or char == "ー" for char in text)


def _ruby(base: str, reading: str) -> str:
    """With brackets for whoever's program shows no ruby."""
    return f"<ruby>{base}<rp>（</rp><rt>{reading}</rt><rp>）</rp></ruby>"
