"""わたしの情報: every reading stands there, with who, what, for what and by which law; a consent can be taken back."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client
from lxml import html
from pypdf import PdfReader

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.cases.queries import known as known_
from madoguchi.cases.queries.known import PAGE as PAGE_SIZE
from madoguchi.cases.tests.conftest import resident
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts.actions import permit, state
from madoguchi.facts.models import Source
from madoguchi.facts.queries import NoBasis, known, row_named
from madoguchi.facts.rules import Permit, Purpose, consent_to
from madoguchi.facts.tests.ledger import recorded
from madoguchi.ground import clock
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.vocabulary import permits
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.presenting import mydata_pdf
from madoguchi.web.tests.conftest import SignedIn, a_clerk, browser_of

__all__ = ["resident"]
PAGE = "/my-data/known/"
CODE, LAW = "child-allowance-claim", "個人情報の保護に関する法律第69条第2項第2号"


@pytest.fixture
def case(published: None, resident: Actor) -> Case:
    row = procedures.current(CODE)
    assert row is not None
    case = actions.open_draft(row, by=resident)
    answer(case, answers_of(catalogue().packages[CODE].examples["two-children-granted"]), resident)
    actions.submit(case, by=resident)
    return case


def applicant(case: Case) -> Actor:
    return actor_of_person(case.person_id, "card")


def cards(client: Client, address: str = PAGE) -> list[str]:
    """Each reading as it stands on the page."""
    page = client.get(address)
    assert page.status_code == 200, page.headers
    found = html.fromstring(page.content.decode()).iterfind(".//section[@aria-labelledby='read']//li[@class='card']")
    return [" ".join(" ".join(map(str, one.itertext())).split()) for one in found]


def test_what_the_office_has_looked_up_stands_there(case: Case) -> None:
    [card] = cards(browser_of(applicant(case)))
    assert "子ども室（自動）" in card
    assert "児童手当" in card
    assert "見たもの 住所（住民票のある所）" in card
    assert "何のため 手続きの審査に要ることを確かめるため" in card
    assert f"根拠 {LAW}" in card


def test_all_that_is_known_stands_there_children_by_themselves(case: Case) -> None:
    by = applicant(case)
    page = html.fromstring(browser_of(by).get(PAGE).content.decode())
    groups = [
        [str(term.text) for term in one.iterfind(".//dt")]
        for one in page.iterfind(".//section[@aria-labelledby='known']//dl")
    ]
    assert "氏名" in groups[0]
    assert [one[0] for one in groups[1:]] == ["お子さんの氏名", "お子さんの氏名"]
    assert sum(map(len, groups)) == len(recorded(by.who)) + sum(map(len, groups[1:]))


def test_staff_is_named_by_section_and_post_and_a_refusal_says_so(case: Case) -> None:
    by, clerk = applicant(case), a_clerk("children", "children-clerk")
    with pytest.raises(NoBasis):
        known(by.who, ["person.bank_account"], Purpose("look_up", "dog-registration", "children"), by=clerk)
    card = cards(browser_of(by))[0]
    assert "子ども室（子ども室職員）" in card
    assert "法令の定めがないため、見ることができませんでした。" in card
    assert "見たもの 振込先の口座" in card


def test_a_reading_by_the_citys_own_ordinance_cites_it_and_what_is_assumed_says_so(case: Case) -> None:
    by = applicant(case)
    purpose = Purpose("look_up", "disaster-certificate", "taxation")
    assert known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    card = cards(browser_of(by))[0]
    for words in ("災害対策基本法第90条の2", "個人番号の利用等に関する条例", "番号法第9条第2項による", "仮置き"):
        assert words in card


def test_what_one_has_looked_at_oneself_stands_apart(case: Case) -> None:
    client = browser_of(applicant(case))
    assert not any("あなた" in card for card in cards(client))
    own = cards(client, f"{PAGE}?by=me")
    assert own
    assert all(card for card in own if "あなた" in card)
    assert "ご本人が、自分についての記録を見るため" in own[0]


def test_what_the_law_keeps_from_the_person_is_in_the_log_only(case: Case) -> None:
    by = applicant(case)
    [law] = [one for one in permits(catalogue().laws) if CODE in one.procedures and one.purpose == "look_up"]
    kept = Permit(**{**{name: getattr(law, name) for name in Permit.__dataclass_fields__}, "undisclosed": True})
    permit([kept], by=SYSTEM)
    before = cards(browser_of(by))
    purpose = Purpose("look_up", CODE, "children")
    assert known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    assert cards(browser_of(by)) == before
    last = Event.objects.filter(verb="facts.read", actor_kind="system").latest("id")
    assert last.data["undisclosed"] == {"keys": ["person.registered_address"], "basis": [law.reference]}


def test_every_reading_is_reached_page_by_page(case: Case) -> None:
    by, purpose = applicant(case), Purpose("look_up", CODE, "children")
    for _ in range(119):
        known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    client, seen, address = browser_of(by), 0, PAGE
    for _ in range(4):
        seen += len(cards(client, address))
        page = html.fromstring(client.get(address).content.decode())
        more = next((one for one in page.iterfind(".//a") if one.text == "もっと前の記録"), None)
        if more is None:
            break
        address = more.get("href") or ""
    assert seen == 120


def test_readings_of_one_moment_are_all_reached_and_a_full_page_leads_nowhere(case: Case) -> None:
    by, purpose = applicant(case), Purpose("look_up", CODE, "children")
    with clock.travel(clock.now()) as moment:
        for _ in range(PAGE_SIZE - 1):
            known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    client = browser_of(by)
    assert len(cards(client)) == PAGE_SIZE
    assert "もっと前の記録" not in client.get(PAGE).content.decode()
    with clock.travel(moment):
        for _ in range(PAGE_SIZE):
            known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    page = html.fromstring(client.get(PAGE).content.decode())
    [more] = [one for one in page.iterfind(".//a") if one.text == "もっと前の記録"]
    assert len(cards(client, more.get("href") or "")) == PAGE_SIZE


def test_a_sign_in_weaker_than_the_one_known_sees_nothing(case: Case) -> None:
    weak = browser_of(Actor("resident", case.person_id, level="contact"))
    before = Event.objects.filter(verb__startswith="facts.").count()
    page = weak.get(PAGE)
    assert page.status_code == 200
    assert "マイナンバーカードでサインインし直してください" in page.content.decode()
    assert "見本" not in page.content.decode().partition("<main")[2].partition("</main")[0]
    assert weak.post(PAGE, {"withdraw": CODE}).status_code == 403
    assert Event.objects.filter(verb__startswith="facts.").count() == before


def test_what_does_not_fit_its_question_is_shown_as_it_was_written(case: Case) -> None:
    by = applicant(case)
    odd = {"person.date_of_birth": "昭和25年4月", "person.pension_scheme": "other", "person.bank_account": "なし"}
    state(Person(pk=by.who), {(key, ""): value for key, value in odd.items()}, Source.DOCUMENT, by=SYSTEM)
    page = browser_of(by).get(PAGE).content.decode()
    assert all(value in page for value in odd.values())


@pytest.mark.parametrize(
    "said",
    [
        "x",
        "2026-11-29",
        "2026-13-45T00:00:00Z",
        "'",
        "9" * 5000,
        "2020-01-01T00:00:00+23:59",
        "_",
        "0001-01-01T00:00:00+14:00_00000000-0000-0000-0000-000000000000",
        "2026-11-29T00:00:00Z_x",
    ],
)
def test_an_address_that_somebody_made_up_shows_the_newest(case: Case, said: str) -> None:
    client = browser_of(applicant(case))
    page = client.get(PAGE, {"before": said})
    assert page.status_code == 200
    assert "子ども室（自動）" in page.content.decode()


def test_a_consent_is_taken_back_once_and_holds_from_then_on(signed_in: SignedIn) -> None:
    client, by = signed_in()
    person, key = Person(pk=by.who), consent_to("childcare-place")
    state(person, {("person.registered_address", ""): "大東市曙町4番6号"}, Source.CARD, by=by)
    state(person, {(key, ""): True}, Source.SELF, by=by)

    def look_up() -> dict[str, Any]:
        purpose = Purpose("look_up", "childcare-place", "children")
        return known(by.who, ["person.registered_address"], purpose, by=SYSTEM)

    assert look_up()
    page = client.get(PAGE).content.decode()
    assert "情報を確かめることへの同意（保育施設等の利用申込）" in page
    assert 'name="withdraw" value="childcare-place"' in page
    assert "同意を取り消しました" in client.post(PAGE, {"withdraw": "childcare-place"}, follow=True).content.decode()
    with pytest.raises(NoBasis):
        look_up()
    page = client.get(PAGE).content.decode()
    assert "同意していません" in page
    assert 'name="withdraw"' not in page
    done = Event.objects.filter(verb="facts.withdraw_consent")
    for said in ("childcare-place", "dog-registration", "", "x" * 500, "a\0", "../x"):
        assert "取り消せる同意がありません" in client.post(PAGE, {"withdraw": said}, follow=True).content.decode()
    assert done.filter(outcome="done").count() == 1
    assert recorded(by.who)[key].value is False


def test_nobody_elses_page(case: Case, signed_in: SignedIn) -> None:
    assert Client().get(PAGE).status_code == 302
    client, _ = signed_in()
    assert cards(client) == []
    assert "見本" not in client.get(PAGE).content.decode().partition("<main")[2].partition("</main")[0]


# -- who else has seen or got something -------------------------------------------------------------------------------


def text(page: Any) -> str:
    return " ".join(" ".join(map(str, html.fromstring(page.content.decode()).itertext())).split())


def test_staff_who_open_the_case_stand_there_with_post_purpose_and_law(case: Case) -> None:
    by, clerk = applicant(case), a_clerk("children", "children-clerk")
    actions.read(case, by=clerk)
    card = cards(browser_of(by))[0]
    assert "子ども室（子ども室職員）" in card
    assert "児童手当" in card
    assert "見たもの 手続きの内容（答え、書類、通知書）" in card
    assert "何のため 受け付けた手続きを進めるため" in card
    assert "根拠 児童手当法" in card
    assert cards(browser_of(by), f"{PAGE}?by=me")
    assert not any("子ども室" in one for one in cards(browser_of(by), f"{PAGE}?by=me"))


def test_nobody_else_sees_who_opened_it(case: Case, signed_in: SignedIn) -> None:
    stranger, other = signed_in()
    before = cards(stranger)
    actions.read(case, by=a_clerk("children", "children-clerk"))
    assert cards(stranger) == before == []
    assert known_.readings(other, own=False, before=None) == []


def test_children_stand_under_their_names_once_however_often_they_were_told_of(case: Case) -> None:
    by = applicant(case)
    answers = {key: one for key, one in case.answers["child"][0].items() if not isinstance(one, dict)}
    told = {(f"child.{name}", "another:0"): value for name, value in answers.items()}
    state(Person(pk=by.who), told, Source.SELF, by=by)
    row = row_named(by.who, [answers["full_name"], answers["date_of_birth"]])
    state(Person(pk=by.who), {("childcare.place", row): "見本第一保育所"}, Source.STAFF, by=SYSTEM)
    page = html.fromstring(browser_of(by).get(PAGE).content.decode())
    known_part = page.find(".//section[@aria-labelledby='known']")
    assert known_part is not None
    names = [" ".join("".join(map(str, one.itertext())).split()) for one in known_part.iterfind("./h3")]
    children = [one["full_name"] for one in case.answers["child"]]
    assert [one for one in names if one.startswith("お子さん")] == [f"お子さん {name}" for name in children]
    first = next(
        dl for h3, dl in zip(known_part.iterfind("./h3"), list(known_part.iterfind("./dl"))[1:], strict=True)
        if children[0] in "".join(map(str, h3.itertext()))
    )  # fmt: skip
    labels = [str(one.text) for one in first.iterfind(".//dt")]
    assert labels.count("お子さんの氏名") == 1
    assert "利用している保育施設" in labels


def test_the_file_says_of_whom_each_fact_is_and_who_got_what(case: Case) -> None:
    by = applicant(case)
    actions.read(case, by=a_clerk("children", "children-clerk"))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(browser_of(by).post("/my-data/"))))
    data, schema = json.loads(archive.read("data.json")), json.loads(archive.read("schema.json"))
    assert {one["of"] for one in data["facts"]} == {"", *(one["full_name"] for one in case.answers["child"])}
    assert {one["of"] for one in data["facts"] if one["key"].startswith("person.")} == {""}
    [look] = [one for one in data["readings"] if one["purpose"] == "case.read"]
    assert look["who"] == ["子ども室（子ども室職員）"]
    assert look["procedure"] == "児童手当 認定請求" or "児童手当" in look["procedure"]
    for name in ("facts", "readings"):
        required = set(schema["properties"][name]["items"]["required"])
        assert all(set(one) == required for one in data[name])


def test_what_was_told_of_others_stands_apart(signed_in: SignedIn) -> None:
    client, by = signed_in()
    row = procedures.current("care-need-certification")
    assert row is not None
    case = actions.open_for_another(row, "family", by=by)
    case.answers["person"] = {"full_name": "見本　父"}
    case.save(update_fields=["answers"])
    page = text(client.get(PAGE))
    assert "あなたが代わりに申し込んだ方" in page
    assert "見本 父" in page
    stranger, _ = signed_in()
    assert "見本 父" not in text(stranger.get(PAGE))


def test_every_reading_is_in_the_pdf(case: Case) -> None:
    by, purpose = applicant(case), Purpose("look_up", CODE, "children")
    for _ in range(PAGE_SIZE + 5):
        known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    reader = PdfReader(io.BytesIO(browser_of(by).post("/my-data/", {"form": "pdf"}).content))
    printed = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    assert printed.count("手続きの審査に要ることを確かめるため") == PAGE_SIZE + 6
    assert f"記録のすべてです（{PAGE_SIZE + 6}件" in printed


def test_of_more_than_can_be_printed_the_pdf_says_where_the_rest_is(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mydata_pdf, "MOST", 2)
    by, purpose = applicant(case), Purpose("look_up", CODE, "children")
    for _ in range(4):
        known(by.who, ["person.registered_address"], purpose, by=SYSTEM)
    reader = PdfReader(io.BytesIO(browser_of(by).post("/my-data/", {"form": "pdf"}).content))
    printed = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    assert "新しい2件です。残りの3件" in printed
    assert "data.json" in printed


@pytest.mark.parametrize("given", ["../", "0" * 36, "01234567-89ab-7cde-8f01-23456789abcd"])
def test_a_consent_of_somebody_else_is_not_taken_back(case: Case, signed_in: SignedIn, given: str) -> None:
    by = applicant(case)
    state(Person(pk=by.who), {(consent_to("childcare-place"), ""): True}, Source.SELF, by=by)
    stranger, _ = signed_in()
    for said in (given, "childcare-place"):
        assert "同意を取り消しました" not in text(stranger.post(PAGE, {"withdraw": said}, follow=True))
    assert recorded(by.who)[consent_to("childcare-place")].value is True
    assert not Event.objects.filter(verb="facts.withdraw_consent", outcome="done").exists()
