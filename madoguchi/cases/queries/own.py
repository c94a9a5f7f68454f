"""What the applicant asks: the own cases, the own draft, what must be corrected."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Correction
from madoguchi.cases.queries.found import went_back
from madoguchi.cases.queries.represented import closed_to, is_closed_to
from madoguchi.cases.queries.unknown import unknown_case
from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound
from madoguchi.ground.ids import parse_reference
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.published import Published

#: What a version holds is read once in a process (``procedures.package``), not with each case.
_CONTENTS: Final = tuple(f"{way}__{name}" for way in ("procedure", "part_of__procedure") for name in ("data", "graph"))


def own_cases(by: Actor) -> QuerySet[Case]:
    """All cases of the resident, newest first, without deleted drafts, what a clerk is just typing for them, and those
    that they began as an agent and are one no more."""
    return _begun_by(by.who).exclude(pk__in=closed_to(by.who))


def _begun_by(person: UUID) -> QuerySet[Case]:
    cases = Case.objects.filter(person_id=person).exclude(received_at=None, withdrawn_at__isnull=False)
    cases = cases.exclude(received_at=None, sitting__isnull=False)
    return cases.select_related("procedure", "part_of__procedure").defer(*_CONTENTS).order_by("-opened_at")


@composed_once
def _numbered(number: str, person: UUID) -> QuerySet[Case]:
    return _begun_by(person).filter(number=number)


@composed_once
def _keyed(key: UUID, person: UUID) -> QuerySet[Case]:
    return _begun_by(person).filter(pk=key)


@composed_once
def _received(person: UUID) -> QuerySet[Case]:
    return _begun_by(person).filter(received_at__isnull=False, erased_at=None, withdrawn_at=None)


@composed_once
def _for_others(person: UUID) -> QuerySet[Case]:
    return _begun_by(person).filter(subject__isnull=False, erased_at=None, part_of=None)


def _still_own(found: list[Case], by: Actor) -> list[Case]:
    """Without those that they began as an agent and are one no more."""
    closed = closed_to(by.who) if found else ()
    return [one for one in found if one.pk not in closed]


def _seen(found: list[Case], by: Actor) -> Case | None:
    """This one case, unless it was begun as an agent who is one no more."""
    return next((one for one in found if not is_closed_to(one, by.who)), None)


def own_case(number: str, by: Actor) -> Case:
    """The resident's case with this 受付番号, however typed. Raises NotFound for any other, existing or not; NotAllowed
    for what they began as an agent and see no more."""
    try:
        canonical = parse_reference(number)
    except Invalid:
        raise unknown_case() from None
    case = _seen(_numbered(canonical, by.who), by) if by.kind == "resident" else None
    if case is None:
        _refuse_left(Case.objects.filter(number=canonical), by)
        raise unknown_case()
    return case


def own_draft(case_id: UUID, by: Actor) -> Case:
    """The resident's draft or returned case by its id. Raises NotFound for any other, NotAllowed as ``own_case``."""
    case = _seen(_keyed(case_id, by.who), by) if by.kind == "resident" else None
    if case is None:
        _refuse_left(Case.objects.filter(pk=case_id), by)
        raise NotFound("draft-unknown", "この入力は見つかりません。わたしの手続きから開き直してください。")
    return case


def drafts_of(code: str, by: Actor) -> list[Case]:
    """The unsubmitted drafts that the resident has for this procedure, the own one first: 続きから."""
    drafts = own_cases(by).filter(procedure__code=code, received_at=None)
    return sorted(drafts, key=lambda one: one.subject_id is not None)


def agreed_in_cases(by: Actor) -> list[tuple[Case, LocalText]]:
    """What the resident has agreed to or declared in their received cases, beside the look-ups by consent; newest case
    first. It is part of what they have asked for, and taken back with the section in charge."""
    found = []
    for case in _still_own(_received(by.who), by):
        package = procedures.package(case.procedure)
        if case.subject_id is None and looks_up_by_consent(package):
            continue  # that consent stands in the ledger, where it is taken back
        form = package.form
        cells = (cell for section in form.visible_sections(case.answers) for cell in form.cells(section, case.answers))
        found += [(case, cell.field.label) for cell in cells if cell.field.type == "consent" and cell.value is True]
    return found


def looks_up_by_consent(package: Published) -> bool:
    """Whether what is agreed to in this procedure is the law by which the city looks something up in it."""
    return any(one.kind == "look_up" and one.arguments["basis"] == "consent" for one in package.graph.nodes.values())


def for_others(by: Actor) -> list[Case]:
    """What the resident has begun or handed in for somebody else, newest first."""
    return _still_own(_for_others(by.who), by)


def going_on(code: str, by: Actor) -> list[Case]:
    """What the resident has submitted under this procedure and the city has not decided yet, newest first."""
    return list(own_cases(by).filter(procedure__code=code, received_at__isnull=False, decided_at=None, ended_at=None))


def open_corrections(case: Case) -> dict[str, Correction]:
    """What the applicant is asked to correct now, by path."""
    if not went_back(case):
        return {}
    rows = Correction.objects.filter(step__case=case, answered_at=None).order_by("asked_at", "path")
    return {one.path: one for one in rows}


def _refuse_left(found: QuerySet[Case], by: Actor) -> None:
    """Whoever began it knows that it is there: they are told why they do not see it."""
    case = found.filter(person_id=by.who).first() if by.kind == "resident" else None
    if case is not None and case.pk in closed_to(by.who):
        raise NotAllowed(
            "delegation-over-case",
            "代理権の登録が終わったため、この手続きは見られません。ご本人にお確かめください。",
        )
