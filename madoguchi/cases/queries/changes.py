"""What has changed on a case since somebody last looked, and what stood there before a correction."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Note, Submission
from madoguchi.cases.queries.found import went_back
from madoguchi.events import Actor
from madoguchi.events.composing import Asked, composed_once, nothing
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.procedures.rules.form import UPLOADED, Form

#: Whoever loads the page again goes on reading: it is the same look, and its marks stay.
ONE_LOOK: Final = dt.timedelta(minutes=15)


def last_look(case: Case, by: Actor) -> dt.datetime | None:
    """When this member of staff looked at the case before the present look; None where they never did."""
    times = _looks(case.pk, by.who)
    return max((one for one in times if one <= clock.now() - ONE_LOOK), default=min(times, default=None))


def last_look_asked(case: Case, by: Actor) -> Asked:
    """What :func:`last_look` asks."""
    return _looks.of(case.pk, by.who)


@composed_once
def _looks(case: UUID, who: UUID) -> QuerySet[Event, dt.datetime]:
    reads = Event.objects.filter(subject_id=case, verb="case.read", outcome="done", actor_id=who)
    return reads.order_by("at").values_list("at", flat=True)


def is_looking(case: Case, by: Actor) -> bool:
    """Whether the actor has opened the case a moment ago: what they open of it now belongs to that look."""
    since = clock.now() - ONE_LOOK
    reads = Event.objects.filter(subject_id=case.pk, verb="case.read", outcome="done", actor_id=by.who, at__gt=since)
    return reads.exists()


def corrected(case: Case) -> list[Submission]:
    """What was submitted and then corrected, oldest first."""
    if not went_back(case):
        return []
    return list(case.submissions.filter(corrected_at__isnull=False).order_by("returned_at"))


def answers_before(corrected: Sequence[Submission]) -> Mapping[str, Any]:
    """The answers as they stood before the last correction that came in; empty where none did."""
    return corrected[-1].answers if corrected else {}


def answers_at(corrected: Sequence[Submission], at: dt.datetime) -> Mapping[str, Any] | None:
    """The answers as whoever looked at that moment saw them; None where they are still the same."""
    return next((one.answers for one in corrected if one.corrected_at is not None and one.corrected_at > at), None)


def differing(form: Form, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """The paths at which two sets of answers say different things."""

    def values(answers: Mapping[str, Any]) -> dict[str, Any]:
        return {
            cell.path: cell.value or None if cell.field.type in UPLOADED else cell.value
            for section in form.visible_sections(answers)
            for cell in form.cells(section, answers)
        }

    before, after = values(one), values(other)
    for path in dict.fromkeys([*after, *before]):
        if before.get(path) != after.get(path):
            yield path


def case_notes(case: Case) -> QuerySet[Note]:
    """The notes of the office (庁内メモ), oldest first."""
    if "notes" in case.lacks:
        return nothing(Note.objects.all())
    return case.notes.select_related("written_by").order_by("written_at")
