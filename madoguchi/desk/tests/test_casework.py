"""Beside the steps of a case: ticks that fall with what they were about, notes that stay inside, what is new."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Check, Note
from madoguchi.desk.tests.staging import CHILD, HOUSE, Staff, applicant, client_of, handed_in, open_step
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, Stale
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]
JSON = {"accept": "application/json"}


@pytest.fixture
def child(published: Published) -> Case:
    return handed_in(published, CHILD, days_ago=1)


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("children", "children-clerk")


def page_of(case: Case) -> str:
    return f"/desk/cases/{case.number}/"


def tick_values(page: str) -> dict[str, str]:
    """Subject → what its button posts."""
    return {value.split()[0]: value for value in re.findall(r'class="tick"[^>]* value="([^"]+)"', page)}


def ticked(case: Case, client: Client, subject: str) -> dict[str, Any]:
    value = tick_values(client.get(page_of(case)).content.decode())[subject]
    answer = client.post(f"{page_of(case)}checks/", {"check": value}, headers=JSON)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


# -- ticks ------------------------------------------------------------------------------------------------------------


def test_every_answer_and_every_line_of_the_checks_can_be_ticked(child: Case, clerk: Actor) -> None:
    client = client_of(clerk)
    values = tick_values(client.get(page_of(child)).content.decode())
    assert {"person.full_name", "child.0.full_name", "person.bank_account", "line:examine:0"} <= values.keys()
    left = ticked(child, client, "person.full_name")["left"]
    assert len(left) == len(values) - 1
    page = client.get(page_of(child)).content.decode()
    assert 'name="uncheck" value="person.full_name ' in page
    assert f'id="unchecked-count">{len(left)}<' in page
    client.post(f"{page_of(child)}checks/", {"uncheck": values["person.full_name"]})
    assert not Check.objects.exists()


def test_a_correction_takes_only_its_own_tick_away(child: Case, clerk: Actor) -> None:
    client, owner = client_of(clerk), applicant(child)
    for subject in ("person.full_name", "person.phone", "line:examine:0"):
        ticked(child, client, subject)
    step = open_step(child)
    actions.examine(step, "return", by=clerk, corrections={"person.phone": "番号を確かめてください。"})
    actions.save_section(child, "claimant", {"person.phone": ["090-1111-2222"]}, by=owner)
    actions.submit(child, by=owner)
    page = client.get(page_of(child)).content.decode()
    pressed = set(re.findall(r'name="uncheck" value="([^ ]+) ', page))
    assert pressed == {"person.full_name"}


def test_what_has_changed_under_the_eyes_is_not_ticked(child: Case, clerk: Actor) -> None:
    with pytest.raises(Stale, match="変わりました"):
        actions.check(child, "person.full_name", seen="0" * 16, by=clerk)
    assert not Check.objects.exists()


def test_only_who_examines_ticks(child: Case, clerk: Actor, staff: Staff) -> None:
    values = tick_values(client_of(clerk).get(page_of(child)).content.decode())
    subject, seen = values["person.full_name"].split()
    actions.examine(open_step(child), "accept", by=clerk)
    for actor in (clerk, staff("children", "children-head"), staff("taxation", "taxation-clerk"), applicant(child)):
        with pytest.raises(NotAllowed):
            actions.check(child, subject, seen=seen, by=actor)
    assert not Check.objects.exists()
    assert 'class="tick"' not in client_of(staff("children", "children-head")).get(page_of(child)).content.decode()


def test_a_document_is_ticked_by_itself(published: Published, staff: Staff) -> None:
    case = handed_in(published, HOUSE)
    client = client_of(staff("taxation", "taxation-clerk"))
    document = case.documents.filter(removed_at=None).first()
    assert document is not None
    ticked(case, client, f"document:{document.pk}")
    assert Check.objects.get().subject == f"document:{document.pk}"


# -- notes ------------------------------------------------------------------------------------------------------------


def test_a_note_is_for_colleagues_and_never_for_the_applicant(child: Case, clerk: Actor, staff: Staff) -> None:
    client_of(clerk).post(f"{page_of(child)}notes/", {"text": "電話で世帯の事情を聞いた。"})
    colleague = client_of(staff("children", "children-deputy")).get(page_of(child)).content.decode()
    assert "電話で世帯の事情を聞いた。" in colleague
    assert "書き直す" not in colleague
    home = Client(headers={"accept-language": "ja"})
    session = home.session
    session["resident"] = {"person": str(child.person_id), "level": "card"}
    session.save()
    own = home.get(f"/cases/{child.number}/")
    assert own.status_code == 200
    assert "世帯の事情" not in own.content.decode()
    log = Event.objects.filter(verb="case.note").get()
    assert "世帯" not in str(log.data)


def test_a_slip_is_mended_within_minutes_by_its_writer_only(child: Case, clerk: Actor, staff: Staff) -> None:
    note = actions.note(child, "三日に来庁", by=clerk)
    with pytest.raises(NotAllowed, match="ほかの職員"):
        actions.amend_note(child, note.pk, "違う話", by=staff("children", "children-clerk"))
    actions.amend_note(child, note.pk, "四日に来庁", by=clerk)
    with clock.travel(clock.now() + dt.timedelta(minutes=16)), pytest.raises(Stale, match="15分たった"):
        actions.amend_note(child, note.pk, "五日に来庁", by=clerk)
    assert Note.objects.get().text == "四日に来庁"


def test_a_note_that_cannot_be_kept_comes_back_as_typed(child: Case, clerk: Actor) -> None:
    answer = client_of(clerk).post(f"{page_of(child)}notes/", {"text": "外字\ue000です"})
    assert answer.status_code == 422
    assert "外字\ue000です" in answer.content.decode()
    assert not Note.objects.exists()


def test_strangers_write_no_notes(child: Case, staff: Staff) -> None:
    for actor in (staff("taxation", "taxation-clerk"), applicant(child)):
        with pytest.raises(NotAllowed):
            actions.note(child, "見た", by=actor)
    assert not Note.objects.exists()


# -- what is new ------------------------------------------------------------------------------------------------------


def test_who_comes_back_sees_what_has_changed(child: Case, clerk: Actor, staff: Staff) -> None:
    client, owner = client_of(clerk), applicant(child)
    past = clock.now() - dt.timedelta(hours=3)
    with clock.travel(past):
        assert "前に見たとき" not in client.get(page_of(child)).content.decode()
        actions.examine(open_step(child), "return", by=clerk, corrections={"person.phone": "番号を確かめてください。"})
    with clock.travel(past + dt.timedelta(hours=1)):
        actions.note(child, "折り返しの電話あり。", by=staff("children", "children-deputy"))
        actions.save_section(child, "claimant", {"person.phone": ["090-1111-2222"]}, by=owner)
        actions.submit(child, by=owner)
    page = client.get(page_of(child)).content.decode()
    assert "前に見たとき" in page
    assert '<a href="#f-person-phone">' in page
    assert re.search(r'<del class="typed">[\d-]+</del>', page)
    assert "090-1111-2222" in page
    assert "庁内メモを書いた" in page
    assert "折り返しの電話あり。" in page
    again = client.get(page_of(child)).content.decode()
    assert "前に見たとき" in again, "the same look goes on"
    with clock.travel(clock.now() + dt.timedelta(minutes=30)):
        assert "前に見たとき" not in client.get(page_of(child)).content.decode()
