"""A list as rows for a table, read with a cursor of the server: 24,000 cases take no more memory than one page."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, F, Func, OuterRef, Prefetch, UUIDField

from madoguchi.cases.models import Export, State, Step
from madoguchi.cases.queries.worklist import NO_FILTERS, Filters, View, found, in_order
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.people.models import Account
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

#: The columns, in order: key in JSON Lines, and heading in CSV.
COLUMNS: Final[Mapping[str, str]] = {
    "number": "受付番号",
    "procedure": "手続",
    "state": "状態",
    "steps": "いまの段階",
    "taken_by": "担当",
    "applicant": "申請者",
    "kana": "フリガナ",
    "town": "町",
    "received_on": "受付日",
    "promised_on": "お約束の日",
    "business_days": "かかった日数（開庁日）",
    "decided_on": "決定日",
    "decision": "決定",
    "ended_on": "終わった日",
    "digital": "すべて画面で行った",
}
_DECISIONS: Final = {True: "認める", False: "認めない"}
#: Rows that are read from the server at a time.
CHUNK: Final = 500


class _Unnested(Func):
    """One row for each element of an array of ids."""

    function = "unnest"
    set_returning = True
    output_field = UUIDField()


def exported(taken: Export, view: View, by: Actor, filters: Filters = NO_FILTERS) -> Iterator[dict[str, Any]]:
    """Row by row, in the order of the list: texts, dates, whole numbers, yes or no, None where there is nothing. Of
    what was ``taken`` by the act, so that nobody's row leaves without an event that they see."""
    named = Export.objects.filter(pk=taken.pk).annotate(case=_Unnested(F("cases")))
    now = Step.objects.filter(done_at=None).order_by("token")
    broken = Step.objects.filter(case=OuterRef("pk")).exclude(channel="screen").exclude(outcome="cancelled")
    rows: Any = (
        in_order(view, found(view, by, filters).filter(pk__in=named.values("case")), filters)
        .select_related("decision")
        .defer("answers", "typed", "search_key", "engine", "decision__course", "decision__reasons", "decision__values")
        .annotate(broken=Exists(broken))
        .prefetch_related(Prefetch("steps", now, to_attr="open_now"))
    )
    towns = {one.id: one.name for one in procedures.city().towns}
    names: dict[UUID, str] = {}
    for case in rows.iterator(chunk_size=CHUNK):
        yield _row(case, towns, names)
        # Its steps and its decision know it, too: let go now, not when the collector comes.
        case.open_now.clear()
        case._state.fields_cache.clear()


def _row(case: Any, towns: Mapping[str, str], names: dict[UUID, str]) -> dict[str, Any]:
    package = procedures.package(Procedure(pk=case.procedure_id))
    nodes = [package.graph.nodes.get(one.node) for one in case.open_now]
    decision: Any = getattr(case, "decision", None)
    made = decision is not None and decision.made_at is not None
    until = case.ended_at or clock.now()
    return {
        "number": case.number,
        "procedure": package.procedure.title["ja"],
        "state": State(case.state).label,
        "steps": "・".join(node.title["ja"] for node in nodes if node and node.title) or None,
        "taken_by": "・".join(_name(one.taken_by_id, names) for one in case.open_now if one.taken_by_id) or None,
        "applicant": case.applicant or None,
        "kana": case.kana or None,
        "town": towns.get(case.town),
        "received_on": clock.day_of(case.received_at),
        "promised_on": case.due_on,
        "business_days": procedures.calendar().between(clock.day_of(case.received_at), clock.day_of(until)),
        "decided_on": clock.day_of(case.decided_at) if case.decided_at else None,
        "decision": _DECISIONS[decision.granted] if made else None,
        "ended_on": clock.day_of(case.ended_at) if case.ended_at else None,
        "digital": not case.broken,
    }


def _name(key: UUID, names: dict[UUID, str]) -> str:
    if key not in names:
        names[key] = Account.objects.values_list("display_name", flat=True).get(pk=key)
    return names[key]
