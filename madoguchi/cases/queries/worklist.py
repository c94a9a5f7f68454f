"""The desk's lists: what is to be done, what waits, what is late, what has ended, and the search among them."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries.staff import mine_to_do, visible
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.kana import search_key
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import Node

#: Lines that one list shows at most; whoever has more finds the rest by procedure and words.
MOST_LINES = 200
#: Cases among which words are looked for, newest promise first: names are compared folded, not in the database.
MOST_SEARCHED = 5000
View = Literal["mine", "late", "waiting", "elsewhere", "ended"]


VIEWS: tuple[View, ...] = ("mine", "late", "waiting", "elsewhere", "ended")


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a list at the desk. ``days_left`` counts business days to the promised date; negative is late.

    ``now`` are the steps at which the case stands; ``since`` is when the first of them began, or when it all ended.
    """

    case: Case
    title: LocalText
    applicant: str
    kana: str
    days_left: int
    now: tuple[Node, ...]
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Work(Line):
    """A line with the step that this member of staff may do."""

    step: Step
    node: Node


def open_steps(by: Actor) -> QuerySet[Step]:
    """The steps whose turn it is and that this member of staff may do: of the sections and of the posts held."""
    steps = Step.objects.filter(mine_to_do(by), done_at=None, case__withdrawn_at=None)
    return steps.select_related("case__procedure").order_by("case__due_on", "opened_at")


def work_list(by: Actor, *, code: str = "", words: str = "", limit: int = MOST_LINES) -> list[Work]:
    """What is to be done, overdue first, then by promised date; of one procedure and with these words, if given."""
    if by.kind != "staff":
        return []
    steps = open_steps(by).defer("case__answers", "case__typed", "case__procedure__data", "case__procedure__graph")
    if code:
        steps = steps.filter(case__procedure__code=code)
    if words:
        steps = steps.filter(case__in=_with_words(Case.objects.filter(pk__in=steps.values("case")), words))
    lines = []
    for step in _named(steps, "case__answers")[:limit]:
        package = procedures.package(step.case.procedure)
        node = package.graph[step.node]
        name, kana = _names_of(step)
        left = days_left(step.case)
        lines.append(
            Work(step.case, package.procedure.title, name, kana, left, (node,), step.opened_at, step=step, node=node)
        )
    return lines


def case_list(view: View, by: Actor, *, code: str = "", words: str = "", limit: int = MOST_LINES) -> list[Line]:
    """The cases of a view, most pressing first (ended ones: newest first)."""
    if by.kind != "staff":
        return []
    cases = _viewed(view, by).select_related("procedure").prefetch_related("steps")
    if code:
        cases = cases.filter(procedure__code=code)
    if words:
        cases = cases.filter(pk__in=_with_words(cases, words))
    cases = cases.defer("answers", "typed", "procedure__data", "procedure__graph")
    if view == "ended":
        cases = cases.order_by(Coalesce("closed_at", "withdrawn_at").desc())
    else:
        cases = cases.order_by("returned_at" if view == "waiting" else "due_on", "received_at")
    lines = []
    for case in _named(cases, "answers")[:limit]:
        package = procedures.package(case.procedure)
        steps = sorted((one for one in case.steps.all() if one.done_at is None), key=lambda one: one.token)
        name, kana = _names_of(case)
        ended = case.withdrawn_at or case.closed_at
        lines.append(
            Line(
                case,
                package.procedure.title,
                name,
                kana,
                days_left(case),
                tuple(package.graph[one.node] for one in steps),
                ended or (steps[0].opened_at if steps else None),
            )
        )
    return lines


def counts(by: Actor, *, code: str = "") -> dict[View, int]:
    """How many cases each view holds; every figure is a list that can be opened."""
    if by.kind != "staff":
        return dict.fromkeys(VIEWS, 0)
    of_code = Q(procedure__code=code) if code else Q()
    return {view: _viewed(view, by).filter(of_code).count() for view in VIEWS}


def procedures_at(by: Actor) -> list[tuple[str, LocalText]]:
    """The procedures of which this member of staff may see a case, by code."""
    if by.kind != "staff":
        return []
    rows = Case.objects.filter(visible(by), received_at__isnull=False).order_by("procedure__code", "-received_at")
    newest = rows.distinct("procedure__code").select_related("procedure")
    return [
        (one.procedure.code, procedures.package(one.procedure).procedure.title)
        for one in newest.defer("answers", "typed", "procedure__data", "procedure__graph")
    ]


def _viewed(view: View, by: Actor) -> QuerySet[Case]:
    cases = Case.objects.filter(visible(by), received_at__isnull=False)
    mine = Exists(Step.objects.filter(mine_to_do(by), case=OuterRef("pk"), done_at=None))
    ended = Q(closed_at__isnull=False) | Q(withdrawn_at__isnull=False)
    if view == "ended":
        return cases.filter(ended)
    cases = cases.exclude(ended)
    if view == "waiting":
        return cases.filter(returned_at__isnull=False)
    if view == "late":
        return cases.filter(due_on__lt=clock.today(), decided_at=None)
    return cases.filter(mine) if view == "mine" else cases.exclude(mine).filter(returned_at=None)


def days_left(case: Case) -> int:
    """Business days to the promised date; negative is late."""
    today = clock.today()
    return procedures.calendar().between(today, case.due_on or today)


def _named(rows: QuerySet[Any], answers: str) -> QuerySet[Any]:
    """With the applicant's name and reading out of the answers, so that the answers need not be read."""
    named: QuerySet[Any] = rows.annotate(
        applicant=KeyTextTransform("full_name", KeyTextTransform("person", answers)),
        applicant_kana=KeyTextTransform("full_name_kana", KeyTextTransform("person", answers)),
        signed=KeyTextTransform("applicant_name", answers),
    )
    return named


def _names_of(row: Any) -> tuple[str, str]:
    return row.applicant or row.signed or "", row.applicant_kana or ""


def _with_words(cases: QuerySet[Case], words: str) -> list[UUID]:
    """Of these cases, those whose 受付番号, name or reading holds every word, in any width, kana and old character."""
    wanted = [search_key(word) for word in words.split() if search_key(word)][:5]
    rows = _named(cases.order_by("-due_on"), "answers").values_list(
        "pk", "number", "applicant", "applicant_kana", "signed"
    )
    found = []
    for key, number, *names in rows[:MOST_SEARCHED]:
        text = search_key(" ".join(one for one in (number, *names) if one))
        plain = text.replace("-", "")
        if all(word in text or (word.replace("-", "") or word) in plain for word in wanted):
            found.append(key)
    return found
