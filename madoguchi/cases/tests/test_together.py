"""What happens at the same moment, and what a killed worker leaves behind. Real transactions on real PostgreSQL."""

import os

import pytest
from django.db import connection, connections

from madoguchi.cases import actions
from madoguchi.cases.models import Case, State, Step
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.tests.together import at_once
from madoguchi.ground.errors import Stale
from madoguchi.messages import actions as messages
from madoguchi.messages.models import Letter, LetterSeries
from madoguchi.messages.rules import letters
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def received(published: dict[str, Procedure], resident: Actor) -> Case:
    case = actions.open_draft(published["dog-registration"], by=resident)
    fill_in(case, DOG, resident)
    return actions.submit(case, by=resident)


def test_two_clerks_clicking_at_once_examine_once(received: Case, staff: Staff) -> None:
    one, two = staff("environment", "environment-clerk"), staff("environment", "environment-clerk")
    step = Step.objects.get(case=received, done_at=None)
    results = at_once(
        lambda: actions.examine(Step.objects.get(pk=step.pk), "accept", by=one),
        lambda: actions.examine(Step.objects.get(pk=step.pk), "refuse", by=two, reasons=["市外のため。"]),
    )
    assert sum(isinstance(result, Stale) for result in results) == 1
    assert sum(isinstance(result, Case) for result in results) == 1
    outcomes = Event.objects.filter(verb="case.examine").values_list("outcome", flat=True)
    assert sorted(outcomes) == ["done", "refused"]
    assert Step.objects.filter(case=received, done_at=None).count() == 1


def test_many_taps_on_begin_and_on_send_make_one_case(published: dict[str, Procedure], resident: Actor) -> None:
    drafts = at_once(*[lambda: actions.open_draft(published["dog-registration"], by=resident)] * 4)
    assert {draft.pk for draft in drafts if isinstance(draft, Case)} == set(Case.objects.values_list("pk", flat=True))
    case = Case.objects.get()
    fill_in(case, DOG, resident)
    sent = at_once(*[lambda: actions.submit(Case.objects.get(pk=case.pk), by=resident)] * 4)
    assert len({one.number for one in sent if isinstance(one, Case)}) == 1
    assert Step.objects.filter(case=case, done_at=None).count() == 1


def test_withdrawing_while_the_office_decides_has_one_winner(received: Case, resident: Actor, staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    step = Step.objects.get(case=received, done_at=None)
    results = at_once(
        lambda: actions.withdraw(Case.objects.get(pk=received.pk), by=resident),
        lambda: actions.examine(Step.objects.get(pk=step.pk), "accept", by=clerk),
    )
    assert sum(isinstance(result, Stale) for result in results) == 1
    received.refresh_from_db()
    assert (received.withdrawn_at is None) != (received.decided_at is None)


def test_a_worker_killed_while_signing_leaves_nothing_and_the_next_one_finishes(received: Case, staff: Staff) -> None:
    actions.examine(
        Step.objects.get(case=received, done_at=None), "accept", by=staff("environment", "environment-clerk")
    )
    step = Step.objects.get(case=received, done_at=None)
    assert step.kind == "issue"
    connections.close_all()
    child = os.fork()
    if child == 0:  # the worker: it has numbered the letter, and dies with the key in its hand
        connection.connect()

        class Dies:
            name = "signer that dies"

            def sign(self, pdf: bytes) -> bytes:
                os._exit(9)

        # Typst's threads stay behind at a fork: where an earlier test has set a letter, the child would wait for them.
        setattr(letters, "render", lambda *_, **__: b"%PDF")  # noqa: B010 -- the child is thrown away
        setattr(letters, "title_of", lambda _: "")  # noqa: B010
        setattr(messages, "signer", Dies)  # noqa: B010
        try:
            actions.perform(Step.objects.get(pk=step.pk), by=SYSTEM)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not Letter.objects.exists()
    assert not LetterSeries.objects.exists()
    assert not Event.objects.filter(verb="case.perform").exists()
    at_once(*[lambda: actions.perform(Step.objects.get(pk=step.pk), by=SYSTEM)] * 2)
    assert Letter.objects.count() == 1
    received.refresh_from_db()
    assert received.state == State.CLOSED
