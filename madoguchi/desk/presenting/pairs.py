"""台帳との照合: the pairs that wait, and one of them side by side, attribute by attribute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.desk.presenting.words import day_words, value_words
from madoguchi.facts.models import Pair
from madoguchi.facts.queries import Known, Sides
from madoguchi.facts.rules.matching import ATTRIBUTES, Outcome
from madoguchi.ground.clock import day_of
from madoguchi.ground.errors import Refused
from madoguchi.procedures import queries as procedures

NAMES: Final[Mapping[str, str]] = {
    "name": gettext_noop("氏名"),
    "kana": gettext_noop("フリガナ"),
    "born": gettext_noop("生年月日"),
    "sex": gettext_noop("性別"),
    "address": gettext_noop("住所"),
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.AGREES: gettext_noop("一致"),
    Outcome.DIFFERS: gettext_noop("相違"),
    Outcome.UNKNOWN: gettext_noop("不明"),
}


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair in the list: since when it waits, and which attributes say what. Nobody is named."""

    url: str
    found: str
    agrees: str
    differs: str
    unknown: str


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """One attribute: what stands in the register, what the card says. ``kind`` is agrees, differs, unknown."""

    name: str
    entry: str
    person: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class PairPage:
    """All that ``desk/pair.html`` shows. ``registered`` and ``signed_in``: for which days the two sides vouch."""

    url: str
    lines: Sequence[AttributeLine]
    registered: str
    signed_in: str
    is_confidential: bool
    reason: str
    choice: str
    problem: str


def pair_line(pair: Pair) -> PairLine:
    named = {
        kind: "、".join(gettext(NAMES[name]) for name in ATTRIBUTES if pair.comparison.get(name) == kind)
        for kind in Outcome
    }
    return PairLine(
        reverse("desk:pair", args=(pair.pk,)),
        day_words(day_of(pair.found_at)),
        named[Outcome.AGREES],
        named[Outcome.DIFFERS],
        named[Outcome.UNKNOWN],
    )


def pair_page(pair: Pair, sides: Sides, refusal: Refused | None = None, reason: str = "", choice: str = "") -> PairPage:
    """``refusal``, ``reason`` and ``choice`` are of a post that was refused."""
    lines = [
        AttributeLine(
            gettext(NAMES[name]),
            _shown(sides.entry.get(key)),
            _shown(sides.person.get(key)),
            sides.comparison[name].value,
            gettext(OUTCOMES[sides.comparison[name]]),
        )
        for name, key in ATTRIBUTES.items()
    ]
    return PairPage(
        reverse("desk:pair", args=(pair.pk,)),
        lines,
        _day(sides.entry),
        _day(sides.person),
        sides.is_confidential,
        reason,
        choice,
        gettext(str(refusal)) if refusal is not None else "",
    )


def _shown(one: Known | None) -> str:
    if one is None:
        return gettext("（記載なし）")
    options = procedures.vocabulary()[one.key].options or {}
    return str(options[one.value]) if one.value in options else value_words(one.value)


def _day(side: Mapping[str, Known]) -> str:
    return day_words(max(one.as_of for one in side.values())) if side else ""
