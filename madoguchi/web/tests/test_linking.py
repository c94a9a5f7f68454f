"""Links from other sites choose what a package lets them choose, open nothing, keep nothing else, lead nowhere else."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from lxml import html

from madoguchi.cases.actions import open_draft, save_section
from madoguchi.cases.models import Case
from madoguchi.events.models import Event
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn

pytestmark = pytest.mark.django_db
APPLY, START = "/apply/resident-record-copy/", "/procedures/resident-record-copy/start/"
CHOSEN = "証明書（電子署名のあるPDF"


def test_a_link_says_what_it_chose_and_opens_nothing(published: None) -> None:
    answer = Client(HTTP_ACCEPT_LANGUAGE="ja").get(APPLY, {"proof": "certificate"})
    page = answer.content.decode()
    assert "あらかじめ選ばれています" in page
    assert CHOSEN in page
    assert '<input type="hidden" name="proof" value="certificate">' in page
    assert not Case.objects.exists()
    assert not Session.objects.exists()


def test_it_is_taken_with_the_press_and_shown_beside_the_question(signed_in: SignedIn) -> None:
    client, by = signed_in()
    client.post(START, {"proof": "certificate"})
    case = Case.objects.get(person_id=by.who)
    assert case.answers == {"proof": "certificate"}
    event = Event.objects.get(verb="case.open")
    assert event.data["linked"] == ["proof"]
    page = client.get(f"/cases/{case.pk}/sections/proof/").content.decode()
    assert "リンクで選ばれています" in page
    client.post(f"/cases/{case.pk}/sections/proof/", {"proof": "copy", "whose": "me"})
    assert "リンクで選ばれています" not in client.get(f"/cases/{case.pk}/sections/proof/").content.decode()
    assert Case.objects.get(pk=case.pk).answers["proof"] == "copy"


def test_it_survives_the_sign_in(signed_in: SignedIn) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="ja")
    answer = client.post(START, {"proof": "certificate"})
    assert answer["Location"] == "/sign-in/?next=%2Fprocedures%2Fresident-record-copy%2Fbegin%2F"
    _, by = signed_in()
    session = client.session
    session["resident"] = {"person": str(by.id), "level": "card"}
    session.save()
    assert client.get("/procedures/resident-record-copy/begin/").status_code == 302
    assert Case.objects.get(person_id=by.who).answers == {"proof": "certificate"}


def test_a_draft_that_is_there_is_not_changed_and_that_is_said(signed_in: SignedIn) -> None:
    client, by = signed_in()
    row = procedures.current("resident-record-copy")
    assert row is not None
    case = open_draft(row, by=by)
    save_section(case, "proof", {"proof": ["copy"]}, by=by)
    page = client.get(APPLY, {"proof": "certificate"}).content.decode()
    assert "すでに答えたところは、リンクの内容に変わりません" in page
    page = client.post(START, {"proof": "certificate"}, follow=True).content.decode()
    assert "変えていません：必要な証明" in page
    assert "リンクで選ばれています" not in page
    assert Case.objects.get(pk=case.pk).answers == {"proof": "copy"}


ATTACKS = [
    {"person.full_name": "見本 花子"},
    {"person.full_name.as_known": "1"},
    {"whose": "household"},  # a choice, but about people
    {"copies": "3"},
    {"proof": "nothing-like-it"},
    {"proof": "<script>alert(1)</script>"},
    {"proof": "certificate\0"},
    {"member.0.full_name": "見本 花子"},
    {"見本 花子": "1"},
    {"next": "https://evil.example/"},
    {"proof": "x" * 5000},
    {f"x{number}": "見本 花子" for number in range(200)},
]


@pytest.mark.parametrize("query", ATTACKS, ids=lambda one: next(iter(one))[:20])
def test_what_may_not_be_linked_is_told_and_neither_shown_nor_kept(
    signed_in: SignedIn, caplog: pytest.LogCaptureFixture, query: dict[str, str]
) -> None:
    client, by = signed_in()
    answer = client.get(APPLY, query)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "使えないところが" in page
    shown = str(html.fromstring(page).xpath("string(//main)"))
    assert not [word for word in ("見本", "household", "nothing", "alert", "evil", "xxx") if word in shown]
    assert "<script>alert" not in page
    assert not Case.objects.exists()
    answer = client.post(START, query)
    case = Case.objects.get(person_id=by.who)
    assert answer["Location"] == f"/cases/{case.pk}/"  # and nowhere else
    assert (case.answers, case.typed) == ({}, {})
    assert "linked" not in client.session
    assert "見本" not in caplog.text
    assert "見本" not in str(list(Event.objects.values_list("data", flat=True)))


def test_twice_the_same_name_is_no_choice(published: None) -> None:
    page = Client(HTTP_ACCEPT_LANGUAGE="ja").get(f"{APPLY}?proof=copy&proof=certificate").content.decode()
    assert "使えないところが1つ" in page
    assert CHOSEN not in page


def test_of_what_is_not_offered_there_is_no_page(published: None) -> None:
    assert Client().get("/apply/nothing/", {"proof": "copy"}).status_code == 404
