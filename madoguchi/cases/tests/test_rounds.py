"""A round: the same table for all in SQL as for each in Python, one act for every case, whole or not at all."""

import datetime as dt
import random
from typing import Any

import pytest

from madoguchi.cases import actions, queries
from madoguchi.cases.actions import driving
from madoguchi.cases.models import Case, Decision, Round, Step
from madoguchi.cases.queries.rounds import applicants
from madoguchi.cases.tests.conftest import Staff
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.ground.ids import new_reference
from madoguchi.people.actions import recognise
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import tables

CODE, NAME = "childcare-place", "2027-04-01"
WITHIN, CLOSED = dt.date(2026, 11, 20), dt.date(2026, 12, 14)
REASONS = ["work", "pregnancy", "illness", "care", "disaster", "study", "job_seeking", "violence", "parental_leave"]
PLACES = [f"nursery-{number}" for number in range(1, 7)]


def answers(rng: random.Random, name: str) -> dict[str, Any]:
    """An application as the form keeps it; also with answers left over from an earlier choice."""
    partner = rng.random() < 0.8
    given: dict[str, Any] = {
        "child": {"full_name": "見本 子", "date_of_birth": f"{rng.randint(2021, 2026)}-{rng.randint(4, 12):02}-02"},
        "start_on": name,
        "person": {"has_partner": partner, "care_reason": rng.choice(REASONS)},
        "wish_1": rng.choice(PLACES[:3]),
        "wish_2": rng.choice(PLACES[3:]),
    }
    given |= {
        name: rng.random() < 0.3
        for name in ("sibling", "back_to_work", "disability", "private_care", "childcare_worker")
    }
    if given["person"]["care_reason"] == "work" or rng.random() < 0.1:
        given["person"]["work_hours"] = rng.choice([40, 64, 119, 120, 159, 160, 200])
    if partner or rng.random() < 0.2:
        given["spouse"] = {"care_reason": rng.choice(REASONS), "work_hours": rng.choice([63, 64, 120, 160])}
    return given


def waiting_cases(row: Procedure, number: int, seed: int = 1, name: str = NAME) -> list[Case]:
    """Cases that stand before the round, with the course that their examination and their table left."""
    rng = random.Random(seed)
    package = procedures.package(row)
    node = next(node for node in package.graph.steps if node.kind == "allot")
    made = []
    for index in range(number):
        person = recognise("https://idp.example", f"{seed}-{index}", "card", by=SYSTEM)
        case = Case.objects.create(
            procedure=row,
            person=person,
            answers=answers(rng, name),
            section="children",
            seen_by=["children"],
            number=new_reference(2026),
            received_at=clock.now(),
            due_on=clock.today(),
            engine='{"t":{"4":"allotment"},"n":5}',
        )
        drive_scope = {**package.form.scope(case.answers), "received_on": clock.today()}
        finding = {"levy": rng.choice([0, 50_000, 50_000, 180_000])}
        judged = tables.judge(package.tables["points"], {**drive_scope, "finding": finding}).as_json()
        course = {"judged": {"points": judged}, "examined": {"examine": "accept"}, "finding": finding, "reasons": {}}
        Decision.objects.create(case=case, granted=True, values=judged["values"], course=course)
        Step.objects.create(case=case, token=4, node=node.id, kind="allot")
        made.append(case)
    return made


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("children", "children-clerk")


@pytest.fixture
def waiting(published: dict[str, Procedure]) -> list[Case]:
    with clock.travel(WITHIN):
        return waiting_cases(published[CODE], 24)


def a_round() -> Round:
    return Round(code=CODE, name=NAME)


def every_class(number: int) -> dict[str, dict[str, int]]:
    return {place: {str(group): number for group in range(6)} for place in PLACES}


@pytest.mark.django_db
def test_all_at_once_in_sql_is_each_by_itself_in_python(published: dict[str, Procedure], clerk: Actor) -> None:
    with clock.travel(WITHIN):
        cases = waiting_cases(published[CODE], 120, seed=7)
        found = {one.id: one for one in applicants(queries.round_standing(CODE, NAME, clerk))}
    assert len(found) == len(cases)
    for case in cases:
        values = Decision.objects.get(case=case).values
        one = found[str(case.pk)]
        assert (one.group, dict(one.values)) == (
            str(values["age_class"]),
            {name: values[name] for name in ("points", "base", "levy")},
        )
        assert one.wishes == (case.answers["wish_1"], case.answers["wish_2"])


