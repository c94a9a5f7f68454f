"""Decision tables: one text decides one case in Python and the whole city in SQL.

Here one case is decided; ``tablesql`` is the city, and ``tablecheck`` asks whether the rows leave a gap.
Nothing is guessed: where a required input is unknown, a table decides nothing (Undecided; NULL in SQL).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from madoguchi.ground.errors import Invalid
from madoguchi.ground.expressions import Expression, ExpressionError
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.format import Computed, Input, Rank, Table


class Undecided(Invalid):
    """A table that cannot decide this case, because something is unknown or because its rows leave a gap."""


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What the table decides of one row (a child), or of the case where it has none."""

    index: int | None
    hits: tuple[int, ...]
    """The rows of the table that held, from 0."""
    inputs: Mapping[str, Any]
    given: tuple[Mapping[str, Any], ...]
    """What each hit gives."""
    values: Mapping[str, Any]
    reasons: tuple[LocalText, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a table decides of a case. ``values`` is what expressions and letters see as ``verdict.*``."""

    values: Mapping[str, Any]
    rows: tuple[RowVerdict, ...]
    granted: bool | None
    """None where the table only computes."""
    reasons: tuple[LocalText, ...] = field(default=())
    """Each once, in the order of the rows."""

    def as_json(self) -> dict[str, Any]:
        """JSON data: values, per row its inputs and values; dates as YYYY-MM-DD, exact numbers as text."""
        return {
            "values": _json(self.values),
            "granted": self.granted,
            "rows": [
                {"index": row.index, "hits": list(row.hits), "inputs": _json(row.inputs), "values": _json(row.values)}
                for row in self.rows
            ],
            "reasons": [dict(reason) for reason in self.reasons],
        }


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else str(value)
        return value

    return {name: plain(value) for name, value in values.items()}


# -- one case, in Python ----------------------------------------------------------------------------------------------


def judge(table: Table, scope: Mapping[str, Any]) -> Verdict:
    """Decide one case. ``scope`` holds the answers (rows as lists), dates, earlier verdicts and findings.

    Raises Undecided where a required input is unknown, no row holds (or two of ``unique``).
    """
    try:
        return _judge(table, scope)
    except ExpressionError as error:
        raise Undecided(
            "table-kinds", "判定に使う項目の種類が式に合いません（%(problem)s）。", {"problem": error.problem}
        ) from None


def _judge(table: Table, scope: Mapping[str, Any]) -> Verdict:
    if table.for_each is None:
        rows = [_judge_row(table, None, found) for found in _inputs(table, [dict(scope)])]
    else:
        given = scope.get(table.for_each) or []
        if not isinstance(given, list | tuple):
            raise Undecided("table-rows", "判定に使う行が、行の並びになっていません。")
        inputs = _inputs(table, [{**scope, table.for_each: row} for row in given])
        rows = [_judge_row(table, index, found) for index, found in enumerate(inputs)]
    values = _totals(table, [given for row in rows for given in row.given]) if table.several else rows[0].values
    granted = None
    if table.decides is not None:
        granted = Expression.parse(table.decides).holds(values)
    reasons = tuple(dict.fromkeys(reason for row in rows for reason in row.reasons))
    return Verdict(values, tuple(rows), granted, reasons)


def _inputs(table: Table, scopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Input by input over all rows, because a rank looks at the other rows; an input sees those before it."""
    found: list[dict[str, Any]] = [{} for _ in scopes]
    for name in table.inputs:
        spec = table.input(name)
        if spec.rank is not None:
            values: list[Any] = _places(table, spec.rank, scopes, found)
        else:
            source = Expression.parse(source_of(table, name, spec))
            values = [source.evaluate({**scope, **inputs}) for scope, inputs in zip(scopes, found, strict=True)]
        for inputs, value in zip(found, values, strict=True):
            inputs[name] = _of_type(name, spec, value)
    return found


_TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "money": (int,),
    "decimal": (int, Decimal),
    "text": (str,),
    "choice": (str,),
    "date": (date,),
    "yes_no": (bool,),
}


def _of_type(name: str, spec: Input, value: Any) -> Any:
    if spec.type == "date" and isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, Decimal) and spec.type != "decimal" and value == value.to_integral_value():
        value = int(value)
    fits = isinstance(value, _TYPES[spec.type]) and isinstance(value, bool) == (spec.type == "yes_no")
    if value is not None and not fits:
        raise Undecided("table-type", "判定に使う項目 %(name)s の種類が違います。", {"name": name})
    return value


def source_of(table: Table, name: str, spec: Input) -> str:
    """The expression an input comes from: its own, else the row's field of its name, else the case's."""
    if spec.is_ is not None:
        return spec.is_
    return f"coalesce({table.for_each}.{name}, {name})" if table.for_each else name


def _places(table: Table, rank: Rank, scopes: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[int | None]:
    among = Expression.parse(rank.among) if rank.among else None
    by = Expression.parse(f"{table.for_each}.{rank.by}")
    keys: list[tuple[Any, int]] = []
    for index, (scope, inputs) in enumerate(zip(scopes, found, strict=True)):
        seen = {**scope, **inputs}
        key = by.evaluate(seen)
        if key is not None and (among is None or among.holds(seen)):
            keys.append((key, index))
    places: list[int | None] = [None] * len(scopes)
    # Dates may be dates or their ISO text; both sort the same way as text, numbers as numbers.
    ordered = sorted(keys, key=lambda key: (key[0].isoformat() if isinstance(key[0], date) else key[0], key[1]))
    for place, (_, index) in enumerate(ordered, 1):
        places[index] = place
    return places


def _judge_row(table: Table, index: int | None, inputs: dict[str, Any]) -> RowVerdict:
    if unknown := [name for name, value in inputs.items() if value is None and not table.input(name).optional]:
        raise Undecided("table-unknown", "判定に必要な項目（%(names)s）が分かりません。", {"names": "、".join(unknown)})
    hits = [
        number for number, row in enumerate(table.rows) if row.when is None or Expression.parse(row.when).holds(inputs)
    ]
    if table.policy == "first_match":
        hits = hits[:1]
    if table.policy != "collect" and len(hits) != 1:
        raise Undecided(
            "table-gap" if not hits else "table-overlap",
            "判定の表に、この場合に当てはまる行がちょうど一つありません。",
        )
    given = [{name: _value(value, inputs) for name, value in table.rows[hit].then.items()} for hit in hits]
    values = _totals(table, given) if table.policy == "collect" else given[0]
    return RowVerdict(index, tuple(hits), inputs, tuple(given), values, tuple(table.rows[hit].reason for hit in hits))


def _value(value: bool | int | str | Computed, inputs: Mapping[str, Any]) -> Any:
    return Expression.parse(value.is_).evaluate(inputs) if isinstance(value, Computed) else value


def _totals(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Values over rows, as SQL's aggregates have them: what is unknown is left out; a sum of nothing is 0."""
    totals: dict[str, Any] = {}
    for name, how in table.totals.items():
        values = [value for row in rows if (value := row.get(name)) is not None]
        match how:
            case "sum":
                totals[name] = sum(values)
            case "count":
                totals[name] = sum(1 for value in values if value is not False)
            case "any":
                totals[name] = any(values)
            case "all":
                totals[name] = all(values)
            case "min":
                totals[name] = min(values, default=None)
            case "max":
                totals[name] = max(values, default=None)
    return totals
