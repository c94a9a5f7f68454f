"""What applies at a place, at the desk: what only staff and only the section read, and the same kept with a case."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, MapAnswer
from madoguchi.desk.tests.staging import DOG, HOUSE, Staff, applicant, client_of, handed_in, open_step
from madoguchi.desk.tests.test_keeping import after
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, Stale
from madoguchi.ground.languages import LocalText
from madoguchi.messages.rules import letters
from madoguchi.places.queries import Where
from madoguchi.places.rules.area import Area
from madoguchi.places.rules.layer import Layer
from madoguchi.places.tests.test_areas import geojson
from madoguchi.places.tests.test_layers import DAY, LAT, LON, ZONING, square, taken_in, zone
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db
POINT = {"lat": f"{LAT + 0.0005}", "lon": f"{LON + 0.0005}"}
#: By whom each layer and attribute is read: everybody, staff, the section of taxation.
PUBLIC = replace(ZONING, owner="taxation")
STAFF = replace(PUBLIC, code="for-staff", title=LocalText("庁内の図"), see="staff")
SECTION = replace(PUBLIC, code="for-section", title=LocalText("課税課の図"), see="section")


@pytest.fixture
def load_zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    layers: dict[str, Layer] = {one.code: one for one in (PUBLIC, STAFF, SECTION)}
    monkeypatch.setattr(procedures, "layers", lambda: layers)

    def take(*zones: Any, day: dt.date = DAY) -> None:
        for layer in layers.values():
            taken_in(tmp_path, *zones, layer=layer, day=day)

    return take


@pytest.fixture
def zones(load_zones: Callable[..., None]) -> None:
    """Everything says the same of its features; the attribute ``memo`` (覚え) is the section's own."""
    load_zones(zone("1"), zone("2", LON + 0.001, use="2"))


@pytest.fixture
def own(staff: Staff) -> Actor:
    return staff("taxation", "taxation-clerk")


@pytest.fixture
def house(published: dict[str, Procedure]) -> Case:
    return handed_in(published, HOUSE)


def told(content: bytes | str) -> tuple[bool, bool, bool]:
    """Whether it tells of the layer for staff, of the section's, and of the section's attribute."""
    text = content.decode() if isinstance(content, bytes) else content
    return "庁内の図" in text, "課税課の図" in text, "覚え" in text


EVERYBODY, COLLEAGUE, OWN = (False, False, False), (True, False, False), (True, True, True)


# -- who reads what, in every form of the answer ----------------------------------------------------------------------


@pytest.mark.usefixtures("zones")
def test_residents_never_read_more_than_public_and_the_section_reads_its_own(staff: Staff, own: Actor) -> None:
    """Page and PDF of a point and of an area, and JSON."""
    area = {"area": geojson(*square(LON + 0.0004, LAT + 0.0004, 0.0002))}
    colleague = staff("children", "children-clerk")
    for client, root, expected in (
        (Client(headers={"accept-language": "ja"}), "/here/", EVERYBODY),
        (client_of(colleague), "/here/", EVERYBODY),
        (client_of(colleague), "/desk/here/", COLLEAGUE),
        (client_of(own), "/here/", EVERYBODY),
        (client_of(own), "/desk/here/", OWN),
    ):
        for answer in (client.get(root, POINT), client.post(root, area)):
            assert answer.status_code == 200
            assert "第一種住居地域" in answer.content.decode()
            assert told(answer.content) == expected, root
        for answer in (client.get(f"{root}answer.pdf", POINT), client.post(f"{root}answer.pdf", area)):
            text = letters.text_of(b"".join(answer) if answer.streaming else answer.content)
            assert "第一種住居地域" in text
            assert told(text) == expected, root
            assert ("庁内用" in text) is (root == "/desk/here/")
    said = json.dumps(client_of(own).get("/api/v1/at", POINT).json(), ensure_ascii=False)
    assert told(said) == EVERYBODY


@pytest.mark.usefixtures("zones")
def test_who_is_not_signed_in_reaches_nothing_of_it() -> None:
    for path in ("/desk/here/", "/desk/here/answer.pdf"):
        assert Client().get(path, POINT).headers["Location"].startswith("/desk/account/login/")


