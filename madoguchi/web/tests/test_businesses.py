"""What an office has recorded of a business is offered to whoever names it by its number next, and nothing else is."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Step
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import forget, permit, state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import NoBasis, read
from madoguchi.facts.rules import Purpose
from madoguchi.facts.tests.ledger import recorded
from madoguchi.ground.errors import Invalid
from madoguchi.people.actions import enter_business
from madoguchi.people.models import Business
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.conftest import SignedIn, a_clerk

CODE, NUMBER, NAME = "care-plan-request", "2770000001", "みほんケアプランセンター"
pytestmark = pytest.mark.usefixtures("published")


def draft(by: Actor, number: str = NUMBER) -> Case:
    """Everything but the name of the office, and its number last."""
    row = procedures.current(CODE)
    assert row is not None
    case = actions.open_draft(row, by=by)
    answers = answers_of(catalogue().packages[CODE].examples["care-need-first-office"])
    answer(case, {**answers, "plan_office": "", "plan_office_number": number}, by)
    return Case.objects.get(pk=case.pk)


def section_of(case: Case) -> str:
    return reverse("web:section", args=(case.pk, "office-name"))


def filed(by: Actor, name: str = NAME, number: str = NUMBER) -> Case:
    case = draft(by, number)
    actions.save_section(case, "office-name", {"plan_office": [name]}, by=by)
    actions.submit(Case.objects.get(pk=case.pk), by=by)
    return Case.objects.get(pk=case.pk)


def checked(case: Case) -> None:
    step = Step.objects.select_related("case").get(case=case, kind="examine", done_at=None)
    clerk = a_clerk("elderly-care", "elderly-care-clerk")
    actions.examine(step, "accept", findings={"standing": ["care"]}, by=clerk)


def page(client: Client, case: Case) -> str:
    shown = client.get(section_of(case))
    assert shown.status_code == 200
    return shown.content.decode()


def test_what_was_checked_once_is_offered_to_the_next_and_taken_with_one_tap(signed_in: SignedIn) -> None:
    checked(filed(signed_in()[1]))
    client, by = signed_in()
    case = draft(by)
    shown = page(client, case)
    assert NAME in shown
    assert "職員の確認" in shown
    actions.save_section(case, "office-name", {"plan_office.as_known": ["yes"]}, by=by)
    assert Case.objects.get(pk=case.pk).answers["plan_office"] == NAME
    business = Business.objects.get(number=NUMBER)
    event = Event.objects.filter(subject_id=business.person_id, verb="facts.read").latest("id")
    assert (event.reason, event.actor_id, event.data["purpose"]) == ("basis", by.id, "prefill")
    assert event.data["basis"] == ["kaigo-hoken-ho/第85条"]


def test_what_somebody_has_only_typed_is_offered_to_nobody(signed_in: SignedIn) -> None:
    filed(signed_in()[1], "うその事業所")
    client, by = signed_in()
    assert "うその事業所" not in page(client, draft(by))
    assert not Business.objects.exists()


def test_another_number_is_another_business(signed_in: SignedIn) -> None:
    checked(filed(signed_in()[1]))
    client, by = signed_in()
    case = draft(by, "2770000009")
    assert NAME not in page(client, case)
    actions.save_section(case, "office-name", {"plan_office.as_known": ["yes"]}, by=by)
    assert Case.objects.get(pk=case.pk).answers.get("plan_office") is None


def test_a_new_name_follows_the_old_one_and_the_applicant_is_not_the_business(signed_in: SignedIn) -> None:
    first = filed(signed_in()[1])
    checked(first)
    checked(filed(signed_in()[1], "みほんケアプラン本店"))
    client, by = signed_in()
    assert "みほんケアプラン本店" in page(client, draft(by))
    assert "business.trade_name" not in recorded(first.person_id)
    assert Business.objects.count() == 1


def test_it_is_the_citys_own_knowledge_and_stays_when_the_case_goes(signed_in: SignedIn) -> None:
    case = filed(signed_in()[1])
    checked(case)
    forget(case.pk, by=SYSTEM, person_id=case.person_id)
    client, by = signed_in()
    assert NAME in page(client, draft(by))


def test_without_a_law_nothing_is_offered_and_the_log_says_so(signed_in: SignedIn) -> None:
    checked(filed(signed_in()[1]))
    permit([], by=SYSTEM)
    client, by = signed_in()
    assert NAME not in page(client, draft(by))
    business = Business.objects.get(number=NUMBER)
    event = Event.objects.filter(subject_id=business.person_id, verb="facts.read").latest("id")
    assert (event.outcome, event.reason) == ("refused", "no-basis")


@pytest.mark.parametrize("number", ["3120001000002", "0120001000001", "31200010000"])
def test_a_corporate_number_that_does_not_check_is_refused(signed_in: SignedIn, number: str) -> None:
    by = signed_in()[1]
    case = actions.open_draft(procedures.current("care-home-modification"), by=by)  # type: ignore[arg-type]
    actions.save_section(case, "stage", {"stage": ["before"]}, by=by)
    given = actions.save_section(Case.objects.get(pk=case.pk), "work", {"contractor_number": [number]}, by=by)
    assert given.problems["contractor_number"].code in ("digits", "corporate-number")
    if len(number) == 13:
        with pytest.raises(Invalid):
            enter_business(number, by=SYSTEM)
    assert not Business.objects.exists()


def test_a_contractor_is_known_by_its_corporate_number_as_it_stands_on_an_invoice(signed_in: SignedIn) -> None:
    """法人番号 behind T (登録番号), full width or not; nothing is asked of whoever has none."""
    name = "みほん工務店"
    state(enter_business("3120001000001", by=SYSTEM), {("business.trade_name", ""): name}, Source.STAFF, by=SYSTEM)
    client, by = signed_in()
    case = actions.open_draft(procedures.current("care-home-modification"), by=by)  # type: ignore[arg-type]
    actions.save_section(case, "stage", {"stage": ["before"]}, by=by)
    address = reverse("web:section", args=(case.pk, "contractor"))
    assert name not in client.get(address).content.decode()
    actions.save_section(Case.objects.get(pk=case.pk), "work", {"contractor_number": ["Ｔ3120-0010-00001"]}, by=by)
    assert name in client.get(address).content.decode()
    actions.save_section(Case.objects.get(pk=case.pk), "contractor", {"contractor.as_known": ["yes"]}, by=by)
    assert Case.objects.get(pk=case.pk).answers["contractor"] == name


def test_nobody_reads_a_business_as_their_own(signed_in: SignedIn) -> None:
    checked(filed(signed_in()[1]))
    business = Business.objects.get(number=NUMBER).person_id
    with pytest.raises(NoBasis):
        read(business, ["business.trade_name"], Purpose("view"), by=signed_in()[1])
    assert not re.search(NAME, str(Event.objects.filter(subject_id=business).values_list("data", flat=True)))
