"""A running case moves to a newer version by a map: it goes on where it stood, under the new flow."""

from dataclasses import replace
from datetime import date

import pytest

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Decision, State, Step
from madoguchi.cases.tests.conftest import Staff, fill_in
from madoguchi.cases.tests.test_whole_case import DOG
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.procedures import actions as publishing
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.flow import compile_flow
from madoguchi.procedures.rules.format import Notify
from madoguchi.procedures.rules.format import Step as Written
from madoguchi.procedures.rules.load import Package
from madoguchi.procedures.rules.migration import MigrationMap
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db


def newer(package: Package) -> Package:
    """The next year's version: the examination has another name, and the applicant is told when it begins."""
    told = Written(notify=Notify(id="begun", template="received"))
    steps = [
        step.model_copy(update={"examine": step.examine.model_copy(update={"id": "review"})})
        if step.examine is not None and step.examine.id == "examine"
        else step
        for step in package.procedure.flow
    ]
    text = package.procedure.model_copy(update={"version": date(2027, 4, 1), "flow": (told, *steps)})
    return replace(package, procedure=text, graph=compile_flow(text))


def map_of(row: Procedure, to: Procedure, **nodes: str) -> MigrationMap:
    return MigrationMap(
        code=row.code,
        from_version=row.version,
        to_version=to.version,
        reason="改正条例附則第2項",
        nodes={name.replace("_", "-"): target for name, target in nodes.items()},
    )


@pytest.fixture
def versions(published: dict[str, Procedure]) -> tuple[Procedure, Procedure]:
    package = procedures.city().localise(catalogue().packages["dog-registration"], None)
    later = publishing.publish(newer(package), catalogue().facts, by=SYSTEM)
    return published["dog-registration"], later


@pytest.fixture
def case(versions: tuple[Procedure, Procedure], resident: Actor) -> Case:
    case = actions.open_draft(versions[0], by=resident)
    fill_in(case, {**DOG}, resident)
    actions.submit(case, by=resident)
    return case


def test_a_case_goes_on_under_the_new_version(versions: tuple[Procedure, Procedure], case: Case, staff: Staff) -> None:
    old, new = versions
    moved = actions.migrate(
        case, map_of(old, new, examine="review", examine_correction="review-correction"), new, by=SYSTEM
    )
    step = Step.objects.get(case=case, done_at=None)
    assert (moved.procedure, step.node) == (new, "review")
    event = Event.objects.get(verb="case.migrate")
    assert event.data["because"] == "改正条例附則第2項"
    actions.examine(step, "accept", by=staff(step.section, "clerk"))
    for issue in Step.objects.filter(case=case, done_at=None, kind="issue"):
        actions.perform(issue, by=SYSTEM)
    case.refresh_from_db()
    assert case.state == State.CLOSED
    assert Decision.objects.get(case=case).course["examined"] == {"review": "accept"}


def test_a_map_that_does_not_fit_changes_nothing(versions: tuple[Procedure, Procedure], case: Case) -> None:
    old, new = versions
    with pytest.raises(Invalid):
        actions.migrate(case, map_of(old, new), new, by=SYSTEM)
    case.refresh_from_db()
    assert case.procedure == old
    assert Step.objects.get(case=case, done_at=None).node == "examine"


def test_a_case_moves_once_and_not_after_its_end(
    versions: tuple[Procedure, Procedure], case: Case, resident: Actor
) -> None:
    old, new = versions
    fits = map_of(old, new, examine="review", examine_correction="review-correction")
    actions.migrate(case, fits, new, by=SYSTEM)
    with pytest.raises(Stale):
        actions.migrate(case, fits, new, by=SYSTEM)
    actions.withdraw(case, by=resident)
    with pytest.raises(Stale):
        actions.migrate(case, map_of(new, old), old, by=SYSTEM)


def test_without_a_map_a_case_keeps_its_version(versions: tuple[Procedure, Procedure], case: Case) -> None:
    case.refresh_from_db()
    assert case.procedure == versions[0]
