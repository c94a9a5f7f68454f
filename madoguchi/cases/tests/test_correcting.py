"""訂正: one's own word is replaced at once; a record stays until the section that keeps it has looked into it."""

from typing import Any
from uuid import UUID

import pytest

from madoguchi.cases import actions
from madoguchi.cases.actions import correct
from madoguchi.cases.actions.driving import RECORDS
from madoguchi.cases.models import Case
from madoguchi.cases.queries import correcting
from madoguchi.cases.queries.known import of_person
from madoguchi.cases.tests.conftest import Staff
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Level, Source
from madoguchi.facts.queries import Known, count, known
from madoguchi.facts.rules import Purpose, consent_to
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Letter
from madoguchi.people.models import Person
from madoguchi.procedures.models import Procedure

ADDRESS, PHONE = "person.registered_address", "person.phone"
OLD, NEW = "大阪府大東市谷川一丁目1番1号", "大阪府大東市谷川一丁目1番11号"


def told(by: Actor, key: str, value: Any, source: Source, **more: Any) -> None:
    state(Person(pk=by.who), {(key, ""): value}, source, by=by if source == Source.SELF else SYSTEM, **more)


def fact_of(by: Actor, key: str, source: Source | None = None) -> Known:
    return next(one for one in of_person(by) if one.key == key and source in (None, one.source))


def fixed(by: Actor, key: str, value: str, why: str = "番地が違います。") -> Case | None:
    raw = {"value": [value], "why": [why]}
    fact = fact_of(by, key)
    assert fact.id is not None
    return correct(Person(pk=by.who), fact.id, raw, by=by)


def looked_up(by: Actor, key: str) -> Any:
    """What an office finds, as a step of a flow looks it up."""
    purpose = Purpose("look_up", "child-allowance-claim", "children")
    return known(by.who, [key], purpose, by=SYSTEM, sources=RECORDS)[key].value


@pytest.fixture
def one(published: dict[str, Procedure], resident: Actor) -> Actor:
    told(resident, "person.full_name", "見本　花子", Source.CARD)
    told(resident, ADDRESS, OLD, Source.REGISTER)
    return resident


def test_what_was_only_said_is_said_anew_at_once(one: Actor) -> None:
    told(one, PHONE, "072-000-0000", Source.SELF)
    assert fixed(one, PHONE, "０７２－８７２－２１８１") is None
    fact = fact_of(one, PHONE)
    assert (fact.value, fact.source) == ("072-872-2181", Source.SELF)
    assert not Case.objects.exists()
    event = Event.objects.get(verb="person.correct")
    assert (event.outcome, event.reason, event.data["key"]) == ("done", "own-person", PHONE)
    assert "072" not in str(event.data)


def test_a_record_stays_and_the_section_that_keeps_it_is_asked(one: Actor) -> None:
    case = fixed(one, ADDRESS, NEW)
    assert case is not None
    assert case.section == "residents"
    assert case.answers["stands"] == OLD
    assert case.answers["person"] == {"full_name": "見本　花子", "registered_address": OLD}
    assert [one.value for one in of_person(one) if one.key == ADDRESS] == [OLD]  # nothing is said before it is sent
    actions.submit(case, by=one)
    assert looked_up(one, ADDRESS) == OLD
    assert [(it.source, it.value) for it in of_person(one) if it.key == ADDRESS] == [
        (Source.REGISTER, OLD),
        (Source.SELF, NEW),
    ]
    step = case.steps.get(done_at=None)
    assert (step.kind, step.section) == ("examine", "residents")
    [(key, asked)] = correcting.asked_of(one).items()
    assert key == (ADDRESS, "")
    assert (asked.case.pk, asked.granted) == (case.pk, None)


def test_one_request_at_a_time_for_each_fact(one: Actor) -> None:
    case = fixed(one, ADDRESS, NEW)
    again = fixed(one, ADDRESS, NEW + "の2")
    assert case is not None
    assert again is not None
    assert again.pk == case.pk  # the draft is written anew
    actions.submit(again, by=one)
    before = Case.objects.count(), count(one.who)
    with pytest.raises(Stale):
        correct(Person(pk=one.who), _id(fact_of(one, ADDRESS)), {"value": ["別の所"], "why": ["x"]}, by=one)
    assert (Case.objects.count(), count(one.who)) == before
    assert Event.objects.filter(reason="correction-open", outcome="refused").count() == 1
    actions.withdraw(Case.objects.get(pk=case.pk), by=one)
    assert fixed(one, ADDRESS, NEW) is not None


