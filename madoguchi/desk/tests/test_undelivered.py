"""届かなかった通知: seen, sent again and given up with a reason by the section that answers for the system alone."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from madoguchi.cases import actions, jobs, queries
from madoguchi.cases.models import Case, Service
from madoguchi.cases.tests.test_companies import POWER, filled, sent, system_of
from madoguchi.desk.tests.staging import Staff, client_of
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.messages.models import Message
from madoguchi.people.actions import close_partner
from madoguchi.people.actions.webhooks import drop, note_try, redeliver, subscribe
from madoguchi.people.models import Delivery, Partner
from madoguchi.people.queries.webhooks import dead_letters
from madoguchi.people.rules import MOST_DELIVERIES

__all__ = ["filled"]

pytestmark = pytest.mark.django_db
LIST = "/desk/undelivered/"


def job(verb: str, run: Callable[[UUID], None]) -> None:
    """What follows the last act of this verb, as the worker runs it."""
    run(Event.objects.filter(verb=verb, outcome="done").latest("at").pk)


def died(one: Delivery) -> Delivery:
    for _ in range(MOST_DELIVERIES):
        note_try(one, "status-503", by=SYSTEM)
    return Delivery.objects.get(pk=one.pk)


@pytest.fixture
def system() -> Actor:
    """A company's system for which residents' section answers; it listens, and nobody is there."""
    one = system_of(POWER)
    subscribe(Partner.objects.get(pk=one.who), "https://power.example.jp/hook", ["service.asked"], by=one)
    return one


@pytest.fixture
def service(system: Actor, filled: Case, resident: Actor) -> Service:
    return sent(filled, resident)


@pytest.fixture
def letter(service: Service) -> Delivery:
    """It was told for eighteen hours in vain."""
    job("case.submit-parts", jobs.tell_companies)
    return died(Delivery.objects.get())


@pytest.fixture
def clerk(staff: Staff) -> Client:
    return client_of(staff("residents", "residents-clerk"))


def row(key: UUID) -> Any:
    return Delivery.objects.filter(pk=key).values().first()


def test_it_is_told_in_plain_words_with_nothing_of_what_is_in_it(letter: Delivery, clerk: Client) -> None:
    page = clerk.get(LIST).content.decode()
    for words in (
        "見本の会社",
        "見本電力（見本）",
        "相手が 503 と答えた",
        f"{MOST_DELIVERIES}回",
        "会社はまだ受け取っていない",
    ):
        assert words in page
    assert "見本 花子" not in page
    assert "123-4560" not in page
    assert "件の未対応" in clerk.get("/desk/").content.decode(), "whoever answers for it sees it on every page"


def test_it_is_sent_again_and_is_gone_from_the_list(letter: Delivery, clerk: Client) -> None:
    assert clerk.post(LIST, {"again": str(letter.pk)}).status_code == 302
    letter.refresh_from_db()
    assert (letter.dead_at, letter.tries) == (None, 0)
    assert "届かなかった通知はありません" in clerk.get(LIST).content.decode()
    refusal = clerk.post(LIST, {"again": str(letter.pk)})
    assert refusal.status_code == 409, "it is on its way"
    died(letter)
    assert clerk.post(LIST, {"again_all": str(letter.subscription.partner_id)}).status_code == 302
    assert not dead_letters().exists()
    assert Event.objects.filter(verb="webhook.redeliver", outcome="done").count() == 2


def test_given_up_with_a_reason_the_person_hears_and_the_company_gets_nothing(
    letter: Delivery, service: Service, clerk: Client, system: Actor
) -> None:
    before = row(letter.pk)
    for because in ("", " ", "あ" * 301):
        answer = clerk.post(LIST, {"drop": str(letter.pk), "because": because})
        assert answer.status_code == 422
        assert because.strip() in answer.content.decode(), "what was typed is still there"
        assert row(letter.pk) == before
    assert clerk.post(LIST, {"drop": str(letter.pk), "because": "受付を終えたと連絡があった"}).status_code == 302
    page = clerk.get(LIST).content.decode()
    assert "届かなかった通知はありません" in page
    assert "受付を終えたと連絡があった" in page
    event = Event.objects.get(verb="webhook.drop", outcome="done")
    assert "受付" not in str(event.data), "what somebody typed is not in the log"
    for _ in range(2):
        jobs.give_up_service(event.pk)
        job("service.give-up", jobs.tell_giving_up)
    service.refresh_from_db()
    assert (service.state, service.handed_at) == ("refused", None)
    assert Message.objects.filter(template="company-unreached").count() == 1
    with pytest.raises(Stale):
        actions.read_service(service, by=system)
    assert clerk.post(LIST, {"drop": str(letter.pk), "because": "もう一度"}).status_code == 409


def test_what_was_taken_back_is_told_no_more(service: Service, resident: Actor, clerk: Client) -> None:
    job("case.submit-parts", jobs.tell_companies)
    letter = Delivery.objects.get()
    actions.take_back_service(service, by=resident)
    job("service.take-back", jobs.end_telling)
    letter.refresh_from_db()
    assert letter.dropped_at is not None
    assert "取りやめたもの" not in clerk.get(LIST).content.decode(), "no work of anybody's, and no decision"


def test_what_the_company_has_fetched_by_itself_leaves_no_dead_letter(
    letter: Delivery, service: Service, system: Actor
) -> None:
    actions.read_service(service, by=system)
    job("service.read", jobs.end_telling)
    assert not dead_letters().exists()
    assert Service.objects.get().state == "handed"


def test_nobody_listens_any_more(letter: Delivery, clerk: Client) -> None:
    close_partner(letter.subscription.partner, by=SYSTEM)
    before = row(letter.pk)
    with pytest.raises(Stale):
        redeliver(letter, by=SYSTEM)
    assert row(letter.pk) == before
    drop(letter, "連携を終えた", by=SYSTEM)


def test_others_neither_see_nor_send_nor_give_up(letter: Delivery, staff: Staff, resident: Actor) -> None:
    before = row(letter.pk)
    other = client_of(staff("children", "children-clerk"))
    assert "届かなかった通知" not in other.get("/desk/").content.decode()
    for posted in ({"again": str(letter.pk)}, {"drop": str(letter.pk), "because": "x"}, {"again_all": "x"}):
        assert other.get(LIST).status_code == 403
        assert other.post(LIST, posted).status_code == 403
    system_of("sample-gas")  # of the same section: still not the children's
    for by in (staff("children", "children-head"), resident, Actor("partner", letter.pk)):
        with pytest.raises(NotAllowed):
            redeliver(letter, by=by)
        with pytest.raises(NotAllowed):
            drop(letter, "x", by=by)
    assert row(letter.pk) == before


def test_what_is_still_being_tried_is_not_given_up_by_hand(service: Service, staff: Staff) -> None:
    job("case.submit-parts", jobs.tell_companies)
    one = Delivery.objects.get()
    before = row(one.pk)
    with pytest.raises(Stale):
        drop(one, "x", by=staff("residents", "residents-clerk"))
    with pytest.raises(Invalid):
        drop(one, "x\x1b", by=SYSTEM)
    assert row(one.pk) == before


@pytest.mark.parametrize("said", ["", "x", "01234567-89ab-7cde-8f01-23456789abcd", "\0"])
def test_what_is_not_there_is_not_there(letter: Delivery, clerk: Client, said: str) -> None:
    before = row(letter.pk)
    assert clerk.post(LIST, {"again": said}).status_code == 404
    assert clerk.post(LIST, {"drop": said, "because": "x"}).status_code == 404
    assert clerk.post(LIST, {"again_all": said}).status_code == 302
    assert row(letter.pk) == before


def test_the_desk_sees_how_companies_answer_and_not_what_is_between_them_and_their_customer(
    service: Service, system: Actor, clerk: Client, resident: Actor, staff: Staff
) -> None:
    late, number = clock.now() + dt.timedelta(days=9), service.case.number or "?"
    page = clerk.get(LIST).content.decode()
    assert "会社はまだ受け取っていない 1件" in page
    assert number not in page
    with clock.travel(late):
        assert [one.late[0].case.number for one in queries.company_counts(staff("residents", "residents-head"))] == [
            number
        ]
    actions.read_service(service, by=system)
    said = actions.Said("asked", clock.now(), words="秘密の言葉をお知らせください。", reference="P-77")
    actions.answer_service(service, said, by=system)
    page = clerk.get(LIST).content.decode()
    assert "会社が申請者の連絡を待っている 1件" in page
    for words in ("秘密の言葉", "P-77", "123-4560"):
        assert words not in page
    actions.call_off_service(service, by=resident)
    assert "申請者が取りやめた（会社の返事を待っている） 1件" in clerk.get(LIST).content.decode()
    assert queries.company_counts(staff("children", "children-head")) == []
