"""A case from the first tap to the signed letter, through acts and PostgreSQL, as a resident and two clerks do it."""

from collections.abc import Callable
from typing import Any

import pytest

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.models import Case, Decision, State, Step
from madoguchi.cases.tests.conftest import fill_in
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import Letter, Message
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Staff = Callable[[str, str], Actor]

DOG: dict[str, Any] = {
    "person": {
        "full_name": "見本 花子",
        "full_name_kana": "ミホン ハナコ",
        "registered_address": "大東市谷川一丁目1番1号",
        "phone": "072-872-2181",
    },
    "registered_before": "first",
    "dog_name": "はな",
    "breed": "柴犬",
    "dog_born_on": "令和8年1月10日",
    "coat": "赤",
    "dog_sex": "female",
    "acquired_on": "2026-03-20",
    "kept_at": {"text": "大東市谷川一丁目1番1号"},
    "microchip": "registered",
    "microchip_number": "392123456789012",
}


@pytest.fixture
def dog(published: dict[str, Procedure], resident: Actor) -> Case:
    """A dog registration, filled in and not yet submitted."""
    with clock.travel(clock.today().replace(year=2026, month=4, day=1)):
        case = actions.open_draft(published["dog-registration"], by=resident)
        fill_in(case, DOG, resident)
    return case


@pytest.fixture
def received(dog: Case, resident: Actor) -> Case:
    return actions.submit(dog, by=resident, email="hanako@example.jp")


def step_of(case: Case) -> Step:
    """The one open step."""
    return case.steps.get(done_at=None)


