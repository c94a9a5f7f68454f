"""A list as a file is read while it is written: memory and queries of a page, however long the list is."""

import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from madoguchi.cases import queries
from madoguchi.cases.actions import export_list
from madoguchi.cases.models import Case, Decision, Step
from madoguchi.cases.queries import export
from madoguchi.desk.tests.staging import DOG, Staff, handed_in, open_step
from madoguchi.desk.views.exporting import csv_lines, json_lines
from madoguchi.events import Actor
from madoguchi.ground.ids import new_reference, uuid7
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

Lines = Callable[[Iterable[dict[str, Any]]], Iterator[bytes]]
#: Cases of a small list and of a long one.
FEW, MANY = 80, 800


@pytest.fixture
def fill(published: dict[str, Procedure]) -> Callable[[int], None]:
    """``fill(n)``: there are n cases like this one, each with a step, half of them decided, with long answers."""
    model = handed_in(published, DOG)
    step = open_step(model)
    long = {**model.answers, "more": "あ" * 2000}

    def until(wanted: int) -> None:
        missing = wanted - Case.objects.count()
        taken = set(Case.objects.values_list("number", flat=True))
        fresh = {number for _ in range(missing * 2) if (number := new_reference(26)) not in taken}
        numbers = sorted(fresh)[:missing]  # two of two thousand may be alike
        cases = [_copy(model, id=uuid7(), number=number, answers=long) for number in numbers]
        Case.objects.bulk_create(cases)
        Step.objects.bulk_create(_copy(step, id=uuid7(), case=one) for one in cases)
        Decision.objects.bulk_create(
            Decision(case=one, granted=True, values=long, reasons=[{"ja": "理由" * 200}]) for one in cases[::2]
        )

    return until


def _copy(row: Any, **changed: Any) -> Any:
    generated = {"state", "ended_at"}
    values = {one.attname: getattr(row, one.attname) for one in row._meta.concrete_fields if one.name not in generated}
    for name, value in changed.items():
        values.pop(f"{name}_id", None)
        values[name] = value
    return type(row)(**values)


def taken_out(by: Actor) -> Iterator[dict[str, Any]]:
    """The list of the clerk's section, by the act."""
    return queries.exported(export_list("work", by=by, view="section", form="csv"), "section", by)


def measured(lines: Lines, by: Actor) -> tuple[int, int, int]:
    """Lines, queries and the peak of memory in bytes."""
    with CaptureQueriesContext(connection) as asked:
        tracemalloc.start()
        count = sum(1 for _ in lines(taken_out(by)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return count, len(asked), peak


@pytest.mark.parametrize("lines", [csv_lines, json_lines])
@pytest.mark.usefixtures("as_a_node_collects")
def test_ten_times_the_cases_take_no_more_memory(
    lines: Lines, fill: Callable[[int], None], staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 40)
    clerk = staff("environment", "environment-clerk")
    fill(FEW)
    measured(lines, clerk)  # packages and calendar are read once
    few = measured(lines, clerk)
    fill(MANY)
    many = measured(lines, clerk)
    assert many[0] - few[0] == MANY - FEW
    assert many[2] < 2 * few[2]


def test_queries_are_of_pages_not_of_cases(fill: Callable[[int], None], staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    counted = []
    for number in (FEW, MANY):
        fill(number)
        counted.append(measured(json_lines, clerk)[1])
    assert counted[1] - counted[0] <= MANY // export.CHUNK  # one more for the steps of each further chunk


def test_the_first_row_leaves_before_the_last_is_read(fill: Callable[[int], None], staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    fill(MANY)
    rows = taken_out(clerk)
    with CaptureQueriesContext(connection) as asked:
        assert json.loads(next(json_lines(rows)))["number"]
        first = len(asked)
        assert sum(1 for _ in rows) == MANY - 1
        assert len(asked) > first
