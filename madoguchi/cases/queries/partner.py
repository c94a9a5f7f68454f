"""What a partner may see: the received cases of the procedures that it was given, and those that it has filed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from madoguchi.cases.models import Case
from madoguchi.cases.queries.unknown import unknown_case
from madoguchi.events import Actor
from madoguchi.messages.models import Letter
from madoguchi.messages.queries import letters_about

#: Cases on one page of a list.
MOST_LISTED = 100


def partner_cases(by: Actor) -> QuerySet[Case]:
    """The cases that this partner may see, oldest first. Nobody else sees any here."""
    if by.kind != "partner":
        return Case.objects.none()
    mine = Q(origin__partner=by.id) if {"cases:create", "cases:read"} & by.scopes else Q(pk=None)
    all_received = Q(received_at__isnull=False) if "cases:read" in by.scopes else Q(pk=None)
    cases = Case.objects.filter(mine | all_received)
    if "*" not in by.procedures:
        cases = cases.filter(procedure__code__in=by.procedures)
    return cases.select_related("procedure", "origin").defer("procedure__data", "procedure__graph").order_by("pk")


def partner_case(case_id: UUID, by: Actor) -> Case:
    """One of them. Raises NotFound for any other, existing or not."""
    case = partner_cases(by).filter(pk=case_id).first()
    if case is None:
        raise unknown_case()
    return case


def partner_letter(case: Case, letter_id: UUID) -> Letter | None:
    """A letter about a case that the caller may see."""
    return letters_about(case.pk).filter(pk=letter_id).first()


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases of a list and the last of them, after which the next page begins; None where it was the last page."""

    cases: Sequence[Case]
    after: UUID | None


def partner_page(
    by: Actor, *, procedure: str = "", state: str = "", reference: str = "", after: UUID | None = None, most: int = 50
) -> Page:
    """A page of the list, filtered."""
    cases = partner_cases(by).defer("answers", "typed", "procedure__data", "procedure__graph")
    if procedure:
        cases = cases.filter(procedure__code=procedure)
    if state:
        cases = cases.filter(state=state)
    if reference:
        cases = cases.filter(origin__partner=by.id, origin__reference=reference)
    if after is not None:
        cases = cases.filter(pk__gt=after)
    found = list(cases[: most + 1])
    return Page(found[:most], found[most - 1].pk if len(found) > most else None)


def version_of(case: Case) -> str:
    """What changes whenever anything of the case does that a partner can see: its entity tag."""
    moments = (case.received_at, case.returned_at, case.decided_at, case.closed_at, case.withdrawn_at, case.due_on)
    text = "|".join([str(case.revision), case.engine, *map(str, moments)])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
