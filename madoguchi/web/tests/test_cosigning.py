"""The page of whoever was named: silent before the sign-in, absent for others, one part for the one it concerns."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from lxml import html

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Cosigner, State
from madoguchi.cases.tests.conftest import published, resident, somebody
from madoguchi.cases.tests.test_examples import answer
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages.models import Message
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.conftest import browser_of

__all__ = ["published", "resident"]
pytestmark = pytest.mark.django_db

NAME, BORN = "見本 太郎", "1988-11-03"
PERSONAL = (NAME, "見本 花子", "二葉", "taro@example.jp", "160", "就労", "保育")


@pytest.fixture
def asked(published: dict[str, Procedure], resident: Actor) -> Cosigner:
    case = actions.open_draft(published["childcare-place"], by=resident)
    answer(case, answers_of(catalogue().packages["childcare-place"].examples["second-wish-offered"]), resident)
    actions.submit(case, by=resident)
    return Cosigner.objects.select_related("case").get(case=case)


def words_of(page: str) -> str:
    """What stands on a page, not in its addresses and marks, in which any number may come up."""
    return "".join(map(str, html.fromstring(page).itertext()))


def stored() -> list[Any]:
    return [list(Case.objects.values()), list(Cosigner.objects.values()), Message.objects.count()]


def url(one: Cosigner) -> str:
    return f"/cosign/{one.pk}/"


def test_before_the_sign_in_nothing_is_said(asked: Cosigner) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="ja")
    answer = client.get(url(asked), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=%2Fcosign%2F")
    assert not [word for word in PERSONAL if word in words_of(page)]
    assert 'name="email"' not in page  # an address is not enough here
    assert "マイナンバーカードでのサインインが必要です" in page


def test_a_weak_sign_in_is_sent_to_a_stronger_one(asked: Cosigner) -> None:
    answer = browser_of(somebody(NAME, BORN, "contact")).get(url(asked))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=%2Fcosign%2F")


@pytest.mark.parametrize("deed", ["get", "confirm", "decline", "document"])
def test_for_a_stranger_the_page_does_not_exist(asked: Cosigner, resident: Actor, deed: str) -> None:
    held = asked.case.documents.get(path="partner_work_proof")
    for who in (somebody("他人 一郎", "1970-01-01"), resident):
        client, before = browser_of(who), stored()
        if deed == "get":
            answer = client.get(url(asked))
        elif deed == "document":
            answer = client.get(f"{url(asked)}documents/{held.pk}/")
        else:
            answer = client.post(url(asked), {"_do": deed, "_seen": asked.digest, "words": "違います"})
        assert answer.status_code == 404
        assert not [word for word in PERSONAL if word in words_of(answer.content.decode())]
        assert stored() == before
        refusal = Event.objects.filter(verb="case.cosign", outcome="refused").latest("at")
        assert (refusal.reason, refusal.actor_id, refusal.subject_id) == ("cosigning-unknown", who.id, None)


def test_who_was_named_sees_their_part_and_confirms(asked: Cosigner) -> None:
    client = browser_of(somebody(NAME, BORN))
    answer = client.get(url(asked))
    page = answer.content.decode()
    assert all(word in page for word in ("見本 花子", "見本 二葉", NAME, "160", "市民税の額と世帯の状況"))
    assert not [word for word in ("072-000-0000", "ミホン", "168", "見本第一保育所") if word in words_of(page)]
    assert "no-store" in answer["Cache-Control"]
    mine, other = (asked.case.documents.get(path=path) for path in ("partner_work_proof", "guardian_work_proof"))
    assert client.get(f"{url(asked)}documents/{mine.pk}/").status_code == 200
    assert client.get(f"{url(asked)}documents/{other.pk}/").status_code == 404
    assert client.get(f"/cases/{asked.case.number}/").status_code == 404
    answer = client.post(url(asked), {"_do": "confirm", "_seen": "0" * 64})
    assert answer.status_code == 409
    assert "内容が変わっています" in answer.content.decode()
    answer = client.post(url(asked), {"_do": "confirm", "_seen": asked.digest}, follow=True)
    assert "確認しました" in answer.content.decode()
    assert Case.objects.get(pk=asked.case_id).state == State.RECEIVED
    again = client.post(url(asked), {"_do": "confirm", "_seen": asked.digest})
    assert again.status_code == 302
    assert Event.objects.filter(verb="case.cosign", outcome="done", data__complete=True).count() == 1
    assert "あなたが確認したところ" in client.get("/cases/").content.decode()


def test_no_needs_words_and_keeps_what_was_marked(asked: Cosigner) -> None:
    client, before = browser_of(somebody(NAME, BORN)), stored()
    answer = client.post(url(asked), {"_do": "decline", "words": " ", "wrong": ["spouse.work_hours"]})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="spouse.work_hours" checked' in page
    assert 'aria-invalid="true"' in page
    assert stored() == before
    said = "就労は週3日です。<b>"
    wrong = ["spouse.work_hours", "person.work_hours"]
    answer = client.post(url(asked), {"_do": "decline", "words": said, "wrong": wrong})
    assert answer.status_code == 302
    page = client.get(url(asked)).content.decode()
    assert "週3日です。&lt;b&gt;" in page
    assert Case.objects.get(pk=asked.case_id).state == State.RETURNED


def test_the_applicant_sees_who_is_awaited_and_asks_again(asked: Cosigner, resident: Actor) -> None:
    client, number = browser_of(resident), asked.case.number
    page = client.get(f"/cases/{number}/").content.decode()
    assert "ほかの方の確認を待っています" in page
    assert "taro@example.jp" in page
    again = f"/cases/{number}/cosigners/{asked.pk}/"
    before = stored()
    answer = client.post(again, {"address": "taro@example.jp"})
    assert answer.status_code == 409
    assert "1日たってから" in answer.content.decode()
    answer = client.post(again, {"address": "これは違う"})
    assert answer.status_code == 422
    assert "これは違う" in answer.content.decode()
    assert stored() == before
    stranger = browser_of(somebody(NAME, BORN))
    assert stranger.post(again, {"address": "x@example.jp"}).status_code == 404
    assert stored() == before
    with clock.travel(clock.now() + dt.timedelta(days=2)):
        assert client.post(again, {"address": "other@example.jp"}).status_code == 302
    assert Message.objects.filter(template="cosign-asked", address="other@example.jp").count() == 1


def test_what_comes_next_is_said_before_and_after_sending(published: dict[str, Procedure], resident: Actor) -> None:
    case = actions.open_draft(published["childcare-place"], by=resident)
    answer(case, answers_of(catalogue().packages["childcare-place"].examples["second-wish-offered"]), resident)
    client = browser_of(resident)
    page = client.get(f"/cases/{case.pk}/review/").content.decode()
    assert "次の方に確認のお願いをメールで送ります" in page
    assert "（taro@example.jp）" in page
    page = client.post(f"/cases/{case.pk}/submit/", {"email": ""}, follow=True).content.decode()
    assert "確認のお願いをメールで送りました" in page
    assert "いまは、あなたがすることはありません" not in page
