"""What the residents' face answers to good and to bad requests: status, words, and that nothing changed."""

import datetime as dt
import io
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from madoguchi.cases.actions import examine, save_section
from madoguchi.cases.models import Case, Document
from madoguchi.cases.tests.conftest import flat
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.presenting import offers
from madoguchi.web.tests.conftest import SignedIn, a_clerk

Dog = tuple[Client, Actor, Case]


def owner(case: Case) -> str:
    return f"/cases/{case.pk}/sections/owner/"


def last_refusal() -> Event:
    return Event.objects.filter(outcome="refused").latest("at")


# -- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["水道", "xyzzy", "。", "' OR 1=1 --", "\ufdfa" * 100, "あ", "%00"])
def test_nothing_is_found_where_nothing_is(published: None, said: str) -> None:
    assert procedures.search(said).fit == ()
    assert Client().get("/procedures/", {"q": said}).status_code == 200


def test_a_search_shows_the_best_first_and_leads_to_people_where_nothing_fits(published: None) -> None:
    page = Client().get("/procedures/", {"q": "わんちゃんを飼い始めた"}).content.decode()
    assert page.index("/procedures/dog-registration/") < page.index('id="events"')
    assert "/procedures/disaster-certificate/" not in page
    page = Client().get("/procedures/", {"q": "水道"}).content.decode()
    assert "合う手続きが見つかりませんでした" in page
    assert "tel:" in page


def test_a_section_shows_what_it_offers(published: None) -> None:
    page = Client().get("/offices/environment/").content.decode()
    assert "/procedures/dog-registration/" in page
    assert "/procedures/child-allowance-claim/" not in page
    assert Client().get("/offices/nothing/").status_code == 404


def test_a_search_leads_to_the_answers_by_address_from_where_it_found_nothing(published: None) -> None:
    """In the part of the page that a search renews, and in the card that says that there is nothing."""
    for words, card in (("ｑｑｑｑ", True), ("犬", False)):
        body = Client(HTTP_ACCEPT_LANGUAGE="ja").get("/procedures/", {"q": words}).content.decode()
        found = body.partition('id="found"')[2].partition('<section class="stack" aria-labelledby="events"')[0]
        assert found.count("住所から調べられます") == body.count("住所から調べられます") == 1
        assert ("住所から調べられます" in found.partition('class="card soft')[2].partition("<ul")[0]) is card
    assert "住所から調べられます" not in Client(HTTP_ACCEPT_LANGUAGE="ja").get("/procedures/").content.decode()


def test_language_is_kept_and_the_place_too(published: None) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="ja")
    answer = client.get("/procedures/", {"q": "犬", "lang": "en"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/procedures/?q=")
    assert "Find a procedure" in client.get("/procedures/").content.decode()
    assert "手続きを さがす" in client.get("/procedures/?lang=ja-simple", follow=True).content.decode()
    assert client.get("/?lang=xx").status_code == 200


def test_pages_hold_nothing_inline_and_nothing_from_outside(published: None) -> None:
    answer = Client().get("/procedures/dog-registration/")
    body = answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert " style=" not in body
    assert "<style" not in body
    assert "onclick" not in body
    assert 'src="http' not in body
    assert 'rel="stylesheet" href="http' not in body


def test_robots_may_not_read_what_is_personal(published: None) -> None:
    assert "Disallow: /cases/" in Client().get("/robots.txt").content.decode()


# -- who may see what -------------------------------------------------------------------------------------------------


def test_another_persons_case_does_not_exist(dog: Dog, signed_in: SignedIn) -> None:
    _, _, case = dog
    stranger, who = signed_in()
    for path in ("", "sections/owner/", "review/", "withdraw/", "received/", "receipt.pdf"):
        assert stranger.get(f"/cases/{case.pk}/{path}").status_code == 404
    before = Event.objects.filter(outcome="refused").count()
    assert stranger.post(owner(case), {"person.phone": "072-000-0000"}).status_code == 404
    assert Event.objects.filter(outcome="refused").count() == before + 1
    assert last_refusal().actor_id == who.id
    case.refresh_from_db()
    assert case.revision == 0


@pytest.mark.parametrize("key", ["26-0000-0000-0", "nonsense", "%00", "..%2f", "0" * 300])
def test_a_number_that_is_none_is_404(dog: Dog, key: str) -> None:
    client, _, _ = dog
    assert client.get(f"/cases/{key}/").status_code == 404


def test_a_visitor_signs_in_first_and_comes_back(dog: Dog) -> None:
    _, _, case = dog
    answer = Client().get(owner(case))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=%2Fcases")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x()"])
