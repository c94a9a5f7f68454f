"""合議 on the way: asked at once, answered once, dropped with a reason, nothing decided meanwhile. A denial changes
nothing."""

import datetime as dt
from typing import Any

import pytest

from madoguchi.cases import actions, queries
from madoguchi.cases.models import Case, Consultation, Step
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_sealing import approval_of, claim, rows
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound, Refused, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import set_absence
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
ASKED = ["taxation", "residents"]


@pytest.fixture
def received(published: dict[str, Procedure], resident: Actor) -> Case:
    case = actions.open_draft(published["dog-registration"], by=resident)
    fill_in(case, DOG, resident)
    return actions.submit(case, by=resident)


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def taxation(staff: Staff) -> Actor:
    return staff("taxation", "taxation-clerk")


@pytest.fixture
def residents(staff: Staff) -> Actor:
    return staff("residents", "residents-clerk")


def ask(case: Case, by: Actor, sections: list[str] = ASKED) -> list[Consultation]:
    return actions.ask_opinion(case, sections, "課税台帳の所有者と同じ方ですか。", 3, by=by)


def step_of(case: Case) -> Step:
    return case.steps.get(done_at=None)


def denied(code: str, case: Case, act: Any) -> None:
    """The act is refused with this code, leaves one event of that and changes nothing."""
    asked = list(Consultation.objects.order_by("pk").values())
    before, events = rows(case), Event.objects.count()
    with pytest.raises(Refused) as why:
        act()
    assert why.value.code == code
    assert (rows(case), list(Consultation.objects.order_by("pk").values())) == (before, asked)
    assert Event.objects.count() == events + 1
    assert Event.objects.latest("at").outcome == "refused"


def test_sections_are_asked_at_once_and_nothing_is_decided_until_they_have_answered(
    received: Case, clerk: Actor, taxation: Actor, residents: Actor
) -> None:
    with pytest.raises(NotFound):
        queries.staff_case(str(received.number), taxation)
    ask(received, clerk)
    due = procedures.calendar().add(clock.today(), 3)
    assert [one.due_on for one in queries.questions(received)] == [due, due]
    assert (queries.counts(clerk)["asking"], queries.counts(taxation)["asked"]) == (1, 1)
    actions.read(queries.staff_case(str(received.number), taxation), by=taxation)
    assert Event.objects.get(verb="case.read").reason == "consulted"
    for outcome in ("accept", "refuse"):
        denied(
            "question-open", received, lambda o=outcome: actions.examine(step_of(received), o, by=clerk, reasons=["否"])
        )
    first, second = queries.questions(received)
    by_section = {"taxation": taxation, "residents": residents}
    actions.give_opinion(received, first.pk, True, "", by=by_section[first.section])
    denied("question-open", received, lambda: actions.examine(step_of(received), "accept", by=clerk))
    actions.give_opinion(received, second.pk, False, "世帯の主が別です。", by=by_section[second.section])
    assert [one.agreed for one in queries.questions(received)] == [True, False]
    assert queries.counts(taxation)["asked"] == queries.counts(clerk)["asking"] == 0
    actions.read(queries.staff_case(str(received.number), taxation), by=taxation)  # and sees what becomes of it
    actions.examine(step_of(received), "accept", by=clerk)
    told = [one.data for one in Event.objects.filter(verb__in=["case.ask-opinion", "case.give-opinion"])]
    assert not any(words in str(told) for words in ("課税台帳", "世帯"))


def test_an_applicant_can_be_asked_to_correct_while_a_section_is_asked(received: Case, clerk: Actor) -> None:
    ask(received, clerk)
    actions.examine(step_of(received), "return", by=clerk, corrections={"breed": "犬種を直してください。"})
    assert step_of(received).kind == "correction"
    assert queries.counts(clerk)["asking"] == 1


def test_a_question_is_dropped_with_a_reason_and_the_case_is_out_of_sight(
    received: Case, clerk: Actor, taxation: Actor
) -> None:
    (asked,) = ask(received, clerk, ["taxation"])
    denied("drop-why", received, lambda: actions.drop_question(received, asked.pk, " ", by=clerk))
    denied("not-allowed", received, lambda: actions.drop_question(received, asked.pk, "不要", by=taxation))
    actions.drop_question(received, asked.pk, "台帳で確かめられたため", by=clerk)
    with pytest.raises(NotFound):
        queries.staff_case(str(received.number), taxation)
    denied("not-allowed", received, lambda: actions.read(received, by=taxation))
    denied("not-allowed", received, lambda: actions.give_opinion(received, asked.pk, True, "", by=taxation))
    denied("question-over", received, lambda: actions.drop_question(received, asked.pk, "もう一度", by=clerk))
    ask(received, clerk, ["taxation"])  # it can be asked again
    assert queries.counts(taxation)["asked"] == 1


