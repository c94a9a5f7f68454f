"""After the end: one question once, figures that are counted rightly, words that are forgotten."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.models import Case, Figures, Opinion, Step
from madoguchi.cases.tests.conftest import Staff
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.ground.ids import new_reference, uuid7
from madoguchi.people.actions import recognise
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
DOG = "dog-registration"


def a_case(row: Procedure, *, began: dt.datetime, **dates: dt.datetime) -> Case:
    """A case with these dates; ``received_at`` gives it number and promise, as the constraints ask."""
    person = recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM)
    received = dates.get("received_at")
    promise = {"number": new_reference(2026), "due_on": clock.day_of(received)} if received else {}
    return Case.objects.create(
        procedure=row, person=person, section="environment", opened_at=began, saved_at=began, **dates, **promise
    )


def days(number: float) -> dt.datetime:
    return clock.now() - dt.timedelta(days=number)


@pytest.fixture
def ended(published: dict[str, Procedure]) -> Case:
    return a_case(published[DOG], began=days(9), received_at=days(8), decided_at=days(2), closed_at=days(1))


def applicant(case: Case) -> Actor:
    return actor_of_person(case.person_id, "card")


def test_the_figures_narrow_from_start_to_receipt(published: dict[str, Procedure]) -> None:
    row = published[DOG]
    a_case(row, began=days(40))  # given up
    a_case(row, began=days(1))
    a_case(row, began=days(400), received_at=days(399), closed_at=days(390))  # too long ago to count
    a_case(row, began=days(5), received_at=days(5), withdrawn_at=days(4))
    whole = a_case(row, began=days(9), received_at=days(8), decided_at=days(2), closed_at=days(1))
    posted = a_case(row, began=days(9), received_at=days(8), decided_at=days(2), closed_at=days(1))
    for case, channel, outcome in ((whole, "post", "cancelled"), (posted, "post", "done")):
        Step.objects.create(
            case=case, token=1, node="tag", kind="issue", channel=channel, done_at=days(1), outcome=outcome
        )
    actions.count_figures(by=SYSTEM)
    (figures,) = Figures.objects.all()
    assert (figures.started, figures.submitted, figures.decided, figures.ended) == (5, 3, 2, 2)
    assert (figures.digital, figures.received) == (1, 1)
    assert (figures.abandoned, figures.withdrawn) == (1, 1)
    assert figures.breaks == {"tag": ["post", 1]}
    assert queries.figures()[DOG].median_days is not None


def test_days_are_business_days_and_nine_in_ten_were_done_by_then(published: dict[str, Procedure]) -> None:
    monday = dt.datetime(2026, 6, 1, 10, tzinfo=clock.TOKYO)
    with clock.travel(monday + dt.timedelta(days=30)):
        for after in (1, 1, 1, 1, 1, 1, 1, 1, 7, 14):  # next day, the Monday after (5), two Mondays after (10)
            a_case(published[DOG], began=monday, received_at=monday, closed_at=monday + dt.timedelta(days=after))
        actions.count_figures(by=SYSTEM)
    figures = queries.figures()[DOG]
    assert (figures.median_days, figures.slow_days) == (1, 5)


def test_counting_asks_the_same_number_of_questions_however_many_cases(ended: Case) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        actions.count_figures(by=SYSTEM)
    for _ in range(5):
        a_case(ended.procedure, began=days(9), received_at=days(8), closed_at=days(1))
    with CaptureQueriesContext(connection) as many:
        actions.count_figures(by=SYSTEM)
    assert len(many) == len(few)


def test_the_worker_counts_now_and_then(ended: Case) -> None:
    jobs.count_figures()
    first = Figures.objects.get().counted_at
    jobs.count_figures()
    assert Figures.objects.get().counted_at == first
    with clock.travel(clock.now() + jobs.FIGURES_OLD + dt.timedelta(seconds=1)):
        jobs.count_figures()
    assert Figures.objects.get().counted_at > first


def test_the_question_is_answered_once_and_counted(ended: Case) -> None:
    actions.rate(ended, "3", "  早くて助かりました ", by=applicant(ended))
    opinion = Opinion.objects.get()
    assert (opinion.ease, opinion.words) == (3, "早くて助かりました")
    event = Event.objects.get(verb="case.rate")
    assert "助かり" not in str(event.data)
    with pytest.raises(Stale):
        actions.rate(ended, "1", by=applicant(ended))
    assert Opinion.objects.get().ease == 3
    actions.count_figures(by=SYSTEM)
    assert Figures.objects.get().ease == [0, 0, 1]
    assert not queries.may_rate(ended)


@pytest.mark.parametrize("ease", ["", "0", "4", "とても", "3 "])
def test_only_one_of_three_is_an_answer(ended: Case, ease: str) -> None:
    with pytest.raises(Invalid):
        actions.rate(ended, ease, by=applicant(ended))
    assert not Opinion.objects.exists()


def test_nobody_rates_before_the_end_or_for_another(ended: Case, resident: Actor) -> None:
    with pytest.raises(NotAllowed):
        actions.rate(ended, "1", by=resident)
    running = a_case(ended.procedure, began=days(2), received_at=days(1))
    with pytest.raises(Stale):
        actions.rate(running, "1", by=applicant(running))
    assert not Opinion.objects.exists()


def test_words_are_read_by_the_section_and_forgotten_after_a_year(ended: Case, staff: Staff) -> None:
    actions.rate(ended, "1", "見本さんの説明がよかった", by=applicant(ended))
    assert queries.opinions_for(staff("environment", "environment-clerk")).count() == 1
    assert queries.opinions_for(staff("children", "children-clerk")).count() == 0
    assert queries.opinions_for(applicant(ended)).count() == 0
    jobs.forget_words()
    assert Opinion.objects.get().words
    with clock.travel(clock.now() + dt.timedelta(days=366)):
        jobs.forget_words()
    assert (Opinion.objects.get().words, Opinion.objects.get().ease) == ("", 1)