@pytest.mark.django_db
def test_one_act_writes_the_result_into_every_case(waiting: list[Case], clerk: Actor) -> None:
    with clock.travel(CLOSED):
        actions.set_places(a_round(), every_class(1), by=clerk)
        shown = queries.simulate(queries.round_standing(CODE, NAME, clerk))
        actions.allot(a_round(), by=clerk, expected=24)
        after = queries.round_standing(CODE, NAME, clerk)
    assert {one.place is None for one in shown} == {True, False}, "the sample must have winners and losers"
    for one in shown:
        decision = Decision.objects.get(case_id=one.applicant.id)
        assert decision.granted is (one.place is not None)
        assert decision.course["finding"]["place"] == one.place
        said = [reason["ja"] for reason in decision.reasons]
        assert any(f"{one.among}人のうち{one.rank}番目" in reason for reason in said)
        assert any("基準点" in reason for reason in said)
        assert len([reason for reason in said if reason.startswith("第")]) == len(one.misses) + (one.place is not None)
        step = Step.objects.get(case_id=one.applicant.id, done_at=None)
        assert (step.kind, step.posts) == ("approve", ["children-head"])  # nobody holds a post on the way to the head
    assert (after.waiting, sum(after.placed.values())) == (0, sum(one.place is not None for one in shown))
    event = Event.objects.get(verb="round.allot")
    assert Event.objects.filter(verb="case.place", cause_id=event.pk).count() == 24
    assert event.data["placed"] + event.data["unplaced"] == 24


@pytest.mark.django_db
def test_a_second_run_gives_only_what_is_left(
    published: dict[str, Procedure], waiting: list[Case], clerk: Actor
) -> None:
    with clock.travel(CLOSED):
        actions.set_places(a_round(), every_class(1), by=clerk)
        actions.allot(a_round(), by=clerk, expected=24)
        waiting_cases(published[CODE], 24, seed=2)
        actions.allot(a_round(), by=clerk, expected=24)
        standing = queries.round_standing(CODE, NAME, clerk)
        assert max(standing.placed.values()) == 1
        place, group = next(iter(standing.placed))
        fewer = {**every_class(1), place: {group: 0}}
        with pytest.raises(Invalid, match="すでに"):
            actions.set_places(a_round(), fewer, by=clerk)
    assert Round.objects.get().places == every_class(1)


@pytest.mark.django_db
def test_if_one_case_cannot_be_written_none_is(
    waiting: list[Case], clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    real = driving.complete

    def breaks_at_the_fifth(case: Case, *args: Any, **kwargs: Any) -> None:
        written.append(str(case.pk))
        if len(written) == 5:
            raise Stale("step-done", "取り下げられました。")
        real(case, *args, **kwargs)

    with clock.travel(CLOSED):
        actions.set_places(a_round(), every_class(1), by=clerk)
        monkeypatch.setattr(driving, "complete", breaks_at_the_fifth)
        with pytest.raises(Stale):
            actions.allot(a_round(), by=clerk, expected=24)
    assert untouched()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "places", "expected", "code"),
    [
        (WITHIN, 1, 24, "round-open"),
        (CLOSED, 0, 24, "round-without-places"),
        (CLOSED, 1, 23, "round-changed"),
    ],
)
def test_not_before_the_end_not_without_places_and_not_what_nobody_saw(
    on: dt.date, places: int, expected: int, code: str, waiting: list[Case], clerk: Actor
) -> None:
    with clock.travel(on):
        actions.set_places(a_round(), every_class(places), by=clerk)
        with pytest.raises(Refused) as refusal:
            actions.allot(a_round(), by=clerk, expected=expected)
    assert refusal.value.code == code
    assert untouched()


@pytest.mark.django_db
def test_applications_under_examination_are_left_out_only_knowingly(waiting: list[Case], clerk: Actor) -> None:
    Step.objects.filter(case=waiting[0]).update(kind="examine", node="examine")
    with clock.travel(CLOSED):
        actions.set_places(a_round(), every_class(1), by=clerk)
        with pytest.raises(Invalid, match="1件"):
            actions.allot(a_round(), by=clerk, expected=23)
        assert untouched(23)
        actions.allot(a_round(), by=clerk, expected=23, leave_out=True)
    assert Case.objects.get(pk=waiting[0].pk).engine == waiting[0].engine


@pytest.mark.django_db
def test_only_the_section_in_charge_may(waiting: list[Case], clerk: Actor, staff: Staff) -> None:
    other = staff("taxation", "taxation-clerk")
    with clock.travel(CLOSED):
        actions.set_places(a_round(), every_class(1), by=clerk)
        assert queries.rounds(other) == []
        with pytest.raises(NotFound):
            queries.round_standing(CODE, NAME, other)
        with pytest.raises(NotAllowed):
            actions.set_places(a_round(), every_class(9), by=other)
        with pytest.raises(NotAllowed):
            actions.allot(a_round(), by=other, expected=24)
        step = Step.objects.filter(kind="allot").first()
        assert step is not None
        placing = queries.simulate(queries.round_standing(CODE, NAME, clerk))[0]
        with pytest.raises(NotAllowed):
            actions.place(step, placing, [], None, by=other)
    assert untouched()
    assert Round.objects.get().places == every_class(1)


def untouched(number: int = 24) -> bool:
    return (
        Step.objects.filter(kind="allot", done_at=None).count() == number
        and not Decision.objects.filter(granted=False).exists()
        and not Case.objects.filter(decided_at__isnull=False).exists()
        and not Event.objects.filter(verb="case.place", outcome="done").exists()
    )
