"""OGC API – Features over HTTP: the abstract tests of Part 1 (A.2), Part 2 and Part 3, what readers may not see, and
what hostile requests get. Bodies are held against the published schemas.

The names in brackets are those of the abstract test suite of OGC 17-069r4, 18-058r1 and 19-079r2.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from ruamel.yaml import YAML

from madoguchi.facts.tests.ledger import as_owner
from madoguchi.feeds.tests.conftest import MakePartner
from madoguchi.feeds.tests.mapping import INSIDE, LAYERS, STEP, WELLS, ZONES, drawn, many
from madoguchi.places.models import Feature
from madoguchi.places.tests.test_layers import LAT, LON
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db

SCHEMAS: Mapping[str, Any] = YAML(typ="safe").load(Path(__file__).parent / "ogc_schemas.yaml")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@pytest.fixture(autouse=True)
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(procedures, "layers", lambda: LAYERS)
    drawn(tmp_path)


def fits(body: Any, schema: str) -> None:
    validator = jsonschema_rs.validator_for({"$ref": f"#/$defs/{schema}", **SCHEMAS})
    assert [str(one) for one in validator.iter_errors(body)] == []


def get(path: str, headers: Mapping[str, str] | None = None, /, **query: Any) -> Any:
    query = {name.replace("_", "-"): value for name, value in query.items()}
    address = f"/ogc{path}" + (f"?{urlencode(query)}" if query else "")
    return Client().get(address, headers=dict(headers or {}))


def items(layer: str = WELLS.code, **query: Any) -> Any:
    answer = get(f"/collections/{layer}/items", **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def keys(found: Any) -> list[str]:
    return [one["id"] for one in found["features"]]


def refused(**query: Any) -> str:
    answer = get(f"/collections/{WELLS.code}/items", **query)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return str(answer.json()["code"])


def rels(body: Any) -> dict[str, str]:
    return {one["rel"]: one["href"] for one in body["links"]}


# -- Part 1 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "schema", "media"),
    [
        ("", "root", "application/json"),
        ("/", "root", "application/json"),
        ("/conformance", "confClasses", "application/json"),
        ("/collections", "collections", "application/json"),
        (f"/collections/{ZONES.code}", "collection", "application/json"),
        (f"/collections/{ZONES.code}/items", "featureCollection", "application/geo+json"),
        (f"/collections/{WELLS.code}/items/3", "feature", "application/geo+json"),
    ],
)
def test_documents_are_as_published(path: str, schema: str, media: str) -> None:
    """[root-success, conformance-success, sfc-md-success, fc-response, f-success] and the same as a page [html]"""
    answer = get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, media)
    fits(answer.json(), schema)
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "public" in answer["Cache-Control"]
    page = get(path, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page["Content-Type"].startswith("text/html")
    assert "<h1>" in page.content.decode()
    assert get(path, f="html")["Content-Type"] == page["Content-Type"]
    spoken = {"Accept-Language": "en"}
    foreign = get(path, {"Accept": "text/html", **spoken})
    assert ('<html lang="en">' in foreign.content.decode(), foreign["Content-Language"]) == (True, "en")
    assert "同じ内容をJSONで" in page.content.decode()
    assert "同じ内容をJSONで" not in foreign.content.decode()
    program = get(path, spoken)  # programs read the language of the city's data, whatever they ask for
    assert (program["Content-Language"], program.json().get("title")) == ("ja", answer.json().get("title"))
    if schema != "confClasses":
        assert {"self", "alternate"} <= {one["rel"] for one in answer.json()["links"]}


def test_the_landing_page_leads_everywhere() -> None:
    """[root-op, root-success, api-definition-success]"""
    links = rels(get("/").json())
    for rel in ("service-desc", "service-doc", "conformance", "data"):
        assert Client().get(links[rel]).status_code == 200
    api = get("/api")
    assert api["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert api.json()["openapi"].startswith("3.0")


def test_what_is_kept_of_the_standards_is_declared() -> None:
    """[conformance-success]"""
    kept = get("/conformance").json()["conformsTo"]
    assert f"{'http://www.opengis.net/spec'}/ogcapi-features-1/1.0/conf/core" in kept
    assert len(kept) == len(set(kept))


def test_collections_say_what_is_in_them() -> None:
    """[sc-md, rc-md-success, rc-md-items, crs, storageCrs]"""
    body = get("/collections").json()
    assert {one["id"] for one in body["collections"]} == {ZONES.code, WELLS.code}
    one = get(f"/collections/{WELLS.code}").json()
    west, south, east, north = one["extent"]["spatial"]["bbox"][0]
    assert (west, east) == (pytest.approx(LON + STEP), pytest.approx(LON + 10 * STEP))
    assert south <= north
    assert one["crs"] == [CRS84, f"{EPSG}4326", f"{EPSG}6668", f"{EPSG}6674", f"{EPSG}3857"]
    assert one["storageCrs"] == f"{EPSG}6668"
    assert {"items", "http://www.opengis.net/def/rel/ogc/1.0/queryables"} <= rels(one).keys()


def test_limit() -> None:
    """[fc-limit-definition, fc-limit-response]"""
    assert len(items(limit=3)["features"]) == 3
    assert items(limit=3)["numberReturned"] == 3
    assert len(items(limit=1_000_000)["features"]) == 10
    for wrong in ("0", "-1", "x", "1.5", ""):
        assert refused(limit=wrong) == "parameter-invalid"


def test_pages_follow_the_keys_whatever_changes_meanwhile() -> None:
    """[fc-links, fc-rel-type]: all of them, each once; what ends behind the reader moves no page."""
    whole = keys(items())
    seen: list[str] = []
    page = items(limit=4)
    while True:
        fits(page, "featureCollection")
        seen += keys(page)
        if len(seen) == 4:
            Feature.objects.filter(layer=WELLS.code, key=seen[0]).delete()
        if "next" not in rels(page):
            break
        page = Client().get(rels(page)["next"]).json()
    assert seen == whole == sorted(whole)
    assert len(seen) == 10


def test_how_many_there_are_is_said_where_it_is_cheap_or_asked() -> None:
    """[fc-numberMatched, fc-numberReturned, fc-timeStamp]"""
    assert items(limit=3)["numberMatched"] == 10
    assert items(filter="number <= 2")["numberMatched"] == 2  # all on this page
    assert "numberMatched" not in items(limit=1, filter="number <= 5")
    assert items(limit=1, count="true", filter="number <= 5")["numberMatched"] == 5
    assert refused(count="yes") == "parameter-invalid"


#: What is asked of one city is asked in one test: to draw it costs more than to ask.
BOXES: tuple[tuple[tuple[float, ...], list[str]], ...] = (
    ((LON + 0.0015, LAT, LON + 0.0035, LAT + 1), ["2", "3"]),
    ((LON + 2 * STEP, LAT + 0.0005, LON + 2 * STEP, LAT + 0.0005), ["2"]),  # a point
    ((LON, LAT + 0.0005, LON + 2 * STEP, LAT + 0.0005), ["1", "2"]),  # a line
    ((-180, -90, 180, 90), [str(one) for one in sorted(map(str, range(1, 11)))]),
    ((170, -90, -170, 90), []),  # around the antimeridian
    ((LON + 0.0015, LAT, 0, LON + 0.0035, LAT + 1, 9), ["2", "3"]),  # with heights
    ((0, 0, 1, 1), []),
)


def test_bbox() -> None:
    """[fc-bbox-definition, fc-bbox-response]"""
    for box, found in BOXES:
        assert keys(items(bbox=",".join(map(str, box)))) == found, box


def test_a_box_that_is_none_is_refused() -> None:
    """[fc-bbox-response]"""
    for wrong in ("", "1,2,3", "1,2,3,x", "nan,1,2,3", "1e999,1,2,3", "3,2,1", "0,1,2,-1", "0,0,999,1", "1,2,3,4,5"):
        assert refused(bbox=wrong) == "parameter-invalid", wrong


def test_days() -> None:
    """[fc-time-definition, fc-time-response]: as it was then; without, as it is today."""
    assert keys(items(ZONES.code)) == ["1", "2"]
    then = items(ZONES.code, datetime="2024-06-01")
    assert keys(then) == ["1", "2", "3"]
    assert [one["properties"]["far"] for one in then["features"]] == [200, 400, 200]
    during = items(ZONES.code, datetime="2024-06-01T00:00:00Z/..")
    assert [one["properties"]["far"] for one in during["features"]] == [200, 600, 200]  # each once, as it last was
    assert keys(items(ZONES.code, datetime="../2024-03-31")) == []
    assert items(ZONES.code, datetime="2024-06-01", limit=1, count="true")["numberMatched"] == 3
    assert refused(datetime="2024-13-01") == "time-unreadable"
    assert refused(datetime="2025-01-01/2024-01-01") == "interval-turned"
    old = get(f"/collections/{ZONES.code}/items/3", datetime="2024-06-01")
    assert old.json()["properties"]["valid_until"] == "2025-04-01"
    assert get(f"/collections/{ZONES.code}/items/3").status_code == 404


def test_a_page_of_another_day_does_not_sort_the_whole_layer() -> None:
    with as_owner():
        many(WELLS)
    with CaptureQueriesContext(connection) as asked:
        assert keys(items(datetime="2024-06-01", limit=3, after="W1")) == ["W10", "W100", "W1000"]
    [*_, sql] = [one["sql"] for one in asked if one["sql"].startswith("WITH found")]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%"), [])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "feature_states" in plan
    assert "Seq Scan on layer_feature" not in plan


def test_a_parameter_that_an_address_does_not_know_is_refused() -> None:
    """[query-param-unknown, query-param-invalid]"""
    layer = f"/collections/{ZONES.code}"
    for path, name in (
        ("", "x"),
        ("/collections", "limit"),
        (f"{layer}/items", "unknown"),
        (f"{layer}/items/1", "bbox"),
    ):
        assert get(path, **{name: "1,1,2,2"}).status_code == 400, path
    assert get(f"{layer}/items", f="xml").status_code == 400


def test_a_feature_has_its_links_and_what_is_not_there_is_404() -> None:
    """[f-success, f-links]"""
    found = get(f"/collections/{WELLS.code}/items/3").json()
    assert found["properties"]["name"] == "Well 3"
    assert {"self", "alternate", "collection"} <= rels(found).keys()
    nowhere = (
        "nothing",
        "nothing/items",
        "a/b/c",
        *(f"{WELLS.code}/items/{key}" for key in ("nothing", "%00", "3%0A")),
    )
    for path in nowhere:
        answer = get(f"/collections/{path}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json"), path


def test_nobody_writes_here() -> None:
    for path in ("/ogc/", f"/ogc/collections/{WELLS.code}/items"):
        assert Client().post(path, {}).status_code == 405


def test_what_has_not_changed_is_not_sent_again() -> None:
    address = f"/collections/{WELLS.code}/items"
    tag = get(address)["ETag"]
    with CaptureQueriesContext(connection) as asked:
        again = get(address, {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert not any("layer_feature" in one["sql"] for one in asked)


# -- Part 2 -----------------------------------------------------------------------------------------------------------


#: The first well in each system, and a box around the second and third: computed once with PROJ. In the plane system VI
#: the city lies 143 km south and 35 km west of the origin, and north is written first.
AXES = {
    "4326": ((34.7105, 135.621), (34.7104, 135.6215, 34.7106, 135.6235)),
    "6668": ((34.7105, 135.621), (34.7104, 135.6215, 34.7106, 135.6235)),
    "6674": ((-142986.61, -34716.25), (-143000, -34670, -142970, -34487)),
    "3857": ((15097260.66, 4124608.52), (15097316, 4124600, 15097539, 4124617)),
}


@pytest.mark.parametrize("code", AXES)
def test_coordinates_in_every_system_with_its_axes(code: str) -> None:
    """[crs-parameter, fc-crs-output, bbox-crs]"""
    uri, (point, box) = f"{EPSG}{code}", AXES[code]
    close = 1e-6 if code in ("4326", "6668") else 0.02
    answer = get(f"/collections/{WELLS.code}/items", crs=uri, limit=1)
    assert answer["Content-Crs"] == f"<{uri}>"
    [found] = answer.json()["features"]
    assert found["geometry"]["coordinates"] == [pytest.approx(one, abs=close) for one in point]
    assert keys(items(bbox=",".join(map(str, box)), bbox_crs=uri)) == ["2", "3"]
    inside = f"S_WITHIN(geometry, BBOX({','.join(map(str, box))}))"
    assert keys(items(filter=inside, filter_crs=uri)) == ["2", "3"]
    one = get(f"/collections/{WELLS.code}/items/1", crs=uri)
    assert one["Content-Crs"] == f"<{uri}>"
    assert one.json()["geometry"] == found["geometry"]


def test_without_a_system_longitude_comes_first() -> None:
    """[crs-default]"""
    answer = get(f"/collections/{WELLS.code}/items", limit=1)
    assert answer["Content-Crs"] == f"<{CRS84}>"
    assert answer.json()["features"][0]["geometry"] == {
        "type": "Point",
        "coordinates": [pytest.approx(LON + STEP), pytest.approx(LAT + 0.0005)],
    }


def test_a_system_that_is_not_offered_is_refused() -> None:
    """[crs-invalid, bbox-crs-invalid]"""
    for name in ("crs", "bbox-crs", "filter-crs"):
        for wrong in (f"{EPSG}4301", "EPSG:4326", "", "x" * 5_000):
            assert refused(**{name: wrong}) == "parameter-invalid", (name, wrong)


def test_huge_boxes_are_answered() -> None:
    for code in ("4326", "6674", "3857"):
        size = "-90,-180,90,180" if code == "4326" else "-1e200,-1e200,1e200,1e200"
        assert items(bbox=size, bbox_crs=f"{EPSG}{code}")["numberReturned"] == 10, code


# -- Part 3 -----------------------------------------------------------------------------------------------------------


def test_queryables_are_what_the_reader_sees() -> None:
    """[get-queryables]"""
    answer = get(f"/collections/{WELLS.code}/queryables")
    assert answer["Content-Type"] == "application/schema+json"
    body = answer.json()
    jsonschema_rs.meta.validate(body)
    assert body["properties"].keys() == {
        *("geometry", "valid_from", "valid_until", "number", "name", "depth", "kind", "open", "dug"),
    }
    assert body["properties"]["kind"]["enum"] == ["1", "2"]


FILTERS = (
    ("number = 3", "3"),
    ("number <> 3 AND number < 5", "1 2 4"),
    ("depth > 4.5 AND depth <= 7.5", "4 5"),
    ("depth IS NULL", "10"),
    ("NOT (number > 1)", "1"),
    ("number = 1 OR number = 2 AND name = 'Well 2'", "1 2"),
    ("kind = '2' AND open = TRUE", "2 4"),
    ("open = FALSE AND number < 8", "6 7"),
    ("name LIKE 'Well _'", "1 2 3 4 5 6 7 8 9"),
    ("name LIKE '%\\%\\_%'", "10"),
    ("name = '井戸 ''の'' %_\\ \"10\"'", "10"),
    ("CASEI(name) = CASEI('WELL 4')", "4"),
    ("number BETWEEN 2 AND 4", "2 3 4"),
    ("number NOT BETWEEN 2 AND 9", "1 10"),
    ("name IN ('Well 1', 'Well 7', 'x')", "1 7"),
    ("number NOT IN (1,2,3,4,5,6,7)", "10 8 9"),
    ("number = depth", ""),
    ("dug = DATE('2005-04-01')", "5"),
    ("dug > '2008-01-01'", "8 9"),
    ("T_AFTER(dug, DATE('2008-04-01'))", "9"),
    ("T_BEFORE(dug, TIMESTAMP('2002-03-31T15:00:00Z'))", "1"),
    ("T_DURING(dug, INTERVAL('2002-04-01','2005-01-01'))", "3 4"),
    ("T_INTERSECTS(dug, INTERVAL('..','2002-04-01'))", "1 2"),
    ("T_EQUALS(dug, DATE('2002-04-01'))", "2"),
    ("T_INTERSECTS(INTERVAL(valid_from, valid_until), INTERVAL('2030-01-01','..')) AND number=1", "1"),
    (f"S_INTERSECTS(geometry, BBOX({LON + 0.0015},{LAT},{LON + 0.0035},{LAT + 1}))", "2 3"),
    (f"S_INTERSECTS(geometry, POINT({LON + 2 * STEP} {LAT + 0.0005}))", "2"),
    (f"S_WITHIN(geometry, BBOX({LON},{LAT},{LON + 0.0025},{LAT + 1}))", "1 2"),
    (f"S_DISJOINT(geometry, BBOX({LON},{LAT},{LON + 0.0095},{LAT + 1}))", "10"),
    (f"S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT({LON + 2 * STEP} {LAT + 0.0005})))", "2"),
    ("FALSE", ""),
)


def test_filters() -> None:
    """[basic-cql2, advanced-comparison-operators, case-insensitive, spatial-functions, temporal-functions]"""
    for text, found in FILTERS:
        assert keys(items(filter=text)) == found.split(), text


def test_filters_as_json_and_as_parameters() -> None:
    """[cql2-json, query-parameters]"""
    more = {"op": ">", "args": [{"property": "number"}, 3]}
    tree = {"op": "and", "args": [more, {"op": "=", "args": [{"property": "kind"}, "1"]}]}
    assert keys(items(filter=json.dumps(tree), filter_lang="cql2-json")) == ["5", "7", "9"]
    assert keys(items(kind="1", open="true")) == ["1", "3", "5"]
    assert keys(items(number="4")) == ["4"]
    for wrong in ({"number": "x"}, {"number": "nan"}, {"open": "1"}, {"geometry": "POINT(1 2)"}, {"dug": "x"}):
        refused(**wrong)
    assert refused(filter="TRUE", filter_lang="sql") == "parameter-invalid"


INJECTED = (
    "name = '' OR 1=1 --",
    "name = 'a'); DELETE FROM layer_feature; --",
    "\"name' = '' OR '1'='1\" = 'x'",
    "name LIKE '%' ESCAPE 'x'",
    "pg_sleep(9) IS NULL",
    "(SELECT 1) = 1",
    "name = '\x00'",
)


def test_injected_filters_are_refused_and_nothing_is_harmed() -> None:
    before = Feature.objects.count()
    for text in INJECTED:
        refused(filter=text)
    assert Feature.objects.count() == before
    assert len(items()["features"]) == 10


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    from madoguchi.places import features
    from madoguchi.places.rules.filtering import Sql

    sleeping = Sql("(SELECT pg_sleep(9)) IS NULL")
    monkeypatch.setattr(features, "MOST_TIME", 20)
    monkeypatch.setattr("madoguchi.places.rules.filtering.condition", lambda *_: sleeping)
    assert refused(filter="TRUE") == "takes-too-long"


def test_deep_pages_cost_what_the_first_costs() -> None:
    """By the key, not by counting what is skipped."""
    with CaptureQueriesContext(connection) as asked:
        items(after="5", limit=2)
    [*_, page] = [one["sql"] for one in asked if "string_agg" in one["sql"]]  # twice after another edition
    assert "OFFSET" not in page
    assert "f.key > '5'" in page
    assert keys(items(after="zzz")) == []
    refused(after="a\0b")


# -- who sees what ----------------------------------------------------------------------------------------------------


def test_the_text_of_a_page_is_made_of_named_columns() -> None:
    """A row with its shape as JSON would be eight times as slow, a system by name a hundred times."""
    with CaptureQueriesContext(connection) as asked:
        items(crs=f"{EPSG}6674")
    [*_, page] = [one["sql"] for one in asked if "string_agg" in one["sql"]]  # twice after another edition
    assert "to_json(f.key)" in page
    assert "to_jsonb" not in page
    assert "row_to_json" not in page
    assert "ST_Transform(f.geom, 6674)" in page
    assert "'EPSG:" not in page.upper()


def test_nobody_sees_or_filters_what_is_not_for_them(partner: MakePartner) -> None:
    """The same for collections, attributes, filters, and as parameters: unknown, whether it exists or not."""
    assert get(f"/collections/{INSIDE.code}").status_code == 404
    assert get(f"/collections/{INSIDE.code}/items").status_code == 404
    text = get(f"/collections/{WELLS.code}/items").content.decode()
    assert "係員" not in text
    assert "秘密" not in text
    hidden, none = refused(filter="keeper = '係員3'"), refused(filter="nonsense = '係員3'")
    assert hidden == none == "attribute-unknown"
    assert refused(keeper="係員3") == refused(nonsense="係員3") == "parameter-unknown"

    staff = partner(["layers:read"], section="environment")
    ours = {"authorization": f"Bearer {staff.token}"}
    assert {one["id"] for one in get("/collections", ours).json()["collections"]} == set(LAYERS)
    answer = get(f"/collections/{WELLS.code}/items", ours, filter="keeper = '係員3'")
    assert keys(answer.json()) == ["3"]
    assert answer["Cache-Control"] == "private, no-store"
    assert "memo" not in answer.json()["features"][0]["properties"]  # of another section
    assert get(f"/collections/{INSIDE.code}/items", ours).json()["features"][0]["properties"].keys() >= {"memo"}

    other = partner(["procedures:read"])
    refusal = get("/collections", {"authorization": f"Bearer {other.token}"})
    assert (refusal.status_code, refusal.json()["code"]) == (403, "scope-missing")
    assert get("/collections", {"authorization": "Bearer nonsense"}).status_code == 401


def test_what_a_layer_no_longer_says_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes of an older file stay in the rows; the layer's file decides what leaves."""
    from dataclasses import replace

    narrower = replace(WELLS, attributes=tuple(one for one in WELLS.attributes if one.key != "name"))
    monkeypatch.setattr(procedures, "layers", lambda: {narrower.code: narrower})
    assert "Well" not in get(f"/collections/{WELLS.code}/items").content.decode()
    refused(filter="name = 'Well 1'")


