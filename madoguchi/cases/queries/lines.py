"""Cases as lines of a list at the desk: where each stands, whose turn it is, what has changed. No answers are read."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Consultation, Step
from madoguchi.cases.queries.consulting import open_questions
from madoguchi.events import Actor
from madoguchi.events.composing import Asked, among, asked_together, composed_once, statement
from madoguchi.ground import clock
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import Node

#: Of a running case: this member of staff never opened it, or it has changed since.
Mark = Literal["new", "changed"]

#: Read with a line; everything else of a case stays where it is.
COLUMNS: Final = (
    *("number", "procedure_id", "section", "applicant", "kana", "received_at", "due_on", "decided_at"),
    *("returned_at", "payable_at", "cosigning_at", "closed_at", "withdrawn_at", "ended_at", "changed_at", "state"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a list at the desk. ``days_left``: see ``days_left``.

    ``now`` are the steps at which the case stands; ``since`` is when the first of them began, or when it all ended.
    ``steps`` are those of them that this member of staff may do; ``taken_by`` the accounts that have taken a step;
    ``questions`` what other sections were asked about it and have not answered (合議).
    """

    case: Case
    title: LocalText
    applicant: str
    kana: str
    days_left: int | None
    now: tuple[Node, ...]
    since: dt.datetime | None
    steps: tuple[Step, ...] = ()
    taken_by: tuple[UUID, ...] = ()
    questions: tuple[Consultation, ...] = ()
    mark: Mark | None = None
    open: tuple[Step, ...] = field(default=(), repr=False)


def lines_of(cases: Sequence[Case], by: Actor) -> list[Line]:
    """These cases as lines, in their order; asked for all at once, whatever the length of the list."""
    if not cases:
        return []
    with asked_together(*_asked([one.pk for one in cases], by)):
        return _lines(cases, by)


def lines_with(keys: Sequence[UUID], by: Actor) -> dict[UUID, Line]:
    """The lines of the cases with these keys, by key."""
    if not keys:
        return {}
    with asked_together(_cases_with.of(keys), *_asked(keys, by)):
        there = {one.pk: one for one in _cases_with(keys)}
        return {one.case.pk: one for one in _lines([there[key] for key in keys], by)}


def days_left(case: Case) -> int | None:
    """Business days to the promised day, or since it (negative); None where no promise is open: decided, ended."""
    if not is_promised(case):
        return None
    today = clock.today()
    return procedures.calendar().between(today, case.due_on or today)


def is_promised(case: Case) -> bool:
    """Whether a decision is still owed."""
    return case.decided_at is None and case.closed_at is None and case.withdrawn_at is None


# -- within -----------------------------------------------------------------------------------------------------------


@composed_once
def _cases_with(keys: Collection[UUID]) -> QuerySet[Case]:
    return Case.objects.filter(among("pk", keys)).only(*COLUMNS)


@composed_once
def _steps_now(cases: Collection[UUID]) -> QuerySet[Step]:
    return Step.objects.filter(among("case", cases), done_at=None).order_by("token")


@composed_once
def _questions_now(cases: Collection[UUID]) -> QuerySet[Consultation]:
    return open_questions().filter(among("case", cases)).order_by("due_on", "section")


def _looks(cases: Sequence[UUID], by: Actor) -> Asked:
    """When this member of staff last opened each of these cases or did a step of it."""
    return statement.of(_LOOKS, {"cases": [*cases], "who": by.who})


_LOOKS: Final = """
    SELECT subject, max(at) FROM (
        SELECT subject_id AS subject, at FROM event
        WHERE subject_id = ANY(%(cases)s) AND verb = 'case.read' AND outcome = 'done' AND actor_id = %(who)s
        UNION ALL
        SELECT case_id, done_at FROM case_step WHERE case_id = ANY(%(cases)s) AND account_id = %(who)s
    ) AS looks GROUP BY subject
"""


def _asked(keys: Sequence[UUID], by: Actor) -> list[Asked]:
    """What :func:`_lines` asks of cases with these keys."""
    return [_steps_now.of(keys), _questions_now.of(keys), _looks(keys, by)]


def _lines(cases: Sequence[Case], by: Actor) -> list[Line]:
    there = {one.pk: one for one in cases}
    steps: dict[UUID, list[Step]] = {key: [] for key in there}
    questions: dict[UUID, list[Consultation]] = {key: [] for key in there}
    for step in _steps_now([*there]):
        step.case = there[step.case_id]
        steps[step.case_id].append(step)
    for question in _questions_now([*there]):
        question.case = there[question.case_id]
        questions[question.case_id].append(question)
    looked: dict[UUID, dt.datetime] = dict(_looks([*there], by).rows())
    return [_line(one, steps[one.pk], questions[one.pk], by, _mark(one, looked.get(one.pk))) for one in there.values()]


def _line(case: Case, steps: Sequence[Step], questions: Sequence[Consultation], by: Actor, mark: Mark | None) -> Line:
    package = procedures.package_of(case.procedure_id)
    return Line(
        case,
        package.procedure.title,
        case.applicant,
        case.kana,
        days_left(case),
        tuple(package.graph[one.node] for one in steps),
        case.ended_at or (steps[0].opened_at if steps else None),
        tuple(one for one in steps if _may_do(one, by)),
        tuple(dict.fromkeys(one.taken_by_id for one in steps if one.taken_by_id)),
        tuple(questions),
        mark,
        tuple(steps),
    )


def _mark(case: Case, looked: dt.datetime | None) -> Mark | None:
    """What one has done oneself is nothing new; and of what has ended nothing is awaited."""
    if case.ended_at is not None:
        return None
    if looked is None:
        return "new"
    return "changed" if case.changed_at > looked else None


def _may_do(step: Step, by: Actor) -> bool:
    return (bool(step.section) and step.section in by.sections) or not by.posts.isdisjoint(step.posts)