def test_a_case_ends_digitally_with_a_signed_letter(received: Case, resident: Actor, staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    (work,) = queries.listing("mine", clerk)
    assert work.case.pk == received.pk
    case = actions.examine(work.steps[0], "accept", by=clerk)
    open_steps = list(case.steps.filter(done_at=None))
    while open_steps:
        for step in open_steps:
            assert step.kind == "issue", step.node
            actions.perform(step, by=SYSTEM)
        open_steps = list(case.steps.filter(done_at=None))
    case.refresh_from_db()
    assert case.state == State.CLOSED
    letter = Letter.objects.get(about=case.pk)
    assert letter.signed_at is not None
    assert Decision.objects.get(case=case).granted
    assert case.place is not None
    actions.count_figures(by=SYSTEM)
    figures = queries.figures()["dog-registration"]
    assert (figures.started, figures.ended, figures.digital, figures.received) == (1, 1, 1, 0)
    assert queries.standing(queries.own_case(case.number or "", resident)).turn == "nobody"


def test_submitting_twice_is_one_case(dog: Case, resident: Actor) -> None:
    first = actions.submit(dog, by=resident)
    again = actions.submit(Case.objects.get(pk=dog.pk), by=resident)
    assert first.number == again.number
    assert Case.objects.count() == 1
    assert Step.objects.filter(case=dog, done_at=None).count() == 1


def test_an_incomplete_form_is_not_received_and_nothing_is_lost(
    published: dict[str, Procedure], resident: Actor
) -> None:
    case = actions.open_draft(published["dog-registration"], by=resident)
    given = actions.save_section(
        case, "owner", {"person.full_name": ["見本 花子"], "person.phone": ["７２"]}, by=resident
    )
    assert given.problems.keys() == {"person.phone"}
    with pytest.raises(Invalid) as refused:
        actions.submit(case, by=resident)
    assert {"person.phone", "dog_name"} <= refused.value.fields.keys()
    kept = Case.objects.get(pk=case.pk)
    assert kept.received_at is None
    assert kept.answers["person"]["full_name"] == "見本 花子"
    assert kept.typed["person.phone"] == "７２"
    event = Event.objects.get(verb="case.submit")
    assert (event.outcome, event.reason) == ("refused", "incomplete")
    assert "見本" not in str(event.data)


def test_one_draft_per_person_and_procedure(published: dict[str, Procedure], resident: Actor) -> None:
    one = actions.open_draft(published["dog-registration"], by=resident)
    assert actions.open_draft(published["dog-registration"], by=resident).pk == one.pk


def test_correction_goes_back_and_only_what_was_asked_can_change(received: Case, resident: Actor, staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    with pytest.raises(Invalid):
        actions.examine(step_of(received), "return", by=clerk)
    actions.examine(step_of(received), "return", by=clerk, corrections={"breed": "犬種を正しく書いてください。"})
    case = Case.objects.get(pk=received.pk)
    assert case.state == State.RETURNED
    assert queries.standing(case).turn == "applicant"
    actions.save_section(case, "dog", {"breed": ["雑種"], "dog_name": ["ちがう"]}, by=resident)
    with pytest.raises(Stale):
        actions.save_section(case, "owner", {"person.phone": ["0728722181"]}, by=resident)
    promised = case.due_on
    assert promised is not None
    with clock.travel(procedures.calendar().add(clock.today(), 4)):
        actions.submit(case, by=resident)
    case.refresh_from_db()
    assert case.state == State.RECEIVED
    assert case.due_on == procedures.calendar().add(promised, 4)
    assert (case.answers["breed"], case.answers["dog_name"]) == ("雑種", "はな")
    assert [one.outcome for one in case.steps.filter(node="examine").order_by("token")] == ["return", ""]


def test_refusing_needs_a_reason_and_ends_in_a_letter(received: Case, staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    with pytest.raises(Invalid):
        actions.examine(step_of(received), "refuse", by=clerk)
    actions.examine(step_of(received), "refuse", by=clerk, reasons=["犬が市外で飼われているため。"])
    actions.perform(step_of(received), by=SYSTEM)
    received.refresh_from_db()
    assert received.state == State.CLOSED
    decision = Decision.objects.get(case=received)
    assert not decision.granted
    assert {"ja": "犬が市外で飼われているため。"} in decision.reasons
    assert Letter.objects.get(about=received.pk).kind == "refused"


def test_withdrawal_closes_every_step(received: Case, resident: Actor, staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    step = step_of(received)
    actions.withdraw(received, by=resident)
    received.refresh_from_db()
    assert received.state == State.WITHDRAWN
    assert not received.steps.filter(done_at=None).exists()
    with pytest.raises(Stale):
        actions.examine(step, "accept", by=clerk)


def test_two_clerks_clicking_at_once_examine_once(received: Case, staff: Staff) -> None:
    step = step_of(received)
    actions.examine(step, "accept", by=staff("environment", "environment-clerk"))
    before = Step.objects.count()
    with pytest.raises(Stale):
        actions.examine(step, "refuse", by=staff("environment", "environment-clerk"), reasons=["遅れた"])
    assert Step.objects.count() == before
    assert Decision.objects.get(case=received).granted


@pytest.mark.parametrize("verb", ["read", "examine", "save", "submit", "withdraw", "document"])
def test_strangers_change_nothing(received: Case, staff: Staff, verb: str) -> None:
    outsider, other = staff("taxation", "taxation-clerk"), Actor("resident", uuid7(), level="card")
    before = Case.objects.values().get(pk=received.pk)
    attempts: dict[str, Callable[[], object]] = {
        "read": lambda: actions.read(received, by=outsider),
        "examine": lambda: actions.examine(step_of(received), "accept", by=outsider),
        "save": lambda: actions.save_section(received, "dog", {"breed": ["x"]}, by=other),
        "submit": lambda: actions.submit(received, by=other),
        "withdraw": lambda: actions.withdraw(received, by=other),
        "document": lambda: actions.add_document(received, "x", "x.png", b"x", by=other),
    }
    with pytest.raises(NotAllowed):
        attempts[verb]()
    assert Case.objects.values().get(pk=received.pk) == before
    assert Event.objects.filter(outcome="refused", reason="not-allowed").count() == 1
    with pytest.raises(NotFound):
        queries.own_case(received.number or "", other)
    with pytest.raises(NotFound):
        queries.staff_case(received.number or "", outsider)
    assert queries.listing("mine", outsider) == []


def test_the_applicant_is_told_once(received: Case) -> None:
    event = Event.objects.get(verb="case.submit")
    for _ in range(2):
        jobs.tell_applicant(event.pk)
    message = Message.objects.get(about=received.pk)
    assert message.address == "hanako@example.jp"
    assert "見本" not in message.body
    assert (received.number or "-") in message.body
