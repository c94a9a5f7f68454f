"""Anything may happen in any order: a state machine of acts over real rows, and what must hold after each of them."""

from typing import Any

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.actions import paying
from madoguchi.cases.models import Approval, Case, Consultation, Decision, Payment, State, Step, Timer, at_post
from madoguchi.cases.ports import Asked, Seen
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_sealing import claim
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import end_absence, recognise, set_absence
from madoguchi.people.models import Absence, Account
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


DEEDS_OF_A_BOARD = (
    *("go", "go", "go", "go", "refuse", "seal", "stand-in", "send-back", "review", "away", "back", "seats"),
    *("ask", "answer", "drop", "withdraw"),
)


class Board(RuleBasedStateMachine):
    """One claim on its way of approval: an examiner, three posts of the section and one above, a section that is asked,
    and people who come and go. Mostly whose turn it is does something; sometimes anybody, who mostly may not.
    """

    row: Procedure
    people: tuple[Actor, ...]

    def __init__(self) -> None:
        super().__init__()
        Absence.objects.filter(ended_at=None).update(ended_at=clock.now())
        self.case = claim({self.row.code: self.row})

    @rule(deed=strategies.sampled_from(DEEDS_OF_A_BOARD), who=strategies.sampled_from((*[None] * 8, 0, 1, 2, 3, 4, 5)))
    def somebody_does_something(self, deed: str, who: int | None) -> None:
        if Case.objects.get(pk=self.case.pk).ended_at is not None:
            self.case = claim({self.row.code: self.row})
        by = self._whose_turn(deed) if who is None else self.people[who]
        before = set(Event.objects.values_list("pk", flat=True))
        rows = self._rows()
        try:
            self._try(deed, by)
        except Refused:
            assert Event.objects.exclude(pk__in=before).get().outcome == "refused"
            assert self._rows() == rows

    def _whose_turn(self, deed: str) -> Actor:
        if deed == "answer":
            return self.people[-1]
        if deed == "review":
            stood_for = Approval.objects.filter(step__case_id=self.case.pk).exclude(stood_in="").first()
            return next((one for one in self.people if stood_for and stood_for.post in one.posts), self.people[0])
        step = self.case.steps.filter(done_at=None).order_by("token").first()
        posts = set(step.posts) if step is not None else set()
        return next((one for one in self.people if one.posts & posts), self.people[0])

    def _try(self, deed: str, by: Actor) -> None:
        case = Case.objects.get(pk=self.case.pk)
        steps = Step.objects.select_related("case").filter(case=case)
        step = steps.filter(done_at=None).order_by("token").first()
        account = Account.objects.get(pk=by.who)
        asked = case.consultations.order_by("asked_at").last()
        if deed == "withdraw":
            actions.withdraw(case, by=actor_of_person(case.person_id, "card"))
        elif deed == "away":
            cover = Account.objects.exclude(pk=by.who).filter(holdings__section__in=by.sections).first()
            if cover is not None:
                set_absence(account, cover, clock.today(), clock.today(), by=by)
        elif deed == "back":
            absence = account.absences.filter(ended_at=None).first()
            if absence is not None:
                end_absence(account, absence.pk, by=by)
        elif deed == "seats":
            jobs.seat_anew()
        elif deed == "ask":
            actions.ask_opinion(case, ["taxation"], "世帯の課税を教えてください。", 2, by=by)
        elif deed == "answer" and asked is not None:
            actions.give_opinion(case, asked.pk, True, "", by=by)
        elif deed == "drop" and asked is not None:
            actions.drop_question(case, asked.pk, "要らなくなったため", by=by)
        elif deed == "review" and (last := steps.filter(kind="approve").last()) is not None:
            actions.review_afterwards(last, by=by)
        elif step is not None and deed == "go" and step.kind == "issue":
            actions.perform(step, by=SYSTEM)
        elif step is not None and (deed == "refuse" or (deed == "go" and step.kind == "examine")):
            actions.examine(step, "accept" if deed == "go" else deed, by=by, reasons=["要件に当たらないため。"])
        elif step is not None and deed in ("go", "seal", "stand-in", "send-back"):
            because = "" if deed == "seal" else "不在のため"
            outcome = "send_back" if deed == "send-back" else "approve"
            actions.approve(step, outcome, by=by, note="もう一度", because=because)

    def _rows(self) -> tuple[Any, ...]:
        case = Case.objects.values().get(pk=self.case.pk)
        steps = list(Step.objects.filter(case_id=self.case.pk).order_by("token").values())
        seals = list(Approval.objects.filter(step__case_id=self.case.pk).order_by("at").values())
        asked = list(Consultation.objects.filter(case_id=self.case.pk).order_by("asked_at").values())
        return case, steps, seals, asked, Decision.objects.filter(case_id=self.case.pk).values().first()

    @invariant()
    def seals_go_their_way_and_nobody_has_two_parts(self) -> None:
        examined = queries.examiners(self.case.pk)
        for step in self.case.steps.filter(kind="approve"):
            given = list(step.approvals.order_by("at", "pk"))
            places = [step.route.index(one.post) for one in given]
            assert places == sorted(set(places))
            accounts = [one.account_id for one in given]
            assert len(set(accounts)) == len(accounts)
            assert not examined & set(accounts)
            assert all(one.stood_in == "" or (one.post == step.route[-1] and one.because) for one in given)
            decided = step.outcome == "approve"
            assert decided == (bool(given) and given[-1].post == step.route[-1])
            assert not decided or step.account_id == given[-1].account_id

    @invariant()
    def nothing_is_decided_while_somebody_is_asked(self) -> None:
        for asked in Consultation.objects.filter(case_id=self.case.pk):
            over = asked.answered_at or asked.dropped_at
            done = self.case.steps.filter(outcome__in=["accept", "refuse", "approve"], done_at__gt=asked.asked_at)
            assert not done.exists() if over is None else not done.filter(done_at__lt=over).exists()

    @invariant()
    def lists_know_who_sees_it(self) -> None:
        case = Case.objects.get(pk=self.case.pk)
        steps = list(case.steps.all())
        posts = {at_post(post) for one in steps for post in (*one.route, *one.posts)}
        asked = set(case.consultations.filter(dropped_at=None).values_list("section", flat=True))
        seen = {case.section, *asked, *posts, *(one.section for one in steps if one.section)}
        stand_ins = {at_post(post) for one in steps for post in one.in_absence}
        assert seen <= set(case.seen_by) <= seen | stand_ins


@pytest.mark.django_db
def test_seals_and_questions_in_any_order(published: dict[str, Procedure], staff: Staff) -> None:
    posts = ("clerk", "chief", "deputy", "head")
    people = (
        *(staff("children", f"children-{post}") for post in posts),
        staff("welfare-children", "welfare-children-director"),
        staff("taxation", "taxation-clerk"),
    )
    machine = type("Board", (Board,), {"row": published["child-allowance-claim"], "people": people})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=6, stateful_step_count=25, deadline=None, derandomize=True)
    )


@pytest.mark.django_db
def test_acts_in_any_order_keep_the_case_whole(published: dict[str, Procedure], resident: Actor, staff: Staff) -> None:
    clerks = staff("environment", "environment-clerk"), staff("environment", "environment-clerk")
    machine = type("Office", (Office,), {"row": published["dog-registration"], "clerks": clerks})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=14, deadline=None, derandomize=True)
    )
