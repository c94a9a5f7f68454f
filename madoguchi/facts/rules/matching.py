"""Whether two records are of one human being: five attributes, each of which agrees, differs or is unknown.

A wrong link hands one resident's life to another (of the wrong links of 2023 most were made by one attribute instead of
four). So nothing links on fewer than four, and what a system could not write (代替文字, 外字) is unknown: never equal.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from madoguchi.ground.kana import search_key, to_katakana


class Outcome(StrEnum):
    """What two values of one attribute say."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


#: Attribute → the fact in which it is known.
ATTRIBUTES: Final[Mapping[str, str]] = {
    "name": "person.full_name",
    "kana": "person.full_name_kana",
    "born": "person.date_of_birth",
    "sex": "person.sex",
    "address": "person.registered_address",
}
#: So many attributes must agree, of five, and none may differ.
ENOUGH: Final = 4

#: What stands where a system has no character for it: 〓 (げた), ●, ■, ? in either width, U+FFFD.
SUBSTITUTE: Final = "〓"
_SUBSTITUTES: Final = re.compile("[〓●■?？�]")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212\u2500\uff0dーｰ-]")
_UNSEEN: Final = re.compile("[\\s\u200b-\u200d\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]")

Comparison = Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Record:
    """What one side says, by attribute; what it does not say is left out.

    ``substituted``: by attribute the positions (from 0) at which the certificate of a card flags a substitute character
    (氏名代替文字位置, 住所代替文字位置), whatever stands there. A signature brings them, a sign-in does not.
    """

    values: Mapping[str, str] = field(repr=False)
    substituted: Mapping[str, Collection[int]] = field(default_factory=dict)

    def get(self, attribute: str) -> str:
        """The value with 〓 wherever it is a substitute; empty where there is none."""
        text, flagged = self.values.get(attribute, ""), self.substituted.get(attribute, ())
        marked = "".join(SUBSTITUTE if at in flagged else one for at, one in enumerate(text))
        return _SUBSTITUTES.sub(SUBSTITUTE, marked)


def record_of(known: Mapping[str, Any]) -> Record:
    """A record out of facts (key → value)."""
    return Record({name: str(known[key]) for name, key in ATTRIBUTES.items() if known.get(key)})


def compare(one: Record, other: Record) -> Comparison:
    """The five attributes of two records; in either order it is the same."""
    return {name: _COMPARED[name](one.get(name), other.get(name)) for name in ATTRIBUTES}


def is_same(comparison: Comparison) -> bool:
    """Beyond doubt: at least four agree and none differs."""
    said = list(comparison.values())
    return said.count(Outcome.AGREES) >= ENOUGH and Outcome.DIFFERS not in said


def is_holder(comparison: Comparison) -> bool:
    """Whether the card that has signed is that of whoever is signed in, of whom much is sure already: nothing differs,
    the day of birth agrees, and so does the name, or where it has substitutes the address."""
    named = comparison["name"] is Outcome.AGREES
    lived = comparison["name"] is Outcome.UNKNOWN and comparison["address"] is Outcome.AGREES
    return comparison["born"] is Outcome.AGREES and (named or lived) and Outcome.DIFFERS not in comparison.values()


def is_another(agrees: Mapping[str, bool]) -> bool:
    """Whether an entry's number now stands before somebody else: by attribute, whether its line says what it said
    before (what either does not say is left out). Name and day of birth never change together, and of all that is known
    two attributes stay, or the one that there is.
    """
    both = agrees.get("name") is False and agrees.get("born") is False
    return both or sum(agrees.values()) < min(2, len(agrees))


def is_doubtful(comparison: Comparison) -> bool:
    """A person must look: the date of birth and one more agree, or any three.

    The sex is no such one: of those who share a birthday every second one shares it.
    """
    agrees = {name for name, said in comparison.items() if said is Outcome.AGREES}
    return len(agrees) >= 3 or ("born" in agrees and bool(agrees - {"born", "sex"}))


def is_rival(comparison: Comparison) -> bool:
    """Whether two who cannot be joined by a machine may be one all the same, because one of them is tied to somebody
    already: any three agree and nothing differs. Of twins the name does."""
    said = list(comparison.values())
    return said.count(Outcome.AGREES) >= ENOUGH - 1 and Outcome.DIFFERS not in said


