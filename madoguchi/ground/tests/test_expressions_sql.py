"""Differential test: for random expressions and random values, PostgreSQL says what Python says."""

import json
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from madoguchi.ground.expressions import Expression

pytestmark = pytest.mark.skipif(
    "DATABASE_URL" not in os.environ, reason="needs a PostgreSQL server: set DATABASE_URL (make test does)"
)

# One row of plain values and a set of rows, all of which may be unknown.
FIELDS = {"n": "numeric", "i": "integer", "s": "text", "b": "boolean", "d": "date"}
COLUMNS = {
    **{name: f"t.{name}" for name in FIELDS},
    **{f"row.{name}": f"r.{name}" for name in FIELDS},
    "row": "jsonb_to_recordset(t.rows) as r(n numeric, i integer, s text, b boolean, d date)",
}
DATES = st.dates(date(1900, 1, 1), date(2100, 12, 31))
WORDS = st.sampled_from(["", "apart", "it's", "a\\b", "日本", "%s {x}", "null"])
NUMBERS = st.decimals(-1000000, 1000000, places=3) | st.sampled_from([Decimal(0), Decimal("0.001")])
ROW = st.fixed_dictionaries(
    {
        "n": st.none() | NUMBERS,
        "i": st.none() | st.integers(-(2**31), 2**31 - 1),
        "s": st.none() | WORDS,
        "b": st.none() | st.booleans(),
        "d": st.none() | DATES,
    }
)
SCOPES = st.builds(lambda plain, rows: {**plain, "row": rows}, ROW, st.lists(ROW, max_size=4))


def quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def expressions(prefix: str, *, depth: int) -> tuple[st.SearchStrategy[str], ...]:
    """Strategies for the text of conditions, numbers, dates and words; inside rows names have a prefix."""
    numbers = st.sampled_from([f"{prefix}n", f"{prefix}i", "null"]) | st.sampled_from(
        ["0", "1", "3", "7", "0.5", "12345678901", "1000000"]
    )
    dates = st.just(f"{prefix}d") | DATES.map(lambda day: f"'{day}'")
    words = st.just(f"{prefix}s") | WORDS.map(quoted)
    conditions = st.sampled_from([f"{prefix}b", "true", "false", "null"])
    for _ in range(depth):
        compare = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
        sides = st.sampled_from(["=", "<>"])
        negated = st.sampled_from(["", "not "])
        inner = conditions
        known_dates = dates  # `null` beside a literal would be text for PostgreSQL
        conditions = st.one_of(
            inner,
            st.builds("({} {} {})".format, numbers, compare, numbers),
            st.builds("({} {} {}d)".format, known_dates, compare, st.just(prefix)),
            st.builds("({} {} {})".format, words, sides, words),
            st.builds("({} {} {})".format, inner, sides, inner),
            st.builds("({} {}between {} and {})".format, numbers, negated, numbers, numbers),
            st.builds("({} {}in ({}, {}))".format, words, negated, words, words),
            st.builds("({} {}in ({}, {}))".format, numbers, negated, numbers, numbers),
            st.builds("({} is {}null)".format, words | numbers | inner, negated),
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {} or {})".format, inner, inner, inner),
            st.builds("(not {})".format, inner),
        )
        numbers = st.one_of(
            numbers,
            st.builds("({} {} {})".format, numbers, st.sampled_from(["+", "-", "*", "/"]), numbers),
            st.builds("(- {})".format, numbers),
            st.builds("coalesce({}n, {})".format, st.just(prefix), numbers),
            st.builds("age_on({}, {})".format, dates, dates),
            st.builds("age_at_fiscal_year_end({}, {})".format, dates, dates),
            st.builds("days_between({}, {})".format, dates, dates),
            st.builds("round_down({}, {})".format, numbers, numbers),
        )
    return conditions, numbers, dates, words


ROW_CONDITIONS, ROW_NUMBERS, _, _ = expressions("row.", depth=1)
AGGREGATES = st.one_of(
    st.just("count(row)"),
    st.builds("{}({})".format, st.sampled_from(["any", "all"]), ROW_CONDITIONS.filter(lambda text: "row." in text)),
    st.builds("{}({})".format, st.sampled_from(["sum", "min", "max"]), ROW_NUMBERS.filter(lambda text: "row." in text)),
    st.builds("{}(row.d)".format, st.sampled_from(["min", "max"])),
)
CONDITIONS, NUMBERS_, _, _ = expressions("", depth=2)
TEXTS = st.one_of(CONDITIONS, NUMBERS_, AGGREGATES, st.builds("({} and not {})".format, CONDITIONS, CONDITIONS))


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    """A session on the server's maintenance database: the values come with the query, no table is needed."""
    with psycopg.connect(make_conninfo(os.environ["DATABASE_URL"], dbname="postgres"), autocommit=True) as session:
        session.execute("set default_transaction_read_only = on")
        yield session


def in_postgres(connection: psycopg.Connection[Any], text: str, scope: dict[str, Any]) -> Any:
    given = ", ".join(f"%s::{kind} as {name}" for name, kind in FIELDS.items())
    expression = Expression.parse(text).sql(COLUMNS).replace("%", "%%")
    query = f"select {expression} from (select {given}, %s::jsonb as rows) as t"
    rows = json.dumps(scope["row"], default=str)
    found = connection.execute(query, [*(scope[name] for name in FIELDS), rows]).fetchone()
    assert found is not None
    return found[0]


@given(TEXTS, SCOPES)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example("any(row.b)", {"n": None, "i": 1, "s": None, "b": None, "d": None, "row": [{"b": None}, {"b": False}]})
@example("(i / n)", {"n": Decimal(3), "i": -1, "s": None, "b": None, "d": None, "row": []})
@example("((i * i) * i)", {"n": Decimal(3), "i": 2**31 - 1, "s": None, "b": None, "d": None, "row": []})
@example("age_on('2004-02-29', d)", {"n": None, "i": 1, "s": "", "b": None, "d": date(2023, 2, 28), "row": []})
@example("age_on(d, '1999-12-31')", {"n": None, "i": 1, "s": "", "b": None, "d": date(2000, 6, 1), "row": []})
def test_postgres_says_what_python_says(connection: psycopg.Connection[Any], text: str, scope: dict[str, Any]) -> None:
    ours = Expression.parse(text).evaluate(scope)
    theirs = in_postgres(connection, text, scope)
    assert theirs == ours or {ours, theirs} == {None}
    assert isinstance(theirs, bool) == isinstance(ours, bool)


@given(WORDS | st.text(st.characters(exclude_categories=["C"])), SCOPES)
@settings(max_examples=50, deadline=None)
def test_a_word_is_never_more_than_a_word(
    connection: psycopg.Connection[Any], word: str, scope: dict[str, Any]
) -> None:
    text = f"s = {quoted(word)}"
    scope = {**scope, "s": word}
    assert Expression.parse(text).evaluate(scope) is True
    assert in_postgres(connection, text, scope) is True
