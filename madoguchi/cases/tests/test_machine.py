"""Anything may happen in any order: a state machine of acts over real rows, and what must hold after each of them."""

from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from madoguchi.cases import actions, queries
from madoguchi.cases.actions import paying
from madoguchi.cases.models import Case, Decision, Payment, State, Step, Timer, at_post
from madoguchi.cases.ports import Asked, Seen
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import recognise
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.engine import State as EngineState

DEEDS = ("save", "submit", "withdraw", "accept", "refuse", "return", "do", "perform", "again", "fire", "ask", "arrive")


class Office(RuleBasedStateMachine):
    """One resident, two clerks and the worker around one case of 犬の登録 with a fee (so that all kinds occur)."""

    row: Procedure
    clerks: tuple[Actor, Actor]

    def __init__(self) -> None:
        super().__init__()
        self.resident = actor_of_person(recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM).pk, "card")
        self.case = actions.open_draft(self.row, by=self.resident)
        fill_in(self.case, {**DOG, "microchip": "none"}, self.resident)
        self.last: Step | None = None

    @rule(deed=strategies.sampled_from(DEEDS), clerk=strategies.integers(0, 1))
    def somebody_does_something(self, deed: str, clerk: int) -> None:
        before = set(Event.objects.values_list("pk", flat=True))
        rows = self._rows()
        try:
            done = self._try(deed, self.clerks[clerk])
        except Refused:
            # The newest by its time may be another: a period fires in a time that was travelled to.
            assert Event.objects.exclude(pk__in=before).get().outcome == "refused"
            assert self._rows() == rows
        else:
            assert not done or Event.objects.count() > len(before)

    def _try(self, deed: str, clerk: Actor) -> bool:
        case = Case.objects.get(pk=self.case.pk)
        step = Step.objects.select_related("case").filter(case=case, done_at=None).order_by("token").first()
        if deed == "save":
            actions.save_section(case, "dog", {"breed": ["雑種"]}, by=self.resident)
        elif deed == "submit":
            actions.submit(case, by=self.resident)
        elif deed == "withdraw":
            actions.withdraw(case, by=self.resident)
        elif deed == "fire":
            timer = Timer.objects.select_related("step__case").filter(step__case=case, fired_at=None).first()
            if timer is None:
                return False
            with clock.travel(timer.due_at):
                actions.fire(timer, by=SYSTEM)
        elif deed == "arrive":
            payment = Payment.objects.filter(case=case).order_by("asked_at").last()
            if payment is None:
                return False
            paying.present(payment, Asked(f"cs_{payment.pk}", "https://pay.example/"), by=SYSTEM)
            paying.confirm(payment, Seen("paid", payment.yen, f"pi_{payment.pk}"), by=SYSTEM)
        elif step is None:
            return False
        elif deed == "ask":
            actions.ask_payment(step, by=self.resident)
        elif deed == "again":
            if self.last is None:
                return False
            actions.examine(self.last, "accept", by=clerk)
        elif deed == "perform":
            actions.perform(step, by=SYSTEM)
        elif deed == "do":
            actions.do(step, by=clerk)
        elif deed in ("accept", "refuse", "return"):
            self.last = step
            given: dict[str, Any] = {
                "reasons": ["認められないため。"],
                "corrections": {"breed": "犬種を直してください。"},
            }
            actions.examine(step, deed, by=clerk, **given)
        return True

    def _rows(self) -> tuple[Any, ...]:
        case = Case.objects.values().get(pk=self.case.pk)
        steps = list(Step.objects.filter(case_id=self.case.pk).order_by("token").values())
        return case, steps, Decision.objects.filter(case_id=self.case.pk).values().first()

    @invariant()
    def tokens_are_the_open_steps(self) -> None:
        case = Case.objects.get(pk=self.case.pk)
        open_ = {one.token: one.node for one in Step.objects.filter(case=case, done_at=None)}
        assert open_ == (dict(EngineState.load(case.engine).tokens) if case.engine else {})
        assert bool(open_) == (case.state in (State.RECEIVED, State.RETURNED, State.PAYABLE, State.DECIDED))

    @invariant()
    def no_money_is_kept_that_is_not_owed(self) -> None:
        for payment in Payment.objects.filter(case_id=self.case.pk, paid_at__isnull=False).select_related("step"):
            assert (payment.refund_asked_at is None) == (payment.step.outcome == "paid")
        case = Case.objects.get(pk=self.case.pk)
        assert (case.payable_at is not None) == case.steps.filter(kind="pay", done_at=None).exists()

    @invariant()
    def the_state_is_what_the_dates_say(self) -> None:
        case = Case.objects.get(pk=self.case.pk)
        if case.state == State.CLOSED:
            assert Decision.objects.get(case=case).made_at == case.decided_at
            assert EngineState.load(case.engine).ended == "completed"
        if case.state == State.RETURNED:
            assert case.steps.filter(kind="correction", done_at=None).count() == 1
        assert (case.received_at is None) == (case.number is None)

    @invariant()
    def lists_know_who_sees_it(self) -> None:
        case = Case.objects.get(pk=self.case.pk)
        offices = {one.section for one in case.steps.all() if one.section}
        posts = {at_post(post) for one in case.steps.all() for post in one.posts}
        if case.received_at is not None:
            assert set(case.seen_by) == {case.section, *offices, *posts}

    @precondition(lambda self: Case.objects.get(pk=self.case.pk).number is not None)
    @invariant()
    def the_applicant_is_told_whose_turn_it_is(self) -> None:
        case = Case.objects.get(pk=self.case.pk)
        standing = queries.standing(case)
        ended = case.state in (State.CLOSED, State.WITHDRAWN)
        assert (standing.turn == "nobody") == ended
        assert not (ended and any(stage.state != "done" for stage in standing.stages))


@pytest.mark.django_db
def test_acts_in_any_order_keep_the_case_whole(published: dict[str, Procedure], resident: Actor, staff: Staff) -> None:
    clerks = staff("environment", "environment-clerk"), staff("environment", "environment-clerk")
    machine = type("Office", (Office,), {"row": published["dog-registration"], "clerks": clerks})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=14, deadline=None, derandomize=True)
    )
