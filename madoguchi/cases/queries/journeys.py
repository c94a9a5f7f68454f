"""A life event and its parts: which procedures apply, how far each has come."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from madoguchi.cases.models import Case, Decision
from madoguchi.cases.queries.represented import shown
from madoguchi.cases.queries.staff import visible
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts.queries import Known
from madoguchi.ground.errors import Invalid
from madoguchi.ground.ids import parse_reference
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.form import FormField, FormSection
from madoguchi.procedures.rules.format import Apply, Elsewhere


@dataclass(frozen=True, slots=True)
class JourneyPart:
    """A procedure that applies: how the life event speaks of it, and the version in force."""

    body: Apply
    procedure: Procedure


@dataclass(frozen=True, slots=True)
class Departs:
    """An answer of a draft that is older than what is known ``now``."""

    section: FormSection
    field: FormField
    answer: Any
    now: Known


def is_journey(case: Case) -> bool:
    """Whether this is a life event, whose parts are cases."""
    return procedures.package(case.procedure).procedure.kind == "journey"


def offered_parts(journey: Case) -> list[JourneyPart]:
    """The procedures that apply to the answers and that the city offers today, each after those that it rests on."""
    package = procedures.package(journey.procedure)
    rows = {row.code: row for row in procedures.offered()}
    parts = journeys.in_order(journeys.applying(package.procedure, journeys.scope_of(package.form, journey.answers)))
    return [JourneyPart(one, rows[one.procedure]) for one in parts if one.procedure in rows]


def elsewhere_parts(journey: Case) -> list[Apply]:
    """What applies and cannot be applied for here: the city does not offer it online today."""
    package, there = procedures.package(journey.procedure), {row.code for row in procedures.offered()}
    applying = journeys.applying(package.procedure, journeys.scope_of(package.form, journey.answers))
    return [one for one in applying if one.procedure not in there]


def named_elsewhere(journey: Case) -> list[Elsewhere]:
    """What the answers ask for besides, which is done elsewhere or applied for by itself."""
    package = procedures.package(journey.procedure)
    return list(journeys.elsewhere(package.procedure, journeys.scope_of(package.form, journey.answers)))


def in_other_life_events(journey: Case) -> dict[str, Case]:
    """By code of the procedure the other life event in whose parts it is being filled in for the same person: there is
    one draft of each, and it stays where it is."""
    drafts = Case.objects.filter(
        person_id=journey.person_id,
        subject_id=journey.subject_id,
        received_at=None,
        withdrawn_at=None,
        erased_at=None,
        part_of__isnull=False,
    )
    found = drafts.exclude(part_of_id=journey.pk).select_related("procedure", "part_of__procedure").order_by("-pk")
    return {one.procedure.code: one.part_of for one in found if one.part_of is not None}


def journey_parts(journey: Case) -> list[Case]:
    """The cases of a life event, each after those that it rests on; withdrawn drafts are not among them."""
    found = Case.objects.filter(part_of=journey, erased_at=None).exclude(received_at=None, withdrawn_at__isnull=False)
    return in_order(journey, found.select_related("procedure").defer("procedure__data", "procedure__graph"))


def in_order(journey: Case, parts: Iterable[Case]) -> list[Case]:
    """The parts of a life event, each after those that it rests on."""
    package = procedures.package(journey.procedure)
    place = {one.procedure: number for number, one in enumerate(journeys.in_order(package.procedure.parts))}
    return sorted(parts, key=lambda one: place.get(one.procedure.code, len(place)))


def is_refused(part: Case) -> bool:
    """Whether it was decided and not granted."""
    if part.decided_at is None:
        return False
    decision: Decision | None = getattr(part, "decision", None)
    return decision is not None and not decision.granted


def unseen_sections(part: Case, journey: Case) -> set[str]:
    """Of a draft that was there before its life event: the sections that were saved then, and not since. What was true
    before a move need not be true after it."""
    if part.received_at is not None or part.pk == journey.pk or part.opened_at >= journey.opened_at:
        return set()
    saves = Event.objects.filter(subject_id=part.pk, verb="case.save", outcome="done").values_list("at", "data")
    before, since = set[str](), set[str]()
    for at, data in saves:
        (since if at >= journey.opened_at else before).add(data["section"])
    shown_now = {one.id for one in procedures.package(part.procedure).form.visible_sections(part.answers)}
    return (before - since) & shown_now


def departures_of(part: Case, by: Actor) -> list[Departs]:
    """Where a draft says something else of the person than what is known today and is shown to whoever fills it in."""
    form = procedures.package(part.procedure).form
    cells = [
        (section, cell)
        for section in form.visible_sections(part.answers)
        if section.each is None
        for cell in form.cells(section, part.answers)
        if cell.field.fact and not cell.field.again_because and cell.value not in (None, "", [])
    ]
    known = shown(part, {cell.field.fact for _, cell in cells if cell.field.fact}, by) if cells else {}
    found = []
    for section, cell in cells:
        now = known.get(cell.field.fact or "")
        if now is not None and forms.fits(cell.field, now.value) and not _same(cell.value, now.value):
            found.append(Departs(section, cell.field, cell.value, now))
    return found


def _same(one: Any, other: Any) -> bool:
    """A space or a width is no difference."""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    return "".join(unicodedata.normalize("NFKC", value).split()) if isinstance(value, str) else value


def rests_on(part: Case) -> list[Case]:
    """The other cases of the same life event whose result this one rests on."""
    if part.part_of is None:
        return []
    body = next((one for one in _parts(part.part_of) if one.procedure == part.procedure.code), None)
    return [one for one in journey_parts(part.part_of) if body is not None and one.procedure.code in body.after]


def staff_parts(number: str, by: Actor) -> list[Case]:
    """Of the life event with this 受付番号 the parts that a member of staff may see. None for any other number: whoever
    may see no part learns nothing of it."""
    try:
        canonical = parse_reference(number)
    except Invalid:
        return []
    if by.kind != "staff":
        return []
    found = Case.objects.filter(visible(by), part_of__number=canonical, received_at__isnull=False)
    return list(found.select_related("procedure").defer("procedure__data", "procedure__graph").order_by("number"))


def siblings(part: Case, by: Actor) -> list[Case]:
    """The other parts of the same life event that a member of staff may see."""
    if part.part_of is None:
        return []
    return [one for one in staff_parts(part.part_of.number or "", by) if one.pk != part.pk]


def _parts(journey: Case) -> tuple[Apply, ...]:
    return procedures.package(journey.procedure).procedure.parts
