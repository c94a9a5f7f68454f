"""The map in a browser: drawn, pointed at, measured, shared; and whole where nothing is drawn."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.ground.languages import LocalText
from madoguchi.mapping import serving
from madoguchi.mapping.tests.test_mapping import OPEN, VIEW
from madoguchi.places.tests.test_layers import LAT, LON, taken_in, zone
from madoguchi.procedures import queries as procedures
from tests.journeys.residents import DESKTOP, PHONE, visiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A city with one layer of two zones and no base map."""
    monkeypatch.setattr(procedures, "layers", lambda: {OPEN.code: OPEN})
    monkeypatch.setattr(serving, "base_file", lambda: None)
    taken_in(tmp_path, zone("1"), zone("2", LON + 0.001, use="2"), layer=OPEN)
    return str(live_server.url)


def test_the_map_is_drawn_asked_measured_and_shared(browser: Browser, site: str) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.001}&layers={OPEN.code}")
        canvas = page.locator(".maplibregl-canvas")
        expect(canvas).to_be_visible()
        page.get_by_text("レイヤーと凡例").click()
        with page.expect_response(re.compile("/map/tiles/test-open/16/.*mvt")) as tile:
            page.get_by_role("checkbox", name="用途地域").uncheck()
            page.get_by_role("checkbox", name="用途地域").check()
        assert tile.value.status == 200
        # Left of the middle lies the one, right the other.
        canvas.click(position={"x": 100, "y": 200})
        expect(page.locator("#map-at-words")).to_contain_text("第一種住居地域です（容積率200%）")
        expect(page.locator("#map-at-words")).to_be_in_viewport(ratio=0.2)
        expect(page.get_by_role("img", name="この地点", exact=True)).to_be_in_viewport(ratio=1)
        visit.check()
        legend = page.get_by_role("list", name="凡例")
        expect(legend).to_contain_text(re.compile("用途地域.*第一種住居地域.*商業地域", re.DOTALL))
        page.get_by_role("button", name="長さを測る").click()
        for x in (80, 280):
            canvas.click(position={"x": x, "y": 200})
        expect(page.locator("#map-said")).to_have_text(re.compile(r"長さ \d[\d.,]*m"))
        page.get_by_role("button", name="長さを測る").click()
        shared = area_drawn_and_handed_on(visit.page)
        assert re.fullmatch(r"[^?]*#[^?]*&at=[\d.]+,[\d.]+&area=(\d+\.\d+,\d+\.\d+;?){3}", shared), shared
        visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.001}&layers={OPEN.code}")
        page.get_by_text("地図にあるものの一覧").click()
        expect(page.locator("#map-list table")).to_contain_text("商業地域")
        canvas.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#map-at")).to_be_focused()
        looked = rf"/map/#17\.00/{LAT}\d*/{LON}\d*&layers={OPEN.code}&at={LON}\d*,{LAT}\d*$"
        assert re.search(looked, page.url), page.url
        handed_on = page.url
        visit.go("/")
        visit.go(handed_on.removeprefix(site))
        expect(page.get_by_role("img", name="この地点", exact=True)).to_be_visible()
        expect(page.locator("#map-at")).to_be_hidden()
        assert page.url == handed_on
        visit.check()


def test_the_map_says_that_it_is_drawn_once_its_layers_are(browser: Browser, site: str) -> None:
    """A style without tiles is idle in the very frame in which it is loaded, before anything of ours is on the map."""
    with visiting(browser, site) as visit:
        held: list[Route] = []
        visit.page.route("**/map/tiles/**", lambda route: held.append(route))
        with visit.page.expect_request("**/map/tiles/**"):
            visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.001}&layers={OPEN.code}")
        visit.page.wait_for_timeout(300)
        expect(visit.page.locator("#map[data-drawn]")).to_have_count(0)
        for one in held:
            one.continue_()
        visit.page.unroute("**/map/tiles/**")
        expect(visit.page.locator("#map[data-drawn]")).to_have_count(1)


