"""What a text asks for beside a name: what is near something (住道駅の近くの公園), or where two roads cross."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from madoguchi.ground.sounding import key, short
from madoguchi.places.rules.addressing import MAX_LENGTH
from madoguchi.places.rules.layer import Layer

_NEAR: Final = re.compile(
    r"^(?P<place>.*?)\s*(?:の|から|に|で)?\s*"
    r"(?:(?:近く|近所|近辺|近場|そば|周辺|付近|辺り|あたり|ちかく)(?:\s*(?:の|にある|に\s*ある|で)\s*|\s+)"
    r"|(?:最寄り?|もより)\s*(?:の\s*)?|(?:一番|いちばん)\s*(?:近い|ちかい|近くの|ちかくの)\s*)"
    r"(?P<thing>.+)$"
)
#: Where one is, as far as a text can say it.
_HERE: Final = frozenset(
    {"", "この", "ここ", "うち", "家", "自宅", "私の家", "わたしの家", "今いる所", "現在地", "here", "me"}
)
_NEAR_ENGLISH: Final = re.compile(
    r"^(?:the\s+)?(?:nearest\s+|closest\s+)?(?P<thing>[a-z' -]+?)\s+"
    r"(?:near(?:\s+to)?|around|close to|closest to|by|from|to)\s+(?P<place>.+)$",
    re.IGNORECASE,
)
_CROSSING: Final = re.compile(
    r"^(?P<one>.+?)\s*(?:と|×|✕|x|X|&|＆)\s*(?P<other>.+?)\s*(?:の|が)?\s*(?:交差点|交わる.*|角)$"
)
_NAMES_BOTH: Final = re.compile(r"^(?P<one>.+?)\s*[×✕]\s*(?P<other>.+)$")


@dataclass(frozen=True, slots=True)
class Near:
    """Something near a place: both in the words of who asks. ``place`` is empty where none was said."""

    place: str
    thing: str


def near(text: str) -> Near | None:
    """What is asked for near what, where it is asked so."""
    plain = _plain(text)
    found = _NEAR.match(plain) or _NEAR_ENGLISH.match(plain)
    if found is None:
        return None
    place = found["place"].strip()
    return Near("" if place in _HERE else place, found["thing"].strip(" 。?？"))


def crossing(text: str) -> tuple[str, str] | None:
    """The two roads whose crossing is asked for."""
    plain = _plain(text)
    found = _CROSSING.match(plain) or _NAMES_BOTH.match(plain)
    return (found["one"].strip(), found["other"].strip()) if found else None


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text[:MAX_LENGTH])).strip()


def meant(thing: str, layers: Sequence[Layer]) -> list[tuple[Layer, str, Mapping[str, Sequence[str]]]]:
    """The layers that hold what people call so, each with that word and which of its features are meant.

    The longest word counts with which it begins (避難所はどこですか), in any spelling and in kana.
    """
    asked, heard = key(thing), short(thing)
    found = [
        (len(word), layer, word, where)
        for layer in layers
        for word, where in layer.words.items()
        if asked.startswith(key(word)) or (len(short(word)) > 2 and heard.startswith(short(word)))
    ]
    longest = max((length for length, *_ in found), default=0)
    return [(layer, word, where) for length, layer, word, where in found if length == longest]


def names_all(text: str, layers: Sequence[Layer]) -> bool:
    """Whether it says what people call such things, and nothing more (図書館)."""
    return any(key(text) == key(word) or short(text) == short(word) for _, word, _ in meant(text, layers))