def test_beside_a_correction_the_same_procedure_is_begun_by_hand(one: Actor, published: dict[str, Procedure]) -> None:
    case = fixed(one, ADDRESS, NEW)
    by_hand = actions.open_draft(published[correcting.CODE], by=one)
    assert case is not None
    assert by_hand.pk != case.pk
    assert by_hand.answers == {}


def decided(case: Case, staff: Staff, section: str, record_is: str) -> Case:
    clerk, head = staff(section, f"{section}-clerk"), staff(section, f"{section}-head")
    actions.examine(case.steps.get(done_at=None), "accept", by=clerk, findings={"record_is": [record_is]})
    actions.approve(case.steps.get(done_at=None), "approve", by=head)
    for step in case.steps.filter(done_at=None):
        actions.perform(step, by=SYSTEM)
    return Case.objects.get(pk=case.pk)


def test_what_a_register_says_is_left_to_the_register(one: Actor, staff: Staff) -> None:
    case = fixed(one, ADDRESS, NEW)
    assert case is not None
    actions.submit(case, by=one)
    case = decided(case, staff, "residents", "wrong")
    assert case.closed_at is not None
    assert looked_up(one, ADDRESS) == OLD
    assert correcting.asked_of(one)[(ADDRESS, "")].granted is True
    assert Letter.objects.get(about=case.pk).kind == "corrected"
    told(one, ADDRESS, NEW, Source.REGISTER)  # the next file
    assert looked_up(one, ADDRESS) == NEW


@pytest.fixture
def benefit(one: Actor, published: dict[str, Procedure]) -> UUID:
    """An allowance that 子ども室 has recorded in a case of its own."""
    case = actions.open_draft(published["child-allowance-claim"], by=one)
    told(one, "benefit.child_allowance", 10000, Source.STAFF, case_id=case.pk)
    return case.pk


def test_what_an_office_has_recorded_is_recorded_anew_by_it(one: Actor, staff: Staff, benefit: UUID) -> None:
    case = fixed(one, "benefit.child_allowance", "15000", "3歳未満です。")
    assert case is not None
    assert case.section == "children"
    assert (case.answers["stands"], case.answers["should_be"]) == ("10,000円", "15,000円")
    actions.submit(case, by=one)
    case = decided(case, staff, "children", "wrong")
    fact = fact_of(one, "benefit.child_allowance")
    assert (fact.value, fact.source, fact.level, fact.case_id) == (15000, Source.STAFF, Level.CHECKED, benefit)
    letter = Letter.objects.get(about=case.pk)
    assert letter.kind == "corrected"
    assert letter.number.startswith("大子")


@pytest.mark.parametrize("found", ["right", "unclear"])
def test_what_is_refused_stays_with_reasons_and_the_word_beside_it(
    one: Actor, staff: Staff, benefit: UUID, found: str
) -> None:
    case = fixed(one, "benefit.child_allowance", "15000")
    assert case is not None
    actions.submit(case, by=one)
    case = decided(case, staff, "children", found)
    both = [(it.value, it.source) for it in of_person(one) if it.key == "benefit.child_allowance"]
    assert both == [(10000, Source.STAFF), (15000, Source.SELF)]
    assert case.decision.granted is False
    assert case.decision.reasons
    assert Letter.objects.get(about=case.pk).kind == "refused"
    assert correcting.asked_of(one)[("benefit.child_allowance", "")].granted is False


def test_the_head_of_another_section_does_not_decide(one: Actor, staff: Staff, benefit: UUID) -> None:
    case = fixed(one, "benefit.child_allowance", "15000")
    assert case is not None
    actions.submit(case, by=one)
    step = case.steps.get(done_at=None)
    for stranger in (staff("residents", "residents-clerk"), staff("environment", "environment-head")):
        with pytest.raises(NotAllowed):
            actions.examine(step, "accept", by=stranger, findings={"record_is": ["wrong"]})
    actions.examine(step, "accept", by=staff("children", "children-clerk"), findings={"record_is": ["wrong"]})
    with pytest.raises(NotAllowed):
        actions.approve(case.steps.get(done_at=None), "approve", by=staff("residents", "residents-head"))
    assert case.steps.filter(done_at=None, kind="approve").exists()
    assert fact_of(one, "benefit.child_allowance", Source.STAFF).value == 10000