# -- kept with a case -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("zones")
def test_an_answer_is_kept_as_it_was_that_day_and_asked_again_it_is_the_same(
    house: Case, own: Actor, load_zones: Callable[..., None]
) -> None:
    client, page = client_of(own), f"/desk/cases/{house.number}/"
    assert client.post(f"{page}here/", {**POINT, "_keep": "1"}).headers["Location"] == f"{page}#map-answers"
    area = geojson(*square(LON + 0.0005, LAT + 0.0002, 0.0006))
    assert client.post(f"{page}here/", {"area": area, "_keep": "1"}).status_code == 302
    point, drawn = MapAnswer.objects.order_by("kept_at")
    assert cases.spot_of(point) == Where(float(POINT["lon"]), float(POINT["lat"]))
    assert cases.spot_of(drawn) == Area.read(area)
    assert [one["layer"] for one in point.told] == [
        "test-zoning",
        "for-staff",
        "test-zoning",
        "for-staff",
        "for-section",
    ]
    log = Event.objects.filter(verb="case.keep-map-answer", outcome="done")
    assert log.count() == 2
    assert not any(word in str([one.data for one in log]) for word in ("135.6", "34.7", "覚え", "住居"))
    with clock.travel(clock.now() + dt.timedelta(days=40)):
        load_zones(zone("1", use="2", far=400), zone("2", LON + 0.001), day=clock.today() - dt.timedelta(days=41))
        assert "商業地域です（容積率400%）" in client.get("/desk/here/", POINT).content.decode()
        shown = client.get(page).content.decode()
        assert "第一種住居地域です（容積率200%）。覚え" in shown
        assert "レイヤーの決まりか記録が変わりました" not in shown
        for held in (point, drawn):
            assert cases.replayed(held) == held.told
    MapAnswer.objects.filter(pk=point.pk).update(told=[{**point.told[0], "verdict": "does_not"}])
    assert "レイヤーの決まりか記録が変わりました" in client.get(page).content.decode()


@pytest.mark.usefixtures("zones")
def test_what_is_the_sections_own_is_shown_to_the_section_alone(house: Case, own: Actor, staff: Staff) -> None:
    held = actions.keep_map_answer(house, Where(float(POINT["lon"]), float(POINT["lat"])), by=own)
    colleague = staff("children", "children-clerk")
    assert told(json.dumps(cases.told_to(held, own), ensure_ascii=False)) == OWN
    assert told(json.dumps(cases.told_to(held, colleague), ensure_ascii=False)) == COLLEAGUE
    mine = Client(headers={"accept-language": "ja"})
    session = mine.session
    session["resident"] = {"person": str(house.person_id), "level": "card-signature"}
    session.save()
    page = mine.get(f"/cases/{house.number}/").content
    assert told(page) == EVERYBODY
    assert "地図の答え" not in page.decode()


@pytest.mark.usefixtures("zones")
def test_who_may_not_see_the_case_keeps_nothing_with_it(house: Case, staff: Staff) -> None:
    stranger = staff("children", "children-clerk")
    for by in (stranger, applicant(house)):
        with pytest.raises(NotAllowed):
            actions.keep_map_answer(house, Where(float(POINT["lon"]), float(POINT["lat"])), by=by)
    answer = client_of(stranger).post(f"/desk/cases/{house.number}/here/", {**POINT, "_keep": "1"})
    assert answer.status_code == 404
    assert not MapAnswer.objects.exists()


def test_where_no_layer_says_anything_nothing_is_kept(house: Case, own: Actor, load_zones: Callable[..., None]) -> None:
    with pytest.raises(Stale, match="取り込まれていない"):
        actions.keep_map_answer(house, Where(float(POINT["lon"]), float(POINT["lat"])), by=own)
    answer = client_of(own).post(f"/desk/cases/{house.number}/here/", {**POINT, "_keep": "1"})
    assert (answer.status_code, "取り込まれていない" in answer.content.decode()) == (409, True)
    assert not MapAnswer.objects.exists()


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize("wrong", [{"lat": "2", "lon": "48"}, {"area": "x"}, {"q": "パリ"}, {}])
def test_what_cannot_be_asked_keeps_nothing(house: Case, own: Actor, wrong: dict[str, str]) -> None:
    answer = client_of(own).post(f"/desk/cases/{house.number}/here/", {**wrong, "_keep": "1"})
    assert answer.status_code in (404, 422)
    assert not MapAnswer.objects.exists()


@pytest.mark.usefixtures("zones")
def test_it_goes_with_the_case(published: dict[str, Procedure], staff: Staff) -> None:
    case, clerk = handed_in(published, DOG), staff("environment", "environment-clerk")
    actions.keep_map_answer(case, Where(float(POINT["lon"]), float(POINT["lat"])), by=clerk)
    actions.examine(open_step(case), "accept", by=clerk)
    for step in case.steps.filter(done_at=None):
        actions.perform(step, by=SYSTEM)
    case.refresh_from_db()
    with clock.travel(after(case)):
        actions.delete(case, by=SYSTEM)
    assert not MapAnswer.objects.exists()
