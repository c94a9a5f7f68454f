"""A decision table as one PostgreSQL query: what ``tables.judge`` gives for one case, for the whole city at once.

Apart from ``tables`` because nothing else here writes SQL. Its text comes from checked packages and from the caller's
columns only, never from what a person typed.
"""
# ruff: noqa: S608  # composing SQL is what this module is for; see above for what goes in

from collections.abc import Mapping

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.format import Computed, Input, Table
from madoguchi.procedures.rules.tables import source_of


def city_sql(
    table: Table, source: str, *, case: str, columns: Mapping[str, str], position: str = "0", level: str = "case"
) -> str:
    """The table as one PostgreSQL query: what ``tables.judge`` gives for one case, for all cases of ``source``.

    ``source`` is what stands after FROM; ``case`` and ``position`` are SQL over it (the case a row belongs to; its
    place among the rows). ``columns`` maps names of answers (``child.date_of_birth``) to typed SQL over it. The query
    yields ``case``, the values by name and ``granted``; all NULL where the case is undecided. With ``level="row"`` it
    yields ``case``, ``position``, ``hit`` (number of the row from 0) and the values of each row. A case without any
    row in ``source`` is not there.
    """
    names = _answers_used(table, columns)
    layers = [
        f'i0 as (select {case} as "case", {position} as "position"'
        + "".join(f", {columns[name]} as {_quoted('c', name)}" for name in names)
        + f" from {source})"
    ]
    known = {name: _quoted("c", name) for name in names}
    for number, name in enumerate(table.inputs):
        sql = _input_sql(table, name, table.input(name), known)
        layers.append(f"i{number + 1} as (select *, {sql} as {_quoted('in', name)} from i{number})")
        known[name] = _quoted("in", name)
    inputs = {name: _quoted("in", name) for name in table.inputs}
    required = [inputs[name] for name in table.inputs if not table.input(name).optional]
    unknown = " or ".join(f"{column} is null" for column in required) or "false"
    held = f"case when {unknown} then null else {_hits_sql(table, inputs)} end"
    layers.append(f"hits as (select *, {held} as held from i{len(table.inputs)})")
    # A row that meets nothing stays, with no hit: in `collect` it is decided all the same, elsewhere it is undecided.
    layers.append(
        "judged as (select *, held is null as undecided,"
        " unnest(case when cardinality(held) > 0 then held else array[null::int] end) as hit from hits)"
    )
    values = "".join(f", {_value_sql(table, name, inputs)} as {_quoted('v', name)}" for name in table.outputs)
    layers.append(f'valued as (select "case", "position", undecided, hit{values} from judged)')
    head = "with " + ",\n".join(layers) + "\n"
    if level == "row":
        chosen = "".join(f", {_quoted('v', name)} as {_quoted(name)}" for name in table.outputs)
        return f'{head}select "case", "position", hit{chosen} from valued'
    if table.several:
        totals = {name: _total_sql(table, name, how) for name, how in table.totals.items()}
        group = ' group by "case"'
    else:
        totals = {name: _quoted("v", name) for name in table.outputs}
        group = ""
    undecided = "bool_or(undecided)" if group else "undecided"
    inner = "".join(f", {sql} as {_quoted(name)}" for name, sql in totals.items())
    decided = {name: _quoted(name) for name in totals}
    granted = "null::boolean"
    if table.decides is not None:
        granted = f"coalesce({Expression.parse(table.decides).sql(decided)}::boolean, false)"
    outer = "".join(f", case when undecided then null else {column} end as {column}" for column in decided.values())
    return (
        f'{head}select "case"{outer}, case when undecided then null else {granted} end as granted'
        f' from (select "case", {undecided} as undecided{inner} from valued{group}) as decided'
    )


def _quoted(*parts: str) -> str:
    return '"' + ".".join(parts).replace('"', '""') + '"'


def _answers_used(table: Table, columns: Mapping[str, str]) -> list[str]:
    used: set[str] = set()
    for name in table.inputs:
        spec = table.input(name)
        if spec.rank is not None:
            used.add(f"{table.for_each}.{spec.rank.by}")
            used |= Expression.parse(spec.rank.among).names if spec.rank.among else set()
        else:
            used |= Expression.parse(source_of(table, name, spec)).names
    return sorted(used & set(columns))


def _input_sql(table: Table, name: str, spec: Input, known: Mapping[str, str]) -> str:
    if spec.rank is not None:
        by = known[f"{table.for_each}.{spec.rank.by}"]
        counted = f"{by} is not null"
        if spec.rank.among:
            counted += f" and {Expression.parse(spec.rank.among).sql(known)}::boolean"
        return (
            f'case when {counted} then (count(*) filter (where {counted}) over (partition by "case" order by {by},'
            f' "position" rows unbounded preceding))::integer end'
        )
    if spec.is_ is None and table.for_each:
        given = [known[key] for key in (f"{table.for_each}.{name}", name) if key in known]
        if given:
            return f"coalesce({', '.join(given)})"
    return Expression.parse(source_of(table, name, spec)).sql(known)


def _hits_sql(table: Table, inputs: Mapping[str, str]) -> str:
    """An array of the rows that hold, from 0; NULL where the policy is broken (gap, overlap)."""
    conditions = [
        "true" if row.when is None else f"({Expression.parse(row.when).sql(inputs)}::boolean is true)"
        for row in table.rows
    ]
    if table.policy == "first_match":
        cases = " ".join(f"when {condition} then array[{hit}]" for hit, condition in enumerate(conditions))
        return f"case {cases} end"
    held = ", ".join(f"case when {condition} then {hit} end" for hit, condition in enumerate(conditions))
    found = f"array_remove(array[{held}], null)"
    return found if table.policy == "collect" else f"case when cardinality({found}) = 1 then {found} end"


def _value_sql(table: Table, name: str, inputs: Mapping[str, str]) -> str:
    cases = ""
    for hit, row in enumerate(table.rows):
        if name in row.then:
            cases += f" when {hit} then {_then_sql(row.then[name], inputs)}"
    return f"case hit{cases} end"


def _then_sql(value: bool | int | str | Computed, inputs: Mapping[str, str]) -> str:
    if isinstance(value, Computed):
        return Expression.parse(value.is_).sql(inputs)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}::numeric"
    return "'" + value.replace("'", "''") + "'::text"


def _total_sql(table: Table, name: str, how: str) -> str:
    value = _quoted("v", name)
    if how == "count":
        return f"count(*) filter (where {value} is not null and {value}::text <> 'false')"
    return {
        "sum": f"coalesce(sum({value}), 0)",
        "any": f"coalesce(bool_or({value}), false)",
        "all": f"coalesce(bool_and({value}), true)",
        "min": f"min({value})",
        "max": f"max({value})",
    }[how]
