"""What was looked up stands beside what was answered: tables and conditions see it, and it overwrites nothing."""

import datetime as dt

from madoguchi.procedures.rules.course import Course

LEVEL = {"value": "care2", "type": "choice", "source": "register", "as_of": "2026-11-01"}
UNTIL = {"value": "2027-03-31", "type": "date", "source": "register", "as_of": "2026-11-01"}


def test_what_was_looked_up_stands_under_the_name_of_its_fact() -> None:
    course = Course(looked_up={"insured.care_level": LEVEL, "insured.valid_until": UNTIL})
    seen = course.within({"today": dt.date(2026, 11, 27), "insured": {"number": "0000000123"}})
    assert seen["insured"] == {"number": "0000000123", "care_level": "care2", "valid_until": dt.date(2027, 3, 31)}
    assert Course.from_json(course.as_json()).looked_up == course.looked_up


def test_what_somebody_says_of_themselves_is_not_overwritten() -> None:
    course = Course(looked_up={"person.registered_address": {**LEVEL, "value": "谷川一丁目", "type": "text"}})
    answers = {"person": {"registered_address": "灰塚二丁目"}}
    assert course.within(answers)["person"]["registered_address"] == "灰塚二丁目"
    assert answers == {"person": {"registered_address": "灰塚二丁目"}}


def test_a_course_of_before_has_looked_nothing_up() -> None:
    old = {key: one for key, one in Course().as_json().items() if key != "looked_up"}
    assert Course.from_json(old).looked_up == {}
