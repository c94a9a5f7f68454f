"""A small city of a few generated features, for what other programs read: three layers with every kind of attribute."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import connection

from madoguchi.ground.languages import LocalText
from madoguchi.places.rules.layer import Attribute, Layer, Sentences, Source
from madoguchi.places.tests.test_layers import DAY, LAT, LON, ZONING, taken_in, zone

KINDS = {"1": LocalText("井戸"), "2": LocalText("消火栓")}


def _attribute(key: str, kind: Any, **more: Any) -> Attribute:
    return Attribute(key, LocalText(key), kind, key, **more)


ZONES = ZONING
WELLS = Layer(
    code="test-wells",
    title=LocalText("井戸"),
    owner="crisis-management",
    legal_basis="試験",
    source=Source("wells.geojson", "試験用", "試験用の利用条件", "試験用", DAY, "open"),
    shape="point",
    accuracy=5.0,
    attributes=(
        _attribute("number", "integer", required=True),
        _attribute("name", "text"),
        _attribute("depth", "number", unit=LocalText("m")),
        _attribute("kind", "code", codes=KINDS),
        _attribute("open", "yes_no"),
        _attribute("dug", "date"),
        _attribute("keeper", "text", see="staff"),
        _attribute("memo", "text", see="section"),
    ),
    sentences=Sentences(LocalText("{name}")),
    key=("number",),
    near=100.0,
)
INSIDE = Layer(
    code="test-inside",
    title=LocalText("庁内の図"),
    owner="environment",
    legal_basis="試験",
    source=Source("inside.geojson", "試験用", "試験用", "試験用", DAY, "to_read"),
    shape="polygon",
    accuracy=5.0,
    attributes=(_attribute("id", "text", required=True), _attribute("memo", "text", see="section")),
    sentences=Sentences(LocalText("{id}")),
    see="staff",
    key=("id",),
)
LAYERS = {one.code: one for one in (ZONES, WELLS, INSIDE)}
#: Ten wells, a hundred thousandth of a degree more than a metre apart, from west to east.
STEP = 0.001


def well(number: int, **more: Any) -> dict[str, Any]:
    said = {
        "number": number,
        "name": f"Well {number}",
        "depth": number * 1.5,
        "kind": "1" if number % 2 else "2",
        "open": number < 6,
        "dug": f"20{number:02}-04-01",
        "keeper": f"係員{number}",
        "memo": "秘密の覚え",
    }
    point = {"type": "Point", "coordinates": [LON + number * STEP, LAT + 0.0005]}
    return {"type": "Feature", "geometry": point, "properties": said | more}


def drawn(folder: Path) -> Mapping[str, Layer]:
    """Take the small city in: two zones (a third ended), ten wells, one thing inside. Gives its layers."""
    taken_in(folder, zone("1"), zone("2", LON + STEP, use="2", far=400), zone("3", LON + 2 * STEP), layer=ZONES)
    taken_in(folder, zone("1"), zone("2", LON + STEP, use="2", far=600), layer=ZONES, day=dt.date(2025, 4, 1))
    wells = [well(number) for number in range(1, 10)]
    taken_in(folder, *wells, well(10, name="井戸 'の' %_\\ \"10\"", depth=None, dug=None), layer=WELLS)
    taken_in(folder, zone("x"), layer=INSIDE)
    return LAYERS


def many(layer: Layer) -> None:
    """Four thousand features more, a metre apart from 135 degrees east on, straight into the table: enough for an index
    to be worth its while. The caller is the owner of the tables."""
    with connection.cursor() as cursor:
        cursor.execute(_MANY, {"layer": layer.code})
        cursor.execute("ANALYZE layer_feature")


_MANY = """
    INSERT INTO layer_feature (id, layer, key, properties, geom, digest, valid_from, added_in_id)
    SELECT gen_random_uuid(), %(layer)s, 'W' || n, '{}', ST_SetSRID(ST_MakePoint(135 + n / 1e5, 34), 6668), n,
           '2024-04-01', edition.id
    FROM generate_series(1, 4000) AS n, (SELECT id FROM layer_edition WHERE layer = %(layer)s) AS edition
"""
