"""A resident asks what applies at 住道駅前; a clerk finds a road there on the map and corrects its width, the head
approves it. Until then residents read the old width, from then on the new; the paper of before says what it said.
And an area of parts and holes is drawn for a notice."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import shapely
from playwright.sync_api import expect

from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import Staff
from madoguchi.events import SYSTEM
from madoguchi.ground.languages import LocalText
from madoguchi.mapping import serving
from madoguchi.messages.rules import letters
from madoguchi.places import actions
from madoguchi.places.actions import load
from madoguchi.places.reading import read_file
from madoguchi.places.rules.layer import Attribute, Editing, Sentences
from madoguchi.places.tests.test_editing import DAY, GROUNDS, ROADS
from madoguchi.places.tests.test_imports import WELLS, geojson
from madoguchi.places.tests.test_layers import LAT, LON
from madoguchi.procedures import queries as procedures
from tests.journeys.axe import faults
from tests.journeys.test_texts import signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route
    from pytest_django.live_server_helper import LiveServer

__all__ = ["published", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def plain_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """No base map: to draw the whole city on a busy machine takes longer than anything waits for."""
    monkeypatch.setattr(serving, "base_file", lambda: None)


FREE = replace(
    ROADS,
    title=LocalText("市道"),
    attributes=(
        Attribute("id", LocalText("路線"), "text", "id", required=True),
        Attribute("width", LocalText("幅員"), "number", "width", unit=LocalText("m"), digits=1),
    ),
    sentences=Sentences(LocalText("{id}は幅{width}です。")),
)
WATCHED = replace(FREE, edit=Editing(("road-management",), ("road-management-head",)))


STATION = replace(
    WELLS,
    code="test-stations",
    title=LocalText("駅"),
    attributes=WELLS.attributes[:1],
    sentences=Sentences(LocalText("{name}駅まで約{distance}です。")),
    landmark="{name}駅",
)


def told(page: "Page") -> None:
    page.goto("/")
    page.get_by_label("住所、駅、学校など").fill("住道駅前")
    page.get_by_role("button", name="調べる", exact=True).click()
    expect(page.get_by_role("heading", name="住道駅")).to_be_visible()


def on_paper(page: "Page") -> str:
    """The signed answer of the page, in words."""
    with page.expect_download() as paper:
        page.get_by_role("button", name="PDFにする").click()
    return letters.text_of(paper.value.path().read_bytes())


def sound(page: "Page") -> None:
    """WCAG 2.2 AA as far as axe sees, and nothing beside the screen of a telephone."""
    assert faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    page.set_viewport_size({"width": 1366, "height": 768})


def drawn_on(page: "Page") -> None:
    """A corner is drawn aside on the map: the coordinates below follow, and go back with one step."""
    drawing = page.locator("#drawing[data-ready]")
    drawing.scroll_into_view_if_needed()
    shape = page.get_by_label("形", exact=True)
    before = shape.input_value()
    corner = "one => { const {map} = one; const {x, y} = map.project(JSON.parse(shape.value).coordinates[1]); "
    place = drawing.evaluate(
        corner + "const box = map.getCanvas().getBoundingClientRect(); return [box.x + x, box.y + y]; }"
    )
    page.mouse.move(*place)
    page.mouse.down()
    page.mouse.move(place[0] - 20, place[1] - 30, steps=6)
    page.mouse.up()
    expect(shape).not_to_have_value(before)
    moved = shape.input_value()
    assert '"type":"LineString"' in moved
    page.get_by_role("button", name="一つ前の形に戻す").click()
    expect(shape).to_have_value(before)


def area_of_parts(page: "Page") -> None:
    """On the form of a notice an area is drawn, a hole in it, and a part beside it that is taken away again."""
    page.goto("/desk/notices/new/")
    drawing = page.locator("#drawing[data-ready]")
    drawing.scroll_into_view_if_needed()
    shape = page.get_by_label("囲んだ範囲（GeoJSON）")
    canvas = page.locator("#drawing-map canvas.maplibregl-canvas")

    def outlined(left: int, top: int, side: int) -> None:
        box = canvas.bounding_box()
        assert box is not None
        x, y = box["x"] + left, box["y"] + top
        for corner in ((x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y + side)):
            page.mouse.move(*corner)
            page.mouse.click(*corner)

    outlined(60, 60, 200)
    expect(shape).to_have_value(re.compile(r'^{"type":"Polygon"'))
    expect(page.get_by_label("地図で囲む")).to_be_checked()
    for left, top, side in ((110, 110, 60), (300, 60, 60)):
        page.get_by_role("button", name="部分や穴を加える").click()
        outlined(left, top, side)
    expect(shape).to_have_value(re.compile(r'^{"type":"MultiPolygon"'))
    parts = json.loads(shape.input_value())["coordinates"]
    assert sorted(len(rings) for rings in parts) == [1, 2], "an outline within another is a hole in it"
    sound(page)
    page.get_by_role("button", name="選んだ部分を消す").click()
    expect(shape).to_have_value(re.compile(r'^{"type":"Polygon"'))
    assert len(json.loads(shape.input_value())["coordinates"]) == 2, "the hole is still there"


def test_a_road_is_corrected_and_the_public_answer_changes_when_it_is_approved(
    browser: "Browser", live_server: "LiveServer", staff: Staff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clerk, head = (staff("road-management", f"road-management-{post}") for post in ("clerk", "head"))
    monkeypatch.setattr(procedures, "layers", lambda: {one.code: one for one in (WATCHED, STATION)})
    station = geojson(tmp_path / "stations.geojson", {"type": "Point", "coordinates": [LON + 0.0005, LAT]}, name="住道")
    load(STATION, read_file(STATION, station), DAY, by=SYSTEM)
    line = bytes(shapely.to_wkb(shapely.LineString([(LON, LAT), (LON + 0.001, LAT)])))
    actions.add(FREE, {"id": "市道1号", "width": "4"}, line, on=DAY, why="台帳", grounds=GROUNDS, by=clerk)

    resident = browser.new_context(base_url=live_server.url, locale="ja-JP").new_page()
    told(resident)
    expect(resident.get_by_text("市道1号は幅4.0mです。")).to_be_visible()
    before = on_paper(resident)

    page = signed_in(browser, live_server, clerk, script=True).new_page()
    page.goto("/desk/")
    page.get_by_role("link", name="地図のレイヤー").click()
    sound(page)
    page.get_by_role("link", name="市道", exact=True).click()
    page.get_by_label("地物をさがす").fill("1号")
    page.get_by_role("button", name="さがす").last.click()
    sound(page)
    expect(page.get_by_role("link", name="市道1号", exact=True)).to_be_visible()
    page.goto(f"/desk/city-map/#18/{LAT}/{LON + 0.0005}&layers={WATCHED.code}")
    page.locator("#map[data-drawn]").click()
    page.get_by_role("link", name="この地物を開く").click()
    drawn_on(page)
    page.get_by_label("幅員").fill("6.5")
    page.get_by_role("button", name="承認を求める").click()
    expect(page.get_by_role("alert")).to_contain_text("内容を確かめてください。")
    expect(page.get_by_label("幅員")).to_have_value("6.5")
    sound(page)
    page.get_by_label("理由").fill("現地で測った")
    page.get_by_role("button", name="承認を求める").click()
    expect(page.get_by_text("承認を求めました。")).to_be_visible()
    expect(page.locator("[data-shapes][data-ready] canvas")).to_be_visible(timeout=15_000)
    sound(page)

    told(resident)
    expect(resident.get_by_text("市道1号は幅4.0mです。")).to_be_visible()

    page = signed_in(browser, live_server, head, script=False).new_page()
    page.goto("/desk/")
    page.get_by_role("link", name="地図のレイヤー 1 件の承認待ち").click()
    page.get_by_role("link", name="訂正").click()
    expect(page.get_by_role("row", name="幅員")).to_contain_text("4.0m")
    expect(page.get_by_role("row", name="幅員")).to_contain_text("6.5m")
    expect(page.get_by_role("img", name="形の略図")).to_be_visible()
    page.get_by_role("button", name="承認する").click()
    expect(page.get_by_text("承認しました。")).to_be_visible()

    told(resident)
    expect(resident.get_by_text("市道1号は幅6.5mです。")).to_be_visible()
    assert ("幅4.0m" in before, "幅6.5m" in before, "幅6.5m" in on_paper(resident)) == (True, False, True)

    director = staff("crisis-management", "crisis-management-director")
    area_of_parts(signed_in(browser, live_server, director, script=True).new_page())
    for context in browser.contexts:
        context.close()


def test_what_comes_late_takes_nothing_back(
    browser: "Browser", live_server: "LiveServer", staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed while the map was on its way is what it draws; corners go to those of what is beside it now,
    although the answer about where the map looked before comes last."""
    monkeypatch.setattr(procedures, "layers", lambda: {FREE.code: FREE})
    clerk = staff("road-management", "road-management-clerk")
    page = signed_in(browser, live_server, clerk, script=True).new_page()
    empty = {"type": "FeatureCollection", "features": []}
    slow = {"type": "geojson", "data": f"{live_server.url}/slow.json"}
    ground = {"id": "ground", "type": "fill", "source": "slow"}
    grounds: list[Route] = []
    asked: list[Route] = []
    page.route(
        "**/style.json*", lambda one: one.fulfill(json={"version": 8, "sources": {"slow": slow}, "layers": [ground]})
    )
    page.route("**/slow.json", lambda one: grounds.append(one))
    page.route("**/near.json*", lambda one: asked.append(one))
    with page.expect_request("**/slow.json"):
        page.goto(f"/desk/layers/{FREE.code}/new/")
    shape = page.get_by_label("形", exact=True)
    shape.fill(f"{LON}, {LAT}\n{LON + 0.001}, {LAT}")
    shape.blur()
    with page.expect_request("**/near.json*"):
        grounds[0].fulfill(json=empty)
    drawing = page.locator("#drawing[data-ready]")
    lines = "one => one.draw.getSnapshot().filter(({geometry}) => geometry.type === 'LineString').length"
    assert drawing.evaluate(lines) == 1, "the map draws what was typed"

    with page.expect_request("**/near.json*"):
        drawing.evaluate(f"one => one.map.jumpTo({{center: [{LON + 0.1}, {LAT}]}})")

    def answered(route: "Route", lon: float) -> None:
        def is_of_this(one: "Request") -> bool:
            return one == route.request

        point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [lon, LAT]}}
        with page.expect_request_finished(is_of_this):
            route.fulfill(json={**empty, "features": [point]})

    answered(asked[1], LON + 0.1)
    answered(asked[0], LON)
    beside = "one => one.map.getSource('beside').serialize().data.features[0].geometry.coordinates[0]"
    assert drawing.evaluate(beside) == pytest.approx(LON + 0.1)
    page.context.close()
