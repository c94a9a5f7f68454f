"""What a record step keeps (記録): whole answers, and of what a person has several, each by itself."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Decision, Step
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import SYSTEM, Actor
from madoguchi.facts.actions import permit
from madoguchi.facts.models import Fact
from madoguchi.facts.queries import row_named
from madoguchi.facts.rules import Permit
from madoguchi.facts.tests.ledger import as_owner
from madoguchi.ground.expressions import ExpressionError
from madoguchi.procedures import actions as publishing
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.flow import compile_flow
from madoguchi.procedures.rules.format import LookUp
from madoguchi.procedures.rules.format import Step as Written
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db


def facts_of(person: Any, key: str) -> list[Fact]:
    with as_owner():
        return list(Fact.objects.filter(person=person, key=key).order_by("recorded_at", "id"))


def published_with(flow: Any, *, version: date = date(2027, 4, 1), code: str = "dog-registration") -> Procedure:
    """A next version of a shipped package whose flow is what ``flow`` makes of its steps."""
    package = procedures.city().localise(catalogue().packages[code], None)
    text = package.procedure.model_copy(update={"version": version, "flow": tuple(flow(package.procedure.flow))})
    changed = replace(package, procedure=text, graph=compile_flow(text))
    return publishing.publish(changed, catalogue().facts, by=SYSTEM)


def registered(row: Procedure, by: Actor, staff: Staff, **answers: Any) -> Case:
    case = actions.open_draft(row, by=by)
    fill_in(case, {**DOG, **answers}, by)
    actions.submit(case, by=by)
    clerk = staff("environment", "environment-clerk")
    actions.examine(
        Step.objects.select_related("case").get(case=case, kind="examine", done_at=None), "accept", by=clerk
    )
    return case


def test_an_answer_of_several_parts_is_kept_whole(
    published: dict[str, Procedure], resident: Actor, staff: Staff
) -> None:
    def kept(flow: Any) -> Any:
        for step in flow:
            yield (
                Written(record=step.record.model_copy(update={"value": "kept_at", "of": ()})) if step.record else step
            )

    registered(published_with(kept), resident, staff)
    [one] = facts_of(resident.who, "dog.registration")
    assert one.value["text"] == "大東市谷川一丁目1番1号"


def test_what_a_record_keeps_is_a_value_an_answer_or_the_decision() -> None:
    course, account = Course(), {"bank": "0001", "branch": "001", "number": "1234567"}
    scope = {"person": {"bank_account": account, "age": 3}, "day": date(2026, 4, 1), **course.scope(),
             "child": [{"x": 1}]}  # fmt: skip
    assert course.recorded({"value": "person.bank_account"}, scope) == account
    assert course.recorded({"value": "person.age + 1"}, scope) == 4
    assert course.recorded({"value": "day"}, scope) == "2026-04-01"
    assert course.recorded({}, scope) == {"granted": True}
    assert course.recorded({"value": "person.nothing"}, scope) is None
    with pytest.raises(ExpressionError):
        course.recorded({"value": "child"}, scope)


def test_a_second_dog_stays_beside_the_first_and_the_same_one_follows_itself(
    published: dict[str, Procedure], resident: Actor, staff: Staff
) -> None:
    row = published["dog-registration"]
    registered(row, resident, staff)
    registered(row, resident, staff, dog_name="くろ")
    registered(row, resident, staff, dog_name="　はな ")
    names = [row_named(resident.who, [name, "2026-01-10"]) for name in ("はな", "くろ")]
    kept = facts_of(resident.who, "dog.registration")
    assert [one.row for one in kept] == names, "what is already known of the first is not repeated"
    assert "はな" not in names[0], "the row tells nothing by itself"


def test_rows_of_the_same_name_are_of_one_person_only(resident: Actor) -> None:
    assert row_named(resident.who, ["見本 一郎"]) == row_named(resident.who, ["見本　一郎"])
    assert row_named(resident.who, ["見本 一郎"]) != row_named(Case().pk, ["見本 一郎"])


def test_a_look_up_shows_each_of_several_and_lets_no_table_see_one_of_them(
    published: dict[str, Procedure], resident: Actor, staff: Staff
) -> None:
    """Two dogs are recorded; a later flow that looks them up finds both, and only one alone is a value."""

    def looked(flow: Any) -> Any:
        yield Written(look_up=LookUp(id="dogs", facts=("dog.registration",), basis="law"))
        yield from flow

    row = published["dog-registration"]
    registered(row, resident, staff)
    later = published_with(looked)
    with_basis(row.code)
    one = registered(later, resident, staff, dog_name="しろ")
    held = Decision.objects.get(case=one).course["looked_up"]["dog.registration"]
    assert held["value"]["granted"] is True
    two = registered(later, resident, staff, dog_name="ぽち")
    held = Decision.objects.get(case=two).course["looked_up"]["dog.registration"]
    assert held["value"] is None
    assert len(held["several"]) == 2


def with_basis(code: str) -> None:
    since = date(2020, 1, 1)
    permit(
        [Permit(reference="x/1", title="x", kind="内部利用", purpose="look_up", since=since, procedures=(code,))],
        by=SYSTEM,
    )
