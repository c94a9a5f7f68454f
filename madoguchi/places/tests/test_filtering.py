"""CQL2: text and JSON say the same, what cannot be read is refused with its place, and nothing of it gets into SQL."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.errors import Refused
from madoguchi.places.rules import cql
from madoguchi.places.rules.crs import CRS84, offered
from madoguchi.places.rules.filtering import condition
from madoguchi.places.tests.test_layers import ZONING

SYSTEMS = offered(6674)
DEGREES = SYSTEMS[CRS84]

#: Each as the standard's examples write them, in both forms.
BOTH: list[tuple[str, Any]] = [
    ("far >= 200", {"op": ">=", "args": [{"property": "far"}, 200]}),
    ("far<-1.5e2", {"op": "<", "args": [{"property": "far"}, -150.0]}),
    ("use = 'O''Neil'", {"op": "=", "args": [{"property": "use"}, "O'Neil"]}),
    (r"use = 'O\'Neil'", {"op": "=", "args": [{"property": "use"}, "O'Neil"]}),
    ('"use" <> \'1\'', {"op": "<>", "args": [{"property": "use"}, "1"]}),
    (
        "use = '1' OR use = '2' AND far > 100",
        {
            "op": "or",
            "args": [
                {"op": "=", "args": [{"property": "use"}, "1"]},
                {
                    "op": "and",
                    "args": [
                        {"op": "=", "args": [{"property": "use"}, "2"]},
                        {"op": ">", "args": [{"property": "far"}, 100]},
                    ],
                },
            ],
        },
    ),
    ("id NOT LIKE 'a\\%%'", {"op": "not", "args": [{"op": "like", "args": [{"property": "id"}, "a\\%%"]}]}),
    ("CASEI(id) LIKE casei('A_')", {"op": "like", "args": [
        {"op": "casei", "args": [{"property": "id"}]}, {"op": "casei", "args": ["A_"]}]}),
    ("far BETWEEN 1 AND 2 and far is not null", {"op": "and", "args": [
        {"op": "between", "args": [{"property": "far"}, 1, 2]},
        {"op": "not", "args": [{"op": "isNull", "args": [{"property": "far"}]}]}]}),
    ("use IN ('1','2')", {"op": "in", "args": [{"property": "use"}, ["1", "2"]]}),
    ("NOT (use = '1')", {"op": "not", "args": [{"op": "=", "args": [{"property": "use"}, "1"]}]}),
    ("S_INTERSECTS(geometry, POINT(135.6 34.7))", {"op": "s_intersects", "args": [
        {"property": "geometry"}, {"type": "Point", "coordinates": [135.6, 34.7]}]}),
    ("s_within(geometry,POLYGON((135 34,136 34,136 35,135 34)))", {"op": "s_within", "args": [
        {"property": "geometry"},
        {"type": "Polygon", "coordinates": [[[135, 34], [136, 34], [136, 35], [135, 34]]]}]}),
    ("S_DISJOINT(geometry, BBOX(135,34,136,35))", {"op": "s_disjoint", "args": [
        {"property": "geometry"}, {"bbox": [135, 34, 136, 35]}]}),
    ("S_CROSSES(geometry, MULTIPOINT((135 34),(136 35)))", {"op": "s_crosses", "args": [
        {"property": "geometry"}, {"type": "MultiPoint", "coordinates": [[135, 34], [136, 35]]}]}),
    ("T_AFTER(valid_from, DATE('2024-01-01'))", {"op": "t_after", "args": [
        {"property": "valid_from"}, {"date": "2024-01-01"}]}),
    ("T_DURING(valid_from, INTERVAL('2024-01-01','..'))", {"op": "t_during", "args": [
        {"property": "valid_from"}, {"interval": ["2024-01-01", ".."]}]}),
    ("T_INTERSECTS(INTERVAL(valid_from,valid_until), INTERVAL('2024-01-01T00:00:00Z','2024-02-01T00:00:00Z'))",
     {"op": "t_intersects", "args": [
        {"interval": [{"property": "valid_from"}, {"property": "valid_until"}]},
        {"interval": ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"]}]}),
    ("TRUE", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), BOTH, ids=[one for one, _ in BOTH])
def test_text_and_json_are_one_tree_and_one_condition(text: str, tree: Any) -> None:
    read = cql.read_text(text)
    assert read == cql.read_json(json.dumps(tree))
    found = condition(read, ZONING, "public", DEGREES)
    assert found.text.count("%s") == len(found.params)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "filter-unreadable"),
        ("far >", "filter-unreadable"),
        ("far > 1 far", "filter-unreadable"),
        ("far > 'x'", "type-differs"),
        ("far + 1 > 2", "filter-unreadable"),
        ("far", "type-differs"),
        ("far LIKE '1'", "type-differs"),
        ("id LIKE 'a\\'", "filter-unreadable"),
        ("id BETWEEN 'a' AND 'b'", "type-differs"),
        ("nothing = 1", "attribute-unknown"),
        ("memo = 'x'", "attribute-unknown"),  # for the section only: as if there were none
        ("properties = 'x'", "attribute-unknown"),
        ("pg_sleep(10) = 1", "filter-unreadable"),
        ("id = 'a'; DROP TABLE layer_feature", "filter-unreadable"),
        ("id = 'a' -- x", "filter-unreadable"),
        ("id = 'a", "filter-unreadable"),
        ("geometry = geometry", "type-differs"),
        ("S_INTERSECTS(far, POINT(1 2))", "type-differs"),
        ("S_INTERSECTS(geometry, 'POINT(1 2)')", "type-differs"),
        ("S_INTERSECTS(geometry, POINT(1))", "filter-unreadable"),
        ("S_INTERSECTS(geometry, POINT(34.7 135.6))", "out-of-range"),  # the axes of another system
        ("S_INTERSECTS(geometry, POINT(1e400 1))", "filter-unreadable"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0)))", "shape-broken"),
        ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "shape-broken"),
        ("S_INTERSECTS(geometry, BBOX(2,1,1,2))", "box-turned"),
        ("S_INTERSECTS(geometry, BBOX(1,2,3))", "filter-unreadable"),
        ("T_AFTER(valid_from, DATE('2024-02-30'))", "time-unreadable"),
        ("T_AFTER(valid_from, far)", "type-differs"),
        ("T_DURING(valid_from, INTERVAL('2024-02-01','2024-01-01'))", "interval-turned"),
        ("(" * 100 + "TRUE" + ")" * 100, "filter-too-large"),
        ("id = '" + "a" * 9_000 + "'", "filter-too-large"),
        (" OR ".join(["far = 1"] * 300), "filter-too-large"),
        ("id = 'a\0b'", "filter-unreadable"),
    ],
)
def test_what_cannot_be_is_refused_without_repeating_it(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        condition(cql.read_text(text), ZONING, "public", DEGREES)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert not any(one in str(refused.value) for one in ("memo", "nothing", "DROP", "pg_"))


def test_the_place_is_named() -> None:
    with pytest.raises(Refused) as refused:
        cql.read_text("far > 1 AND ;")
    assert refused.value.params == {"place": 13}


@pytest.mark.parametrize(
    "text",
    ["", "[", "[" * 5_000, "null", "[]", '{"op": "and"}', '{"op": "=", "args": [1]}', '{"op": ["="], "args": [1, 2]}',
     '{"op": "in", "args": [{"property": "far"}, 1]}', '{"op": "in", "args": [{"property": "far"}, []]}',
     '{"op": "=", "args": [{"property": ["far"]}, 1]}', '{"op": "=", "args": [{"property": "far"}, NaN]}',
     '{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [[1, 2]]}]}',
     '{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Circle", "coordinates": [1, 2]}]}',
     '{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "GeometryCollection", "geometries": [1]}]}'],
)  # fmt: skip
def test_json_that_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        condition(cql.read_json(text), ZONING, "public", DEGREES)
    assert refused.value.status == 400


def test_the_section_filters_by_what_is_its_own() -> None:
    found = condition(cql.read_text("memo = 'x'"), ZONING, "section", DEGREES)
    assert found.params == ("memo", "x")


@given(st.text(max_size=30))
def test_what_is_written_never_becomes_part_of_the_statement(text: str) -> None:
    plain = condition(cql.read_text("id = 'x'"), ZONING, "public", DEGREES)
    try:
        said = condition(
            cql.read_json(json.dumps({"op": "=", "args": [{"property": "id"}, text]})), ZONING, "public", DEGREES
        )
    except Refused:
        assert "\0" in text
    else:
        assert said.text == plain.text
        assert said.params[-1] == text


@given(st.text(alphabet="'\"\\()=<>, %;-far idORANDNOTLIKEPOINTBBOX1.2", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = condition(cql.read_text(text), ZONING, "public", DEGREES)
    except Refused:
        return
    assert found.text.count("%s") == len(found.params)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("2024-04-01", ("2024-04-01", "2024-04-01")),
        ("2024-03-31T15:00:00Z", ("2024-04-01", "2024-04-01")),  # the day of the city
        ("2024-04-01/..", ("2024-04-01", cql.LAST_DAY)),
        ("/2024-04-01", (cql.FIRST_DAY, "2024-04-01")),
    ],
)
def test_days(said: str, days: tuple[str, str]) -> None:
    assert cql.interval(said) == days


@pytest.mark.parametrize("said", ["", "..", "../..", "2024", "2024-13-01", "2024-04-02/2024-04-01", "1/2/3", "now"])
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(Refused):
        cql.interval(said)


@pytest.mark.parametrize(
    ("code", "point"), [("4326", "34.71 135.62"), ("6668", "34.71 135.62"), ("3857", "15097149 4124370")]
)
def test_axes_are_as_the_authority_has_them(code: str, point: str) -> None:
    """The same point in the axes of each system; the other way round it would be nowhere in them."""
    system = SYSTEMS[f"http://www.opengis.net/def/crs/EPSG/0/{code}"]
    condition(cql.read_text(f"S_INTERSECTS(geometry, POINT({point}))"), ZONING, "public", system)
    turned = " ".join(reversed(point.split()))
    if system.degrees:
        with pytest.raises(Refused):
            condition(cql.read_text(f"S_INTERSECTS(geometry, POINT({turned}))"), ZONING, "public", system)
