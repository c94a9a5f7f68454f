"""Addresses as people write them → the town of this city and the lot, or the few that may be meant.

One city's towns fit into the hand, so everything is tried and nothing is guessed: what is in doubt comes back as
several candidates for a person to choose from. 大東市 has no 住居表示; its addresses are 丁目 and lot (地番), so a town
alone is a place of some hundred metres, and the level is always said. Towns are joined by 町字ID, never by name: 竜間
is also written 龍間, 大字 is left out, and 丁目 is written in four ways.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Level = Literal["lot", "town", "area"]
"""lot: town and lot are said; town: the town (丁目) alone; area: a name that several 丁目 share."""


@dataclass(frozen=True, slots=True)
class Found:
    """What may be meant. ``town`` is the 町字ID (seven digits; empty for an area of several), ``name`` as the city
    writes it, ``lot`` the numbers of the lot (12番3 → 12, 3). ``exact``: the name was written so, but for spelling."""

    town: str
    name: str
    level: Level
    lot: tuple[int, ...] = ()
    exact: bool = True

    @property
    def words(self) -> str:
        """The address as the city writes it."""
        if not self.lot:
            return self.name
        return f"{self.name}{self.lot[0]}番" + "".join(
            str(one) if at == 0 else f"-{one}" for at, one in enumerate(self.lot[1:])
        )


_DIGITS: Final = {"〇": 0, "零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_KANJI: Final = "".join(_DIGITS) + "".join(_TENS)
_VARIANTS: Final = str.maketrans("龍ヶがガヵの之條澤濱榮廣邊邉", "竜ケケケケノノ条沢浜栄広辺辺")
_DASHES: Final = re.compile("[-‐‑‒–—―−－ーｰ~〜～]")
_PREFIX: Final = re.compile(r"^(〒?\d{3}-?\d{4} ?)?(大阪府 ?)?(大東市 ?)?(大字|字)?")
_NUMBER: Final = re.compile(rf"(\d+|[{_KANJI}]+)(丁目|丁|番地|番|号|-|ノ)?")
MAX_LENGTH: Final = 200


def folded(text: str) -> str:
    """What two spellings of one address have in common; a space stays, because 1-1-1 301号室 is not 1-1-1301."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:MAX_LENGTH])).translate(_VARIANTS)
    return re.sub(r"\s*-\s*", "-", _DASHES.sub("-", re.sub(r"[\s、,，・]+", " ", text))).strip()


def number_of(text: str) -> int:
    """The number that is written in digits or in kanji (二十三, 二三). Raises ValueError."""
    if text.isdecimal():
        return int(text)
    if not text or any(one not in _KANJI for one in text):
        raise ValueError(text)
    if not any(one in _TENS for one in text):
        return int("".join(str(_DIGITS[one]) for one in text))
    total = digit = 0
    for one in text:
        if one in _TENS:
            total, digit = total + (digit or 1) * _TENS[one], 0
        else:
            digit = _DIGITS[one]
    return total + digit


@dataclass(frozen=True, slots=True)
class _Name:
    """A name with its 丁目 (number → 町字ID); 0 where it has none. ``written``: as the city writes it, without 丁目."""

    written: str
    towns: Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)  # one of a kind: caches know it by itself
class Gazetteer:
    """The towns of a city, made once."""

    names: Mapping[str, tuple[_Name, ...]]
    """By folded name, without 大字: 寺川 is both the 丁目 of that name and the 大字."""
    longest_first: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, towns: Iterable[tuple[str, str]]) -> "Gazetteer":
        """From 町字ID and name (住道一丁目, 大字龍間, 曙町)."""
        grouped: dict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
        for key, name in towns:
            parts = re.fullmatch(rf"(.+?)([{_KANJI}\d]+)丁目", name)
            base, number = (parts[1], number_of(parts[2])) if parts else (name, 0)
            grouped[base][number] = (key, name)
        names: dict[str, list[_Name]] = defaultdict(list)
        for base, numbered in grouped.items():
            names[folded(base.removeprefix("大字"))].append(_Name(base, numbered))
        found = {key: tuple(sorted(ones, key=lambda one: one.written)) for key, ones in names.items()}
        return cls(found, tuple(sorted(found, key=len, reverse=True)))

    def part_of(self, name: str) -> list[str]:
        """The 町字IDs of all 丁目 of that name as the city writes it."""
        ones = self.names.get(folded(name.removeprefix("大字")), ())
        return [town for one in ones if one.written == name for town, _ in one.towns.values()]

    def find(self, text: str) -> list[Found]:
        """What may be meant by this text, the likeliest first; empty where no town of the city is named."""
        said = _PREFIX.sub("", folded(text), count=1)
        for key in self.longest_first:
            if said.startswith(key):
                rest = said[len(key) :]
                exact = not rest or _NUMBER.match(rest.removeprefix(" ")) is not None
                return self._read(key, rest, exact=exact, village="大字" in text)
        return self._nearly(said)

    def _read(self, key: str, rest: str, *, exact: bool, village: bool) -> list[Found]:
        numbers = _numbers(rest)
        found: list[Found] = []
        for name in self.names[key]:
            if 0 in name.towns:
                of_village = name.written.startswith("大字")
                if not (of_village and numbers and numbers[0][1] in ("丁目", "丁")):
                    town, written = name.towns[0]
                    lot = tuple(number for number, _ in numbers)
                    found.append(Found(town, written, "lot" if lot else "town", lot, exact))
            elif not village:
                found += _among(name, numbers, exact=exact)
        # A single number may be 丁目 or lot; with 大字 written, or beyond the last 丁目, it is the lot.
        return sorted(found, key=lambda one: (one.level == "area", one.name.startswith("大字") and not village))

    def _nearly(self, said: str) -> list[Found]:
        """Names that differ by one sign, or lack their 町."""
        found: list[Found] = []
        for key in self.longest_first:
            for length in (len(key), len(key) - 1, len(key) + 1):
                head, rest = said[:length], said[length:]
                near = head == key.removesuffix("町") or (len(head) >= 2 and _one_off(head, key))
                if near and head and (not rest or _NUMBER.match(rest)):
                    found += self._read(key, rest, exact=False, village=False)
                    break
        return found[:8]


def _numbers(rest: str) -> list[tuple[int, str]]:
    """The numbers right behind a town with what stands behind each: 1丁目2番3号 → (1, 丁目), (2, 番), (3, 号)."""
    found: list[tuple[int, str]] = []
    at = 0
    rest = rest.removeprefix(" ")
    while len(found) < 4 and (part := _NUMBER.match(rest, at)) and len(part[1]) <= 6:
        found.append((number_of(part[1]), part[2] or ""))
        if part[2] in (None, "号"):
            break
        at = part.end() + rest[part.end() :].startswith(" ")
    return found


def _among(name: _Name, numbers: list[tuple[int, str]], *, exact: bool) -> list[Found]:
    first, unit = numbers[0] if numbers else (0, "")
    if first in name.towns and (unit in ("丁目", "丁", "-", "ノ") or (len(numbers) == 1 and unit == "")):
        town, written = name.towns[first]
        lot = tuple(number for number, _ in numbers[1:])
        return [Found(town, written, "lot" if lot else "town", lot, exact)]
    if numbers and unit not in ("丁目", "丁"):
        return []  # a lot without 丁目: of a 大字, if there is one
    return [Found("", name.written, "area", (), exact and not numbers)]


def _one_off(one: str, other: str) -> bool:
    """Whether one sign was changed, left out or added."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        return len(one) >= 2 and sum(a != b for a, b in zip(one, other, strict=True)) == 1
    short, long = sorted((one, other), key=len)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
