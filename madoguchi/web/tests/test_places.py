"""A place as it is asked on the page: without a script, from words to the place and what applies."""

import re
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import Actor
from madoguchi.places.tests.laying import lay, square
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db

LON, LAT = 135.6235, 34.7119
Dog = tuple[Client, Actor, Case]


@pytest.fixture(autouse=True)
def towns(db: None) -> None:
    named = [("谷川１丁目", LON), ("谷川２丁目", LON + 0.004)]
    said = {"population": 684, "households": 307}
    lay("towns", *((square(lon, LAT), {"name": name, "key_code": name, **said}) for name, lon in named))
    lay("junior-high-district", (square(LON, LAT, 0.05), {"school": "見本中学校"}))


def post(client: Client, case: Case, todo: str, **parts: str) -> Any:
    said = {f"kept_at.{part}": value for part, value in parts.items()}
    return client.post(f"/cases/{case.pk}/sections/keeping/", {"_do": todo, **said})


def test_somebody_writes_chooses_and_reads_what_applies(dog: Dog) -> None:
    client, _, case = dog
    page = post(client, case, "place", text="谷川").content.decode()
    choices = re.findall(r'name="kept_at.pick" value="([^"]+)"', page)
    assert choices == ["谷川一丁目", "谷川二丁目", "words"]
    assert "町の中ほどから見た結果です" in page, "how surely each of them is where the map has it"
    assert "入力を直してください" not in page, "nobody has done wrong"
    page = post(client, case, "place", text="谷川", pick="谷川二丁目").content.decode()
    assert "谷川２丁目です（平成27年の人口684人" in page
    assert "「国勢調査（小地域）」" in page, "whose data it is"
    assert re.search(rf'data-known data-lon="{LON + 0.004:.4f}\d*" data-lat="{LAT}\d*"', page), "where the map opens"
    assert "見本中学校" not in page, "what is for staff alone"
    case.refresh_from_db()
    assert case.answers["kept_at"]["name"] == "谷川二丁目"


def test_without_a_choice_nobody_goes_on_and_nothing_is_lost(dog: Dog) -> None:
    client, _, case = dog
    answer_ = post(client, case, "next", text="谷川")
    assert answer_.status_code == 422
    assert "どの場所か、下から選んでください" in answer_.content.decode()
    forged = post(client, case, "place", text="谷川", pick="北条一丁目")
    assert (forged.status_code, "候補にありません" in forged.content.decode()) == (422, True)
    case.refresh_from_db()
    assert case.answers["kept_at"]["text"] == "谷川"
    assert "lat" not in case.answers["kept_at"]


def test_a_point_of_a_device_is_shown_with_its_error_and_can_be_given_up(dog: Dog) -> None:
    client, _, case = dog
    page = post(client, case, "place", text="", lat=str(LAT), lon=str(LON), error="18").content.decode()
    assert "谷川一丁目付近" in page
    assert "示された位置（誤差は約18m）" in page
    assert f'name="kept_at.lat" value="{LAT}"' in page
    page = post(client, case, "place", text="谷川二丁目", lat=str(LAT), lon=str(LON), error="18", pick="words")
    assert 'name="kept_at.lat" value=""' in page.content.decode(), "a point that was found by words stands in no input"


@pytest.mark.parametrize("language", ["en", "ja-simple"])
def test_other_languages_read_it_too(language: str, dog: Dog) -> None:
    client, _, case = dog
    client.get(f"/procedures/?lang={language}")
    page = post(client, case, "place", text="谷川一丁目").content.decode()
    assert {"en": "In 谷川１丁目", "ja-simple": "谷川１丁目です"}[language] in re.sub(
        r"<r[pt]>.*?</r[pt]>|<[^>]+>", "", page
    )


def test_the_review_and_the_page_of_the_case_show_what_applies(dog: Dog) -> None:
    client, by, case = dog
    given = answers_of(catalogue().packages["dog-registration"].examples["microchip-granted"])
    answer(case, {**given, "kept_at": {"text": "谷川一丁目1番1号"}}, by)
    page = client.get(f"/cases/{case.pk}/review/").content.decode()
    assert "谷川１丁目です（平成27年の人口684人" in page
    actions.submit(case, by=by)
    assert case.town == "0025001"
    assert "見本中学校" not in client.get(f"/cases/{case.pk}/").content.decode(), "what is for staff alone"


def test_the_map_is_there_for_whoever_asks_for_it_and_only_where_a_place_is_asked(dog: Dog) -> None:
    client, _, case = dog
    asked = client.get(f"/cases/{case.pk}/sections/keeping/")
    assert 'data-map="/static/web/js/place-map' in asked.content.decode()
    assert "maplibre-gl.mjs" not in asked.content.decode(), "nothing of it is loaded before"
    assert "worker-src 'self'" in asked["Content-Security-Policy"]
    other = client.get(f"/cases/{case.pk}/sections/dog/")
    assert "data-map=" not in other.content.decode()
    assert "worker-src" not in other["Content-Security-Policy"]


def test_whoever_asks_for_the_zone_of_a_lot_that_is_clear_is_led_on_to_pay(dog: Dog) -> None:
    client, by, _ = dog
    row = procedures.current("zoning-certificate")
    assert row is not None
    lay("zoning", (square(LON, LAT, 0.05), {"use": "5", "coverage": 60, "floor_area": 200}))
    lay("parcels", (square(LON, LAT, 0.0001), {"town": "谷川一丁目", "lot": "1-1"}))
    case = actions.open_draft(row, by=by)
    answer(case, answers_of(catalogue().packages["zoning-certificate"].examples["clear-granted"]), by)
    page = client.get(f"/cases/{case.pk}/sections/land/").content.decode()
    assert "第一種住居地域です（建ぺい率60%・容積率200%）" in page
    assert "公図の写し" not in page, "which only the clerk needs, where lot or map are not sure"
    actions.submit(case, by=by)
    page = client.get(f"/cases/{case.number}/received/").content.decode()
    assert "お支払いへ進む" in page
    assert "600円" in page
    assert "あなたがすることはありません" not in page
