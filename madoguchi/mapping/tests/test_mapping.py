"""The map as browsers get it: tiles, the base map, and the page that says the same without a program."""

import datetime as dt
import gzip
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.http import urlencode

from madoguchi.events.models import Event
from madoguchi.mapping import base, serving
from madoguchi.places.rules.layer import Layer, Style
from madoguchi.places.tests.test_layers import DAY, LAT, LON, ZONING, taken_in, zone
from madoguchi.places.tests.test_tiles import place_of
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db

OPEN = replace(
    ZONING,
    code="test-open",
    style=Style(by="use", colours={"1": "#2b6cb0", "2": "#b3261e"}, label="memo", from_zoom=10),
)
INSIDE = replace(OPEN, code="test-inside", see="staff")


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Layer]:
    """Two layers with the same features: one for everybody, one for staff; a remark is for the section alone."""
    known = {one.code: one for one in (OPEN, INSIDE)}
    monkeypatch.setattr(procedures, "layers", lambda: known)
    for one in known.values():
        taken_in(tmp_path, zone("1"), zone("2", LON + 0.002, use="2"), layer=one)
    return known


@pytest.mark.usefixtures("layers")
def test_the_pages_of_the_map_go_packed_and_no_other(client: Client) -> None:
    for path in ("/map/", "/map/list/?box=135.6,34.7,135.7,34.8&layers=test-open"):
        plain, packed = (client.get(path, headers=sent) for sent in ({}, {"accept-encoding": "gzip"}))
        assert "Content-Encoding" not in plain
        assert (packed["Content-Encoding"], "Accept-Encoding" in packed["Vary"]) == ("gzip", True)
        read = gzip.decompress(packed.content).decode()
        assert ("用途地域" in read, "</ruby>" in read) == (True, False)
    furigana = client.get("/map/", headers={"accept-encoding": "gzip", "cookie": "ruby=on"})
    assert "</ruby>" in gzip.decompress(furigana.content).decode(), "packed when all is in it"
    assert "Content-Encoding" not in client.get("/procedures/", headers={"accept-encoding": "gzip"})


def tile_at(code: str, base: str = "/map", z: int = 15) -> str:
    z, x, y = place_of(LON + 0.0005, LAT + 0.0005, z)
    return f"{base}/tiles/{code}/{z}/{x}/{y}.mvt"


