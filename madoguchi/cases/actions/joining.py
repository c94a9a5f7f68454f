"""The drafts of one life event are filled in together: what is told in one of them stands in all.

Whoever changes one has locked its life event first, so that two windows never share past each other.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from madoguchi.cases.actions import driving
from madoguchi.cases.actions.reasons import SEES_CASE
from madoguchi.cases.models import Case
from madoguchi.events import Actor, act, record
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys, speaking
from madoguchi.procedures.rules.published import Published

#: How often a save in one part renews the term of the whole life event: drafts are forgotten after days.
RENEWED_EVERY: Final = dt.timedelta(hours=1)


def share(case: Case, package: Published, before: Mapping[str, Any], journey: Case, by: Actor) -> list[Case]:
    """What one part of a life event, or the life event itself, has told anew under fact keys is told in all its drafts,
    and what the life event gives to its parts follows its own answers. Returns the drafts that have changed by it: the
    caller writes them with the case."""
    is_journey = case.pk == journey.pk
    bodies = {one.procedure: one for one in procedures.package(journey.procedure).procedure.parts}
    body = bodies.get(case.procedure.code)
    news = journeys.changed(package.form, before, case.answers, body)
    scopes = [journeys.scope_of(package.form, answers) for answers in (before, case.answers) if is_journey]
    of_speaker = _of_speaker(case, before)
    others = _others(case, journey) if news or of_speaker or is_journey else []
    changed = []
    for one in others:
        form, other = procedures.package(one.procedure).form, bodies.get(one.procedure.code)
        values = journeys.taken(form, one.answers, news, other.keeps if other else ())
        if is_journey and other is not None:
            values |= journeys.given_anew(other, form, one.answers, *scopes)
        if speaking.REGISTERED in one.answers:
            values |= {
                name: value
                for name, value in of_speaker.items()
                if form.field_at(name) is not None and one.answers.get(name) != value
            }
        if values:
            changed.append(take_over(one, values, by=by))
    now = clock.now()
    if others if is_journey else now - journey.saved_at > RENEWED_EVERY:  # forgotten together, too
        together = Case.objects.filter(part_of=journey) | Case.objects.filter(pk=journey.pk)
        together.filter(received_at=None, withdrawn_at=None).exclude(pk=case.pk).update(saved_at=now)
    return changed


def _others(case: Case, journey: Case) -> list[Case]:
    """The other drafts that are filled in with this one, locked: the parts, and the life event itself."""
    drafts = [one for one in driving.locked_parts(journey, but=case) if one.received_at is None]
    return drafts if case.pk == journey.pk else [*drafts, journey]


def _of_speaker(case: Case, before: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever speaks for another has told anew of themselves: it is told once for all parts."""
    return {name: case.answers.get(name) for name in speaking.OF_SPEAKER if case.answers.get(name) != before.get(name)}


@act("case.take-over", allow=(SEES_CASE,))
def take_over(case: Case, values: Mapping[str, Any], *, by: Actor) -> Case:
    """回答の引継ぎ: what was answered elsewhere in the same life event stands here, too, and is not asked again.

    ``case`` is a draft that the caller has locked, and writes with the others.
    """
    for path, value in values.items():
        forms.put(case.answers, path, value)
        case.typed.pop(path, None)
    record(fields=sorted(values))
    return case


def adopted(journey: Case) -> set[UUID]:
    """The drafts that were there before they became parts of this life event: let go with it, not deleted."""
    opened = Event.objects.filter(subject_id=journey.pk, verb="case.open-parts", outcome="done")
    return {UUID(one) for data in opened.values_list("data", flat=True) for one in data.get("adopted", ())}
