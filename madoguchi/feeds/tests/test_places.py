"""Places over the API: from addresses to points and back, for a partner that may, by the public layers alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.feeds.tests.conftest import MakePartner
from madoguchi.places.actions import load
from madoguchi.places.reading import read_file
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db
WEST, SOUTH = 135.62, 34.71


@pytest.fixture
def towns(tmp_path: Path) -> None:
    """Two towns, half a kilometre each, as the file of the census has them."""
    ring = [(0.0, 0.0), (0.005, 0.0), (0.005, 0.005), (0.0, 0.005), (0.0, 0.0)]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [[(WEST + at * 0.005 + x, SOUTH + y) for x, y in ring]]},
            "properties": {
                "code": "27218",
                "key_code": f"2721800{at}",
                "name": name,
                "pop_2015": 100,
                "households_2015": 40,
            },
        }
        for at, name in enumerate(("谷川１丁目", "大字竜間"))
    ]
    path = tmp_path / "towns.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    layer = procedures.layers()["towns"]
    load(layer, read_file(layer, path), layer.source.as_of, by=SYSTEM)


def test_addresses_are_found_with_level_and_error_and_nothing_is_kept(towns: None, partner: MakePartner) -> None:
    core = partner(["places:read"])
    before = Event.objects.count()
    answer = core.post(
        "/places/locate-many", {"addresses": ["大東市谷川1-1-1", "竜間１５４０番地", "京都市", "\ud800"]}
    )
    assert answer.status_code in (200, 400, 422)
    answer = core.post("/places/locate-many", {"addresses": ["大東市谷川1-1-1", "竜間１５４０番地", "京都市"]})
    assert answer.status_code == 200, answer.content
    first, second, none = answer.json()["addresses"]
    assert [one["name"] for one in first] == ["谷川一丁目1番1"]
    assert (first[0]["level"], first[0]["exact"], first[0]["town"]) == ("town", True, "0025001")
    assert 300 < first[0]["error"] < 500
    assert WEST < first[0]["lon"] < WEST + 0.005
    assert second[0]["town"] == "0058000"
    assert none == []
    one = core.post("/places/locate", {"text": "谷川一丁目"}).json()["places"]
    assert [found["name"] for found in one] == ["谷川一丁目"]
    back: Any = core.get(f"/places/reverse?lon={WEST + 0.001}&lat={SOUTH + 0.001}").json()
    assert (back["name"], back["level"], back["sure"]) == ("谷川一丁目", "town", True)
    kept = [json.dumps(event.data, ensure_ascii=False) for event in Event.objects.all()]
    assert Event.objects.count() == before
    assert not any("谷川" in one for one in kept)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/places/locate", {"text": ""}, 422),
        ("/places/locate", {"text": "谷" * 201}, 422),
        ("/places/locate", {"text": "谷川", "more": 1}, 422),
        ("/places/locate-many", {"addresses": []}, 422),
        ("/places/locate-many", {"addresses": ["谷川"] * 1001}, 422),
    ],
)
def test_what_does_not_fit_is_refused(partner: MakePartner, path: str, body: Any, status: int) -> None:
    assert partner(["places:read"]).post(path, body).status_code == status


def test_a_point_outside_of_japan_and_a_partner_without_the_scope_are_refused(partner: MakePartner) -> None:
    assert partner(["places:read"]).get("/places/reverse?lon=34.7&lat=135.6").status_code == 422
    other = partner(["procedures:read"])
    assert other.post("/places/locate", {"text": "谷川"}).status_code == 403
    assert other.get(f"/places/reverse?lon={WEST}&lat={SOUTH}").status_code == 403