def test_the_credits_are_folded_on_a_telephone_and_the_base_maps_stays_named(browser: Browser, site: str) -> None:
    """Those of six layers lay over a third of the map until it was first moved."""
    base = {"type": "geojson", "data": {"type": "FeatureCollection", "features": []}, "attribution": "© 背景の作者"}
    with visiting(browser, site) as visit:
        page = visit.page
        page.route(
            "**/map/style.json*",
            lambda route: route.fulfill(json={"version": 8, "sources": {"base": base}, "layers": []}),
        )
        visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.001}&layers={OPEN.code}")
        expect(page.locator("#map[data-drawn]")).to_have_count(1)
        every = page.locator(".maplibregl-ctrl-attrib-inner")
        expect(every).to_be_hidden()
        expect(page.get_by_text("© 背景の作者").locator("visible=true")).to_have_text("© 背景の作者")
        visit.check()
        page.locator("summary[aria-label='出典']").click()
        expect(every).to_be_visible()
        expect(every).to_contain_text(OPEN.source.credit)
        visit.check()
    with visiting(browser, site, viewport=DESKTOP) as visit:
        visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.001}&layers={OPEN.code}")
        expect(visit.page.locator(".maplibregl-ctrl-attrib-inner")).to_contain_text(OPEN.source.credit)
        expect(visit.page.locator(".maplibregl-ctrl-attrib-inner")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_a_link_brings_the_layer_that_it_switches_on_into_the_view_of_the_panel(
    browser: Browser, site: str, viewport: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = ("road-management", "environment", "urban-policy")
    many = [replace(OPEN, code=f"test-{n}", title=LocalText(f"{n}番の地図"), owner=units[n % 3]) for n in range(30)]
    monkeypatch.setattr(procedures, "layers", lambda: {one.code: one for one in (OPEN, *many)})
    for one in many:
        taken_in(tmp_path, zone("1"), layer=one)
    place = f"#17/{LAT + 0.0005}/{LON + 0.001}"
    with visiting(browser, site, viewport=viewport) as visit:
        visit.go(f"/map/{place}&layers=test-29")
        expect(visit.page.locator("#map[data-drawn]")).to_have_count(1)
        if viewport == PHONE:
            visit.page.get_by_text("レイヤーと凡例").click()
            visit.page.locator("summary", has_text="レイヤーと凡例").evaluate("one => one.scrollIntoView()")
        expect(visit.page.locator(".map-group").first).to_contain_text("29番の地図")
        if viewport == DESKTOP:
            expect(visit.page.get_by_role("checkbox", name="29番の地図")).to_be_in_viewport(ratio=1)
        # Another view of the same page, typed or followed while this one is open.
        visit.page.evaluate("to => { location.hash = to }", f"{place}&layers=test-10")
        legend = visit.page.get_by_role("list", name="凡例")
        expect(legend).to_contain_text("10番の地図")
        expect(visit.page.locator("#map[data-drawn]")).to_have_count(1)
        # A link within the page is no other view.
        visit.page.evaluate("() => { document.body.dataset.stays = '1'; location.hash = '#main' }")
        visit.page.wait_for_timeout(500)
        expect(visit.page.locator("body[data-stays]")).to_have_count(1)


def test_what_a_tap_is_answered_does_not_carry_the_page_away(browser: Browser, site: str) -> None:
    """On a telephone the panel of layers stands below the answer, but before it in the page: a browser that keeps in
    place what it takes for the first thing in view went down by the whole answer."""
    with visiting(browser, site) as visit:
        page = visit.page
        visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.001}&layers={OPEN.code}")
        expect(page.locator("#map[data-drawn]")).to_have_count(1)
        page.locator("#map").evaluate("one => one.scrollIntoView()")
        expect(page.get_by_text("レイヤーと凡例")).to_be_in_viewport()
        long = "<p>この場所は用途地域の外です。</p>" * 80
        page.route("**/map/at/**", lambda route: route.fulfill(content_type="text/html", body=long))
        page.mouse.click(100, 300)
        expect(page.locator("#map-at-words p")).to_have_count(80)
        expect(page.get_by_role("heading", name="この地点")).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("img", name="この地点", exact=True)).to_be_in_viewport(ratio=1)