# -- tiles ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("layers")
def test_a_tile_is_fetched_once(client: Client, tmp_path: Path) -> None:
    answer = client.get(tile_at(OPEN.code), headers={"accept-encoding": "gzip"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vnd.mapbox-vector-tile")
    body = gzip.decompress(answer.content)
    assert body == client.get(tile_at(OPEN.code)).content, "the same for who cannot unpack"
    for header in ({"if-none-match": answer["ETag"]}, {"if-modified-since": answer["Last-Modified"]}):
        again = client.get(tile_at(OPEN.code), headers=header)
        assert (again.status_code, again.content) == (304, b"")
    assert "no-cache" in answer["Cache-Control"]
    assert "max-age" in client.get(tile_at(OPEN.code) + "?v=1")["Cache-Control"]
    assert "no-cache" in client.get(tile_at(OPEN.code) + "?v=2")["Cache-Control"]
    taken_in(tmp_path, zone("1", use="2"), zone("2", LON + 0.002), layer=OPEN)
    other = client.get(tile_at(OPEN.code), headers={"if-none-match": answer["ETag"]})
    assert other.status_code == 200
    assert other["ETag"] != answer["ETag"]
    assert (
        client.get(tile_at(OPEN.code) + f"?on={DAY:%Y-%m-%d}", headers={"if-none-match": other["ETag"]}).status_code
        == 200
    )


def test_no_tile_tells_what_its_reader_may_not_know(layers: dict[str, Layer], client: Client) -> None:
    """The remark is the name that is drawn; a tile for the public has neither it nor a trace of it."""
    assert layers[OPEN.code].style.label == "memo"
    public = client.get(tile_at(OPEN.code))
    assert public.status_code == 200
    assert "覚え".encode() not in public.content
    assert b"memo" not in public.content
    assert client.get(tile_at(INSIDE.code)).status_code == 404


@pytest.mark.usefixtures("layers")
@pytest.mark.parametrize(
    "path",
    [
        "/map/tiles/nothing/15/1/1.mvt",
        "/map/tiles/test-open/23/0/0.mvt",
        "/map/tiles/test-open/3/8/0.mvt",
        f"/map/tiles/test-open/3/0/{10**30}.mvt",
        "/map/tiles/test-open/-1/0/0.mvt",
        "/map/tiles/test-open/1e3/0/0.mvt",
        "/map/tiles/test-open'--/3/0/0.mvt",
    ],
)
def test_what_is_no_tile_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("layers")
def test_a_day_that_is_none_is_said(client: Client) -> None:
    assert client.get(tile_at(OPEN.code) + "?on=yesterday").status_code == 422
    assert client.get("/map/tiles/test-open/15/1/1.mvt").status_code == 204


@pytest.mark.usefixtures("layers")
def test_of_a_day_before_the_first_the_list_says_that_nothing_is_known_instead_of_nothing_there(client: Client) -> None:
    box = f"{LON},{LAT},{LON + 0.01},{LAT + 0.01}"
    asked = {"box": box, "lat": str(LAT), "lon": str(LON), "zoom": "17", "layers": OPEN.code}
    for on, words in ((DAY, "件"), (DAY - dt.timedelta(days=1), "この日のデータはありません。")):
        told = client.get("/map/list/", asked | {"on": f"{on:%Y-%m-%d}"}).content.decode()
        assert words in told, on
        assert "この範囲にはありません。" not in told


# -- the base map -----------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    content = bytes(range(256)) * 40
    path = tmp_path / "base.pmtiles"
    path.write_bytes(content)
    monkeypatch.setattr(serving, "base_file", lambda: path)
    return content


@pytest.mark.parametrize(
    ("wanted", "status", "part", "said"),
    [
        ("bytes=0-15", 206, slice(0, 16), "bytes 0-15/10240"),
        ("bytes=10000-", 206, slice(10000, None), "bytes 10000-10239/10240"),
        ("bytes=-100", 206, slice(-100, None), "bytes 10140-10239/10240"),
        ("bytes=10000-99999", 206, slice(10000, None), "bytes 10000-10239/10240"),
        ("bytes=-99999", 206, slice(None), "bytes 0-10239/10240"),
        ("bytes=10240-", 416, slice(0, 0), "bytes */10240"),
        ("bytes=5-2", 416, slice(0, 0), "bytes */10240"),
        ("bytes=-0", 416, slice(0, 0), "bytes */10240"),
        ("bytes=0-1,5-6", 200, slice(None), None),
        ("bytes=-", 200, slice(None), None),
        ("lines=1-2", 200, slice(None), None),
        ("bytes=" + "9" * 40 + "-", 200, slice(None), None),
    ],
)
def test_the_base_map_comes_in_parts(
    client: Client, file: bytes, wanted: str, status: int, part: slice, said: str | None
) -> None:
    answer = client.get("/map/base.pmtiles", headers={"range": wanted})
    got = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert (answer.status_code, got, answer.get("Content-Range")) == (status, file[part], said)
    assert answer["Accept-Ranges"] == "bytes"


def test_a_part_of_a_file_that_has_changed_is_not_mixed_in(client: Client, file: bytes) -> None:
    answer = client.get("/map/base.pmtiles", headers={"range": "bytes=0-1"})
    same = {"range": "bytes=0-1", "if-range": answer["ETag"]}
    assert client.get("/map/base.pmtiles", headers=same).status_code == 206
    assert client.get("/map/base.pmtiles", headers=same | {"if-range": '"other"'}).status_code == 200
    assert client.get("/map/base.pmtiles", headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_without_a_base_map_there_is_none(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "base_file", lambda: None)
    assert client.get("/map/base.pmtiles").status_code == 404
    assert client.get("/map/style.json").json()["sources"] == {}


def test_the_style_is_packed_for_who_takes_it_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "base_file", lambda: Path("base.pmtiles"))
    plain, packed = (client.get("/map/style.json", headers=sent) for sent in ({}, {"accept-encoding": "gzip"}))
    assert gzip.decompress(packed.content) == plain.content
    assert (packed["Content-Encoding"], packed["Vary"]) == ("gzip", plain["Vary"])
    assert len(packed.content) * 3 < len(plain.content)


@pytest.mark.parametrize("dark", [True, False])
def test_the_style_loads_nothing_from_elsewhere(dark: bool) -> None:
    style = base.style(dark=dark, tiles="/map/base.pmtiles")
    text = json.dumps(style)
    assert "http" not in text
    assert "//" not in text.replace("pmtiles:///map/base.pmtiles", "")
    assert not {"glyphs", "sprite"} & style.keys()
    assert len(style["layers"]) > 12
    assert {one["source"] for one in style["layers"] if "source" in one} == {"base"}


# -- the page ---------------------------------------------------------------------------------------------------------

VIEW = {"lat": str(LAT + 0.0005), "lon": str(LON + 0.0005), "zoom": "16", "chosen": "1", "layer": OPEN.code}


@pytest.mark.usefixtures("layers")
def test_the_page_says_in_words_what_the_map_shows(client: Client) -> None:
    before = Event.objects.count()
    answer = client.get("/map/", VIEW)
    page = answer.content.decode()
    assert "第一種住居地域" in page
    assert "商業地域" in page
    assert "覚え" not in page
    assert INSIDE.code not in page
    assert "2件" in page
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    assert "blob:;" in answer["Content-Security-Policy"]
    config = json.loads(page.partition('id="map-config" type="application/json">')[2].partition("</script>")[0])
    [drawn] = config["layers"]
    assert (drawn["by"], drawn["label"]) == ("use", ""), "a name that is not for the reader is not asked for"
    far = client.get("/map/", VIEW | {"lat": str(LAT + 0.1)}).content.decode()
    assert "この範囲にはありません" in far
    assert "もっと近づくと出ます" in client.get("/map/", VIEW | {"zoom": "9"}).content.decode()
    assert Event.objects.count() == before, "what somebody looks at is nobody's to know"


def rows(page: str) -> list[str]:
    """What stands in the first column of the list, line by line."""
    return re.findall(r"<tr><td[^>]*>([^<]*)<", page)


@pytest.mark.usefixtures("layers")
def test_the_list_comes_in_the_order_of_a_column_and_keeps_it(client: Client) -> None:
    """By a link of the heading, the other way round by the same link, and back to what is nearest."""

    def heading(page: str, words: str) -> tuple[str, str]:
        [(said, url)] = re.findall(rf'<th scope="col"([^>]*)><a class="sorts" href="([^"]*)"[^>]*>{words}<', page)
        return said.replace('class="amount"', "").strip(), html.unescape(url)

    page = client.get("/map/", {**VIEW, "lon": str(LON + 0.003)}).content.decode()
    assert (rows(page), heading(page, "真ん中から")[0]) == (["2", "1"], 'aria-sort="ascending"')
    for wanted, said in ((["1", "2"], "ascending"), (["2", "1"], "descending"), (["1", "2"], "ascending")):
        before, url = heading(page, "番号")
        assert f"lon={LON + 0.003:.6f}" in url
        page = client.get(url).content.decode()
        assert (rows(page), heading(page, "番号")[0]) == (wanted, f'aria-sort="{said}"'), before
        assert heading(page, "真ん中から")[0] == ""
        sort = "test-open:id" if said == "ascending" else "test-open:-id"
        kept = re.findall(r'<a href="([^"]*)">(?:北へ|ここへ<)', page)
        assert kept
        assert all(urlencode({"sort": sort}) in html.unescape(one) for one in kept)
        assert page.count(f'<input type="hidden" name="sort" value="{sort}">') == 2, "in both forms"
    page = client.get(heading(page, "真ん中から")[1]).content.decode()
    assert (rows(page), heading(page, "真ん中から")[0]) == (["2", "1"], 'aria-sort="ascending"')


@pytest.mark.usefixtures("layers")
@pytest.mark.parametrize(
    "sort", ["test-open:memo", "test-open:-memo", "test-open:", "test-open", ":", "x:id", "test-open:x"]
)
def test_what_the_list_cannot_be_put_in_the_order_of_changes_nothing(client: Client, sort: str) -> None:
    """Above all what its reader may not know: the order would tell it."""
    nearest = {**VIEW, "lon": str(LON + 0.003)}
    answer = client.get("/map/", {**nearest, "sort": sort})
    assert (answer.status_code, rows(answer.content.decode())) == (200, ["2", "1"])


@pytest.mark.usefixtures("layers")
@pytest.mark.parametrize("offered", [True, False])
def test_the_states_tiles_are_loaded_only_where_the_city_offers_them(
    client: Client, monkeypatch: pytest.MonkeyPatch, offered: bool
) -> None:
    city = procedures.city()
    assert city.file.map is not None
    of_city = city.file.map.model_copy(update={"gsi": offered})
    other = replace(city, file=city.file.model_copy(update={"map": of_city}))
    monkeypatch.setattr(procedures, "city", lambda: other)
    answer = client.get("/map/", VIEW)
    assert ("https://cyberjapandata.gsi.go.jp" in answer["Content-Security-Policy"]) is offered
    assert ("cyberjapandata" in answer.content.decode()) is offered


@pytest.mark.usefixtures("layers")
def test_what_has_changed_can_be_seen_as_it_was(client: Client, tmp_path: Path) -> None:
    assert "いつの地図か" not in client.get("/map/", VIEW).content.decode(), "nothing ever changed"
    taken_in(tmp_path, zone("1", use="2"), layer=OPEN, day=DAY + dt.timedelta(days=365), anyhow=True)
    page = client.get("/map/", VIEW).content.decode()
    assert f'<option value="{DAY:%Y-%m-%d}">' in page
    assert ">第一種住居地域</td>" not in page
    before = client.get("/map/", VIEW | {"on": f"{DAY:%Y-%m-%d}"}).content.decode()
    assert f'<option value="{DAY:%Y-%m-%d}" selected>' in before
    assert ">第一種住居地域</td>" in before
    at = {"lat": VIEW["lat"], "lon": VIEW["lon"], "layers": OPEN.code, "on": f"{DAY:%Y-%m-%d}"}
    assert "第一種住居地域です" in client.get("/map/at/", at).content.decode()


@pytest.mark.usefixtures("layers")
def test_a_point_says_what_applies_there(client: Client) -> None:
    asked = {"lat": VIEW["lat"], "lon": VIEW["lon"], "zoom": "16", "layers": OPEN.code}
    page = client.get("/map/at/", asked).content.decode()
    assert "第一種住居地域です（容積率200%）。―" in page
    assert f"/here/?lat={LAT + 0.0005:.6f}" in page
    assert "用途地域の外です" in client.get("/map/at/", asked | {"lat": str(LAT + 0.01)}).content.decode()


@pytest.mark.usefixtures("layers")
@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/map/", {"lat": "x"}),
        ("/map/", {"lat": "nan", "lon": "inf"}),
        ("/map/", {"lat": "2", "lon": "48"}),
        ("/map/", {"zoom": "1e999"}),
        ("/map/", {"on": "2020-13-01"}),
        ("/map/at/", {"lat": "34.7"}),
        ("/map/at/", {"lat": "135", "lon": "34"}),
        ("/map/list/", {"box": "1,2,3"}),
        ("/map/list/", {"box": "135,34,135,34"}),
        ("/map/list/", {"box": "-180,-90,180,90"}),
        ("/map/list/", {"box": "a,b,c,d"}),
    ],
)
def test_a_view_that_is_none_is_said(client: Client, path: str, asked: dict[str, str]) -> None:
    assert client.get(path, asked).status_code == 422


