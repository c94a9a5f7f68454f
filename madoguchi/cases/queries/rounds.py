"""Rounds of a procedure that ranks its applications: what waits, what the table gives them all, who would get what.

The table is asked for the whole round in one SQL query: the same table that has judged each case in Python.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from madoguchi.cases.models import Case, Decision, Round, Step
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import LocalText
from madoguchi.places.rules import recording
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import allotment
from madoguchi.procedures.rules.city import Round as Announced
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.form import FormField
from madoguchi.procedures.rules.format import Computed
from madoguchi.procedures.rules.published import Published
from madoguchi.procedures.rules.tables import source_of
from madoguchi.procedures.rules.tablesql import city_sql

_CASTS = {"date": "date", "integer": "integer", "money": "bigint", "yes_no": "boolean", "consent": "boolean"}


@dataclass(frozen=True, slots=True)
class Standing:
    """A round as it is now. ``open`` are received applications that have not come to the step yet."""

    round: Round
    announced: Announced
    title: LocalText
    package: Published
    node: Node
    waiting: int
    open: int
    placed: Counter[tuple[str, str]]
    """(place, group) → how many were given a place before."""
    unplaced: int

    @property
    def closed(self) -> bool:
        """Whether one can no longer apply for it."""
        return clock.today() > self.announced.closes

    @property
    def names(self) -> Mapping[str, LocalText]:
        """What can be wished for."""
        return allotment.names(self.package.form, self.node.arguments)

    @property
    def left(self) -> dict[str, dict[str, int]]:
        """Places that are still to be given."""
        return {
            place: {group: max(number - self.placed[place, group], 0) for group, number in groups.items()}
            for place, groups in self.round.places.items()
        }


def rounds(by: Actor) -> list[Standing]:
    """Every round that this member of staff runs, the next to begin first."""
    found = [
        round_standing(row.code, one.name, by)
        for row in procedures.offered()
        if (node := _node(procedures.package(row))) is not None and _runs(node, procedures.package(row), by)
        for one in _announced(row.code)
    ]
    return sorted(found, key=lambda one: (one.announced.name, one.round.code))


def runs_rounds(by: Actor) -> bool:
    """Whether there is any for this member of staff."""
    return any(
        _runs(node, package, by) for package in procedures.packages_offered() if (node := _node(package)) is not None
    )


def may_run(round_: Round, by: Actor) -> bool:
    """Whether this member of staff holds the role that gives out the places."""
    row = procedures.current(round_.code)
    package = procedures.package(row) if row else None
    node = _node(package) if package else None
    return package is not None and node is not None and _runs(node, package, by)


def round_standing(code: str, name: str, by: Actor) -> Standing:
    """One of them. Raises NotFound where the city has announced no such round, or it is another's to run."""
    row = procedures.current(code)
    announced = next((one for one in _announced(code) if one.name == name), None)
    package = procedures.package(row) if row is not None else None
    node = _node(package) if package is not None else None
    if announced is None or package is None or node is None or not _runs(node, package, by):
        raise NotFound("round-unknown", "この募集の回は見つかりません。")
    cases = Case.objects.filter(
        procedure__code=code,
        withdrawn_at=None,
        received_at__isnull=False,
        **{f"answers__{node.arguments['round']}": name},
    )
    waiting = cases.filter(steps__kind="allot", steps__done_at=None).count()
    decided = Decision.objects.filter(case__in=cases, course__examined__has_key=node.id)
    placed = decided.filter(course__finding__place__isnull=False).values_list(
        "course__finding__place", f"values__{node.arguments['group']}"
    )
    counted = Counter((place, str(group)) for place, group in placed if place is not None)
    return Standing(
        Round.objects.filter(code=code, name=name).first() or Round(code=code, name=name),
        announced,
        package.procedure.title,
        package,
        node,
        waiting,
        cases.filter(closed_at=None, decided_at=None).count() - waiting - decided.filter(case__decided_at=None).count(),
        counted,
        decided.count() - sum(counted.values()),
    )


def applicants(standing: Standing) -> list[allotment.Applicant]:
    """All that wait in the round, with what the table gives each. Each is judged under the version it began under."""
    where = _waiting(standing)
    found: list[allotment.Applicant] = []
    for row in Procedure.objects.filter(code=standing.round.code).defer("data", "graph"):
        if row.pk not in where:
            continue
        package = procedures.package(row)
        node = _node(package)
        assert node is not None
        verdicts = _judged(package, node, where[row.pk])
        wishes = Case.objects.filter(pk__in=where[row.pk]).values_list("pk", "answers")
        found += [allotment.applicant(str(pk), node.arguments, verdicts.get(pk, {}), answers) for pk, answers in wishes]
    return found