def test_a_sign_in_never_leads_outside(published: None, target: str) -> None:
    answer = Client().get("/sign-in/", {"next": target})
    assert answer.context["next"] == "/cases/"
    assert answer.context["card_url"].endswith("next=%2Fcases%2F")


def test_a_weak_sign_in_is_asked_for_a_stronger_one(signed_in: SignedIn) -> None:
    client, _ = signed_in("contact")
    answer = client.post("/procedures/child-allowance-claim/start/")
    assert answer["Location"].startswith("/sign-in/?next=")
    assert not Case.objects.exists()


# -- bad input --------------------------------------------------------------------------------------------------------


def test_nul_and_broken_utf8_are_answered_in_words(dog: Dog) -> None:
    client, _, case = dog
    answer = client.post(owner(case), {"person.full_name_kana": "ミホン\0ハナコ", "person.phone": "072-872-2181"})
    assert answer.status_code == 422
    assert "使えない文字" in answer.content.decode()
    case.refresh_from_db()
    assert case.answers["person"]["phone"] == "072-872-2181"
    raw = b"person.phone=072-872-2181&person.full_name_kana=\xff\xfe\x83&_do=next"
    answer = client.generic("POST", owner(case), raw, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (302, 422)


def test_fields_that_the_form_does_not_have_change_nothing(dog: Dog) -> None:
    client, _, case = dog
    client.post(owner(case), {"decision.granted": "yes", "number": "26-0000-0000-0", "child.0.full_name": "x"})
    case.refresh_from_db()
    assert "decision" not in case.answers
    assert "child" not in case.answers
    assert case.number is None


@pytest.mark.parametrize("todo", ["remove:99", "remove:-1", "remove:x", "add", "remove-file:x:y", "dance"])
def test_buttons_that_are_not_there(dog: Dog, todo: str) -> None:
    client, _, case = dog
    answer = client.post(owner(case), {"_do": todo, "person.phone": "072-872-2181"})
    assert answer.status_code < 500


def test_a_section_that_is_none_is_404(dog: Dog) -> None:
    client, _, case = dog
    assert client.get(f"/cases/{case.pk}/sections/nothing/").status_code == 404


def test_a_stale_form_is_not_stored(dog: Dog) -> None:
    client, _, case = dog
    seen = client.get(owner(case)).context["form"]["seen"]
    client.post(owner(case), {"_do": "autosave", "_seen": seen, "person.phone": "072-111-1111"})
    answer = client.post(owner(case), {"_seen": seen, "person.phone": "072-222-2222"})
    assert answer.status_code == 409
    assert "072-111-1111" in answer.content.decode()
    assert "072-222-2222" in answer.content.decode()
    case.refresh_from_db()
    assert case.answers["person"]["phone"] == "072-111-1111"
    assert last_refusal().reason == "changed-elsewhere"


def test_autosave_keeps_what_cannot_be_accepted_yet(dog: Dog) -> None:
    client, _, case = dog
    answer = client.post(owner(case), {"_do": "autosave", "person.phone": "07"}, HTTP_ACCEPT="application/json")
    assert answer.status_code == 200
    assert set(answer.json()) == {"saved_at", "seen"}
    assert 'value="07"' in client.get(owner(case)).content.decode()


def test_sending_what_is_incomplete_says_where(dog: Dog) -> None:
    client, _, case = dog
    answer = client.post(f"/cases/{case.pk}/submit/")
    assert answer.status_code == 422
    assert "か所、直してください" in answer.content.decode()
    case.refresh_from_db()
    assert case.received_at is None


def test_a_mistyped_address_stops_before_sending(dog: Dog) -> None:
    client, _, case = dog
    answer = client.post(f"/cases/{case.pk}/submit/", {"email": "hanako@"})
    assert answer.status_code == 422


def test_gates_say_so_before_anything_is_sent(signed_in: SignedIn) -> None:
    client, _ = signed_in()
    client.post("/procedures/child-allowance-claim/start/")
    case = Case.objects.get()
    answer = client.post(f"/cases/{case.pk}/sections/claimant/", {"public_servant": "yes", "_do": "refresh"})
    assert "勤務先に請求してください" in answer.content.decode()
    assert "勤務先に請求してください" in client.get(f"/cases/{case.pk}/review/").content.decode()


def test_a_gate_waits_for_the_last_question_that_it_depends_on(signed_in: SignedIn) -> None:
    """Whoever did not move and files for the family comes to the page where the family is entered."""
    client, _ = signed_in()
    client.post("/procedures/change-of-address/start/")
    case = Case.objects.get()
    closed = "引っ越した方がいません"
    said = {"full_name": "見本　花子", "full_name_kana": "ミホン ハナコ", "phone": "072-872-2181"}
    said |= {"registered_address": "大阪府大東市谷川一丁目1番1号"}
    said |= {"date_of_birth.year": "1990", "date_of_birth.month": "4", "date_of_birth.day": "12"}
    filer = {f"person.{name}": value for name, value in said.items()} | {"i_move": "no", "_do": "next"}
    onward = client.post(f"/cases/{case.pk}/sections/filer/", filer)
    assert onward.status_code == 302, onward.context["problems"]
    assert onward["Location"].endswith("/sections/move/")
    assert closed not in client.get(f"/cases/{case.pk}/sections/filer/").content.decode()
    alone = client.post(f"/cases/{case.pk}/sections/members/", {"_do": "next"})
    assert alone.status_code == 422
    assert closed in alone.content.decode()
    client.post(f"/cases/{case.pk}/sections/members/", {"_do": "add"})
    assert closed not in client.get(f"/cases/{case.pk}/sections/members/").content.decode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"<html><script>alert(1)</script>"),
        ("photo.jpg", b""),
        ("photo.jpg", b"\xff\xd8\xff\xe0 cut short"),
        ("photo.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>"),
        ("../../etc/passwd.jpg", b"GIF89a"),
    ],
)
def test_files_that_are_not_what_they_say(signed_in: SignedIn, name: str, content: bytes) -> None:
    client, _ = signed_in()
    client.post("/procedures/disaster-certificate/start/")
    case = Case.objects.get()
    client.post(f"/cases/{case.pk}/sections/damage/", {"_do": "autosave", "assessment": "self"})
    sent = {"_do": "upload", "photos_damage": SimpleUploadedFile(name, content)}
    answer = client.post(f"/cases/{case.pk}/sections/photographs/", sent)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.content.decode()
    assert not Document.objects.exists()
    assert last_refusal().verb == "case.add-document"


