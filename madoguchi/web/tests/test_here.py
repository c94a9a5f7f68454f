"""What applies here: an address or a name leads to the answers of all sections, and what is typed stays nowhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages import queries as messages
from madoguchi.messages.models import Letter
from madoguchi.messages.rules import letters
from madoguchi.places.actions import load
from madoguchi.places.reading import read_file
from madoguchi.procedures import queries as procedures

HERE = "/here/"
LON, LAT = 135.6235, 34.7119
POINT = {"lat": str(LAT), "lon": str(LON)}


BOW = json.dumps(
    {
        "type": "Polygon",
        "coordinates": [[[LON, LAT], [LON + 0.001, LAT + 0.001], [LON + 0.001, LAT], [LON, LAT + 0.001], [LON, LAT]]],
    }
)


def _square(lon: float, lat: float, half: float) -> list[list[list[float]]]:
    west, south, east, north = lon - half, lat - half, lon + half, lat + half
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


@pytest.fixture
def city(db: None, tmp_path: Path) -> None:
    """Two towns side by side with a shelter in one of them, as their layers want it; and something for staff alone."""
    towns = [
        ("272180251", "27218", "谷川１丁目", 684, 307, _square(LON, LAT, 0.002)),
        ("272180252", "27218", "谷川２丁目", 500, 200, _square(LON + 0.004, LAT, 0.002)),
    ]
    shelter = {
        "施設・場所名": "見本小学校",
        "住所": "大東市谷川1-1",
        "kind": "指定緊急避難場所",
        "洪水": "1",
        "地震": "1",
        "崖崩れ、土石流及び地滑り": "",
        "大規模な火事": "",
        "内水氾濫": "",
        "指定避難所との住所同一": "",
    }
    named = ("key_code", "code", "name", "pop_2015", "households_2015")
    features: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {
        "towns": [({"type": "Polygon", "coordinates": one[5]}, dict(zip(named, one, strict=False))) for one in towns],
        "shelters": [({"type": "Point", "coordinates": [LON + 0.001, LAT]}, shelter)],
        "junior-high-district": [
            (
                {"type": "Polygon", "coordinates": _square(LON, LAT, 0.02)},
                {"code": "27218", "school": "見本中学校", "address": "大東市"},
            )
        ],
    }
    for code, ones in features.items():
        layer, path = procedures.layers()[code], tmp_path / f"{code}.geojson"
        rows = [{"type": "Feature", "geometry": shape, "properties": said} for shape, said in ones]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
        load(layer, read_file(layer, path), layer.source.as_of, by=Actor("system", channel="console"))


@pytest.mark.usefixtures("city")
def test_an_address_leads_to_its_answers(client: Client) -> None:
    before = Event.objects.count()
    page = client.post(HERE, {"q": "大東市谷川1-1-1"}).content.decode()
    assert "町の中ほどから見た結果です" in page
    assert "見本小学校（指定緊急避難場所）まで約92m" in page
    assert "わかりません" in page, "the town is smaller than what is known of where the address is"
    assert "「国勢調査（小地域）」（総務省統計局）を加工して作成" in page
    assert "市民課" in page
    assert "災害対策基本法" in page
    assert page.count("見本小学校（指定緊急避難場所）まで") == 1, "by hazard, and not a second time by layer"
    assert "中学校区は、ここではお答えできません。" in page, "what residents may not see leads to who knows"
    assert "見本中学校" not in page, "its condition of use was not read: for staff alone"
    assert Event.objects.count() == before, "what somebody asks is nobody's to know"


@pytest.mark.usefixtures("city")
def test_a_border_is_said_and_whom_to_ask(client: Client) -> None:
    page = client.get(HERE, {"lat": str(LAT), "lon": str(LON + 0.00201)}).content.decode()
    assert "わかりません" in page
    assert "市民課にお問い合わせください" in page
    assert "谷川１丁目" in page
    assert "谷川２丁目" in page


@pytest.mark.usefixtures("city")
def test_what_may_mean_several_is_asked(client: Client) -> None:
    page = client.post(HERE, {"q": "谷川"}).content.decode()
    assert "どの場所ですか" in page
    assert 'id="answers"' in page, "the form leads there: on a telephone the question lies below what was typed"
    assert page.count("?lat=") >= 2
    assert "この地点へのリンク" not in page


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    ("method", "said", "status", "words"),
    [
        ("post", {"q": "パリ"}, 404, "見つかりませんでした"),
        ("post", {"q": " \0 "}, 422, "住所か、駅や学校の名前"),
        ("post", {"q": "'; DROP TABLE layer_feature; --"}, 404, "見つかりませんでした"),
        ("get", {"lat": "2", "lon": "48"}, 422, "日本の外の場所です"),
        ("get", {"lat": "x", "lon": ""}, 422, "日本の外の場所です"),
        ("get", {"lat": "1e999", "lon": "nan"}, 422, "日本の外の場所です"),
        ("get", {**POINT, "on": "きのう"}, 422, "2026-04-01 の形"),
        ("get", {**POINT, "of": "lot"}, 404, "土地（地番）のデータがありません"),
        ("post", {"area": "x"}, 422, "区域を読めませんでした"),
        ("post", {"area": BOW}, 422, "交わっています"),
    ],
)
def test_what_cannot_be_found_is_said(
    client: Client, method: str, said: dict[str, str], status: int, words: str
) -> None:
    for path in (HERE, f"{HERE}answer.pdf"):
        answer = getattr(client, method)(path, said)
        assert (answer.status_code, words in answer.content.decode()) == (status, True)


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja-simple", "谷川１丁目です。"),
        ("en", "In 谷川１丁目 (684 people in 2015)."),
        ("ko", "In 谷川１丁目 (684 people in 2015)."),
    ],
)
def test_in_other_languages(client: Client, language: str, words: str) -> None:
    client.cookies["language"] = language
    page = client.get(HERE, POINT).content.decode()
    assert words in re.sub("<rt>.*?</rt>|<rp>.*?</rp>|</?(ruby|rb)>|<span[^>]*>|</span>", "", page)


@pytest.mark.usefixtures("city")
def test_an_area_is_told_of_by_its_parts(client: Client) -> None:
    """Half in each of the two towns; the part says how much."""
    area = json.dumps({"type": "Polygon", "coordinates": _square(LON + 0.002, LAT, 0.0005)})
    page = client.post(HERE, {"area": area}).content.decode()
    assert "一部に当てはまります" not in page, "the two towns together are all of it"
    assert re.search(r"谷川１丁目です[^<]*<b>約50%（5,\d{3}m²）", page)
    assert re.search(r"谷川２丁目です[^<]*<b>約50%（5,\d{3}m²）", page)
    assert "この地点へのリンク" not in page, "what was drawn stands in no address"
    assert re.search(r'href="/map/#16/[\d.]+/[\d.]+&amp;area=([\d.]+,[\d.]+;?){4}"', page), (
        "but behind the # of the map"
    )


@pytest.mark.usefixtures("city")
def test_where_one_stands_is_posted_with_how_far_the_device_may_err(client: Client) -> None:
    page = client.post(HERE, POINT | {"error": "15"}).content.decode()
    assert "示された位置（誤差は約15m）" in page
    assert "この地点へのリンク" not in page, "where one stands is in no address"
    for error in ("900", "-1", "nan", "x"):
        answer = client.post(HERE, POINT | {"error": error})
        assert (answer.status_code, "はっきりわかりません" in answer.content.decode()) == (422, True)


@pytest.mark.usefixtures("city")
def test_the_shelters_of_each_hazard_are_told(client: Client) -> None:
    page = client.get(HERE, POINT).content.decode()
    [told] = re.findall(r'id="shelters".*?</section>', page, re.DOTALL)
    by_hazard = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", told, re.DOTALL))
    assert "見本小学校（指定緊急避難場所）まで約92m" in by_hazard["洪水、地震"]
    assert by_hazard["崖崩れ・土石流・地滑り、大規模な火事、内水氾濫"] == "記録がありません。"


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("language", ["ja", "en", "ko"])
def test_the_answer_on_paper_is_signed_and_nothing_of_it_is_kept(client: Client, language: str) -> None:
    client.cookies["language"] = language
    before = Event.objects.count(), Letter.objects.count()
    answers = [
        client.get(f"{HERE}answer.pdf", POINT),
        client.post(f"{HERE}answer.pdf", {"q": "大東市谷川1-1-1"}),
    ]
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/pdf"
        text = letters.text_of(answer.content)
        assert "見本小学校" in text
        assert "1:2,500" in text, "the map of it, with its scale"
        assert "見本中学校" not in text, "for staff alone"
        verdict = messages.verify_pdf(answer.content)
        assert (verdict.outcome, verdict.issued_on, verdict.number) == ("signed", clock.today(), "")
        broken = answer.content.replace(b"madoguchi-answer-sheet", b"madoguchi-answer-shoot")
        assert messages.verify_pdf(broken).outcome == "altered"
    assert (Event.objects.count(), Letter.objects.count()) == before
    sent = SimpleUploadedFile("here.pdf", answers[0].content, "application/pdf")
    client.cookies["language"] = "ja"
    page = client.post("/verify/", {"pdf": sent}).content.decode()
    assert "電子署名した書面で、書きかえられていません" in page
    assert "この場所に当てはまること" in page or language != "ja"


@pytest.mark.django_db
def test_without_any_data_it_says_so(client: Client) -> None:
    assert client.get(HERE).status_code == 200
    assert "公開しているデータがまだありません" in client.get(HERE, POINT).content.decode()
