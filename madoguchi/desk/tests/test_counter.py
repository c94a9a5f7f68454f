"""書かない窓口 through both windows, without a browser: the clerk's pages and the tablet's."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Figures, Kiosk, Sitting
from madoguchi.cases.queries.figures import count
from madoguchi.cases.tests.conftest import Staff, flat
from madoguchi.cases.tests.test_counter import TABLET, TOLD, answers, known_one, typed
from madoguchi.desk.tests.staging import client_of
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit
from madoguchi.facts.actions import state as state_facts
from madoguchi.facts.models import Source
from madoguchi.facts.rules import Permit
from madoguchi.ground import clock
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(published: dict[str, Procedure], staff: Staff) -> Actor:
    return staff("residents", "residents-clerk")


def tablet_of(clerk: Actor) -> Client:
    made = actions.make_kiosk("窓口 1番", by=clerk)
    tablet = Client(headers={"accept-language": "ja"})
    tablet.post("/kiosk/", {"code": cases.kiosk_code(made)})
    assert "kiosk" in tablet.cookies
    return tablet


def begun(desk: Client) -> tuple[str, Sitting]:
    there = desk.post("/desk/counter/").headers["Location"]
    return there, Sitting.objects.get(ended_at=None)


def test_the_whole_way_with_a_tablet(clerk: Actor) -> None:
    desk, tablet = client_of(clerk), tablet_of(clerk)
    there, sitting = begun(desk)
    code = cases.pairing_code(sitting)
    assert code in desk.get(there).content.decode()
    assert "番号が違うか" in tablet.post("/counter/", {"_do": "pair", "code": "1"}).content.decode()
    assert tablet.post("/counter/", {"_do": "pair", "code": code}).status_code == 302
    assert "ご本人を確かめます" in tablet.get("/counter/").content.decode()
    wrong = desk.post(there, {"_do": "identify", "name": "見本 花子"})
    assert wrong.status_code == 422
    assert 'value="見本 花子"' in wrong.content.decode()
    assert desk.post(there, {"_do": "identify", "shown": "passport", **TOLD}).status_code == 302
    shown = tablet.get("/counter/").content.decode()
    assert "1990年4月12日" in shown
    assert tablet.post("/counter/", {"_do": "agree"}).status_code == 302
    assert "職員が入力しています" in tablet.get("/counter/").content.decode()
    assert "犬の登録" in desk.get(f"{there}?q=犬").content.decode()
    first = desk.post(there, {"_do": "begin", "procedure": "dog-registration"}).headers["Location"]
    asked = desk.get(first.replace("/sections/owner/", "/sections/keeping/"))
    assert 'data-map="/static/web/js/place-map' in asked.content.decode(), "a place is shown on a map here, too"
    assert 'data-style="/desk/city-map/' in asked.content.decode(), "by the map of the desk"
    assert "worker-src 'self'" in asked["Content-Security-Policy"]
    case = Case.objects.get()
    form = procedures.package(case.procedure).form
    raw = flat(answers())
    for section in form.sections:
        at = f"{there}cases/{case.pk}/sections/{section.id}/"
        assert desk.get(at).status_code == 200
        names = {one.name for one in section.fields}
        posted = {
            key: value for key, value in raw.items() if any(key == one or key.startswith(f"{one}.") for one in names)
        }
        assert desk.post(at, {"_do": "next", **posted}).status_code in (200, 302), section.id
    assert first.startswith(there)
    review = f"{there}cases/{case.pk}/review/"
    page = desk.get(review).content.decode()
    assert "端末でご本人に確認してもらう" in page
    assert desk.post(review, {"_do": "submit"}).status_code == 409
    desk.post(review, {"_do": "ask"})
    shown = tablet.get("/counter/").content.decode()
    digest = re.search(r'name="seen" value="([0-9a-f]+)"', shown)
    assert digest is not None
    assert str(raw["person.full_name"][0]) in shown
    assert tablet.post("/counter/", {"_do": "confirm", "seen": digest[1], "name": "見本"}).status_code == 422
    assert tablet.post("/counter/", {"_do": "confirm", "seen": "x", "name": "見本", "read": "yes"}).status_code == 409
    assert cases.confirmation_of(case) is None
    said = {"_do": "confirm", "seen": digest[1], "name": "見本 花子", "read": "yes"}
    assert tablet.post("/counter/", said).status_code == 302
    assert "氏名を入力" in desk.get(review).content.decode()
    assert desk.post(review, {"_do": "submit", "email": "mihon@example.jp"}).headers["Location"] == there
    case.refresh_from_db()
    assert (case.channel, case.email) == ("counter", "mihon@example.jp")
    assert case.number is not None
    assert case.number in tablet.get("/counter/").content.decode()
    receipt = desk.get(f"{there}cases/{case.pk}/receipt.pdf")
    assert receipt.content.startswith(b"%PDF")
    desk.post(there, {"_do": "end"})
    nobody = tablet.get("/counter/").content.decode()
    assert case.number not in nobody
    assert "窓口の番号を入力" in nobody
    assert desk.get(there).status_code == 404
    assert desk.get(review).status_code == 404
    assert tablet.get("/counter/state/").json() == {"state": ""}


def test_the_case_says_that_a_clerk_typed_it(clerk: Actor, staff: Staff) -> None:
    case = handed_in_at_counter(clerk)
    office = client_of(staff("environment", "environment-clerk"))
    shown = office.get(f"/desk/cases/{case.number}/").content.decode()
    assert "窓口で職員が入力し、ご本人が確認（読み上げを聞いて口頭で確認（職員が記録）" in shown
    assert "窓口で、ご本人が内容を口頭で確認した" in shown
    home = Client(headers={"accept-language": "ja"})
    session = home.session
    session["resident"] = {"person": str(case.person_id), "level": "card"}
    session.save()
    assert "窓口で職員が入力し、ご本人が確認" in home.get(f"/cases/{case.number}/").content.decode()
    figures = next(one for one in count() if one.code == "dog-registration")
    assert figures.channels == {"counter": 1}
    Figures.objects.bulk_create([figures])
    assert "窓口で職員が入力 1件" in home.get("/figures/").content.decode()
    # The counter of another section does not see it any longer.
    assert client_of(clerk).get(f"/desk/cases/{case.number}/").status_code == 404


def handed_in_at_counter(clerk: Actor) -> Case:
    by = replace(clerk, channel="counter")
    sitting = known_one(actions.open_sitting(by=by), by)
    row = procedures.current("dog-registration")
    assert row is not None
    case = typed(sitting, by, row)
    actions.note_confirmed(case, by=by)
    actions.submit(case, by=by)
    actions.end_sitting(sitting, by=by)
    return Case.objects.get(pk=case.pk)


def test_what_is_known_is_shown_by_a_basis_and_only_by_one(clerk: Actor) -> None:
    desk = client_of(clerk)
    there, _ = begun(desk)
    desk.post(there, {"_do": "identify", "shown": "passport", **TOLD})
    desk.post(there, {"_do": "agreed"})
    person = Sitting.objects.get().person
    assert person is not None
    state_facts(person, {("person.phone", ""): "072-870-0001"}, Source.SELF, by=actor_of_person(person.pk, "card"))
    desk.post(there, {"_do": "begin", "procedure": "dog-registration"})
    case = Case.objects.get()
    form = procedures.package(case.procedure).form
    asks = next(one for one in form.sections if any(field.fact == "person.phone" for field in one.fields))
    at = f"{there}cases/{case.pk}/sections/{asks.id}/"
    permit([], by=Actor("system"))
    assert "072-870-0001" not in desk.get(at).content.decode()
    basis = Permit(
        reference="kojin-joho-hogo-ho/第69条第2項第1号",
        title="個人情報の保護に関する法律第69条第2項第1号",
        kind="内部利用",
        purpose="counter",
        since=dt.date(2023, 4, 1),
    )
    permit([basis], by=Actor("system"))
    assert "072-870-0001" in desk.get(at).content.decode()


def test_a_stranger_at_the_desk_gets_nothing(clerk: Actor, staff: Staff) -> None:
    desk = client_of(clerk)
    there, sitting = begun(desk)
    desk.post(there, {"_do": "identify", "shown": "passport", **TOLD})
    before = Sitting.objects.values().get(pk=sitting.pk)
    for other in (staff("residents", "residents-clerk"), staff("environment", "environment-clerk")):
        window = client_of(other)
        assert window.get(there).status_code == 404
        assert window.post(there, {"_do": "end"}).status_code == 404
        assert TOLD["name"] not in window.get("/desk/counter/").content.decode()
    head = client_of(staff("residents", "residents-head"))
    assert head.get("/desk/counter/").status_code == 403
    assert head.post("/desk/kiosks/", {"name": "1番"}).status_code == 403
    assert "窓口とロビーの端末" not in head.get("/desk/sessions/").content.decode()
    assert Sitting.objects.values().get(pk=sitting.pk) == before
    assert not Kiosk.objects.exists()


def test_a_page_in_use_keeps_the_sitting_and_one_that_only_asks_does_not(clerk: Actor) -> None:
    desk, tablet = client_of(clerk), tablet_of(clerk)
    there, sitting = begun(desk)
    tablet.post("/counter/", {"_do": "pair", "code": cases.pairing_code(sitting)})
    ends = Sitting.objects.get().ends_at
    with clock.travel(ends - dt.timedelta(minutes=2)):
        for page in (desk.get(f"{there}state/"), tablet.get("/counter/state/")):
            assert 100 <= page.json()["left"] <= 120
        assert Sitting.objects.get().ends_at == ends
        assert tablet.post("/counter/state/").json()["left"] > 500
    used = Sitting.objects.get().ends_at
    with clock.travel(used - dt.timedelta(minutes=1)):
        assert desk.post(f"{there}state/").json()["left"] > 500
    with clock.travel(Sitting.objects.get().ends_at):
        assert tablet.post("/counter/state/").json() == {"state": ""}
        assert "窓口の番号を入力" in tablet.get("/counter/").content.decode()
        assert desk.post(f"{there}state/").status_code == 404


def test_kiosks_are_listed_and_taken_back(clerk: Actor) -> None:
    desk = client_of(clerk)
    assert desk.get("/desk/kiosks/").headers["Location"] == "/desk/sessions/#kiosks"
    assert desk.post("/desk/kiosks/", {"name": ""}).status_code == 422
    assert desk.post("/desk/kiosks/", {"name": "2階 3番"}).status_code == 302
    made = Kiosk.objects.get()
    assert cases.kiosk_code(made) in desk.get("/desk/sessions/").content.decode()
    actions.join_kiosk(made, cases.kiosk_code(made), "", by=TABLET)
    assert "2階 3番" in desk.get("/desk/sessions/").content.decode()
    desk.post("/desk/kiosks/", {"end": str(made.pk)})
    assert cases.live_kiosk(made.pk) is None
    assert "2階 3番" not in desk.get("/desk/sessions/").content.decode()


def test_a_returned_case_is_corrected_at_the_counter(clerk: Actor, staff: Staff, settings: Any) -> None:
    case = handed_in_at_counter(clerk)
    office = staff("environment", "environment-clerk")
    step = case.steps.get(kind="examine", done_at=None)
    field = next(
        cell.path
        for section in procedures.package(case.procedure).form.visible_sections(case.answers)
        for cell in procedures.package(case.procedure).form.cells(section, case.answers)
        if cell.field.fact == "person.phone"
    )
    actions.examine(step, "return", corrections={field: "番号をお確かめください。"}, by=office)
    desk = client_of(clerk)
    there, _ = begun(desk)
    # Whoever was opened for a document alone is nobody to be found again; here the same person sits there by card.
    sitting = Sitting.objects.get(ended_at=None)
    Sitting.objects.filter(pk=sitting.pk).update(
        person=case.person_id, shown="card", identified_at=sitting.opened_at, agreed_at=sitting.opened_at
    )
    assert case.number is not None
    assert case.number in desk.get(there).content.decode()
    at = desk.post(there, {"_do": "take-up", "case": str(case.pk)}).headers["Location"]
    assert desk.post(at, {"_do": "next", field: "072-870-0002"}).headers["Location"].endswith("/review/")
    review = f"{there}cases/{case.pk}/review/"
    assert desk.post(review, {"_do": "submit"}).status_code == 409
    desk.post(review, {"_do": "spoken", "heard": "yes"})
    assert desk.post(review, {"_do": "submit"}).headers["Location"] == there
    case.refresh_from_db()
    assert case.returned_at is None
    assert case.answers["person"]["phone"].replace("-", "").endswith("0002")


def test_where_a_protected_person_lives_now_is_not_shown_at_the_counter(clerk: Actor, staff: Staff) -> None:
    """支援措置: no returned case of theirs is listed or taken up, and neither its answers nor its number are told."""
    case = handed_in_at_counter(clerk)
    step = case.steps.get(kind="examine", done_at=None)
    actions.examine(
        step, "return", corrections={"person.phone": "お確かめください。"}, by=staff("environment", "environment-clerk")
    )
    state_facts(Person.objects.get(pk=case.person_id), {("person.confidential", ""): True}, Source.REGISTER, by=SYSTEM)
    desk = client_of(clerk)
    there, _ = begun(desk)
    sitting = Sitting.objects.get(ended_at=None)
    Sitting.objects.filter(pk=sitting.pk).update(
        person=case.person_id, shown="driving-licence", identified_at=sitting.opened_at, agreed_at=sitting.opened_at
    )
    before = Case.objects.values().get(pk=case.pk)
    looks = Event.objects.filter(subject_id=case.pk, verb="case.read", outcome="done")
    looked = looks.count()
    assert str(case.number) not in desk.get(there).content.decode()
    assert desk.post(there, {"_do": "take-up", "case": str(case.pk)}).status_code == 404
    for page in (f"sections/{_first(case)}/", "review/", "receipt.pdf"):
        assert desk.get(f"{there}cases/{case.pk}/{page}").status_code == 404
    assert Case.objects.values().get(pk=case.pk) == before
    assert looks.count() == looked


def _first(case: Case) -> str:
    return procedures.package(case.procedure).form.sections[0].id
