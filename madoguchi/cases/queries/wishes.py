"""要望 and what they rest on: readings that were refused, what people attach instead, whether a law now permits.

Everything here is counted from the log and the register of legal bases; nothing names anybody.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet
from django.db.models.fields.json import KT

from madoguchi.cases.models import Document, Wish
from madoguchi.events.models import Event
from madoguchi.facts.models import Basis
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import UPLOADED, FormField

#: What is counted: of this long before now.
PERIOD: Final = dt.timedelta(days=365)
#: So many kinds of refusals stand on the page, the most frequent first.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Refusal:
    """Readings that no law permits, of the same facts for the same: how many within the last year, when last."""

    procedure: str
    purpose: str
    keys: tuple[str, ...]
    count: int
    last: dt.datetime


@dataclass(frozen=True, slots=True)
class Spared:
    """What a wish would spare: readings refused, and files attached (in how many cases), within the last year."""

    refusals: int
    files: int
    cases: int


def refusals() -> list[Refusal]:
    """What was refused for want of a legal basis and is no wish yet, the most frequent first."""
    rows = (
        _refused()
        .annotate(procedure=KT("data__procedure"), purpose=KT("data__purpose"), keys=F("data__keys"))
        .filter(procedure__isnull=False)
        .values("procedure", "purpose", "keys")
        .annotate(count=Count("pk"), last=Max("at"))
        .order_by("-count", "procedure")
    )
    wished = [(one.procedure, one.purpose, set(one.keys)) for one in Wish.objects.all()]
    known = procedures.vocabulary().keys()
    found = [Refusal(one["procedure"], one["purpose"], tuple(one["keys"]), one["count"], one["last"]) for one in rows]
    return [
        one
        for one in found
        if set(one.keys) <= known
        and not any(
            (code, purpose) == (one.procedure, one.purpose) and set(one.keys) <= keys for code, purpose, keys in wished
        )
    ][:MOST]


def wishes() -> QuerySet[Wish]:
    """Every wish, the newest first."""
    return Wish.objects.select_related("made_by").order_by("-made_at", "-pk")


def public_wishes() -> list[Wish]:
    """Those that were sent, the newest first: what the city has asked for is public."""
    return list(Wish.objects.filter(sent_on__isnull=False).order_by("-sent_on", "-made_at"))


def wish(key: UUID) -> Wish:
    """One of them. Raises NotFound."""
    found = wishes().filter(pk=key).first()
    if found is None:
        raise NotFound("wish-unknown", "この要望は見つかりません。")
    return found


def spared(one: Wish) -> Spared:
    """Counted anew, from the log and from what was attached to cases that were received."""
    wanted = Q()
    for key in one.keys:
        wanted |= Q(data__keys__contains=[key])
    refused = _refused().filter(wanted, data__procedure=one.procedure, data__purpose=one.purpose)
    files = Document.objects.filter(
        case__procedure__code=one.procedure,
        case__received_at__gte=clock.now() - PERIOD,
        path__in=one.attachments,
        removed_at=None,
    ).aggregate(files=Count("pk"), cases=Count("case", distinct=True))
    return Spared(refused.count(), files["files"], files["cases"])


def came_true(one: Wish) -> list[Basis]:
    """The entries of the register that permit now, or from a day on, what was wished for; empty while any fact lacks
    one. What was permitted when it was wished for is not its fulfilment."""
    rows = Basis.objects.filter(withdrawn_at=None, purpose=one.purpose, published_at__gte=one.made_at)
    there = [row for row in rows.order_by("since", "pk") if not row.procedures or one.procedure in row.procedures]
    used = [row for row in there if not row.facts or set(row.facts) & set(one.keys)]
    covered: set[str] = {key for row in used for key in (row.facts or one.keys)}
    return used if one.keys and set(one.keys) <= covered else []


def attachable(code: str) -> list[FormField]:
    """The files and photographs that the procedure asks for today, by which a wish may say what it would spare."""
    row = procedures.current(code)
    sections: Sequence[Any] = procedures.package(row).form.sections if row is not None else ()
    return [one for section in sections if section.each is None for one in section.fields if one.type in UPLOADED]


def exported_wishes(rows: Collection[Wish]) -> list[dict[str, Any]]:
    """For the headquarters' table: every wish with what it would spare and what became of it."""
    return [_exported(one, spared(one), came_true(one)) for one in rows]


def _exported(one: Wish, counts: Spared, bases: Collection[Basis]) -> dict[str, Any]:
    return {
        "title": one.title,
        "procedure": one.procedure,
        "facts": "、".join(one.keys),
        "law": one.law,
        "to": one.to,
        "why": one.why,
        "made_on": clock.day_of(one.made_at).isoformat(),
        "sent_on": one.sent_on.isoformat() if one.sent_on else "",
        "document_number": one.sent_as,
        "answered_on": one.answered_on.isoformat() if one.answered_on else "",
        "answer": one.answer,
        "in_force_by": "、".join(dict.fromkeys(row.title for row in bases)),
        "in_force_since": max(row.since for row in bases).isoformat() if bases else "",
        "refusals_in_a_year": counts.refusals,
        "files_in_a_year": counts.files,
        "cases_with_files": counts.cases,
    }


def _refused() -> QuerySet[Event]:
    since = clock.now() - PERIOD
    rows = Event.objects.filter(outcome="refused", reason="no-basis", at__gte=since, data__has_key="keys")
    return rows.exclude(data__purpose="represent")  # a delegation that has ended is no gap of the law
