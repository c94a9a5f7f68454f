"""Somebody asks for another: two persons whose facts never mix, and who is told, named and asked what."""

import pytest

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.actions import writing
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import flat
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.facts.tests.ledger import recorded
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

CARD = {
    "person.full_name": "支援　太郎",
    "person.phone": "072-111-2222",
    "person.registered_address": "大東市曙町1番1号",
}
SUBJECT = {
    "person": {
        "full_name": "見本　花子",
        "full_name_kana": "ミホン　ハナコ",
        "phone": "072-872-2181",
        "registered_address": "大阪府大東市谷川一丁目1番1号",
        "date_of_birth": "1940-04-12",
    }
}


#: The rest of 要介護認定, as an example of the package answers it.
ANSWERS = catalogue().packages["care-need-certification"].examples["care-level-2-certified"].given


@pytest.fixture
def manager(resident: Actor) -> Actor:
    """A care manager whom the card has introduced."""
    facts.state(Person(pk=resident.who), {(key, ""): one for key, one in CARD.items()}, Source.CARD, by=resident)
    return resident


@pytest.fixture
def care(published: dict[str, Procedure]) -> Procedure:
    return published["care-need-certification"]


def test_what_is_known_of_the_speaker_never_fills_in_the_one_it_is_about(care: Procedure, manager: Actor) -> None:
    case = actions.open_for_another(care, "care_manager", by=manager)
    assert case.answers == {
        "proxy_relation": "care_manager",
        "proxy_name": "支援　太郎",
        "proxy_phone": "072-111-2222",
    }
    assert case.about_id != case.person_id == manager.id
    assert not recorded(case.about_id)
    form = procedures.package(care).form
    assert [one.id for one in form.visible_sections(case.answers)][:2] == ["proxy", "insured"]
    # One tap on 「このとおり」 would take over what is known of the subject, and that is nothing.
    actions.save_section(case, "insured", {"person.full_name.as_known": ["1"]}, by=manager)
    assert "person" not in case.answers
    asked = {one.name for one in form.sections[0].fields}
    assert {"proxy_office", "proxy_kana"} <= asked
    assert {"proxy_office", "proxy_kana"} <= form.missing(case.answers).keys()


def test_what_was_answered_about_the_subject_is_stated_of_the_subject_alone(care: Procedure, manager: Actor) -> None:
    case = actions.open_for_another(care, "family", by=manager)
    before = {key: one.value for key, one in recorded(manager.who).items()}
    raw = flat(ANSWERS) | flat(SUBJECT) | {"proxy_kana": ["シエン　タロウ"]}
    for section in procedures.package(care).form.sections:
        actions.save_section(case, section.id, raw, by=manager)
    assert case.answers["proxy_kana"] == "シエン　タロウ"
    assert case.answers["person"]["full_name"] == "見本　花子"
    actions.submit(case, by=manager)
    case.refresh_from_db()
    assert (case.applicant, case.state) == ("見本　花子", "received")
    assert "支援" in case.search_key
    assert {key: one.value for key, one in recorded(manager.who).items()} == before
    of_subject = recorded(case.about_id)
    told = {key: of_subject[key] for key in ("person.full_name", "person.phone")}
    assert {one.source for one in told.values()} == {Source.PROXY}
    assert {key: one.value for key, one in told.items()} == {
        "person.full_name": "見本　花子",
        "person.phone": "072-872-2181",
    }


def test_a_letter_is_the_subjects_and_names_who_asked(care: Procedure, manager: Actor) -> None:
    case = actions.open_for_another(care, "care_manager", by=manager)
    case.answers |= {**SUBJECT, "proxy_office": "ケアプラン見本"}
    to = writing.base_data(case, procedures.package(care))["to"]
    assert (to["name"], to["care_of"]) == ("見本　花子", "ケアプラン見本 支援　太郎")
    case.subject = None
    assert "care_of" not in writing.base_data(case, procedures.package(care))["to"]


def test_one_has_many_clients_and_one_draft_of_ones_own(care: Procedure, manager: Actor) -> None:
    first = actions.open_for_another(care, "care_manager", by=manager)
    assert actions.open_for_another(care, "care_manager", by=manager).pk == first.pk, "a double tap"
    actions.save_section(first, "insured", flat(SUBJECT), by=manager)
    second = actions.open_for_another(care, "care_manager", by=manager)
    own = actions.open_draft(care, by=manager)
    assert len({first.pk, second.pk, own.pk}) == 3
    assert own.subject_id is None
    assert next(one.pk for one in cases.drafts_of(care.code, manager)) == own.pk
    assert len(cases.drafts_of(care.code, manager)) == 3


def test_only_as_the_package_says(published: dict[str, Procedure], care: Procedure, manager: Actor) -> None:
    for relation in ("agent", "counter", "", "x"):
        with pytest.raises(Invalid, match="関係"):
            actions.open_for_another(care, relation, by=manager)
    weak = Actor("resident", manager.id, level="contact")
    with pytest.raises(NotAllowed):
        actions.open_for_another(care, "family", by=weak)
    assert not Case.objects.exists()
    assert Event.objects.filter(verb="case.open-for-another", outcome="refused").count() == 5


def test_nobody_begins_or_stops_speaking_by_a_form(care: Procedure, manager: Actor) -> None:
    own = actions.open_draft(care, by=manager)
    with pytest.raises(NotFound):
        actions.save_section(own, "proxy", {"proxy_relation": ["family"]}, by=manager)
    own.refresh_from_db()
    assert own.answers == {}
    other = actions.open_for_another(care, "family", by=manager)
    actions.save_section(other, "proxy", {"proxy_relation": [""], "proxy_name": [""]}, by=manager)
    other.refresh_from_db()
    assert other.answers["proxy_relation"] == "family"
    assert "proxy_name" not in other.answers
    assert "proxy_name" in procedures.package(care).form.missing(other.answers)


def test_an_agent_shows_the_mandate(published: dict[str, Procedure], manager: Actor) -> None:
    moving = published["change-of-address"]
    form = procedures.package(moving).form
    agent = actions.open_for_another(moving, "agent", by=manager)
    family = actions.open_for_another(moving, "family", by=manager)
    assert "proxy_agent_mandate" in form.missing(agent.answers)
    assert "proxy_agent_mandate" not in form.missing(family.answers)
