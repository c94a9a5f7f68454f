"""What the map said about a place when a case was worked on, as it was kept, and whether it still says the same."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, MapAnswer
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.events import Actor

#: What a verdict is called.
VERDICTS: Mapping[str, str] = {
    "applies": gettext_noop("当てはまる"),
    "does_not": gettext_noop("当てはまらない"),
    "unknown": gettext_noop("わからない"),
}


@dataclass(frozen=True, slots=True)
class SaidLine:
    """What one layer said."""

    title: str
    verdict: str
    words: Sequence[str]
    source: str


@dataclass(frozen=True, slots=True)
class MapAnswerLine:
    """An answer that was kept. ``changed``: asked again by the editions of that day, the map says otherwise."""

    id: str
    name: str
    who: str
    day: str
    said: Sequence[SaidLine]
    changed: bool


def map_answer_lines(case: Case, by: Actor) -> list[MapAnswerLine]:
    """All that was kept with the case, the newest first, as far as the reader may see it."""
    return [_line(one, by) for one in reversed(cases.map_answers(case))]


def _line(held: MapAnswer, by: Actor) -> MapAnswerLine:
    return MapAnswerLine(
        id=str(held.pk),
        name=held.name or gettext("地点"),
        who=f"{time_words(held.kept_at)} {held.kept_by.display_name}",
        day=day_words(held.day),
        said=[_said(one) for one in cases.told_to(held, by)],
        changed=not cases.holds_still(held.told, cases.replayed(held)),
    )


def _said(one: Mapping[str, Any]) -> SaidLine:
    parts = [f"{part['words']}{_share(part)}" for part in one["parts"]]
    border = [gettext("境界の近く")] if one["why"] == "border" or one["close"] else []
    as_of = day_words(dt.date.fromisoformat(one["as_of"]))
    return SaidLine(
        title=one["title"],
        verdict=gettext(VERDICTS[one["verdict"]]),
        words=[*(parts or filter(None, [one["words"]])), *border],
        source=gettext("%(basis)s　%(credit)s（第%(edition)s版、%(day)s現在）")
        % {"basis": one["legal_basis"], "credit": one["credit"], "edition": one["edition"], "day": as_of},
    )


def _share(part: Mapping[str, Any]) -> str:
    if not part["sure"]:
        return ""
    return gettext("（%(share)s%%、%(square)sm²）") % {
        "share": f"{part['share'] * 100:.0f}",
        "square": f"{part['m2']:,.0f}",
    }
