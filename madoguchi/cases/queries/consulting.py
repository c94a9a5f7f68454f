"""Questions to other sections beside the flow (合議): what is open of a case, who can be asked, what is asked."""

from django.db.models import Q, QuerySet

from madoguchi.cases.models import Case, Consultation
from madoguchi.events import Actor
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import Department, Section


def questions(case: Case) -> list[Consultation]:
    """All that was asked about a case, oldest first, with what became of it."""
    return sorted(case.consultations.all(), key=lambda one: (one.asked_at, one.section))


def open_questions() -> QuerySet[Consultation]:
    """What awaits an answer, of cases that have not ended."""
    return Consultation.objects.filter(answered_at=None, dropped_at=None, case__ended_at=None)


def asked_of(by: Actor) -> QuerySet[Consultation]:
    """What this member's sections are asked and have not answered; anybody there may, so a holiday holds up nothing."""
    return open_questions().filter(section__in=by.sections)


def asked_by(by: Actor) -> QuerySet[Consultation]:
    """What this member, a colleague whom they cover, or somebody of their sections about its own case awaits."""
    return open_questions().filter(Q(asked_by__in=[by.who, *by.covers]) | Q(case__section__in=by.sections))


def can_be_asked(case: Case) -> list[tuple[Department, Section]]:
    """The other sections that no question about this case is open at, in the order of the organisation."""
    asked = case.consultations.all() if case.ended_at is None else ()
    waiting = {one.section for one in asked if one.answered_at is None and one.dropped_at is None}
    return [
        (department, section)
        for department in procedures.city().organisation.departments
        for section in department.sections
        if section.id != case.section and section.id not in waiting
    ]