def out_of_time(case: Case) -> dict[str, frozenset[str]]:
    """By the question that asks for the round, the rounds for which a case cannot be handed in on the day on which it
    was, or today: not yet, or no longer. Empty where a procedure has none."""
    node = _node(procedures.package(case.procedure))
    if node is None:
        return {}
    day = clock.day_of(case.received_at) if case.received_at is not None else clock.today()
    closed = (one.name for one in _announced(case.procedure.code, day) if not one.opens <= day <= one.closes)
    return {node.arguments["round"]: frozenset(closed)}


def simulate(standing: Standing) -> list[allotment.Placing]:
    """Who would get what if the places were given out now; what the act then writes."""
    order = allotment.criteria(standing.node.arguments)
    return allotment.allot(applicants(standing), standing.left, order, f"{standing.round.code} {standing.round.name}")


def groups_of(standing: Standing, seen: Iterable[str]) -> list[str]:
    """The groups by which places are counted: those that the table writes out, and those that there are."""
    found = {*seen, *(group for groups in standing.round.places.values() for group in groups)}
    table, name = standing.package.tables[standing.node.arguments["table"]], standing.node.arguments["group"]
    found |= {str(row.then[name]) for row in table.rows if not isinstance(row.then.get(name), Computed | None)}
    found.discard("")
    return sorted(found, key=lambda one: (not one.isdigit(), len(one), one))


def numbers_of(ids: Iterable[str]) -> dict[str, str]:
    """受付番号 by the id of the case."""
    rows = Case.objects.filter(pk__in=list(ids)).values_list("pk", "number")
    return {str(key): str(number) for key, number in rows}


def _waiting(standing: Standing) -> dict[UUID, list[UUID]]:
    """Version → the cases that stand at the step. Ids only: what goes into the query below is nobody's text."""
    steps = Step.objects.filter(
        kind="allot",
        done_at=None,
        case__procedure__code=standing.round.code,
        case__withdrawn_at=None,
        **{f"case__answers__{standing.node.arguments['round']}": standing.round.name},
    )
    found: dict[UUID, list[UUID]] = {}
    for version, case in steps.order_by("case_id").values_list("case__procedure_id", "case_id"):
        found.setdefault(version, []).append(case)
    return found


def _judged(package: Published, node: Node, cases: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """What the table gives these cases, in one query."""
    table = package.tables[node.arguments["table"]]
    names = {name for key in table.inputs for name in Expression.parse(source_of(table, key, table.input(key))).names}
    columns = {name: sql for name in names if (sql := _column(name, package, node)) is not None}
    ids = ",".join(f"'{case}'" for case in cases)
    source = f'"case" c join case_decision d on d.case_id = c.id where c.id in ({ids})'
    sql = city_sql(table, source, case="c.id", columns=columns)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        heads = [column[0] for column in cursor.description]
        return {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in cursor.fetchall()}


def _column(name: str, package: Published, node: Node) -> str | None:
    """The SQL that yields what expressions know as ``name``, typed as it is there."""
    if name == "received_on":
        return "(c.received_at at time zone 'Asia/Tokyo')::date"
    if name == "today":
        return f"'{clock.today()}'::date"
    head, _, rest = name.partition(".")
    if head == "finding":
        written = {one.name: one.type for fields in package.findings.values() for one in fields}
        kind, at = written.get(rest), f"(d.course #>> '{{finding,{rest}}}')"
    elif head == "verdict":
        kind, at = "text", f"(d.values ->> '{rest}')"
    elif (asked := package.form.field_at(head)) is not None and asked[1].layers:
        return _column_on_the_map(asked[1], *rest.partition(".")[::2])
    else:
        found = package.form.field_at(name)
        kind, at = found[1].type if found else None, f"(c.answers #>> '{{{name.replace('.', ',')}}}')"
        if name == node.arguments["round"]:
            kind = "date"  # a round is named by the day on which it begins
    return None if kind is None else f"{at}::{_CASTS.get(kind, 'text')}"


def _column_on_the_map(one: FormField, layer: str, key: str) -> str | None:
    """What the map says of a place that is asked for: ``layer`` as conditions name it, its verdict or an attribute."""
    code = next((code for code in one.layers if recording.name_of(code) == layer), None)
    known = procedures.layers().get(code) if code is not None else None
    if code is None or known is None:
        return None
    if key == recording.VERDICT:
        return recording.column("c.answers", one.name, code, None)
    attribute = next((it for it in known.attributes if it.key == key), None)
    return recording.column("c.answers", one.name, code, attribute) if attribute is not None else None


def _node(package: Published) -> Node | None:
    return next((node for node in package.graph.steps if node.kind == "allot"), None)


def _runs(node: Node, package: Published, by: Actor) -> bool:
    if by.kind != "staff" or node.by is None:
        return False
    return procedures.holders(node.by, package.procedure).include(sections=by.sections, posts=by.posts)


def _announced(code: str, on: dt.date | None = None) -> tuple[Announced, ...]:
    offer = procedures.city().offer(code, on or clock.today())
    return offer.rounds if offer else ()
