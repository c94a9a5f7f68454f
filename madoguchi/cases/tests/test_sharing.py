"""Who of the office does what: taken on, given, put back, handed over, covered. Each denial changes nothing."""

import datetime as dt

import pytest

from madoguchi.cases import actions, queries
from madoguchi.cases.models import Case, HandOver, Step
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts.tests.together import at_once
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Stale
from madoguchi.people.actions import end_absence, set_absence
from madoguchi.people.models import Absence, Account
from madoguchi.people.queries import actor_of_account
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db


def account(by: Actor) -> Account:
    return Account.objects.get(pk=by.who)


def step_of(case: Case) -> Step:
    return case.steps.get(done_at=None)


def views(by: Actor) -> set[str]:
    return {view for view, count in queries.counts(by).items() if count}


@pytest.fixture
def received(published: dict[str, Procedure], resident: Actor) -> Case:
    case = actions.open_draft(published["dog-registration"], by=resident)
    fill_in(case, DOG, resident)
    return actions.submit(case, by=resident)


@pytest.fixture
def one(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def other(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def head(staff: Staff) -> Actor:
    return staff("environment", "environment-head")


def test_what_one_has_taken_the_others_leave_alone(received: Case, one: Actor, other: Actor) -> None:
    assert views(one) == views(other) == {"mine", "free", "section"}
    step = step_of(received)
    actions.claim(step, by=one)
    actions.claim(step, by=one)
    assert (views(one), views(other)) == ({"mine", "taken", "section"}, {"section"})
    with pytest.raises(Stale, match="見本 職員さんがすでに担当しています"):
        actions.claim(step, by=other)
    with pytest.raises(NotAllowed):
        actions.release(step_of(received), by=other)
    assert step_of(received).taken_by_id == one.who
    actions.release(step_of(received), by=one)
    assert views(other) == {"mine", "free", "section"}
    assert list(Event.objects.filter(verb__startswith="step.").order_by("id").values_list("verb", "outcome")) == [
        ("step.claim", "done"),
        ("step.claim", "done"),
        ("step.claim", "refused"),
        ("step.release", "refused"),
        ("step.release", "done"),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_reach_for_one_step_and_one_gets_it(received: Case, one: Actor, other: Actor) -> None:
    step = step_of(received)
    results = at_once(*[lambda by=by: actions.claim(Step.objects.get(pk=step.pk), by=by) for by in (one, other)])
    (loser,) = [result for result in results if isinstance(result, Stale)]
    (winner,) = [result for result in results if isinstance(result, Step)]
    assert loser.params == {"who": "見本 職員"}
    assert step_of(received).taken_by_id == winner.taken_by_id


def test_the_head_gives_steps_to_those_who_may_do_them(
    received: Case, one: Actor, other: Actor, head: Actor, staff: Staff
) -> None:
    step, outsider = step_of(received), staff("children", "children-head")
    for by in (one, outsider):
        with pytest.raises(NotAllowed):
            actions.assign(step, account(other), by=by)
    with pytest.raises(Invalid) as refused:
        actions.assign(step, account(outsider), by=head)
    assert refused.value.code == "assignee-outside"
    assert step_of(received).taken_by_id is None
    actions.assign(step, account(other), by=head)
    assert views(other) == {"mine", "taken", "section"}
    event = Event.objects.get(verb="step.assign", outcome="done")
    assert (event.reason, event.data["to"]) == ("leads-section", str(other.who))


def test_a_case_that_is_handed_over_is_the_other_sections(received: Case, one: Actor, staff: Staff) -> None:
    clerk = staff("children", "children-clerk")
    step = step_of(received)
    actions.claim(step, by=one)
    for to, why, code in (("environment", "x", "section"), ("nowhere", "x", "section"), ("children", " ", "why")):
        with pytest.raises(Invalid) as refused:
            actions.hand_over(received, to, why, by=one)
        assert refused.value.code == f"hand-over-{code}"
    with pytest.raises(NotAllowed):
        actions.hand_over(received, "children", "こちらの仕事です。", by=clerk)
    assert step_of(received).taken_by_id == one.who
    assert not HandOver.objects.exists()
    actions.hand_over(received, "children", "里親の家庭のため、子ども室で受けてください。", by=one)
    assert (views(one), views(clerk)) == (set(), {"mine", "free", "section"})
    with pytest.raises(NotFound):
        queries.staff_case(str(received.number), one)
    case = queries.staff_case(str(received.number), clerk)
    assert case.hand_overs.get().why.startswith("里親")
    event = Event.objects.get(verb="case.hand_over", outcome="done")
    assert (event.data["giver"], event.data["receiver"]) == ("environment", "children")
    assert "里親" not in str(event.data)
    # What the office still has to do follows the case: after a correction it is examined where the case is.
    actions.examine(step_of(case), "return", by=clerk, corrections={"breed": "犬種を直してください。"})
    owner = Actor("resident", case.person_id, level="card")
    actions.save_section(Case.objects.get(pk=case.pk), "dog", {"breed": ["秋田犬"]}, by=owner)
    actions.submit(Case.objects.get(pk=case.pk), by=owner)
    assert step_of(case).section == "children"


def test_the_cover_sees_and_does_what_the_absent_had_taken(
    received: Case, one: Actor, other: Actor, head: Actor, staff: Staff
) -> None:
    step, today = step_of(received), clock.today()
    actions.claim(step, by=one)
    absent, cover = account(one), account(other)
    stranger = account(staff("children", "children-clerk"))
    for wrong, since, until in (
        (stranger, today, today),
        (absent, today, today),
        (cover, today, today - dt.timedelta(days=1)),
    ):
        with pytest.raises(Invalid):
            set_absence(absent, wrong, since, until, by=one)
    with pytest.raises(NotAllowed):
        set_absence(absent, cover, today, today, by=other)
    assert not Absence.objects.exists()
    absence = set_absence(absent, cover, today, today + dt.timedelta(days=7), by=head)
    with pytest.raises(Stale):
        set_absence(absent, cover, today, today, by=one)
    covering = actor_of_account(cover)
    assert covering.covers == {one.who}
    assert covering.posts == other.posts  # work moves, rights do not
    assert views(covering) == {"mine", "taken", "section"}
    with clock.travel(today + dt.timedelta(days=8)):
        assert actor_of_account(cover).covers == frozenset()
    actions.examine(step_of(received), "accept", by=covering)
    assert Event.objects.get(verb="case.examine").data["cover_for"] == str(one.who)
    end_absence(absent, absence.pk, by=one)
    assert actor_of_account(cover).covers == frozenset()
