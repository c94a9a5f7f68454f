"""わたしの情報, corrected on its page; for what it is used; the log as JSON; and as PDF."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import html
from PIL import Image
from pypdf import PdfReader

from madoguchi.cases.models import Case, Document
from madoguchi.cases.queries.known import of_person
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import count, known
from madoguchi.facts.rules import Purpose, consent_to
from madoguchi.ground.ids import uuid7
from madoguchi.people.models import Person
from madoguchi.web.tests.conftest import SignedIn, browser_of

PAGE = "/my-data/known/"
OLD, NEW = "大阪府大東市谷川一丁目1番1号", "大阪府大東市谷川一丁目1番11号"


@pytest.fixture
def one(signed_in: SignedIn) -> tuple[Client, Actor]:
    client, by = signed_in()
    person = Person(pk=by.who)
    state(person, {("person.full_name", ""): "見本　花子"}, Source.CARD, by=by)
    state(person, {("person.registered_address", ""): OLD}, Source.REGISTER, by=SYSTEM)
    account = {
        "bank": "みほん銀行",
        "branch": "大東支店",
        "kind": "ordinary",
        "number": "1234567",
        "holder": "ミホン　ハナコ",
    }
    said: dict[tuple[str, str], Any] = {
        ("person.phone", ""): "072-000-0000",
        ("person.pension_scheme", ""): "national",
        ("person.bank_account", ""): account,
        ("child.date_of_birth", "x:0"): "2019-05-01",
        ("child.in_facility", "x:0"): False,
    }
    state(person, said, Source.SELF, by=by)
    return client, by


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(stream, "PNG")
    return stream.getvalue()


def address_of(by: Actor, key: str) -> str:
    return f"{PAGE}{next(one.id for one in of_person(by) if one.key == key)}/"


def text_of(page: str) -> str:
    return " ".join(" ".join(map(str, html.fromstring(page).itertext())).split())


def test_each_fact_leads_to_the_form_of_its_kind(one: tuple[Client, Actor]) -> None:
    client, _ = one
    page = html.fromstring(client.get(PAGE).content.decode())
    links = {
        a.get("href"): text_of(html.tostring(a, encoding="unicode")) for a in page.iterfind(".//dd[@class='change']/a")
    }
    assert len(links) == 7
    assert sum("訂正を申し出る" in words for words in links.values()) == 2
    for url in links:
        answer = client.get(str(url))
        assert answer.status_code == 200
        assert 'name="value' in answer.content.decode()
    assert client.get(f"{PAGE}{uuid7()}/").status_code == 404


def test_ones_own_word_is_corrected_at_once(one: tuple[Client, Actor]) -> None:
    client, by = one
    child = address_of(by, "child.date_of_birth")
    posted = {"value.era": "", "value.year": "2019", "value.month": "5", "value.day": "2"}
    answer = client.post(child, posted, follow=True)
    assert "直しました" in answer.content.decode()
    assert [it.value for it in of_person(by) if it.key == "child.date_of_birth"] == ["2019-05-02"]
    assert not Case.objects.exists()


def test_what_was_typed_stays_where_it_cannot_be_accepted(one: tuple[Client, Actor]) -> None:
    client, by = one
    before = count(by.who)
    answer = client.post(address_of(by, "person.phone"), {"value": "12345"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="12345"' in page
    assert "電話番号は10桁か11桁" in page
    answer = client.post(address_of(by, "person.registered_address"), {"value": NEW, "why": ""})
    assert answer.status_code == 422
    assert NEW in answer.content.decode()
    assert count(by.who) == before
    assert not Case.objects.exists()


def test_a_record_is_asked_to_be_corrected_with_papers(one: tuple[Client, Actor]) -> None:
    client, by = one
    url = address_of(by, "person.registered_address")
    assert "市民課" in client.get(url).content.decode()
    paper = SimpleUploadedFile("paper.png", png(), "image/png")
    answer = client.post(url, {"value": NEW, "why": "番地が違います。", "evidence": paper}, follow=True)
    [case] = Case.objects.all()
    assert answer.redirect_chain[-1][0].endswith(f"/cases/{case.number}/received/")
    assert Document.objects.get().case_id == case.pk
    page = text_of(client.get(PAGE).content.decode())
    assert "訂正を申し出ています" in page
    assert OLD in page
    assert f"{NEW}" in page
    assert "あなたの申し出" in page
    assert "進みぐあいを見る" in client.get(address_of(by, "person.registered_address")).content.decode()
    again = client.post(url, {"value": "別の所", "why": "x"}, follow=True)
    assert "すでに申し出ています" in again.content.decode()
    assert Case.objects.count() == 1
    assert "市民課" in client.get(f"/cases/{case.number}/").content.decode()


def test_a_paper_that_cannot_be_kept_leaves_the_draft(one: tuple[Client, Actor]) -> None:
    client, by = one
    broken = SimpleUploadedFile("paper.png", b"no picture", "image/png")
    url = address_of(by, "person.registered_address")
    answer = client.post(url, {"value": NEW, "why": "番地が違います。", "evidence": broken}, follow=True)
    assert answer.status_code == 200
    [case] = Case.objects.all()
    assert case.received_at is None
    assert case.answers["should_be"] == NEW
    shown = client.get(url).content.decode()
    assert f'value="{NEW}"' in shown
    assert "番地が違います。" in shown


def test_nobody_else_and_no_weaker_sign_in_corrects(one: tuple[Client, Actor], signed_in: SignedIn) -> None:
    _, by = one
    url = address_of(by, "person.registered_address")
    before = count(by.who)
    stranger, _ = signed_in()
    weak = browser_of(Actor("resident", by.who, level="contact"))
    for browser, status in ((stranger, 404), (weak, 302), (Client(), 302)):
        assert browser.get(url).status_code == status
        assert browser.post(url, {"value": NEW, "why": "x"}).status_code == status
    assert count(by.who) == before
    assert not Case.objects.exists()


def test_for_what_a_fact_is_used_stands_beside_it(one: tuple[Client, Actor]) -> None:
    client, _ = one
    page = html.fromstring(client.get(PAGE).content.decode())
    rows = {
        str(row.findtext("dt")): text_of(html.tostring(row, encoding="unicode")) for row in page.iterfind(".//dl/div")
    }
    address = rows["住所（住民票のある所）"]
    assert "手続きの審査に要ることを確かめるため：児童手当" in address
    assert "個人情報の保護に関する法律第69条第2項第2号" in address
    assert "手続きの入力らんに、あらかじめ出すため" in rows["電話番号"]
    assert "審査" not in rows["電話番号"]
    assert "開示の求めに応じるため" in text_of(html.tostring(page, encoding="unicode"))


def test_the_log_is_there_for_ones_own_program(one: tuple[Client, Actor], signed_in: SignedIn) -> None:
    client, by = one
    purpose = Purpose("look_up", "child-allowance-claim", "children")
    for _ in range(3):
        assert known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    found = client.get("/my-data/usage.json").json()
    others = [line for line in found["usages"] if line["receiverCode"] != "self"]
    assert found["totalUsages"] == len(found["usages"])
    assert len(others) == 3
    assert others[0]["receiverCode"] == "children"
    assert others[0]["receiverName"] == "子ども室"
    assert "住所（住民票のある所）" in others[0]["action"]
    assert "第69条第2項第2号" in others[0]["action"]
    times = [line["logtime"] for line in found["usages"]]
    assert times == sorted(times, reverse=True)
    some = client.get("/my-data/usage.json", {"offset": 1, "limit": 2}).json()
    assert len(some["usages"]) == 2
    assert some["totalUsages"] == found["totalUsages"]
    assert client.get("/my-data/usage.json", {"periodEnd": "2020-01-01"}).json()["totalUsages"] == 0
    for odd in ({"limit": "0"}, {"limit": "1001"}, {"offset": "-1"}, {"periodStart": "x"}, {"limit": "九"}):
        assert client.get("/my-data/usage.json", odd).status_code == 400
    assert Event.objects.filter(verb="person.find_usage", outcome="done").count() == 3
    stranger, _ = signed_in()
    assert stranger.get("/my-data/usage.json").json() == {"totalUsages": 0, "usages": []}
    weak = browser_of(Actor("resident", by.who, level="contact"))
    assert weak.get("/my-data/usage.json").status_code == 403


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
def test_all_of_it_as_a_pdf(one: tuple[Client, Actor], language: str) -> None:
    client, by = one
    state(Person(pk=by.who), {(consent_to("childcare-place"), ""): True}, Source.SELF, by=by)
    known(by.who, ["person.registered_address"], Purpose("look_up", "child-allowance-claim", "children"), by=SYSTEM)
    answer = client.post("/my-data/", {"form": "pdf"}, headers={"accept-language": language})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(answer.content))
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    assert OLD in text
    assert "072-000-0000" in text
    assert ("子ども室" if language == "ja" else "Children's Office") in text
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == ("ja-JP" if language == "ja" else "en")
    assert root["/MarkInfo"]["/Marked"].value is True
    assert Event.objects.filter(verb="person.export", outcome="done").count() == 1


def test_what_no_font_can_print_is_named_and_the_rest_is_there(one: tuple[Client, Actor]) -> None:
    client, by = one
    state(Person(pk=by.who), {("person.occupation", ""): "\u13a3\u13b3"}, Source.SELF, by=by)
    answer = client.post("/my-data/", {"form": "pdf"})
    assert answer.status_code == 200
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).replace("\n", "")
    assert "印刷できない文字" in text
    assert OLD in text


def test_the_readings_are_in_the_file_for_programs(one: tuple[Client, Actor]) -> None:
    client, by = one
    known(by.who, ["person.registered_address"], Purpose("look_up", "child-allowance-claim", "children"), by=SYSTEM)
    answer = client.post("/my-data/")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    data = json.loads(archive.read("data.json"))
    reading = next(one for one in data["readings"] if one["kind"] != "self")
    assert reading["facts"] == ["person.registered_address"]
    assert reading["purpose"] == "look_up"
    assert reading["who"] == ["子ども室"]
