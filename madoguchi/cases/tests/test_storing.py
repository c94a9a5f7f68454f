"""The rows of cases as they are written and read, several at once."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madoguchi.cases import actions
from madoguchi.cases.actions import storing
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.procedures.models import Procedure

#: What PostgreSQL keeps as text: no NUL, and no half of a character.
SAID = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | SAID,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SAID, inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC))  # noqa: DTZ001 -- the zone stands beside it


@pytest.fixture
def drafts(published: dict[str, Procedure], resident: Actor) -> list[Case]:
    return [actions.open_draft(row, by=resident) for row in list(published.values())[:2]]


def test_what_is_written_is_read(drafts: list[Case]) -> None:
    @settings(
        max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        answers=st.dictionaries(SAID, VALUES, max_size=4),
        said=SAID,
        seen=st.lists(SAID, max_size=3),
        day=st.dates(dt.date(1900, 1, 1)) | st.none(),
        at=MOMENTS | st.none(),
        count=st.integers(0, 32_767),
    )
    def checked(answers: dict[str, Any], said: str, seen: list[str], day: Any, at: Any, count: int) -> None:
        told = {
            "answers": answers, "typed": {"one": said}, "applicant": said, "kana": said[::-1], "seen_by": seen,
            "keep_until": day, "warned_at": at, "known_taken": count, "corrects": None, "place_id": None,
        }  # fmt: skip
        with transaction.atomic():  # noqa: TID251 -- a lock needs one
            first, second = storing.locked("id = ANY(%s) ORDER BY id", [one.pk for one in drafts])
            for name, value in told.items():
                setattr(first, name, value)
            second.applicant = f"{said}2"
            storing.write([first, second])
            [again] = storing.locked("id = %s", first.pk)
        there = Case.objects.get(pk=first.pk)
        for one in (again, there):
            assert {name: getattr(one, name) for name in told} == told
            assert (one.procedure_id, one.person_id, one.opened_at) == (
                first.procedure_id, first.person_id, first.opened_at,
            )  # fmt: skip
            assert (one.state, one.ended_at) == (there.state, there.ended_at), "what PostgreSQL makes of it, too"
        assert Case.objects.get(pk=second.pk).applicant == f"{said}2"

    checked()


def test_an_answer_that_json_does_not_know_is_written_nowhere(drafts: list[Case]) -> None:
    before = Case.objects.get(pk=drafts[0].pk)
    for value in (Decimal("1.5"), dt.date(2026, 4, 1), drafts[0].pk):
        held = Case.objects.get(pk=drafts[0].pk)
        held.answers = {"one": value}
        with pytest.raises(TypeError):
            storing.write([held])
    assert Case.objects.get(pk=drafts[0].pk).answers == before.answers


def test_a_case_that_is_gone_is_not_written_into_nothing(drafts: list[Case]) -> None:
    gone = Case.objects.get(pk=drafts[0].pk)
    gone.pk = drafts[0].person_id
    with pytest.raises(RuntimeError):
        storing.write([gone, drafts[1]])


def test_a_second_draft_of_the_same_is_not_opened(drafts: list[Case]) -> None:
    twin = Case(procedure=drafts[0].procedure, person_id=drafts[0].person_id, section=drafts[0].section)
    assert storing.insert([twin]) == set()
    assert storing.insert([]) == set()
    assert Case.objects.count() == len(drafts)
