"""Views of the layers for the departments' own QGIS: each role reads its audience's, and nothing else of the city."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from madoguchi.facts.tests.ledger import as_owner
from madoguchi.feeds.tests.mapping import INSIDE, LAYERS, WELLS, ZONES, drawn, many
from madoguchi.site.mapviews import schemas, trust_boxes, write_views

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def views(tmp_path: Path) -> Iterator[None]:
    drawn(tmp_path)
    with as_owner():
        write_views(schemas(LAYERS.values()))
        assert trust_boxes()
        yield


@contextmanager
def role(name: str) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {name}")
        yield cursor
        cursor.execute("SET LOCAL ROLE NONE")


def rows(cursor: Any, sql: str) -> list[Any]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def is_denied(cursor: Any, sql: str) -> bool:
    try:
        with transaction.atomic():  # noqa: TID251 -- contains the error
            cursor.execute(sql)
    except ProgrammingError as error:
        return "permission denied" in str(error)
    return False


def columns(cursor: Any, view: str) -> dict[str, str]:
    cursor.execute(f"SELECT * FROM {view} LIMIT 0")
    types = {20: "int8", 701: "float8", 16: "bool", 25: "text", 1082: "date", 2950: "uuid"}
    return {one.name: types.get(one.type_code, "other") for one in cursor.description}


def test_audiences_are_those_of_the_release_policy() -> None:
    found = {one.name: {layer.code for layer in one.layers} for one in schemas(LAYERS.values())}
    assert found == {
        "map": {ZONES.code, WELLS.code},
        "map_staff": set(LAYERS),
        "map_city_planning": {ZONES.code},
        "map_crisis_management": {WELLS.code},
        "map_environment": {INSIDE.code},
    }


def test_columns_have_types_and_only_those_of_the_reader() -> None:
    public = {"number": "int8", "name": "text", "depth": "float8", "kind": "text", "open": "bool", "dug": "date"}
    own = {"id": "uuid", "key": "text", "geom": "other", "valid_from": "date"}
    with role("madoguchi_map") as cursor:
        assert columns(cursor, "map.test_wells") == own | public
        # The zones' own attribute "id" stands beside the row's.
        assert columns(cursor, "map.test_zoning").keys() == {*own, "id_", "use", "far"}
    with role("madoguchi_map_staff") as cursor:
        assert columns(cursor, "map_staff.test_wells") == own | public | {"keeper": "text"}
    with role("madoguchi_map_crisis_management") as cursor:
        assert columns(cursor, "map_crisis_management.test_wells").keys() == {*own, *public, "keeper", "memo"}


def test_rows_are_those_of_today() -> None:
    with role("madoguchi_map") as cursor:
        assert rows(cursor, "SELECT key, far FROM map.test_zoning ORDER BY key") == [("1", 200), ("2", 600)]
        assert rows(cursor, "SELECT count(*), max(ST_SRID(geom)) FROM map.test_wells") == [(10, 6668)]


def test_a_role_reads_its_own_schema_and_writes_nothing() -> None:
    with role("madoguchi_map") as cursor:
        for sql in (
            "SELECT 1 FROM layer_feature",
            "SELECT 1 FROM person",
            "SELECT 1 FROM map_staff.test_wells",
            "SELECT 1 FROM map_city_planning.test_zoning",
            "UPDATE map.test_wells SET key = 'x'",
            "DELETE FROM map.test_wells",
            "CREATE TABLE map.mine (x int)",
        ):
            assert is_denied(cursor, sql), sql


def test_no_function_of_a_reader_is_asked_about_rows_that_are_left_out() -> None:
    """A cheap function in a condition runs before a dear one, unless the view is a barrier."""
    with role("madoguchi_map_staff") as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.told(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE '%', $1; RETURN TRUE; END $$"
        )
        told: list[str] = []
        connection.connection.add_notice_handler(lambda one: told.append(one.message_primary))
        cursor.execute("SELECT key FROM map_staff.test_zoning WHERE pg_temp.told(key)")
        assert sorted(told) == ["1", "2"]


def test_a_box_is_looked_up_in_the_spatial_index_behind_the_barrier() -> None:
    """As QGIS asks: the box first, the exact shape then."""
    many(WELLS)
    box = "ST_MakeEnvelope(135.0100, 33.9, 135.0105, 34.1, 6668)"
    asked = f"SELECT key FROM map.test_wells WHERE geom && {box} AND ST_Intersects(geom, {box})"
    with role("madoguchi_map") as cursor:
        plan = "\n".join(line for (line,) in rows(cursor, f"EXPLAIN {asked}"))
        assert len(rows(cursor, asked)) == 51
    assert "Index Cond" in plan
    assert "(geom &&" in plan.split("Index Cond", 1)[1].splitlines()[0]


def test_made_anew_a_narrowed_layer_is_gone() -> None:
    write_views(schemas([ZONES]))
    with role("madoguchi_map") as cursor:
        assert rows(cursor, "SELECT viewname FROM pg_views WHERE schemaname = 'map'") == [("test_zoning",)]
