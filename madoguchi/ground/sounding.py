"""How words sound, and how alike two of them are: what people misspell is found by that, whatever is searched.

A wrong conversion, kana or a slip of the finger (住民表, すみのどうえき, alowance) is a matter of sound. Whoever writes
Japanese in Latin letters rarely writes long vowels, so for them these are left out on both sides.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from madoguchi.ground.japanese import Morpheme, morphemes
from madoguchi.ground.kana import search_key, shortened, to_hiragana

_MARKS: Final = re.compile("[\u3099\u309a]")
_UNSOUNDED: Final = re.compile("[^ぁ-ゖa-z0-9]")
_ALIKE: Final = str.maketrans("ぢづを", "じずお")


def key(text: str) -> str:
    """What two spellings have in common: width, case, old forms of characters, spaces, and the kind of kana."""
    return to_hiragana(search_key(text))


@lru_cache(maxsize=4096)
def sound(text: str) -> str:
    """How a text sounds, in hiragana and Latin letters: without long vowels, small つ, voicing marks and spaces.

    住民票 and 住民表, りさい and リサイ, ﾏｲｸﾛﾁｯﾌﾟ and マイクロチプ sound alike.
    """
    return _UNSOUNDED.sub("", _MARKS.sub("", unicodedata.normalize("NFD", _spoken(text))))


@lru_cache(maxsize=4096)
def short(text: str) -> str:
    """The same with its voicing and without any long vowel: Latin letters tell じゅみんひょ of 住民票."""
    return shortened(_UNSOUNDED.sub("", _spoken(text)))


def is_kana(text: str) -> bool:
    """Whether it is written in kana alone."""
    return all("ぁ" <= char <= "ゖ" or "ァ" <= char <= "ヶ" or char == "ー" for char in text)


def _spoken(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    if not is_kana(plain):
        plain = "".join(one.surface if is_kana(one.surface) else one.reading for one in _heard(plain))
    return key(plain).translate(_ALIKE).replace("っ", "").replace("ー", "")


def _heard(text: str) -> Iterator[Morpheme]:
    for one in morphemes(text, whole=True):
        if one.part in ("空白", "補助記号", "記号"):
            continue
        if one.surface.isascii():
            yield one._replace(reading=one.surface)
        else:
            yield one


def pairs(sounded: str) -> frozenset[str]:
    """The pairs of neighbouring sounds; English letters in threes, because two say little."""
    size = 3 if sounded.isascii() else 2
    return frozenset(sounded[at : at + size] for at in range(len(sounded) - size + 1))


def slips(one: str, other: str) -> int:
    """How many slips of a finger lie between two words: a letter too many, missing, wrong, or two exchanged."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, char in enumerate(one, 1):
        now = [row]
        for column, there in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (char != there))
            if row > 1 and column > 1 and char == other[column - 2] and one[row - 2] == there:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