def test_a_correction_may_ask_for_photographs_alone(signed_in: SignedIn) -> None:
    client, by = signed_in()
    client.post("/procedures/disaster-certificate/start/")
    case = Case.objects.get()
    fill_disaster(case, by)
    client.post(f"/cases/{case.pk}/sections/photographs/", {"_do": "upload", "photos_overall": photo("#111")})
    client.post(f"/cases/{case.pk}/sections/photographs/", {"_do": "upload", "photos_damage": photo("#222")})
    answer = client.post(f"/cases/{case.pk}/submit/")
    case.refresh_from_db()
    assert case.number, answer.context and answer.context["problems"]
    clerk = a_clerk("taxation", "taxation-clerk")
    step = case.steps.get(kind="examine", done_at=None)
    examine(step, "return", by=clerk, corrections={"photos_damage": "もう1枚、近くから撮ってください。"})
    page = f"/cases/{case.number}/sections/photographs/"
    assert client.get(page).content.decode().count("data-question") == 1
    assert client.post(page, {"_do": "upload", "photos_damage": photo("#333")}).status_code == 302
    assert client.post(page, {"_do": "next"})["Location"].endswith("/review/")
    assert client.post(f"/cases/{case.number}/submit/").status_code == 302
    case.refresh_from_db()
    assert case.returned_at is None
    assert len(case.answers["photos_damage"]) == 2