# -- Tiles ------------------------------------------------------------------------------------------------------------


def test_tilesets_are_as_published() -> None:
    """[tilesets-list, tileset, tmxslimits]"""
    assert [one["id"] for one in get("/tileMatrixSets").json()["tileMatrixSets"]] == ["WebMercatorQuad"]
    whole = get("/tileMatrixSets/WebMercatorQuad").json()
    fits(whole, "tileMatrixSet")
    assert whole["tileMatrices"][0]["scaleDenominator"] == pytest.approx(559082264.028717)
    [listed] = get(f"/collections/{WELLS.code}/tiles").json()["tilesets"]
    fits(listed, "tileSet")
    one = get(f"/collections/{WELLS.code}/tiles/WebMercatorQuad").json()
    fits(one, "tileSet")
    assert one["layers"][0]["propertiesSchema"]["properties"].keys() == {
        *("number", "name", "depth", "kind", "open", "dug"),
    }
    template = next(each for each in one["links"] if each["rel"] == "item")
    deepest = one["tileMatrixSetLimits"][-1]
    address = template["href"].format(
        tileMatrix=deepest["tileMatrix"], tileRow=deepest["minTileRow"], tileCol=deepest["minTileCol"]
    )
    tile = Client().get(address)
    assert (tile.status_code, tile["Content-Type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert b"Well 1" in tile.content
    again = Client().get(address, headers={"If-None-Match": tile["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for path in ("tiles", "tiles/WebMercatorQuad"):
        assert get(f"/collections/{WELLS.code}/{path}", f="html")["Content-Type"].startswith("text/html")
    for path in ("/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad"):
        assert get(path, f="html")["Content-Type"].startswith("text/html")


def test_a_tile_has_what_the_reader_sees(partner: MakePartner) -> None:
    """The policy of features: of layers and of attributes, with and without a token."""
    limits = get(f"/collections/{WELLS.code}/tiles/WebMercatorQuad").json()["tileMatrixSetLimits"][-1]
    place = "/".join(str(limits[name]) for name in ("tileMatrix", "minTileRow", "minTileCol"))
    public = get(f"/collections/{WELLS.code}/tiles/WebMercatorQuad/{place}").content
    assert "係員1".encode() not in public
    assert "秘密".encode() not in public
    staff = {"authorization": f"Bearer {partner(['layers:read'], section='environment').token}"}
    ours = get(f"/collections/{WELLS.code}/tiles/WebMercatorQuad/{place}", staff)
    assert "係員1".encode() in ours.content
    assert "秘密".encode() not in ours.content
    assert ours["Cache-Control"] == "private, no-store"
    assert get(f"/collections/{INSIDE.code}/tiles/WebMercatorQuad/{place}").status_code == 404


@pytest.mark.parametrize("place", ["0/1/0", "0/0/1", "23/0/0", "99999999999/0/0", "-1/0/0", "x/0/0", "3/8/0"])
def test_a_tile_that_is_none_is_not_there(place: str) -> None:
    answer = get(f"/collections/{WELLS.code}/tiles/WebMercatorQuad/{place}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