def _id(fact: Known) -> UUID:
    assert fact.id is not None
    return fact.id


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        ({"value": [""], "why": ["違います"]}, {"value"}),
        ({"value": [NEW]}, {"why"}),
        ({"value": [OLD], "why": ["違います"]}, {"value"}),
        ({"value": ["あ" * 500], "why": ["違います"]}, {"value"}),
        ({}, {"value", "why"}),
    ],
)
def test_what_cannot_be_accepted_is_said_and_changes_nothing(one: Actor, raw: dict[str, Any], wrong: set[str]) -> None:
    before = count(one.who)
    with pytest.raises(Invalid) as refused:
        correct(Person(pk=one.who), _id(fact_of(one, ADDRESS)), raw, by=one)
    assert set(refused.value.fields) == wrong
    assert count(one.who) == before
    assert not Case.objects.exists()


def test_nobody_corrects_what_is_not_theirs_or_is_no_answer(
    one: Actor, published: dict[str, Procedure], staff: Staff
) -> None:
    told(one, consent_to("childcare-place"), True, Source.SELF)
    consent, fact = fact_of(one, consent_to("childcare-place")), fact_of(one, ADDRESS)
    raw = {"value": [NEW], "why": ["違います"]}
    other = Actor("resident", uuid7(), level="card")
    Person.objects.create(pk=other.who)
    before = count(one.who)
    for key in (_id(consent), uuid7()):
        with pytest.raises(NotFound):
            correct(Person(pk=one.who), key, raw, by=one)
    with pytest.raises(NotFound):
        correct(Person(pk=other.who), _id(fact), raw, by=other)
    for stranger in (other, staff("residents", "residents-head"), Actor("visitor"), SYSTEM):
        with pytest.raises(NotAllowed):
            correct(Person(pk=one.who), _id(fact), raw, by=stranger)
    with pytest.raises(NotAllowed):
        correct(Person(pk=one.who), _id(fact), raw, by=Actor("resident", one.who, level="contact"))
    assert count(one.who) == before
    assert not Case.objects.exists()


# -- what the office reads is what will be recorded -------------------------------------------------------------------


def typed_anew(case: Case, by: Actor, **changed: str) -> Case:
    """The page of the package, with which a draft, or what was returned, is written on."""
    names = ("item", "stands", "should_be", "why")
    raw = {name: [changed.get(name, str(case.answers[name]))] for name in names}
    actions.save_section(case, "correction", raw, by=by)
    return Case.objects.get(pk=case.pk)


def test_what_the_office_reads_and_what_is_recorded_change_together(one: Actor, staff: Staff, benefit: UUID) -> None:
    case = fixed(one, "benefit.child_allowance", "900000")
    assert case is not None
    case = typed_anew(case, one, should_be="15000")
    assert case.corrects is not None
    assert (case.answers["should_be"], case.corrects["value"]) == ("15,000円", 15000)
    actions.submit(case, by=one)
    decided(case, staff, "children", "wrong")
    assert fact_of(one, "benefit.child_allowance", Source.STAFF).value == 15000


def test_which_record_is_meant_is_not_typed(one: Actor, benefit: UUID) -> None:
    case = fixed(one, "benefit.child_allowance", "900000")
    assert case is not None
    before = dict(case.answers), case.corrects
    for changed in ({"item": "電話番号"}, {"stands": "900,000円"}, {"should_be": "１万５千円くらい"}):
        case = typed_anew(case, one, **changed)
        assert (case.answers, case.corrects) == before
        assert case.typed == changed, "what was typed is not lost"
        with pytest.raises(Invalid):
            actions.submit(case, by=one)
        case = typed_anew(case, one)
        assert case.typed == {}
    again = fixed(one, "benefit.child_allowance", "15000")
    assert again is not None
    assert again.answers["should_be"] == "15,000円"
    actions.submit(again, by=one)


def test_what_was_returned_is_recorded_as_it_was_corrected(one: Actor, staff: Staff, benefit: UUID) -> None:
    case = fixed(one, "benefit.child_allowance", "900000")
    assert case is not None
    actions.submit(case, by=one)
    clerk = staff("children", "children-clerk")
    asked = {"should_be": "月額を書いてください。"}
    actions.examine(case.steps.get(done_at=None), "return", by=clerk, corrections=asked)
    case = typed_anew(Case.objects.get(pk=case.pk), one, should_be="15,000")
    actions.submit(case, by=one)
    decided(case, staff, "children", "wrong")
    assert fact_of(one, "benefit.child_allowance", Source.STAFF).value == 15000
