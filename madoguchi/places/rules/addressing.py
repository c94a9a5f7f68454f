"""Addresses as people write them → the town of this city and the lot, or the few that may be meant.

One city's towns fit into the hand, so everything is tried and nothing is guessed: what is in doubt comes back as
several candidates for a person to choose from. 大東市 has no 住居表示; its addresses are 丁目 and lot (地番), so a town
alone is a place of some hundred metres, and the level is always said. Towns are joined by 町字ID, never by name: 竜間
is also written 龍間, 大字 is left out, and 丁目 is written in four ways.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Final, Literal

from madoguchi.ground.kana import from_romaji, modern, shortened, to_hiragana

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
_DASHES: Final = re.compile("[-‐‑‒–—―−－─ーｰ~〜～]")
_GAPS: Final = re.compile(r"[\s、,，・:]+")
#: 緑ヶ丘, 緑ケ丘 and 緑が丘; 津ノ辺, 津之辺 and 津の辺. Between numbers の is a dash.
_GA: Final = re.compile("(?<=[一-鿿])[けゖがかゕ](?=[一-鿿])")
_NO: Final = re.compile("(?<=[一-鿿])[之乃の](?=[一-鿿])")
_NO_OF_NUMBERS: Final = re.compile(rf"(?<=[0-9{_KANJI}]) ?の ?(?=[0-9{_KANJI}])")
#: 谷川ー丁目: the sign of a long vowel taken for a one.
_ONE: Final = re.compile(rf"(?<![0-9{_KANJI}])-(?=丁目|番|号)")
_NUMBER: Final = re.compile(
    rf"([0-9]+|[{_KANJI}]+)(?: ?((?:丁目|丁日|丁め|町目|ちょうめ|丁|番地|ばんち|番|ばん)[の-]?|号|ごう|-|の))?"
)
_UNITS: Final = {"丁": "丁目", "町": "丁目", "ち": "丁目", "番": "番", "ば": "番", "号": "号", "ご": "号"}
#: A lot that stands apart behind the number of the 丁目: 谷川1 2番3号.
_GOES_ON: Final = re.compile(rf" (?:[0-9]+|[{_KANJI}]+) ?(?:番|-[0-9])")
#: Who is told something else by it: another municipality stands before the name.
_ELSEWHERE: Final = re.compile("[市区郡県](?: |$)")
_ELSEWHERE_LATIN: Final = re.compile(r"([a-z]+)[- ](?:shi|ku|gun|city|ward)\b")
_LATIN: Final = re.compile(r"[^\W\d_]+")
_LATIN_UNITS: Final = ((re.compile(r"[- ]?ch(?:o|ou|ō)me\b"), "丁目"), (re.compile(r"[- ]?banchi\b|[- ]?ban\b"), "番"))
_POSTAL_CODE: Final = re.compile(r"〒? ?(?<![0-9-])[0-9]{3}-[0-9]{4}(?![0-9-])")
MAX_LENGTH: Final = 200
#: The longest number that is read, in signs; a lot has four digits.
_LONGEST_NUMBER: Final = 7
MOST: Final = 8


def folded(text: str) -> str:
    """What two spellings of one address have in common; a space stays, because 1-1-1 301号室 is not 1-1-1301."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:MAX_LENGTH]))
    text = _NO.sub("の", _GA.sub("が", to_hiragana(modern(text))))
    text = _DASHES.sub("-", _NO_OF_NUMBERS.sub("-", _GAPS.sub(" ", text)))
    return _ONE.sub("一", re.sub(r" *-[- ]*", "-", text)).strip()


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

    @property
    def is_village(self) -> bool:
        return self.written.startswith("大字")


