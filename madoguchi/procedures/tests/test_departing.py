"""Departing from the tables: within bounds, with a reason, and never in silence."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.departing import REASONS, Wanted, depart, drafts
from madoguchi.procedures.rules.examples import answers_of, in_memory
from madoguchi.procedures.rules.format import Table
from madoguchi.procedures.rules.load import BrokenPackage, load_package
from madoguchi.procedures.rules.published import Published
from madoguchi.procedures.tests.packages import CATALOGUE
from madoguchi.procedures.tests.shipped import catalogue

#: The claim of 13 April for a child born on 27 March: the table says May, the law may say April.
BY_LAW, BY_TABLE = "2026-04-01", "2026-05-01"
WHY = "15日目が市の休日で、次の開庁日の請求だから。"


@pytest.fixture
def claim() -> tuple[Published, Course, dict[str, Any]]:
    return judged()


def judged() -> tuple[Published, Course, dict[str, Any]]:
    package = catalogue().packages["child-allowance-claim"]
    example = package.examples["fifteenth-day-a-holiday-granted"]
    whole, course = in_memory(package, catalogue().facts), Course()
    with clock.travel(example.on):
        seen = {**whole.form.scope(answers_of(example)), "received_on": example.on, "today": example.on}
    for table in ("start", "amount"):
        course.judge(whole, table, seen)
    course.examine("examine", "accept")
    return whole, course, seen


def wanted(month: str = BY_TABLE, why: str = WHY, reasons: Any = ()) -> Wanted:
    return Wanted({"pay_from": month}, reasons, {"pay_from": why, REASONS: why})


def test_what_the_table_says_stays_beside_what_is_decided(claim: Any) -> None:
    package, course, seen = claim
    (one,) = depart(package, course, seen, wanted(BY_LAW))
    assert (one.name, one.was, one.became, one.why) == ("pay_from", BY_TABLE, BY_LAW, WHY)
    assert course.values["pay_from"] == BY_LAW
    assert course.judged["start"]["values"]["pay_from"] == BY_TABLE
    assert Course.from_json(course.as_json()) == course
    (draft,) = drafts(package, course, seen)
    assert (draft.drafted, draft.decided, draft.months) == (BY_TABLE, BY_LAW, (BY_LAW, BY_TABLE))


def test_later_tables_see_what_was_decided(claim: Any) -> None:
    package, course, seen = claim
    assert course.values["monthly"] == 15000
    course.edits["pay_from"] = "2030-05-01"  # the child is four by then
    course.judge_again(package, seen)
    assert course.values["monthly"] == 10000


def test_back_to_the_table_is_no_departure(claim: Any) -> None:
    package, course, seen = claim
    depart(package, course, seen, wanted(BY_LAW))
    assert depart(package, course, seen, wanted(BY_TABLE, why="")) == []
    assert course.edits == {}


@pytest.mark.parametrize("month", ["2026-03-01", "2026-06-01", "2026-04-15", "", "2026年4月", "x", "9999-99-99"])
def test_beyond_the_bounds_nothing_is_decided(claim: Any, month: str) -> None:
    package, course, seen = claim
    before = course.as_json()
    with pytest.raises(Invalid) as refused:
        depart(package, course, seen, wanted(month))
    assert set(refused.value.fields) == {"edit.pay_from"}
    assert course.as_json() == before


@pytest.mark.parametrize("why", ["", "  ", "\n"])
def test_whoever_departs_says_why(claim: Any, why: str) -> None:
    package, course, seen = claim
    drafted = [one["ja"] for one in course.drafted_reasons()]
    reasons = [(drafted[0], "言い換えた文です。"), *((one, one) for one in drafted[1:])]
    with pytest.raises(Invalid) as refused:
        depart(package, course, seen, wanted(BY_LAW, why, reasons))
    assert set(refused.value.fields) == {"why.pay_from", "why.reasons"}


def test_reasons_are_worded_and_ordered(claim: Any) -> None:
    package, course, seen = claim
    first, second = (one["ja"] for one in course.drafted_reasons())
    (one,) = depart(package, course, seen, Wanted({}, [(second, second), (first, "言い換えた。")], {REASONS: WHY}))
    assert (one.name, one.was, one.became) == (REASONS, [first, second], [second, "言い換えた。"])
    assert [said["ja"] for said in course.why()] == [second, "言い換えた。"]
    assert "en" in course.why()[0]
    assert "en" not in course.why()[1]  # a translation of words that are no longer said would be a lie
    assert [said["ja"] for said in course.drafted_reasons()] == [first, second]


def test_a_reason_is_not_left_out(claim: Any) -> None:
    package, course, seen = claim
    first, second = (one["ja"] for one in course.drafted_reasons())
    with pytest.raises(Invalid) as refused:
        depart(package, course, seen, Wanted({}, [(first, " "), (second, second)], {REASONS: WHY}))
    assert set(refused.value.fields) == {"reason.0"}
    depart(package, course, seen, Wanted({}, [(second, "言い換えた。")], {REASONS: WHY}))
    assert first in [one["ja"] for one in course.why()]


def test_words_for_a_sentence_that_is_gone_are_not_lost_in_silence(claim: Any) -> None:
    package, course, seen = claim
    with pytest.raises(Invalid) as refused:
        depart(package, course, seen, Wanted({}, [("もうない文。", "その言い換え。")], {REASONS: WHY}))
    assert refused.value.code == "reasons-moved"
    assert depart(package, course, seen, Wanted({}, [("もうない文。", "もうない文。")], {REASONS: ""})) == []


def test_new_answers_are_drafted_anew(claim: Any) -> None:
    package, course, seen = claim
    depart(package, course, seen, wanted(BY_LAW))
    course.rejudge(package, {**seen, "reason_on": dt.date(2026, 4, 10)})
    assert course.edits == {}
    assert course.wording == []


@given(st.permutations([0, 1]), st.lists(st.text(max_size=30), min_size=2, max_size=2))
def test_every_drafted_reason_stays_in_the_letter(order: list[int], words: list[str]) -> None:
    package, course, seen = judged()
    drafted = [one["ja"] for one in course.drafted_reasons()]
    try:
        depart(package, course, seen, Wanted({}, [(drafted[at], words[at]) for at in order], {REASONS: WHY}))
    except Invalid:
        return
    assert len(course.why()) == len(drafted)
    assert {one["of"] for one in course.wording} in (set(), set(drafted))


TABLE: dict[str, Any] = {
    "inputs": {"age": "integer"},
    "first_match": [{"otherwise": None, "then": {"days": 3, "granted": True}, "reason": "理由。"}],
    "labels": {"days": {"ja": "日数"}},
    "decides": "granted",
}


@pytest.mark.parametrize(
    ("editable", "words"),
    [
        ({"other": {"type": "integer", "min": 1, "max": 6}}, "other"),
        ({"granted": {"type": "integer", "min": 0, "max": 1}}, "granted"),
        ({"days": {"type": "month", "min": 1, "max": 6}}, "month"),
        ({"days": {"type": "integer", "min": 1}}, "max"),
        ({"days": {"type": "integer", "min": "1 +", "max": 6}}, "min"),
    ],
)
def test_the_format_refuses_what_cannot_be_decided_otherwise(editable: dict[str, Any], words: str) -> None:
    Table.model_validate({**TABLE, "editable": {"days": {"type": "integer", "min": 1, "max": 6}}}, strict=False)
    with pytest.raises(ValidationError) as refused:
        Table.model_validate({**TABLE, "editable": editable}, strict=False)
    assert words in str(refused.value)


def test_a_value_that_orders_a_round_is_not_decided_otherwise(tmp_path: Path) -> None:
    root = Path(shutil.copytree(CATALOGUE, tmp_path / "catalogue"))
    rules = root / "procedures" / "childcare-place" / "rules.yaml"
    rules.write_text(f"{rules.read_text().rstrip()}\n  editable:\n    points: {{type: integer, min: 0, max: 40}}\n")
    with pytest.raises(BrokenPackage, match="並べる順を決める"):
        load_package(root / "procedures" / "childcare-place", catalogue().facts)