def says_more(now: Comparison, before: Comparison) -> bool:
    """Whether anything speaks for the two being one that did not when somebody decided."""
    return any(
        said != before.get(name) and (said == Outcome.AGREES or before.get(name) == Outcome.DIFFERS)
        for name, said in now.items()
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whom a record means: one beyond doubt (``same``), those between whom a person decides (``near``), or nobody."""

    same: UUID | None = None
    near: Mapping[UUID, Comparison] = field(default_factory=dict)

    def doubted(self) -> "Verdict":
        """The same where a person must look after all."""
        return Verdict(near=self.near)


def judge(record: Record, candidates: Mapping[UUID, Record], taken: Collection[UUID] = ()) -> Verdict:
    """Linked only where exactly one candidate is the same beyond doubt; of two such a person chooses.

    ``taken``: those of them who are tied to somebody already. They are never linked, but whoever may be one of them is
    asked about: the earlier link, or this one, is wrong.
    """
    compared = {key: compare(record, one) for key, one in candidates.items()}
    same = [key for key, one in compared.items() if is_same(one)]
    if len(same) == 1 and same[0] not in taken:
        return Verdict(same[0], {same[0]: compared[same[0]]})
    return Verdict(near={key: one for key, one in compared.items() if (is_rival if key in taken else is_doubtful)(one)})


# -- one attribute ----------------------------------------------------------------------------------------------------


def _exact(one: str, other: str) -> Outcome:
    if not one or not other or SUBSTITUTE in one + other:
        return Outcome.UNKNOWN
    return Outcome.AGREES if one == other else Outcome.DIFFERS


def _sex(one: str, other: str) -> Outcome:
    known = {"male", "female"}
    return _exact(one, other) if {one, other} <= known else Outcome.UNKNOWN


def _text(one: str, other: str) -> Outcome:
    """Names: width, spaces and dashes do not matter. Where they part only in 異体字 (髙 and 高) or in the size of kana,
    which one system has and the other has not, nobody can say."""
    if not one or not other:
        return Outcome.UNKNOWN
    mine, yours = _plain(one), _plain(other)
    if SUBSTITUTE in mine + yours:
        return Outcome.UNKNOWN if _may_be(mine, yours) else Outcome.DIFFERS
    if mine == yours:
        return Outcome.AGREES
    return Outcome.UNKNOWN if search_key(mine) == search_key(yours) else Outcome.DIFFERS


def _plain(text: str) -> str:
    return _DASHES.sub("-", _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).casefold())


def _may_be(one: str, other: str) -> bool:
    """Whether all characters are equal but those of which one side has only a substitute."""
    return len(one) == len(other) and all(
        SUBSTITUTE in pair or pair[0] == pair[1] or search_key(pair[0]) == search_key(pair[1])
        for pair in zip(one, other, strict=True)
    )


def _kana(one: str, other: str) -> Outcome:
    return _text(to_katakana(one), to_katakana(other))


# -- addresses --------------------------------------------------------------------------------------------------------

_DIGITS: Final = "〇一二三四五六七八九"
_KANJI_NUMBER: Final = re.compile(
    "(?:(?<=[目番地号のノ-])[〇一二三四五六七八九十百]+|[〇一二三四五六七八九十百]+(?=丁目|番|号|-|の|ノ))"
)
_UNITS: Final = re.compile("(?<=[0-9])(?:丁目|番地の|番地|番の|番|号室|号|の|ノ)")
_PLACE: Final = re.compile("(?P<town>[^0-9]*)(?P<numbers>[0-9〓]+(?:-[0-9〓]+)*)?-?(?P<building>.*)")
_AREA: Final = re.compile("(?:.*[都道府県市区町村郡])?")


def place_of(address: str) -> tuple[str, str, str]:
    """Town, numbers and building of an address as it is compared: ``谷川一丁目１番１号`` is 谷川 and ``1-1-1``.

    Numbers in kanji count beside 丁目, 番, 号 or a hyphen; a town keeps those of its name (三箇). 大字 and 字 are left
    out. The building is whatever follows.
    """
    text = _KANJI_NUMBER.sub(lambda found: str(_number(found[0])), _plain(address))
    text = re.sub("-+", "-", _UNITS.sub("-", text)).strip("-")
    found = _PLACE.fullmatch(text)
    assert found is not None  # every part of it may be empty
    town = re.sub("大字|字", "", found["town"])
    return town, found["numbers"] or "", found["building"]


def _number(kanji: str) -> int:
    """Up to 999, written either way: 二十四 and 二四."""
    if not set(kanji) & set("十百"):
        return int("".join(str(_DIGITS.index(one)) for one in kanji))
    total, digit = 0, 0
    for one in kanji:
        if one in "十百":
            total += (digit or 1) * (10 if one == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS.index(one)
    return total + digit


def _address(one: str, other: str) -> Outcome:
    """Town and numbers. One side may begin with the prefecture, the other with the town; where both name a building and
    not the same, nobody can say."""
    if not one or not other:
        return Outcome.UNKNOWN
    mine, yours = sorted((place_of(one), place_of(other)), key=lambda place: len(place[0]))
    beginning = yours[0][: len(yours[0]) - len(mine[0])]
    towns = mine[0], yours[0][len(beginning) :]
    if not mine[0] or _AREA.fullmatch(beginning) is None:
        towns = mine[0], yours[0]
    if SUBSTITUTE in one + other:
        return Outcome.UNKNOWN if _may_be("".join(mine[:2]), towns[1] + yours[1]) else Outcome.DIFFERS
    said = _text(mine[0], towns[1]) if mine[0] or towns[1] else Outcome.UNKNOWN
    if said is Outcome.DIFFERS:
        return said
    if mine[1] != yours[1]:  # a room may be written behind the numbers: 1-1-1-101
        short, long = sorted((mine[1], yours[1]), key=len)
        return Outcome.UNKNOWN if short and long.startswith(f"{short}-") else Outcome.DIFFERS
    if not mine[1] or (mine[2] and yours[2] and mine[2] != yours[2]):
        return Outcome.UNKNOWN
    return said


_COMPARED: Final = {"name": _text, "kana": _kana, "born": _exact, "sex": _sex, "address": _address}