def test_at_twice_the_size_of_letters_a_place_can_still_be_typed(browser: Browser, site: str) -> None:
    """The field beside the button was 60 pixels wide on a telephone."""
    with visiting(browser, site) as visit:
        for path, name in (("/map/", "場所をさがす"), ("/here/", "住所、駅、学校など"), ("/", "住所、駅、学校など")):
            visit.go(path)
            visit.page.evaluate("document.documentElement.style.fontSize = '200%'")
            box = visit.page.get_by_label(name).bounding_box()
            assert box is not None
            assert box["width"] > 200, path
            width = visit.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert width[0] <= width[1], path


def test_the_list_is_put_in_another_order_by_thumb_and_by_keyboard(browser: Browser, site: str) -> None:
    """Without the page being loaded anew; whoever pressed a key stays where they were."""
    with visiting(browser, site) as visit:
        page = visit.page
        visit.go(f"/map/#17/{LAT + 0.0005}/{LON + 0.0012}&layers={OPEN.code}")
        page.get_by_text("地図にあるものの一覧").click()
        ids = page.locator("#map-list td:first-child")
        expect(ids).to_have_text(["2", "1"])
        above = page.get_by_role("columnheader", name="番号").get_by_role("link")
        expect(above).to_be_visible()
        above.click()
        expect(ids).to_have_text(["1", "2"])
        expect(above).to_be_focused()
        expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
        visit.check()
        page.keyboard.press("Enter")
        expect(ids).to_have_text(["2", "1"])
        expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
        expect(above).to_be_focused()
        with page.expect_response("**/map/list/**"):
            page.get_by_role("button", name="拡大").click()
        expect(ids).to_have_text(["2", "1"])
        expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
        assert page.url.startswith(f"{site}/map/#"), "the page was not loaded anew"


def area_drawn_and_handed_on(page: Page) -> str:
    """An area is drawn by taps and by the keyboard; whoever opens the link sees it and asks what applies in it."""
    canvas = page.locator(".maplibregl-canvas")
    page.get_by_role("button", name="面積を測る").click()
    for x, y in ((60, 120), (300, 120)):
        canvas.click(position={"x": x, "y": y})
    canvas.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#map-said")).to_have_text(re.compile(r"面積 \d[\d.,]*m²"))
    shared = page.url
    page.goto("about:blank")
    page.goto(shared)
    page.get_by_role("button", name="この範囲に当てはまることを調べる").click()
    expect(page.get_by_role("heading", name="えがいた区域")).to_be_visible()
    expect(page.get_by_text(re.compile("約\\d+%（[\\d,]+m²）")).first).to_be_visible()
    assert page.url.endswith("/here/"), "what was drawn stands in no address that is sent"
    return shared


def test_without_a_program_the_same_stands_in_tables(browser: Browser, site: str) -> None:
    with visiting(browser, site, script=False) as visit:
        visit.go("/map/?" + "&".join(f"{key}={value}" for key, value in VIEW.items()))
        expect(visit.page.locator("table")).to_contain_text("商業地域")
        visit.page.get_by_role("link", name="北へ").click()
        visit.page.get_by_role("link", name="北へ").click()
        expect(visit.page.locator("table")).to_have_count(0)
        expect(visit.page.get_by_text("この範囲にはありません")).to_be_visible()
        visit.page.get_by_role("checkbox", name="用途地域").uncheck()
        visit.page.get_by_role("button", name="表示する").click()
        expect(visit.page.get_by_text("レイヤーを選ぶと")).to_be_visible()
        visit.check()