@dataclass(frozen=True, slots=True, eq=False)  # one of a kind: caches know it by itself
class Gazetteer:
    """The towns of a city, made once."""

    names: Mapping[str, tuple[_Name, ...]] = field(repr=False)
    """By folded name, without 大字, and by how it is read: 寺川 is both the 丁目 of that name and the 大字."""
    latin: Mapping[str, str] = field(repr=False)
    """How a name is read without its long vowels → its key above."""
    readings: Mapping[str, str] = field(repr=False)
    """Name without 大字 → its kana, the longest first."""
    longest: int
    city: str
    """As it stands before the town, folded; empty where nobody said."""
    romaji: str
    before: re.Pattern[str] = field(repr=False)

    @classmethod
    def of(
        cls,
        towns: Iterable[tuple[str, str]],
        *,
        prefecture: str = "",
        city: str = "",
        romaji: str = "",
        readings: Mapping[str, str] | None = None,
    ) -> "Gazetteer":
        """From 町字ID and name (住道一丁目, 大字龍間, 曙町); ``readings``: 町字ID → kana of the name without 丁目.

        ``romaji`` is the city in Latin letters (Daito).
        """
        grouped: dict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
        for id_, name in towns:
            parts = re.fullmatch(rf"(.+?)([{_KANJI}\d]+)丁目", name)
            base, number = (parts[1], number_of(parts[2])) if parts else (name, 0)
            grouped[base][number] = (id_, name)
        names: dict[str, list[_Name]] = defaultdict(list)
        latin, spoken = {}, {}
        for base, numbered in grouped.items():
            one, key = _Name(base, numbered), folded(base.removeprefix("大字"))
            names[key].append(one)
            kana = (readings or {}).get(next(iter(numbered.values()))[0], "")
            if heard := folded(kana):
                names[heard].append(one)
                latin[shortened(heard)] = heard
                spoken[base.removeprefix("大字")] = kana
        found = {key: tuple(sorted(ones, key=lambda one: one.written)) for key, ones in names.items()}
        stands_before = "".join(f"(?:{re.escape(folded(one))} ?)?" for one in (prefecture, city) if one)
        return cls(
            found,
            latin,
            dict(sorted(spoken.items(), key=lambda one: -len(one[0]))),
            max(map(len, found)),
            folded(city),
            romaji.lower(),
            re.compile(rf"(?:〒? ?[0-9]{{3}}-?[0-9]{{4}} ?)?(?:日本国? ?)?{stands_before}"),
        )

    def part_of(self, name: str) -> list[str]:
        """The 町字IDs of all 丁目 of that name as the city writes it."""
        ones = self.names.get(folded(name.removeprefix("大字")), ())
        return [town for one in ones if one.written == name for town, _ in one.towns.values()]

    def spoken(self, text: str) -> str:
        """With the names of towns in kana, for whoever reads it aloud: no dictionary knows that 氷野 is ひの."""
        for name, kana in self.readings.items():
            text = text.replace(name, kana)
        return text

    def find(self, text: str) -> list[Found]:
        """What may be meant by this text, the likeliest first; empty where no town of the city is named."""
        said = folded(text)
        begin = self.before.match(said)
        said = said[begin.end() :] if begin else said
        found = self._begins(said)
        if found and found[0].exact:
            return found
        if self.city and self.city in said and (behind := self._begins(said.rpartition(self.city)[2].strip())):
            found = found or behind
            if behind[0].exact:
                return behind
        return self._within(said) or self._in_latin(said) or found or self._nearly(said)

    def _begins(self, said: str) -> list[Found]:
        """What begins with a town; not exact where no number follows it but other words."""
        plain = re.sub("^(?:大字|字) ?", "", said)
        for length in range(min(self.longest, len(plain)), 0, -1):
            if (key := plain[:length]) in self.names:
                rest = plain[length:].removeprefix(" ")
                exact = not rest or _NUMBER.match(rest) is not None
                if not exact and _NUMBER.match(rest, 1) and rest[0] == "町":
                    rest = rest[1:]  # 谷川町1-1-1
                return self._read(key, rest, exact=exact, village=said.startswith("大字"))
        return []

    def _within(self, said: str) -> list[Found]:
        """A town with a number somewhere behind other words: 市民会館 曙町4-6."""
        for at in range(1, len(said)):
            if "一" <= said[at - 1] <= "鿿" or _ELSEWHERE.search(said[:at]):
                continue
            found = self._begins(said[at:]) if said[at] != " " else []
            if found and found[0].exact and found[0].lot:
                return found
        return []

    def _in_latin(self, said: str) -> list[Found]:
        """1-1-1 Tanigawa, Daito, Osaka; Tanigawa 1-chome 1-1. Not exact where other words stand with it and no number
        does: Tanigawa station is not the town."""
        if not self.latin or not re.search("[a-zA-Z]{3}", said):
            return []
        said = _POSTAL_CODE.sub(" ", said.lower())
        if any(one != self.romaji for one in _ELSEWHERE_LATIN.findall(said)):
            return []
        for unit, kanji in _LATIN_UNITS:
            said = unit.sub(kanji, said)
        tokens = _LATIN.findall(re.sub("[一-鿿]+", " ", said))
        city = tokens.index(self.romaji) if self.romaji in tokens else len(tokens)
        for size in (5, 4, 3, 2, 1):
            for at in range(len(tokens) - size + 1):
                key = self.latin.get(shortened(from_romaji("".join(tokens[at : at + size]))))
                if key is not None:
                    numbers = re.search(r"[0-9]+(?:丁目|番|-)[-0-9番 ]*", said) or re.search("[0-9]+", said)
                    beside = (
                        tokens[:city]
                        if at < city
                        else [one for one in tokens[city + 1 :] if one not in ("shi", "city")]
                    )
                    exact = numbers is not None or len(beside) <= size
                    return self._read(key, numbers[0].strip(" -") if numbers else "", exact=exact, village=False)
        return []

    def _read(self, key: str, rest: str, *, exact: bool, village: bool) -> list[Found]:
        numbers = _numbers(rest)
        names = self.names[key]
        has_village = any(one.is_village for one in names)
        found: list[Found] = []
        for name in names:
            if 0 in name.towns:
                of_chome = bool(numbers) and numbers[0][1] == "丁目"
                if not (name.is_village and of_chome):
                    town, written = name.towns[0]
                    lot = tuple(number for number, _ in numbers)
                    found.append(Found(town, written, "lot" if lot else "town", lot, exact and not of_chome))
            elif not (village and has_village):
                found += _among(name, numbers, exact=exact and not village, lone=not has_village)
        # A single number may be 丁目 or lot; with 大字 written, or beyond the last 丁目, it is the lot.
        return sorted(found, key=lambda one: (one.level == "area", one.name.startswith("大字") and not village))

    def _nearly(self, said: str) -> list[Found]:
        """Names that begin so, that differ by one sign, or lack their 町."""
        begin = re.match(r"[^\s0-9-]+", said)
        head = begin[0] if begin else ""
        found: list[Found] = []
        for key in sorted(self.names, key=len):
            if len(head) >= 2 and key.startswith(head):
                found += self._read(key, said[len(head) :].removeprefix(" "), exact=False, village=False)
        for key in () if found else sorted(self.names, key=len, reverse=True):
            for length in (len(key), len(key) - 1, len(key) + 1):
                head, rest = said[:length], said[length:].removeprefix(" ")
                near = head == key.removesuffix("町") or (len(head) >= 2 and _one_off(head, key))
                if near and head and (not rest or _NUMBER.match(rest)):
                    found += self._read(key, rest, exact=False, village=False)
                    break
        return list(dict.fromkeys(replace(one, exact=False) for one in found))[:MOST]


