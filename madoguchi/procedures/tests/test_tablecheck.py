"""The check of tables: names and kinds, and that gaps, overlaps and dead rows are found with a counter-example."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.format import Table
from madoguchi.procedures.rules.tablecheck import Finding, check_names, gaps
from madoguchi.procedures.tests.builders import table


def row(when: str | None, **then: Any) -> dict[str, Any]:
    condition: dict[str, Any] = {"otherwise": None} if when is None else {"when": when}
    return {**condition, "then": then or {"fee": 1}, "reason": "理由"}


def found(data: dict[str, Any]) -> dict[str, Finding]:
    return {finding.kind: finding for finding in gaps(table(data))}


AGES = {"age": {"type": "integer", "min": 0}, "rank": {"type": "integer", "min": 1}}


def test_a_table_with_a_last_resort_has_no_gap() -> None:
    assert found({"inputs": AGES, "first_match": [row("rank >= 3"), row("age < 3"), row(None)]}) == {}


def test_a_gap_is_told_by_a_case() -> None:
    gap = found({"inputs": AGES, "first_match": [row("rank >= 3"), row("age < 3"), row("age > 3")]})["gap"]
    assert gap.example == {"age": 3, "rank": 1} or gap.example == {"age": 3, "rank": 2}
    assert "age = 3" in gap.message
    assert "otherwise" in gap.instead


def test_an_unknown_value_is_a_case_where_an_input_may_be_unknown() -> None:
    rows = [row("n < 3"), row("n >= 3")]
    assert found({"inputs": {"n": "integer"}, "unique": rows}) == {}
    gap = found({"inputs": {"n": {"type": "integer", "optional": True}}, "unique": rows})["gap"]
    assert gap.message == "n = 不明 のとき、どの行にも当てはまりません"


def test_an_overlap_is_told_by_a_case_and_both_rows() -> None:
    overlap = found({"inputs": {"n": "integer"}, "unique": [row("n <= 3"), row("n > 5"), row("n >= 3")]})["overlap"]
    assert overlap.example == {"n": 3}
    assert "1番目と3番目" in overlap.message
    assert overlap.path == ("unique", 2)


def test_a_row_behind_one_that_takes_everything_is_dead() -> None:
    dead = found({"inputs": {"n": "integer"}, "first_match": [row("n > 3"), row("n > 5"), row(None)]})["unreachable"]
    assert dead.path == ("first_match", 1)


def test_options_words_dates_and_truths_are_tried() -> None:
    inputs = {
        "kind": {"type": "choice", "options": ["dog", "cat"]},
        "town": "text",
        "since": "date",
        "paid": "yes_no",
    }
    rows = [row("kind = 'dog'"), row("town in ('北', '南') and paid"), row("since < '2020-01-01'"), row("not paid")]
    gap = found({"inputs": inputs, "first_match": rows})["gap"]
    assert (gap.example["kind"], gap.example["paid"]) == ("cat", True)
    assert gap.example["town"] not in ("北", "南")


def test_half_amounts_are_tried_between_the_marks() -> None:
    inputs = {"rate": {"type": "decimal", "min": 0, "max": 1}}
    assert found({"inputs": inputs, "unique": [row("rate < 0.5"), row("rate >= 0.5")]}) == {}
    assert "gap" in found({"inputs": inputs, "unique": [row("rate <= 0.5"), row("rate >= 0.6")]})


def test_what_is_assumed_is_not_asked() -> None:
    data: dict[str, Any] = {"inputs": AGES, "unique": [row("age < 18"), row("age >= 18 and rank = 1")]}
    assert "gap" in found(data)
    assert "gap" not in found({**data, "assume": "age < 18 or rank = 1"})


def test_a_comparison_of_inputs_is_only_sampled_and_says_so() -> None:
    kinds = found({"inputs": AGES, "unique": [row("age < rank"), row("age > rank")]})
    assert "sampled" in kinds
    assert kinds["gap"].example["age"] == kinds["gap"].example["rank"]


def test_too_many_combinations_are_sampled_and_say_so() -> None:
    inputs = {f"i{n}": "integer" for n in range(12)}
    condition = " or ".join(f"i{n} > {n}" for n in range(12))
    assert "sampled" in found({"inputs": inputs, "first_match": [row(condition), row(None)]})


def test_kinds_that_do_not_fit_are_told() -> None:
    finding = found({"inputs": {"n": "integer"}, "first_match": [row("n = 'three'"), row(None)]})["kind"]
    assert finding.path == ("first_match", 0, "when")


KIND = {"type": "choice", "options": ["dog", "cat"], "is": "pet.kind"}


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"first_match": [row("kind = 'dgo'"), row(None)]}, ("first_match", 0, "when"), "dog"),
        ({"first_match": [row("knd = 'dog'"), row(None)]}, ("first_match", 0, "when"), "kind"),
        ({"inputs": {"kind": {**KIND, "is": "pet.knd"}}}, ("inputs", "kind", "is"), "pet.kind"),
        ({"decides": "fees > 0"}, ("decides",), "fee"),
        ({"assume": "x"}, ("assume",), "kind"),
        ({"for_each": "child"}, ("for_each",), "each"),
        ({"first_match": [row("kind = 'dog'"), row(None, fee="many")]}, ("first_match", 1, "then", "fee"), "そろえ"),
    ],
)  # fmt: skip
def test_names_are_checked(change: dict[str, Any], path: tuple[str | int, ...], said: str) -> None:
    data: dict[str, Any] = {
        "inputs": {"kind": KIND},
        "first_match": [row("kind = 'dog'"), row(None)],
    }
    (finding,) = check_names(table({**data, **change}), frozenset({"pet.kind"}))
    assert finding.path == path
    assert said in finding.instead


_atoms = st.sampled_from(
    ["a < 1", "a >= 2", "a = 0", "a between 0 and 1", "b", "not b", "b is null", "c = 'x'", "c = 'y'"]
)
_conditions = st.recursive(
    _atoms, lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({' '.join(p)})")
)


@given(st.lists(_conditions, min_size=1, max_size=4), st.sampled_from(["first_match", "unique"]))
def test_it_finds_exactly_what_trying_everything_finds(conditions: list[str], policy: str) -> None:
    one: Table = table(
        {
            "inputs": {
                "a": "integer",
                "b": {"type": "yes_no", "optional": True},
                "c": {"type": "choice", "options": ["x", "y"]},
            },
            policy: [row(condition) for condition in conditions],
        }
    )
    kinds = {(finding.kind, finding.path[1:]) for finding in gaps(one)}
    gap, overlap, held = False, False, set()
    for a, b, c in itertools.product(range(-5, 8), (True, False, None), ("x", "y")):
        scope = {"a": a, "b": b, "c": c}
        hits = [i for i, text in enumerate(conditions) if Expression.parse(text).holds(scope)]
        gap |= not hits
        overlap |= len(hits) > 1 and policy == "unique"
        held |= set(hits[:1] if policy == "first_match" else hits)
    assert (("gap", ()) in kinds) == gap
    assert any(kind == "overlap" for kind, _ in kinds) == overlap
    assert {path[0] for kind, path in kinds if kind == "unreachable"} == set(range(len(conditions))) - held
