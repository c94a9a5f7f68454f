"""A fee is paid: the bill, the provider's page, the way back, notices. The provider is the sandbox, over loopback."""

import datetime as dt
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from madoguchi.bridges.stripe.tests.harness import KEY, SECRET, StripeWorld, world
from madoguchi.cases import actions, jobs, ports
from madoguchi.cases.actions import settling
from madoguchi.cases.models import Case, Payment, Step, Timer
from madoguchi.cases.tests.test_examples import answer
from madoguchi.desk.tests.staging import client_of
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages.rules import letters
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.conftest import SignedIn, a_clerk, published, signed_in

__all__ = ["published", "signed_in"]

pytestmark = pytest.mark.django_db(transaction=True)

#: Two copies by post: 600 yen.
CODE, EXAMPLE = "resident-record-copy", "copies-by-post-granted"


@pytest.fixture
def bank(settings: LazySettings) -> Iterator[StripeWorld]:
    """The provider of this node is the sandbox."""
    with world() as there:
        settings.STRIPE_URL, settings.STRIPE_KEY, settings.STRIPE_WEBHOOK_SECRET = there.sandbox.url, KEY, SECRET
        ports.provider.cache_clear()
        yield there
    ports.provider.cache_clear()


@pytest.fixture
def owing(signed_in: SignedIn) -> tuple[Client, Actor, Case]:
    """A resident who owes the fee for two copies."""
    client, by = signed_in()
    row = procedures.current(CODE)
    assert row is not None
    case = actions.open_draft(row, by=by)
    answer(case, answers_of(catalogue().packages[CODE].examples[EXAMPLE]), by)
    actions.submit(case, by=by)
    step = Step.objects.get(case=case, kind="examine", done_at=None)
    actions.examine(step, "accept", by=a_clerk("residents", "residents-clerk"))
    return client, by, Case.objects.get(pk=case.pk)


def page(client: Client, path: str) -> str:
    return client.get(path, follow=True).content.decode()


def test_what_is_owed_stands_on_the_case_and_is_the_applicants_turn(
    bank: StripeWorld, owing: tuple[Client, Actor, Case]
) -> None:
    client, _, case = owing
    shown = page(client, f"/cases/{case.number}/")
    assert "600円" in shown
    assert "お支払いを待っています。" in shown
    assert "あなたの番です" in shown
    assert f"/cases/{case.number}/pay/" in shown
    assert "お支払いを待っています。" in page(client, "/cases/")


def test_paid_by_card_and_told_at_once(bank: StripeWorld, owing: tuple[Client, Actor, Case]) -> None:
    client, _, case = owing
    there = f"/cases/{case.number}/pay/"
    assert "支払いの手続きを始める" in page(client, there)
    assert Payment.objects.count() == 0, "to look is not to ask"
    for _ in range(2):  # pressed twice, it is one payment
        assert client.post(there)["Location"] == there
    payment = Payment.objects.get(case=case)
    assert payment.yen == 600
    shown = page(client, there)
    assert payment.url in shown
    assert urlsplit(payment.url).netloc == urlsplit(bank.sandbox.url).netloc
    assert "まだ終わっていません" in page(client, f"{there}return/"), "back without having paid"
    bank.pay(payment.reference)
    shown = page(client, f"{there}return/")
    assert "お支払いを確かめました" in shown
    case.refresh_from_db()
    assert case.payable_at is None
    assert Payment.objects.get().paid_yen == 600
    assert client.get(there)["Location"] == f"/cases/{case.number}/", "nothing more to pay"


def test_money_on_its_way_from_a_store_is_not_asked_for_again(
    bank: StripeWorld, owing: tuple[Client, Actor, Case]
) -> None:
    client, _, case = owing
    there = f"/cases/{case.number}/pay/"
    client.post(there)
    payment = Payment.objects.get()
    bank.pay_later(payment.reference)
    shown = page(client, f"{there}return/")
    assert "もう一度払わないでください" in shown
    assert "支払いの手続きを始める" not in shown
    assert "もう一度払わないでください" in page(client, f"/cases/{case.number}/")
    bank.arrive(payment.reference, paid=True)
    assert "お支払いを確かめました" in page(client, there), "whoever looks again is told"
    assert Payment.objects.get().paid_at is not None


@pytest.mark.parametrize("arrived", [True, False])
def test_the_period_for_paying_does_not_end_while_money_is_on_its_way(
    bank: StripeWorld, owing: tuple[Client, Actor, Case], *, arrived: bool
) -> None:
    client, _, case = owing
    client.post(f"/cases/{case.number}/pay/")
    payment = Payment.objects.get()
    bank.pay_later(payment.reference)
    page(client, f"/cases/{case.number}/pay/return/")
    timer = Timer.objects.get(step=payment.step)
    assert timer.then == "withdraw"
    with clock.travel(timer.due_at + dt.timedelta(seconds=1)):
        assert jobs.fire_due() == 1
        assert jobs.fire_due() == 0, "asked again some hours later, not at once"
        case.refresh_from_db()
        assert (case.withdrawn_at, case.payable_at is None) == (None, False)
        bank.arrive(payment.reference, paid=arrived)
        settling.settle(payment)
    with clock.travel(timer.due_at + dt.timedelta(days=1)):
        jobs.fire_due()
        case.refresh_from_db()
        assert (case.withdrawn_at is None) is arrived
        assert (Payment.objects.get().paid_at is not None) is arrived