def _numbers(rest: str) -> list[tuple[int, str]]:
    """The numbers right behind a town with what stands behind each: 1丁目2番3号 → (1, 丁目), (2, 番), (3, 号).

    A dash or の is "-"; nothing is empty.
    """
    found: list[tuple[int, str]] = []
    at = 0
    while len(found) < 5 and (part := _NUMBER.match(rest, at)) and len(part[1]) <= _LONGEST_NUMBER:
        unit = _UNITS.get(part[2][0], "-") if part[2] else ""
        found.append((number_of(part[1]), unit))
        if unit == "号" or (not unit and (len(found) > 1 or not _GOES_ON.match(rest, part.end()))):
            break
        at = part.end() + rest[part.end() :].startswith(" ")
    return found


def _among(name: _Name, numbers: Sequence[tuple[int, str]], *, exact: bool, lone: bool) -> list[Found]:
    """Those of the 丁目 of a name that these numbers mean; ``lone``: there is no 大字 of that name."""
    chosen = [number for number, _ in takewhile(lambda one: one[1] == "丁目", numbers)]
    if not numbers:
        return [Found("", name.written, "area", (), exact)]
    if not chosen and numbers[0][1] in ("-", "") and numbers[0][0] in name.towns:
        chosen = [numbers[0][0]]
    if known := [number for number in chosen if number in name.towns]:
        lot = tuple(number for number, _ in numbers[len(chosen) :]) if len(chosen) == 1 else ()
        return [Found(*name.towns[one], "lot" if lot else "town", lot, exact) for one in known]
    if chosen:
        return [Found("", name.written, "area", (), False)]
    if not lone:
        return []  # a lot without 丁目: of the 大字
    lot = tuple(number for number, _ in numbers)
    return [Found(town, written, "lot", lot, False) for town, written in name.towns.values()]


def _one_off(one: str, other: str) -> bool:
    """Whether one sign was changed, left out or added, or two stand in the wrong order."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        wrong = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        turned = len(wrong) == 2 and wrong[0] + 1 == wrong[1] and one[wrong[0]] == other[wrong[1]]
        return len(one) >= 2 and (len(wrong) == 1 or (turned and one[wrong[1]] == other[wrong[0]]))
    short, long = sorted((one, other), key=len)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
