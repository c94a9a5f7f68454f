"""How long a case is kept and what holds it back, as its page shows it; and what of a section ends soon or has gone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.actions.reasons import MAY_HOLD
from madoguchi.cases.models import Case, Hold
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.procedures import queries as procedures

#: So far ahead the page of a section looks.
AHEAD: Final = dt.timedelta(days=180)


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One hold. ``open``: it keeps the case now. ``over`` says when and by whom it was released, or that it ran out."""

    id: str
    reason: str
    words: str
    over: str
    open: bool


@dataclass(frozen=True, slots=True)
class KeepingBlock:
    """All that ``desk/_keeping.html`` shows; ``problems`` and ``typed`` are of a post that was refused."""

    until: str
    holds: Sequence[HoldLine]
    may: bool
    url: str
    earliest: str
    problems: dict[str, str]
    reason: str = ""
    day: str = ""

    @property
    def is_held(self) -> bool:
        return any(one.open for one in self.holds)


@dataclass(frozen=True, slots=True)
class EndingLine:
    number: str
    url: str
    title: str
    applicant: str
    until: str
    held: bool


@dataclass(frozen=True, slots=True)
class GoneLine:
    number: str
    title: str
    received: str
    gone: str


@dataclass(frozen=True, slots=True)
class KeepingPage:
    """All that ``desk/keeping.html`` shows."""

    ending: Sequence[EndingLine]
    gone: Sequence[GoneLine]
    until: str


def keeping_block(
    case: Case, by: Actor, refusal: Refused | None = None, reason: str = "", day: str = ""
) -> KeepingBlock:
    """Of a case that the reader may see."""
    wrong = {name: str(one) for name, one in refusal.fields.items()} if refusal is not None else {}
    return KeepingBlock(
        until=day_words(case.keep_until) if case.keep_until else "",
        holds=[_hold(one) for one in cases.holds_of(case)],
        may=MAY_HOLD.holds(by, case) and case.received_at is not None,
        url=reverse("desk:hold", args=(case.number,)),
        earliest=(clock.today() + dt.timedelta(days=1)).isoformat(),
        problems=wrong,
        reason=reason,
        day=day,
    )


def keeping_page(by: Actor) -> KeepingPage:
    """Of the reader's sections."""
    until = clock.today() + AHEAD
    return KeepingPage(
        ending=[
            EndingLine(
                one.number or "",
                reverse("desk:case", args=(one.number,)),
                _title(one),
                one.applicant,
                day_words(one.keep_until) if one.keep_until else "",
                bool(getattr(one, "held", False)),
            )
            for one in cases.ending_soon(by, until)
        ],
        gone=[
            GoneLine(
                one.number or "",
                _title(one),
                day_words(one.received_at) if one.received_at else "",
                day_words(one.erased_at) if one.erased_at else "",
            )
            for one in cases.erased(by)
        ],
        until=day_words(until),
    )


def _title(case: Case) -> str:
    return procedures.package(case.procedure).procedure.title["ja"]


def _hold(one: Hold) -> HoldLine:
    if one.released_at is not None:
        name = one.released_by.display_name if one.released_by else ""
        over = gettext("%(when)sに%(who)sが解除") % {"when": time_words(one.released_at), "who": name}
    else:
        over = gettext("期限が過ぎました") if one.until < clock.today() else ""
    words = gettext("%(day)sまで（%(when)s %(who)s）") % {
        "day": day_words(one.until),
        "when": time_words(one.held_at),
        "who": one.held_by.display_name,
    }
    return HoldLine(str(one.pk), one.reason, words, over, not over)