def test_a_page_that_is_over_is_made_anew(bank: StripeWorld, owing: tuple[Client, Actor, Case]) -> None:
    client, _, case = owing
    there = f"/cases/{case.number}/pay/"
    client.post(there)
    first = Payment.objects.get()
    bank.provider.close(first.reference)
    assert "支払いの手続きを始める" in page(client, there)
    client.post(there)
    assert Payment.objects.exclude(pk=first.pk).get().url != first.url


def test_a_provider_that_is_away_is_said_and_nothing_is_lost(
    bank: StripeWorld, owing: tuple[Client, Actor, Case]
) -> None:
    client, _, case = owing
    bank.well(False)
    answered = client.post(f"/cases/{case.number}/pay/")
    assert answered.status_code == 503
    assert "時間をおいて" in answered.content.decode()
    assert Payment.objects.get().url == ""
    case.refresh_from_db()
    assert case.payable_at is not None
    bank.well(True)
    assert client.post(f"/cases/{case.number}/pay/").status_code == 302
    assert Payment.objects.get().url


def test_nobody_elses_bill(bank: StripeWorld, owing: tuple[Client, Actor, Case], signed_in: SignedIn) -> None:
    _, _, case = owing
    stranger, _ = signed_in()
    for path in (f"/cases/{case.number}/pay/", f"/cases/{case.number}/pay/return/"):
        assert stranger.get(path).status_code == 404
        assert Client().get(path).status_code == 302, "whoever is not signed in, signs in first"
    assert stranger.post(f"/cases/{case.number}/pay/").status_code == 404
    assert Payment.objects.count() == 0


def test_a_notice_is_heard_once_and_a_forged_one_not_at_all(
    bank: StripeWorld, owing: tuple[Client, Actor, Case]
) -> None:
    client, _, case = owing
    client.post(f"/cases/{case.number}/pay/")
    bank.pay(Payment.objects.get().reference)
    body, headers = bank.notices()[-1]
    outside = Client(enforce_csrf_checks=True)

    def sent(body: bytes, headers: dict[str, str]) -> int:
        return outside.post("/payments/notice/", body, content_type="application/json", headers=headers).status_code

    for forged, proof in bank.forged():
        assert sent(forged, dict(proof)) == 400
    assert sent(b"x" * 300_000, dict(headers)) == 413
    foreign, proof = bank.foreign()
    assert sent(foreign, dict(proof)) == 200
    assert not Event.objects.filter(verb="payment.hear").exists()
    assert [sent(body, dict(headers)) for _ in range(2)] == [200, 200]
    assert Event.objects.filter(verb="payment.hear", outcome="done").count() == 2
    assert outside.get("/payments/notice/").status_code == 405
    assert Payment.objects.get().paid_at is None, "a notice is a hint to look, not the truth"


def test_the_section_gives_it_back_with_a_reason(bank: StripeWorld, owing: tuple[Client, Actor, Case]) -> None:
    client, _, case = owing
    client.post(f"/cases/{case.number}/pay/")
    payment = Payment.objects.get()
    desk, there = client_of(a_clerk("residents", "residents-clerk")), f"/desk/cases/{case.number}/"
    assert "返金する" not in desk.get(there).content.decode(), "nothing was paid"
    bank.pay(payment.reference)
    client.get(f"/cases/{case.number}/pay/return/")
    assert "全額を返金する" in desk.get(there).content.decode()
    give_back = f"{there}payments/{payment.pk}/"
    refused = desk.post(give_back, {"note": "  "})
    assert (refused.status_code, "理由を書いてください" in refused.content.decode()) == (422, True)
    other = client_of(a_clerk("taxation", "taxation-clerk"))
    assert other.post(give_back, {"note": "返す"}).status_code == 404
    payment.refresh_from_db()
    assert payment.refund_asked_at is None
    for _ in range(2):  # pressed twice, it goes back once
        assert desk.post(give_back, {"note": "発行する前に、証明の種類の誤りが分かったため。"}).status_code == 302
    assert Event.objects.filter(verb="payment.refund", outcome="done").count() == 2
    jobs.send_back_what_was_asked_back(Event.objects.filter(verb="payment.refund").latest("at").pk)
    payment.refresh_from_db()
    assert payment.state == "refunded"
    shown = desk.get(there).content.decode()
    assert "返金済み" in shown
    assert "証明の種類の誤り" in shown
    assert "全額を返金する" not in shown
    assert "証明の種類の誤り" not in page(client, f"/cases/{case.number}/"), "the reason stays in the office"


def test_what_goes_into_the_envelope_is_printed_at_the_desk(
    bank: StripeWorld, owing: tuple[Client, Actor, Case]
) -> None:
    client, _, case = owing
    client.post(f"/cases/{case.number}/pay/")
    bank.pay(Payment.objects.get().reference)
    client.get(f"/cases/{case.number}/pay/return/")
    by, step = a_clerk("residents", "residents-clerk"), Step.objects.get(case=case, done_at=None)
    there = f"/desk/cases/{case.number}/steps/{step.pk}/enclosure.pdf"
    assert there in client_of(by).get(f"/desk/cases/{case.number}/").content.decode()
    made = client_of(by).get(there)
    text = letters.text_of(made.content)
    for words in ("住民票の写しの送付について", "住民票の写し（世帯の全員）　2通", "600円（納付済み）", "見本 花子"):
        assert letters.says(text, words), words
    assert client_of(a_clerk("taxation", "taxation-clerk")).get(there).status_code == 404
    assert Step.objects.get(pk=step.pk).done_at is None, "to print is not to post"
    actions.do(step, by=by)
    assert client_of(by).get(there).status_code == 404
    assert Case.objects.get(pk=case.pk).closed_at is not None
