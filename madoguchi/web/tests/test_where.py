"""Where residents write a place: the candidates with how surely they are known, and what is near."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from madoguchi.events import SYSTEM
from madoguchi.places.actions import load
from madoguchi.places.reading import read_file
from madoguchi.procedures import queries as procedures

pytestmark = pytest.mark.django_db
WEST, SOUTH = 135.62, 34.71


@pytest.fixture(autouse=True)
def layers(tmp_path: Path) -> None:
    """Two towns and two shelters, in the columns of the files of the city's layers."""

    def square(west: float) -> dict[str, Any]:
        ring = [
            (west, SOUTH),
            (west + 0.005, SOUTH),
            (west + 0.005, SOUTH + 0.005),
            (west, SOUTH + 0.005),
            (west, SOUTH),
        ]
        return {"type": "Polygon", "coordinates": [ring]}

    def town(west: float, key: str, name: str) -> dict[str, Any]:
        said = {"code": "27218", "key_code": key, "name": name, "pop_2015": 100, "households_2015": 40}
        return {"geometry": square(west), "properties": said}

    columns = ("住所", "洪水", "崖崩れ、土石流及び地滑り", "地震", "大規模な火事", "内水氾濫", "指定避難所との住所同一")
    files: dict[str, list[dict[str, Any]]] = {
        "towns": [town(WEST, "1", "曙町"), town(WEST + 0.005, "2", "谷川１丁目")],
        "shelters": [
            {
                "geometry": {"type": "Point", "coordinates": [WEST + 0.001 + at * 0.006, SOUTH + 0.002]},
                "properties": {**dict.fromkeys(columns, "1"), "施設・場所名": name, "kind": "指定避難所"},
            }
            for at, name in enumerate(("見本小学校", "見本公民館"))
        ],
    }
    for code, features in files.items():
        path = tmp_path / f"{code}.geojson"
        whole = {"type": "FeatureCollection", "features": [{"type": "Feature", **one} for one in features]}
        path.write_text(json.dumps(whole))
        layer = procedures.layers()[code]
        load(layer, read_file(layer, path), layer.source.as_of, by=SYSTEM)


def said(text: str) -> tuple[int, str]:
    answer = Client().post("/here/", {"q": text})
    return answer.status_code, answer.content.decode()


def test_candidates_say_how_surely_and_how_far() -> None:
    status, page = said("曙町の近くの避難所")
    assert status == 200
    assert page.index("見本小学校") < page.index("見本公民館")
    assert "曙町から" in page
    assert "施設や駅の位置（誤差は約30m）" in page
    status, page = said("曙町4番6号")
    assert status == 200
    assert "町の中ほどから見た結果です" in page
    assert "曙町4番6" in page
    status, page = said("あけぼの")
    assert status == 200
    assert "どの場所ですか" in page


def test_near_what_has_to_be_said_and_a_point_has_a_name() -> None:
    status, page = said("近くの避難所")
    assert status == 422
    assert "どこの近くかも書いてください" in page
    page = Client().get("/here/", {"lon": str(WEST + 0.001), "lat": str(SOUTH + 0.003)}).content.decode()
    assert "曙町付近</h2>" in page
    assert "見本小学校から北へ約110m" in page