def test_what_is_wrong_with_a_question_or_an_answer_changes_nothing(
    received: Case, clerk: Actor, taxation: Actor, residents: Actor, staff: Staff
) -> None:
    for code, sections, words, days in (
        ("question-section", [], "質問", 3),
        ("question-section", ["nowhere"], "質問", 3),
        ("question-section", ["environment"], "質問", 3),
        ("question-empty", ["taxation"], "　", 3),
        ("text-unsafe", ["taxation"], "\u202e", 3),
        ("text-too-long", ["taxation"], "長" * 2001, 3),
        ("question-period", ["taxation"], "質問", 0),
        ("question-period", ["taxation"], "質問", 10**9),
    ):
        denied(
            code,
            received,
            lambda s=sections, w=words, d=days: actions.ask_opinion(received, s, w, d, by=clerk),
        )
    denied("not-allowed", received, lambda: ask(received, taxation, ["residents"]))
    (asked,) = ask(received, clerk, ["taxation"])
    denied("question-section", received, lambda: ask(received, clerk))  # one of them is asked already
    denied("not-allowed", received, lambda: actions.give_opinion(received, asked.pk, True, "", by=residents))
    denied("not-allowed", received, lambda: actions.give_opinion(received, asked.pk, True, "", by=clerk))
    denied("opinion-missing", received, lambda: actions.give_opinion(received, asked.pk, None, "", by=taxation))
    denied("opinion-empty", received, lambda: actions.give_opinion(received, asked.pk, False, " ", by=taxation))
    denied("question-unknown", received, lambda: actions.give_opinion(received, uuid7(), True, "", by=taxation))
    actions.give_opinion(received, asked.pk, True, "", by=taxation)
    denied("question-over", received, lambda: actions.give_opinion(received, asked.pk, False, "否", by=taxation))


def test_a_case_that_has_ended_is_asked_about_no_more(
    received: Case, clerk: Actor, taxation: Actor, resident: Actor
) -> None:
    (asked,) = ask(received, clerk, ["taxation"])
    actions.withdraw(Case.objects.get(pk=received.pk), by=resident)
    assert queries.counts(taxation)["asked"] == queries.counts(clerk)["asking"] == 0
    denied("case-ended", received, lambda: actions.give_opinion(received, asked.pk, True, "", by=taxation))


def test_a_colleague_covers_for_whoever_asked_and_for_whoever_is_asked(
    received: Case, clerk: Actor, taxation: Actor, staff: Staff
) -> None:
    (asked,) = ask(received, clerk, ["taxation"])
    there = staff("environment", "environment-clerk"), staff("taxation", "taxation-clerk")
    for away, cover in zip((clerk, taxation), there, strict=True):
        absent, instead = (Account.objects.get(pk=one.who) for one in (away, cover))
        set_absence(absent, instead, clock.today(), clock.today() + dt.timedelta(days=3), by=away)
    covering, answering = (actor_of_account(Account.objects.get(pk=one.who)) for one in there)
    assert (queries.counts(covering)["asking"], queries.counts(answering)["asked"]) == (1, 1)
    actions.give_opinion(received, asked.pk, True, "", by=answering)
    actions.examine(step_of(received), "accept", by=covering)


def test_whoever_seals_may_ask_and_no_seal_is_given_meanwhile(published: dict[str, Procedure], staff: Staff) -> None:
    case = claim(published)
    clerk, head, other = (
        staff(*one)
        for one in (("children", "children-clerk"), ("children", "children-head"), ("taxation", "taxation-clerk"))
    )
    actions.examine(case.steps.get(done_at=None), "accept", by=clerk)
    (asked,) = ask(case, head, ["taxation"])
    denied("question-open", case, lambda: actions.approve(approval_of(case), "approve", by=head))
    denied("not-allowed", case, lambda: actions.drop_question(case, asked.pk, "不要", by=clerk))
    refusals = [one.refusal for one in queries.foresee("approve", [case.pk], head)]
    assert [one and one.code for one in refusals] == ["question-open"]
    actions.give_opinion(case, asked.pk, True, "", by=other)
    actions.approve(approval_of(case), "approve", by=head)
    with pytest.raises(Stale):
        actions.approve(case.steps.get(kind="approve"), "approve", by=head)