@pytest.mark.usefixtures("layers")
def test_a_line_is_measured_in_the_plane(client: Client) -> None:
    def told(points: list[Any], *, closed: bool = False) -> Any:
        body = json.dumps({"points": points, "closed": closed})
        return client.post("/map/measure/", body, content_type="application/json")

    side = told([[LON, LAT], [LON + 0.001, LAT]]).json()
    assert side == {"metres": pytest.approx(91.6, abs=0.2), "square_metres": None}
    corners = [[LON, LAT], [LON + 0.001, LAT], [LON + 0.001, LAT + 0.001], [LON, LAT + 0.001]]
    square = told(corners, closed=True).json()
    assert square["square_metres"] == pytest.approx(91.6 * 110.9, rel=0.003)
    assert told([corners[0], corners[2], corners[1], corners[3]], closed=True).status_code == 422
    for bad in ([], [[LON, LAT]], [[1, 2], [3, 4]], "x", [[LON]], [["a", "b"]] * 2, [[LON, LAT]] * 501):
        assert told(bad).status_code == 422  # type: ignore[arg-type]
    for unread in (b"\xff", b'{"points":' + b"[" * 100_000):
        assert client.post("/map/measure/", unread, content_type="application/json").status_code == 422


@pytest.mark.usefixtures("layers")
def test_the_view_is_printed(client: Client) -> None:
    sent = {"lat": VIEW["lat"], "lon": VIEW["lon"], "layers": OPEN.code, "scale": "500", "paper": "a4", "title": "題"}
    answer = client.post("/map/print.pdf", sent)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    for bad in ({"scale": "501"}, {"scale": "x"}, {"paper": "b9"}, {"lat": "0"}, {"title": "\U0001f9ff"}):
        assert client.post("/map/print.pdf", sent | bad).status_code == 422, bad


def test_names_are_in_a_tile_where_they_are_written() -> None:
    """Ten thousand numbers of lots are a third of a tile on which none of them could be read."""
    layer = replace(OPEN, style=replace(OPEN.style, label="far", label_from=17))
    assert [one.key for one in serving.drawn_at(layer, "public", 15)] == ["use"]
    assert [one.key for one in serving.drawn_at(layer, "public", 16)] == ["use", "far"], "deeper ones are made of it"
    early = replace(layer, style=replace(layer.style, label_from=10))
    assert [one.key for one in serving.drawn_at(early, "public", 12)] == ["use", "far"]
