"""Each turn of a case is told once, in the applicant's language, and nothing personal leaves with a mail."""

import re

import pytest

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Timer
from madoguchi.cases.tests.conftest import Staff
from madoguchi.desk.tests.staging import CHILD, DOG, applicant, handed_in, open_step
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages.models import Message
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db


def tell_all() -> None:
    """Every event that has something to tell, told twice, as a worker that was killed would."""
    for _ in range(2):
        for event in Event.objects.filter(outcome="done", verb__startswith="case.").order_by("at", "id"):
            jobs.tell_applicant(event.pk)


def told(case: Case) -> list[str]:
    return sorted(Message.objects.filter(about=case.pk).values_list("template", flat=True))


def test_returned_reminded_corrected_decided(published: dict[str, Procedure], staff: Staff) -> None:
    case = handed_in(published, CHILD)
    clerk, head = staff("children", "children-clerk"), staff("children", "children-head")
    tell_all()
    actions.examine(open_step(case), "return", by=clerk, corrections={"person.phone": "番号を確かめてください。"})
    tell_all()
    timer = Timer.objects.get(step=open_step(case), fired_at=None)
    timer.then = "remind"
    timer.save()
    with clock.travel(timer.due_at):
        actions.fire(timer, by=SYSTEM)
    actions.submit(Case.objects.get(pk=case.pk), by=applicant(case))
    tell_all()
    actions.examine(open_step(case), "accept", by=clerk)
    actions.approve(open_step(case), "approve", by=head)
    for step in case.steps.filter(done_at=None):
        actions.perform(step, by=SYSTEM)
    tell_all()
    case.refresh_from_db()
    assert case.closed_at is not None
    assert told(case) == ["corrected", "decided", "received", "reminded", "returned"]
    names = {case.answers["person"]["full_name"], case.answers["person"]["phone"], "番号を確かめてください。"}
    for message in Message.objects.filter(about=case.pk):
        assert not any(name in message.subject + message.body for name in names)
        assert str(case.number) in message.body


def test_a_withdrawal_by_the_clock_is_told_as_such(published: dict[str, Procedure], staff: Staff) -> None:
    one, other = handed_in(published, DOG), handed_in(published, DOG)
    actions.withdraw(one, by=applicant(one))
    actions.withdraw(other, by=SYSTEM)
    tell_all()
    assert (told(one), told(other)) == (["received", "withdrawn"], ["lapsed", "received"])


def test_an_end_on_another_day_than_the_decision_is_told(published: dict[str, Procedure]) -> None:
    case = handed_in(published, DOG)
    Case.objects.filter(pk=case.pk).update(decided_at=clock.now(), closed_at=clock.now())
    tell_all()
    assert told(case) == ["closed", "received"]


def test_the_applicants_language_is_kept(published: dict[str, Procedure]) -> None:
    case = handed_in(published, DOG)
    Case.objects.filter(pk=case.pk).update(language="en")
    tell_all()
    message = Message.objects.get(about=case.pk)
    assert re.search("We have received your request", message.subject)
    assert message.language == "en"
