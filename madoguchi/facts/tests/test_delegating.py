"""What a delegation covers and how long it holds; terms and codes."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from madoguchi.facts.rules.delegating import (
    ALL,
    KINDS,
    PROOFS,
    STATUTORY,
    TERMS,
    Delegation,
    code_mark,
    delegation_of,
    invitation_code,
    last_day,
    plain_code,
    relation_in,
)
from madoguchi.ground.ids import uuid7

CODES = st.sampled_from(["care-plan-request", "care-need-certification", "moving-out"])
DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2030, 12, 31))


@st.composite
def delegations(draw: st.DrawFn) -> Delegation:
    since = draw(DAYS)
    until = draw(st.none() | st.dates(since, dt.date(2031, 12, 31)))
    codes = draw(st.frozensets(CODES, min_size=1) | st.just(frozenset({ALL})))
    return Delegation(
        id=uuid7(), principal=uuid7(), agent=uuid7(), kind=draw(st.sampled_from(sorted(KINDS))), procedures=codes,
        shows=draw(st.booleans()), letters=draw(st.booleans()), principal_name="見本　花子", agent_name="見本　桃子",
        office="", proof="", source="self", evidence="", since=since, until=until,
    )  # fmt: skip


@given(one=delegations(), code=CODES, day=DAYS)
def test_nothing_is_allowed_outside_of_scope_and_term(one: Delegation, code: str, day: dt.date) -> None:
    assert one.covers(code) == (ALL in one.procedures or code in one.procedures)
    assert one.holds_on(day) == (one.since <= day and (one.until is None or day <= one.until))
    assert not one.holds_on(one.since - dt.timedelta(days=1))
    if one.until is not None:
        assert one.holds_on(one.until)
        assert not one.holds_on(one.until + dt.timedelta(days=1))


@given(one=delegations())
def test_the_ledger_gives_back_what_was_put_in(one: Delegation) -> None:
    until = one.until and one.until + dt.timedelta(days=1)
    for value, back in ((one.value(), one), (False, None)):
        told = delegation_of(
            one.principal, str(one.id), value, source="self", evidence="", valid_from=one.since, valid_to=until
        )
        assert told == back


@given(kind=st.sampled_from(sorted(KINDS)), allowed=st.sets(st.sampled_from(
    ["legal_representative", "agent", "family", "care_manager", "counter"])))  # fmt: skip
def test_an_agent_applies_as_what_the_package_lets_them(kind: str, allowed: set[str]) -> None:
    relation = relation_in(kind, allowed)
    assert relation is None or relation in allowed
    if kind in STATUTORY:
        assert relation in (None, "legal_representative")
    else:
        assert relation != "legal_representative", "nobody is made one by being asked"


def test_every_kind_can_be_proven() -> None:
    assert set().union(*PROOFS.values()) == set(KINDS)
    assert not STATUTORY & PROOFS["in-person"], "a court and a family register speak in documents"


@given(today=DAYS, months=st.sampled_from(TERMS))
def test_a_term_ends_the_day_before_its_like(today: dt.date, months: int) -> None:
    last = last_day(today, months)
    following = last + dt.timedelta(days=1)
    assert (last.year - today.year) * 12 + last.month - today.month in (months, months - 1)
    assert following.day == today.day or following.day == 1


def test_terms_at_the_ends_of_months() -> None:
    assert last_day(dt.date(2026, 11, 29), 1) == dt.date(2026, 12, 28)
    assert last_day(dt.date(2027, 1, 31), 1) == dt.date(2027, 2, 28), "no such day: the last of the month"
    assert last_day(dt.date(2026, 12, 1), 12) == dt.date(2027, 11, 30)
    assert last_day(dt.date(2028, 2, 29), 36) == dt.date(2031, 2, 28)


@given(st.uuids(), st.uuids())
def test_a_code_is_read_as_people_write_it(one: object, other: object) -> None:
    key, code = b"k", invitation_code(b"k", one)  # type: ignore[arg-type]  # both are ids
    assert plain_code(code) == code.replace("-", "")
    lazy = code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert code_mark(key, lazy) == code_mark(key, code)
    if one != other:
        assert code_mark(key, invitation_code(key, other)) != code_mark(key, code)  # type: ignore[arg-type]


@given(st.text(max_size=20))
def test_what_is_no_code_is_none(typed: str) -> None:
    assert plain_code(typed) in ("", plain_code(plain_code(typed)))