def photo(colour: str) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return SimpleUploadedFile("家.jpg", out.getvalue(), "image/jpeg")


def fill_disaster(case: Case, by: Actor) -> None:
    """Everything that 罹災証明書 asks besides photographs, from the first example that photographs decide."""
    example = catalogue().packages["disaster-certificate"].examples["self-assessed-granted"]
    raw = flat({**example.known, **example.given})
    for section in ("applicant", "disaster", "dwelling", "damage"):
        save_section(case, section, raw, by=by)


def test_a_request_larger_than_any_form_is_not_read(dog: Dog) -> None:
    client, _, case = dog
    answer = client.post(owner(case), {}, CONTENT_LENGTH=str(300 * 1024 * 1024))
    assert answer.status_code == 413
    assert "大きすぎ" in answer.content.decode()
    assert last_refusal().reason == "request-too-large"


def test_a_form_from_elsewhere_is_refused_kindly(dog: Dog) -> None:
    _, _, case = dog
    strict = Client(enforce_csrf_checks=True, HTTP_ACCEPT_LANGUAGE="ja")
    answer = strict.post(owner(case), {"person.phone": "072-872-2181"})
    assert answer.status_code == 403
    assert "画面が古く" in answer.content.decode()


@pytest.mark.parametrize("path", ["/nothing/", "/procedures/nothing/", "/life/何か/", "/procedures/%00/"])
def test_what_is_not_there_is_said_kindly(published: None, path: str) -> None:
    answer = Client(HTTP_ACCEPT_LANGUAGE="ja").get(path)
    assert answer.status_code == 404
    assert "ページが見つかりません" in answer.content.decode()


def test_our_own_fault_is_said_in_three_languages(published: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(offers, "offered", broken)
    client = Client(raise_request_exception=False)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "こちらの不具合です" in answer.content.decode()
    assert "went wrong" in answer.content.decode()


# -- verifying --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["AAAA", "0" * 20, "' OR 1", "%00", "あ"])
def test_a_code_that_is_none_cannot_be_confirmed(published: None, code: str) -> None:
    answer = Client(HTTP_ACCEPT_LANGUAGE="ja").get(f"/verify/{code}")
    assert "確認できません" in answer.content.decode()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing", b"\0" * 1000])
def test_a_file_that_is_none_cannot_be_confirmed(published: None, content: bytes) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="ja")
    answer = client.post("/verify/", {"pdf": SimpleUploadedFile("x.pdf", content)})
    assert answer.status_code < 500
    assert "確認できません" in answer.content.decode()


def test_the_demo_says_that_it_is_one(published: None, settings: Any) -> None:
    settings.DEMO = True
    assert "これは見本です" in Client(HTTP_ACCEPT_LANGUAGE="ja").get("/").content.decode()
    settings.DEMO = False
    assert "これは見本です" not in Client(HTTP_ACCEPT_LANGUAGE="ja").get("/").content.decode()


def test_a_session_lives_on_while_it_is_used_and_is_written_once_a_minute(signed_in: SignedIn) -> None:
    client, _ = signed_in()
    start = clock.now()
    for minutes in (0, 40, 80, 120):
        with clock.travel(start + dt.timedelta(minutes=minutes)):
            assert client.get("/cases/").status_code == 200
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/cases/").status_code == 200
            assert not [one for one in queries if 'UPDATE "django_session"' in one["sql"]]
    ends = Session.objects.get(pk=client.cookies[settings.SESSION_COOKIE_NAME].value)
    assert ends.get_decoded()["used"] == int((start + dt.timedelta(minutes=120)).timestamp())


def test_settings_point_to_our_pages() -> None:
    assert settings.CSRF_FAILURE_VIEW == "madoguchi.web.views.plain.csrf_failure"
