"""Decision tables: one case in Python, the whole city in PostgreSQL, and the same answer from both."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.procedures.rules.format import Table
from madoguchi.procedures.rules.load import load_facts, load_package
from madoguchi.procedures.rules.tables import Undecided, judge
from madoguchi.procedures.rules.tablesql import city_sql
from madoguchi.procedures.tests.builders import table

ON = date(2026, 4, 1)

ALLOWANCE = table(
    {
        "for_each": "child",
        "inputs": {
            "year_end": {"type": "integer", "is": "age_at_fiscal_year_end(child.date_of_birth, today)", "min": 0},
            "age": {"type": "integer", "is": "age_on(child.date_of_birth, today)", "min": 0},
            "rank": {"type": "integer", "rank": {"by": "date_of_birth", "among": "year_end <= 22"}, "optional": True},
        },
        "first_match": [
            {"when": "year_end > 18", "then": {"monthly": 0}, "reason": "対象外"},
            {"when": "rank >= 3", "then": {"monthly": 30000}, "reason": "第3子以降"},
            {"when": "age < 3", "then": {"monthly": 15000}, "reason": "3歳未満"},
            {"otherwise": None, "then": {"monthly": 10000}, "reason": "3歳以上"},
        ],
        "totals": {"monthly": "sum"},
        "decides": "monthly > 0",
    }
)


def family(*births: str) -> dict[str, Any]:
    return {"today": ON, "child": [{"date_of_birth": birth} for birth in births]}


def test_children_are_judged_one_by_one_and_added_up() -> None:
    verdict = judge(ALLOWANCE, family("2019-05-01", "2026-01-20"))
    assert [row.values["monthly"] for row in verdict.rows] == [10000, 15000]
    assert (verdict.values, verdict.granted) == ({"monthly": 25000}, True)
    assert [reason["ja"] for reason in verdict.reasons] == ["3歳以上", "3歳未満"]


def test_older_siblings_count_for_the_rank_though_nothing_is_paid_for_them() -> None:
    verdict = judge(ALLOWANCE, family("2025-08-01", "2005-04-02", "2010-06-01"))
    assert [row.inputs["rank"] for row in verdict.rows] == [3, 1, 2]
    assert [row.values["monthly"] for row in verdict.rows] == [30000, 0, 10000]


def test_a_child_past_the_age_has_no_place() -> None:
    verdict = judge(ALLOWANCE, family("2001-01-01", "2010-06-01"))
    assert [row.inputs["rank"] for row in verdict.rows] == [None, 1]


def test_twins_keep_the_order_in_which_they_are_written() -> None:
    verdict = judge(ALLOWANCE, family("2025-01-01", "2025-01-01", "2025-01-01"))
    assert [row.inputs["rank"] for row in verdict.rows] == [1, 2, 3]


def test_no_rows_no_allowance() -> None:
    assert judge(ALLOWANCE, family()).as_json() == {
        "values": {"monthly": 0},
        "granted": False,
        "rows": [],
        "reasons": [],
    }


def test_what_is_unknown_is_not_guessed() -> None:
    with pytest.raises(Undecided) as caught:
        judge(ALLOWANCE, {"today": ON, "child": [{}]})
    assert (caught.value.code, caught.value.params) == ("table-unknown", {"names": "year_end、age"})


def test_a_gap_decides_nothing_and_an_overlap_neither() -> None:
    rows = [
        {"when": "n < 3", "then": {"fee": 1}, "reason": "a"},
        {"when": "n > 1", "then": {"fee": 2}, "reason": "b"},
    ]
    unique = table({"inputs": {"n": "integer"}, "unique": rows})
    first = table({"inputs": {"n": "integer"}, "first_match": rows[1:]})
    assert judge(unique, {"n": 3}).values == {"fee": 2}
    with pytest.raises(Undecided, match="一つ"):
        judge(unique, {"n": 2})
    with pytest.raises(Undecided, match="一つ"):
        judge(first, {"n": 0})


def test_a_wrong_kind_of_answer_decides_nothing() -> None:
    rows = [{"when": "n < 3", "then": {"fee": 1}, "reason": "a"}]
    with pytest.raises(Undecided):
        judge(table({"inputs": {"n": "integer"}, "first_match": rows}), {"n": "two"})
    with pytest.raises(Undecided):
        judge(table({"inputs": {"n": {"type": "integer", "is": "m + 1"}}, "first_match": rows}), {"m": True})


def test_collect_adds_what_holds_and_computes() -> None:
    reductions = table(
        {
            "inputs": {"disabled": "yes_no", "elderly": "yes_no", "base": "money"},
            "collect": [
                {"when": "disabled", "then": {"off": {"is": "base / 2"}}, "reason": "障害者減免"},
                {"when": "elderly", "then": {"off": 100}, "reason": "高齢者減免"},
            ],
            "totals": {"off": "sum"},
        }
    )
    verdict = judge(reductions, {"disabled": True, "elderly": True, "base": 3000})
    assert verdict.as_json()["values"] == {"off": 1600}
    assert [reason["ja"] for reason in verdict.reasons] == ["障害者減免", "高齢者減免"]
    assert judge(reductions, {"disabled": False, "elderly": False, "base": 3000}).values == {"off": 0}


# -- Python and PostgreSQL -------------------------------------------------------------------------------------------

COLUMNS = {"a": "bigint", "b": "boolean", "c": "text", "d": "date", "born": "date"}
_rows = st.fixed_dictionaries(
    {
        "a": st.integers(-2, 5) | st.integers(0, 3) | st.none(),
        "b": st.booleans() | st.booleans() | st.none(),
        "c": st.none() | st.sampled_from(["x", "y", "z"]),
        "d": st.none() | st.dates(date(2019, 12, 30), date(2020, 1, 3)).map(date.isoformat),
        "born": st.dates(date(2000, 1, 1), date(2026, 4, 1)).map(date.isoformat),
    }
)
_ATOMS = """
a >= 2, a < 0, a between 1 and 3, b, not b, c = 'x', c <> 'z', d < '2020-01-01', d is null, d is not null, age >= 18,
age + a > 10, rank > 1, rank is null, -a > 0
"""
_atoms = st.sampled_from([*_ATOMS.strip().split(","), "c in ('x', 'y')", "coalesce(a, 0) = 0"])
_conditions = st.recursive(
    _atoms, lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({' '.join(p)})")
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    each = draw(st.booleans())
    inputs: dict[str, Any] = {
        "a": {"type": "integer", "optional": draw(st.booleans())},
        "b": {"type": "yes_no", "optional": draw(st.booleans())},
        "c": {"type": "choice", "options": ["x", "y", "z"], "optional": True},
        "d": {"type": "date", "optional": True},
        "age": {"type": "integer", "is": f"age_on({'child.born' if each else 'born'}, today)"},
        "rank": {"type": "integer", "is": "a", "optional": True},
    }
    if each:
        among = draw(st.sampled_from([None, "age >= 10", "child.b"]))
        inputs["rank"] = {"type": "integer", "rank": {"by": "born"}, "optional": True}
        if among:
            inputs["rank"]["rank"]["among"] = among
    policy = draw(st.sampled_from(["first_match", "unique", "collect"]))
    money = st.integers(0, 9) | st.sampled_from(["age * 2", "a / 3", "coalesce(a, 1) + 0.5"]).map(lambda e: {"is": e})
    flag = st.booleans() | st.just({"is": "age > 10"})
    rows: list[dict[str, Any]] = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "when": _conditions,
                    "then": st.fixed_dictionaries({"m": money, "f": flag, "t": st.sampled_from(["p", "q's"])}),
                    "reason": st.just("r"),
                }
            ),
            min_size=1,
            max_size=4,
        )
    )
    if policy == "first_match" and draw(st.booleans()):
        rows.append({"otherwise": None, "then": {"m": 1, "f": False, "t": "p"}, "reason": "r"})
    data: dict[str, Any] = {"inputs": inputs, policy: rows}
    if each:
        data["for_each"] = "child"
    if each or policy == "collect":
        data["totals"] = {
            "m": draw(st.sampled_from(["sum", "min", "max", "count"])),
            "f": draw(st.sampled_from(["any", "all", "count"])),
            "t": draw(st.sampled_from(["min", "max", "count"])),
        }
    if draw(st.booleans()):
        data["decides"] = "m > 2"
    return table(data)


def _literal(value: Any, kind: str) -> str:
    text = "null" if value is None else f"'{value}'"
    return f"{text}::{kind}"


def _in_postgres(one: Table, cases: list[list[dict[str, Any]]], level: str = "case") -> list[dict[str, Any]]:
    values = ", ".join(
        f"({case}, {position}, {', '.join(_literal(row[name], kind) for name, kind in COLUMNS.items())})"
        for case, rows in enumerate(cases)
        for position, row in enumerate(rows)
    )
    source = f"(values {values}) as t(number, place, {', '.join(COLUMNS)})"
    prefix = "child." if one.for_each else ""
    sql = city_sql(
        one,
        source,
        case="t.number",
        position="t.place",
        columns={f"{prefix}{name}": f"t.{name}" for name in COLUMNS} | {"today": f"date '{ON}'"},
        level=level,
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _in_python(one: Table, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    scope: dict[str, Any] = {"today": ON}
    scope.update({"child": rows} if one.for_each else rows[0])
    try:
        verdict = judge(one, scope)
    except Undecided:
        return None
    return {**verdict.values, "granted": verdict.granted}


@pytest.mark.django_db
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=tables(), cases=st.lists(st.lists(_rows, min_size=1, max_size=4), min_size=1, max_size=5))
def test_postgres_decides_the_city_as_python_decides_each_case(one: Table, cases: list[list[dict[str, Any]]]) -> None:
    if one.for_each is None:
        cases = [rows[:1] for rows in cases]
    found = {row.pop("case"): row for row in _in_postgres(one, cases)}
    assert sorted(found) == list(range(len(cases)))
    for number, rows in enumerate(cases):
        expected = _in_python(one, rows)
        nothing: dict[str, Any] = dict.fromkeys([*(one.totals if one.several else one.outputs), "granted"])
        assert found[number] == (nothing if expected is None else expected), (number, rows)


@pytest.mark.django_db
def test_the_rows_behind_a_total_can_be_asked_for() -> None:
    rows = [{"a": 1, "b": True, "c": None, "d": None, "born": birth} for birth in ("2025-08-01", "2005-04-02")]
    allowance = ALLOWANCE.model_dump_json(by_alias=True, exclude_unset=True).replace("date_of_birth", "born")
    found = _in_postgres(Table.model_validate_json(allowance), [rows], level="row")
    assert sorted((row["position"], row["hit"], row["monthly"]) for row in found) == [(0, 2, 15000), (1, 0, 0)]


# -- the shipped allowance, for the whole city ------------------------------------------------------------------------

CATALOGUE = Path(__file__).resolve().parents[3] / "catalogue"
_child = st.fixed_dictionaries(
    {
        "date_of_birth": st.dates(date(2003, 4, 1), date(2026, 4, 1)).map(date.isoformat),
        "in_facility": st.none() | st.booleans(),
        "cares_for_adult": st.none() | st.booleans(),
        "pays_for_adult": st.none() | st.booleans(),
    }
)


@pytest.fixture(scope="module")
def allowance() -> Table:
    folder = CATALOGUE / "procedures" / "child-allowance-claim"
    return load_package(folder, load_facts(CATALOGUE / "facts.yaml")).tables["amount"]


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(families=st.lists(st.lists(_child, min_size=1, max_size=6), min_size=1, max_size=30))
def test_the_city_pays_each_family_what_its_own_case_would_give(
    allowance: Table, families: list[list[dict[str, Any]]]
) -> None:
    kinds = {"date_of_birth": "date"} | dict.fromkeys(["in_facility", "cares_for_adult", "pays_for_adult"], "boolean")
    values = ", ".join(
        f"({number}, {place}, {', '.join(_literal(child[name], kind) for name, kind in kinds.items())})"
        for number, family in enumerate(families)
        for place, child in enumerate(family)
    )
    sql = city_sql(
        allowance,
        f"(values {values}) as child(family, place, {', '.join(kinds)})",
        case="family",
        position="place",
        columns={f"child.{name}": f"child.{name}" for name in kinds} | {"verdict.pay_from": f"date '{ON}'"},
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = {number: (monthly, granted) for number, monthly, granted in cursor.fetchall()}
    for number, family in enumerate(families):
        verdict = judge(allowance, {"child": family, "verdict": {"pay_from": ON.isoformat()}})
        assert found[number] == (verdict.values["monthly"], verdict.granted)
