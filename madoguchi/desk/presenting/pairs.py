"""台帳との照合: the pairs that wait, and one of them side by side, attribute by attribute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.desk.presenting.words import day_words, value_words
from madoguchi.facts.models import Pair
from madoguchi.facts.queries import Known, Sides, link_in_doubt
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
    """A pair in a list: since when it waits, and which attributes say what; of a decided one what was said, and when.

    Nobody is named. ``is_rivalry``: one of the two is tied to somebody else already.
    """

    url: str
    found: str
    agrees: str
    differs: str
    unknown: str
    is_rivalry: bool = False
    decided: str = ""
    day: str = ""


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
    """All that ``desk/pair.html`` shows. ``registered`` and ``signed_in``: for which days the two sides vouch;
    ``tied``: whose link is in doubt, empty where none is."""

    url: str
    lines: Sequence[AttributeLine]
    registered: str
    signed_in: str
    is_confidential: bool
    reason: str
    choice: str
    problem: str
    is_taken: bool
    stands: bool
    tied: str


@dataclass(frozen=True, slots=True)
class DecidedPage:
    """All that ``desk/pair_decided.html`` shows; nothing of what is known of anybody. ``why``: as written then."""

    url: str
    line: PairLine
    why: str
    may_part: bool
    may_ask: bool
    reason: str
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
        getattr(pair, "is_taken", False) or getattr(pair, "stands", False),
    )


def decided_line(pair: Pair) -> PairLine:
    said = gettext("同じ人") if pair.is_same else gettext("別の人")
    if pair.parted_at is not None:
        said = gettext("同じ人（取り消し済み）")
    day = day_words(day_of(pair.decided_at)) if pair.decided_at is not None else ""
    return replace(pair_line(pair), url=reverse("desk:pair-decided", args=(pair.pk,)), decided=said, day=day)


def decided_page(pair: Pair, refusal: Refused | None = None, reason: str = "") -> DecidedPage:
    return DecidedPage(
        reverse("desk:pair-decided", args=(pair.pk,)),
        decided_line(pair),
        pair.reason,
        pair.is_same is True and pair.parted_at is None,
        pair.is_same is False,
        reason,
        gettext(str(refusal)) if refusal is not None else "",
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
        getattr(pair, "is_taken", False),
        getattr(pair, "stands", False),
        str(link.person_id) if (link := link_in_doubt(pair)) is not None else "",
    )


def _shown(one: Known | None) -> str:
    if one is None:
        return gettext("（記載なし）")
    options = procedures.vocabulary()[one.key].options or {}
    return str(options[one.value]) if one.value in options else value_words(one.value)


def _day(side: Mapping[str, Known]) -> str:
    return day_words(max(one.as_of for one in side.values())) if side else ""
