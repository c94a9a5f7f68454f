"""A life event and its parts: which procedures apply, how far each has come."""

from collections.abc import Iterable
from dataclasses import dataclass

from madoguchi.cases.models import Case
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import journeys
from madoguchi.procedures.rules.format import Apply, Elsewhere


@dataclass(frozen=True, slots=True)
class JourneyPart:
    """A procedure that applies: how the life event speaks of it, and the version in force."""

    body: Apply
    procedure: Procedure


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


def journey_parts(journey: Case) -> list[Case]:
    """The cases of a life event, each after those that it rests on; withdrawn drafts are not among them."""
    found = Case.objects.filter(part_of=journey, erased_at=None).exclude(received_at=None, withdrawn_at__isnull=False)
    return in_order(journey, found.select_related("procedure").defer("procedure__data", "procedure__graph"))


def in_order(journey: Case, parts: Iterable[Case]) -> list[Case]:
    """The parts of a life event, each after those that it rests on."""
    package = procedures.package(journey.procedure)
    place = {one.procedure: number for number, one in enumerate(journeys.in_order(package.procedure.parts))}
    return sorted(parts, key=lambda one: place.get(one.procedure.code, len(place)))


def rests_on(part: Case) -> list[Case]:
    """The other cases of the same life event whose result this one rests on."""
    if part.part_of is None:
        return []
    body = next((one for one in _parts(part.part_of) if one.procedure == part.procedure.code), None)
    return [one for one in journey_parts(part.part_of) if body is not None and one.procedure.code in body.after]


def _parts(journey: Case) -> tuple[Apply, ...]:
    return procedures.package(journey.procedure).procedure.parts
