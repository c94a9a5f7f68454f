"""What is in a view of the map, in the order that was asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from madoguchi.ground.languages import LocalText
from madoguchi.places.ordering import Order
from madoguchi.places.rules.layer import Attribute, Audience, Layer, everybody
from madoguchi.places.tests.test_layers import LAT, LON, PLANE, ZONING, feature, square, taken_in
from madoguchi.places.viewing import Box, in_view

pytestmark = pytest.mark.django_db

BOX = Box(LON - 0.01, LAT - 0.01, LON + 0.02, LAT + 0.01)
USES = {"2": LocalText("商業地域"), "10": LocalText("工業地域"), "1": LocalText("第一種住居地域")}
LAYER = replace(
    ZONING,
    code="test-ordered",
    attributes=(
        *ZONING.attributes[:1],
        Attribute("use", LocalText("用途"), "code", "use", codes=USES),
        Attribute("far", LocalText("容積率"), "number", "far"),
        Attribute("memo", LocalText("覚え"), "text", "memo"),
        Attribute("old", LocalText("古い"), "yes_no", "old"),
        Attribute("since", LocalText("指定"), "date", "since"),
        Attribute("secret", LocalText("課だけの数"), "integer", "secret", see="section"),
    ),
)
#: From west to east; the last says nothing but who it is.
SAYS: tuple[dict[str, Any], ...] = (
    {"use": "1", "far": 80, "memo": "市道10号", "old": "○", "since": "2020-04-01", "secret": 1},
    {"use": "10", "far": 1000, "memo": "市道2号", "old": "×", "since": "1999-12-31", "secret": 3},
    {"use": "2", "far": 9.5, "memo": "市道２号線", "old": "○", "since": "2020-03-31", "secret": 2},
    {"use": None, "far": None, "memo": "", "old": None, "since": None, "secret": None},
)


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    taken_in(
        tmp_path,
        *(feature(square(LON + n * 0.002, LAT), id=str(n), **says) for n, says in enumerate(SAYS)),
        layer=LAYER,
    )
    return LAYER


def in_order(layer: Layer, key: str, *, down: bool = False, most: int = 50, reader: Audience = "public") -> str:
    by = next(one for one in layer.attributes if one.key == key)
    found = in_view([layer], BOX, PLANE, reader=lambda _: reader, orders={layer.code: Order(by, down)}, most=most)
    return "".join(one.properties["id"] for one in found[layer.code])


@pytest.mark.parametrize(
    ("key", "up", "down"),
    [
        ("far", "2013", "1023"),
        ("use", "2103", "0123"),  # as the list of values has them, which the city wrote in an order of its own
        ("memo", "1203", "0213"),  # 2 before 10; a wide ２ is a 2
        ("old", "1023", "0213"),  # what is alike comes as the features are called, either way
        ("since", "1203", "0213"),
        ("id", "0123", "3210"),
    ],
)
def test_features_come_in_the_order_of_what_they_say_and_those_that_say_nothing_last(
    layer: Layer, key: str, up: str, down: str
) -> None:
    assert (in_order(layer, key), in_order(layer, key, down=True)) == (up, down)
    assert in_order(layer, key, most=1) == up[:2], "one more where there are more, of all that are there"


def test_an_order_is_told_by_nothing_that_its_reader_may_not_know(layer: Layer) -> None:
    near = "".join(one.properties["id"] for one in in_view([layer], BOX, PLANE, reader=everybody)[layer.code])
    assert in_order(layer, "secret", reader="section") == "0213"
    assert near != "0213"
    assert in_order(layer, "secret") == in_order(layer, "secret", down=True) == near
