"""What applies at a point, for machines: public layers alone, the same as the page says, and nothing kept."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from madoguchi.events.models import Event
from madoguchi.places.actions import load
from madoguchi.places.reading import read_file
from madoguchi.places.rules.layer import Layer
from madoguchi.places.tests.test_areas import SHELTERS
from madoguchi.places.tests.test_layers import DAY, LAT, LON, SYSTEM, ZONING, feature, taken_in, written, zone
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db
AT = {"lon": str(LON + 0.0005), "lat": str(LAT + 0.0005)}


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A public layer with an attribute for its section, one for staff, shelters."""
    inside = replace(ZONING, code="inside", see="staff")
    layers: dict[str, Layer] = {one.code: one for one in (ZONING, inside, SHELTERS)}
    monkeypatch.setattr(procedures, "layers", lambda: layers)
    taken_in(tmp_path, zone("1"))
    taken_in(tmp_path, zone("1"), layer=inside)
    point = feature([LON, LAT], "Point", id="見本小学校", flood="1", fire="0", inside="1")
    load(SHELTERS, read_file(SHELTERS, written(tmp_path, point)), DAY, by=SYSTEM)


def got(client: Client, **more: str) -> Any:
    answer = client.get("/api/v1/at", {**AT, **more})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


@pytest.mark.usefixtures("city")
def test_what_the_page_says_and_no_more(client: Client) -> None:
    before = Event.objects.count()
    said = got(client)
    assert [one["layer"] for one in said["answers"]] == ["test-zoning", "test-shelters"]
    zoning = said["answers"][0]
    assert (zoning["verdict"], zoning["words"]["ja"]) == ("applies", "第一種住居地域です（容積率200%）。―")
    assert zoning["features"] == [{"key": "1", "attributes": {"id": "1", "use": "1", "far": 200}, "metres": 0.0}]
    assert (zoning["edition"], zoning["as_of"]) == (1, DAY.isoformat())
    assert [one["hazard"] for one in said["shelters"]] == ["flood", "fire"]
    whole = json.dumps(said, ensure_ascii=False)
    assert "覚え" not in whole
    assert "inside" not in whole
    assert Event.objects.count() == before


@pytest.mark.usefixtures("city")
def test_of_few_layers_only_these_are_asked(client: Client) -> None:
    said = got(client, layers="test-zoning")
    assert [one["layer"] for one in said["answers"]] == ["test-zoning"]
    assert said["shelters"] == []
    both = got(client, layers="test-shelters, test-zoning,test-shelters")
    assert [one["layer"] for one in both["answers"]] == ["test-shelters", "test-zoning"]
    assert [one["hazard"] for one in both["shelters"]] == ["flood", "fire"]
    refused = [client.get("/api/v1/at", {**AT, "layers": layers}) for layers in ("inside", "none", "test-zoning,", "")]
    assert {(one.status_code, one.content) for one in refused} == {(422, refused[0].content)}, (
        "none tells what there is"
    )
    assert refused[0].json()["code"] == "layer-unknown"
    assert client.get("/api/v1/at", {**AT, "layers": "x" * 2001}).status_code == 422


@pytest.mark.usefixtures("city")
def test_on_a_day_and_what_cannot_be_asked(client: Client) -> None:
    assert got(client, on="2020-01-01")["answers"][0]["why"] == "no_data"
    for wrong in ({"lon": "2.3"}, {"lat": "nan"}, {"lon": "x"}, {"on": "2026-02-30"}, {"lat": "135", "lon": "34"}):
        answer = client.get("/api/v1/at", {**AT, **wrong})
        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.get("/api/v1/at").status_code == 422


@pytest.mark.usefixtures("city")
def test_the_answer_has_the_shape_that_the_document_says(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    operation = document["paths"]["/api/v1/at"]["get"]
    assert operation["security"] == []
    assert [*operation["responses"]["422"]["content"]] == ["application/problem+json"]
    schema = {
        "components": document["components"],
        **operation["responses"]["200"]["content"]["application/json"]["schema"],
    }
    jsonschema_rs.validate(schema, got(client))
    assert "what_applies_at" in client.get("/api/docs/").content.decode()
