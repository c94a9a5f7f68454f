"""電子署名 on the residents' pages: from the review to the app and back; what is refused says so and loses nothing."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Signature
from madoguchi.cases.tests.conftest import fill_in
from madoguchi.cases.tests.signing import a_key, authority, believed, holder_of
from madoguchi.cases.tests.test_signing import LEAVES, TODAY, Brings
from madoguchi.events import SYSTEM, Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import uuid7
from madoguchi.people import ports
from madoguchi.people.actions import recognise
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures.tests.shipped import publish
from madoguchi.web.tests.conftest import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(db: None) -> Actor:
    return actor_of_person(recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM).pk, "card")


@pytest.fixture
def client(by: Actor) -> Client:
    return browser_of(by)


@pytest.fixture
def draft(by: Actor) -> Any:
    with clock.travel(TODAY), believed():
        holder_of(by)  # the card of the sign-in says who they are
        case = actions.open_draft(publish("moving-out")["moving-out"], by=by)
        fill_in(case, LEAVES, by)
        yield Case.objects.get(pk=case.pk)


@pytest.fixture
def app(by: Actor, draft: Case, monkeypatch: pytest.MonkeyPatch) -> Brings:
    """In the app this very person signs."""
    signer = Brings(authority().issue(holder_of(by), key=a_key()))
    monkeypatch.setitem(ports.CARD_SIGNERS._entries, "card", lambda: signer)
    return signer


def test_one_review_one_signature_and_the_receipt(client: Client, draft: Case, app: Brings) -> None:
    review = client.get(f"/cases/{draft.pk}/review/").content.decode()
    assert "確認して電子署名する" in review
    assert "この内容で申し込む" not in review
    answer = client.post(f"/cases/{draft.pk}/submit/", {"email": "hanako@example.jp"})
    assert answer["Location"] == f"/cases/{draft.pk}/sign/"
    page = client.get(answer["Location"]).content.decode()
    assert "デジタル認証アプリで署名する" in page
    assert "試験用の証明書による電子署名を受け付けています。" in page
    told = client.get(f"/cases/{draft.pk}/sign/document.txt")
    assert told["Content-Type"] == "text/plain; charset=utf-8"
    assert "氏名: 見本 花子" in told.content.decode()
    assert client.get(f"/cases/{draft.pk}/sign/start/")["Location"] == "https://app.example/"
    back = client.get("/sign/return/", {"state": "s", "code": "c"})
    draft.refresh_from_db()
    assert draft.received_at is not None
    assert back["Location"] == f"/cases/{draft.number}/received/"
    assert draft.email == "hanako@example.jp"
    status = client.get(f"/cases/{draft.number}/").content.decode()
    assert "電子署名をしました。" in status
    assert "（試験用の証明書）" in status
    again = client.get("/sign/return/", {"state": "s", "code": "c"})
    assert again["Location"] == "/cases/"
    assert Signature.objects.count() == 1


def test_whoever_cancels_is_told_that_nothing_was_sent(client: Client, draft: Case, app: Brings) -> None:
    client.post(f"/cases/{draft.pk}/submit/", {"email": "hanako@example.jp"})
    client.get(f"/cases/{draft.pk}/sign/start/")

    def cancels(*_: Any) -> Any:
        raise Refused("signing-cancelled", "署名をとりやめました。まだ申し込んでいません。入力した内容は残っています。")

    app.complete = cancels  # type: ignore[assignment,method-assign]  # this once
    answer = client.get("/sign/return/", {"error": "access_denied"})
    assert answer.status_code == 400
    assert "まだ申し込んでいません" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.received_at is None
    del app.complete  # the address of the review is still there for the next try
    client.get(f"/cases/{draft.pk}/sign/start/")
    client.get("/sign/return/", {"state": "s", "code": "c"})
    draft.refresh_from_db()
    assert (draft.received_at is not None, draft.email) == (True, "hanako@example.jp")


def test_somebody_elses_card_changes_nothing(client: Client, by: Actor, draft: Case, app: Brings) -> None:
    from dataclasses import replace

    taro = replace(holder_of(by), name="見本 太郎", born=dt.date(1988, 11, 3))
    app.card = authority().issue(taro, key=a_key())
    client.post(f"/cases/{draft.pk}/submit/", {"email": ""})
    client.get(f"/cases/{draft.pk}/sign/start/")
    answer = client.get("/sign/return/", {"state": "s", "code": "c"})
    assert answer.status_code == 422
    assert "同じだと確かめられないため" in answer.content.decode()
    assert "太郎" not in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.received_at, Signature.objects.count()) == (None, 0)


def test_a_return_that_nobody_began_goes_home(client: Client, draft: Case, app: Brings) -> None:
    assert client.get("/sign/return/", {"state": "s", "code": "c"})["Location"] == "/cases/"
    draft.refresh_from_db()
    assert draft.received_at is None


def test_the_session_holds_no_word_of_the_person(client: Client, draft: Case, app: Brings) -> None:
    client.post(f"/cases/{draft.pk}/submit/", {"email": ""})
    client.get(f"/cases/{draft.pk}/sign/start/")
    held = str(dict(client.session))
    assert not [word for word in ("見本", "大東市", "1990", "奈良") if word in held]


def test_the_pages_of_another_are_not_there(draft: Case, app: Brings) -> None:
    other = actor_of_person(recognise("https://idp.example", str(uuid7()), "card", by=SYSTEM).pk, "card")
    for page in ("sign/", "sign/start/", "sign/document.txt"):
        assert browser_of(other).get(f"/cases/{draft.pk}/{page}").status_code == 404


def test_what_needs_no_signature_has_no_such_page(client: Client, by: Actor) -> None:
    case = actions.open_draft(publish("dog-registration")["dog-registration"], by=by)
    assert client.get(f"/cases/{case.pk}/sign/").status_code == 302
    assert "確認して電子署名する" not in client.get(f"/cases/{case.pk}/review/").content.decode()
