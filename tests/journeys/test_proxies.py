"""An agent, in real browsers: given online, used, seen by whom it is about, ended; then they see nothing of it."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from madoguchi.cases import jobs
from madoguchi.cases.models import Case
from madoguchi.cases.tests.test_delegating import filled
from madoguchi.events.following import FOLLOWERS
from madoguchi.events.models import Event
from madoguchi.facts.queries import given_by
from madoguchi.procedures.tests.shipped import publish
from tests.journeys.residents import DESKTOP, PHONE, a_resident, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

CARE = "care-need-certification"
AGENT = {"person.full_name": "見本　桃子", "person.date_of_birth": "1970-01-01"}


def told() -> None:
    """What the worker does after the events so far."""
    follower = FOLLOWERS.get("cases.tell_principal")
    for event in Event.objects.filter(verb__in=follower.verbs, outcome="done").order_by("id"):
        jobs.tell_principal(event.pk)


def test_given_used_seen_and_ended(browser: "Browser", live_server: "LiveServer") -> None:
    publish()
    site, mother, daughter = live_server.url, a_resident(), a_resident(AGENT)
    with (
        visiting(browser, site, mother, viewport=DESKTOP, script=True) as hers,
        visiting(browser, site, daughter, viewport=PHONE, script=True) as theirs,
    ):
        hers.go("/my-data/proxies/")
        hers.check()
        hers.page.get_by_label("家族", exact=True).check()
        hers.page.fill("#name", "見本　桃子")
        hers.page.get_by_label("介護・高齢の手続き").check()
        hers.page.get_by_role("button", name="招待コードを作る").click()
        code = hers.page.locator("#invitations + p + ul b.number").inner_text()
        hers.check()

        theirs.go("/proxies/")
        theirs.check()
        theirs.page.fill("#code", code)
        theirs.page.get_by_role("button", name="内容を見る").click()
        expect(theirs.page.get_by_text("見本　花子")).to_be_visible()
        theirs.check()
        theirs.page.get_by_role("button", name="引き受ける").click()
        expect(theirs.page.get_by_role("heading", name="あなたが代理人になっている方")).to_be_visible()
        theirs.check()

        theirs.go(f"/procedures/{CARE}/for-another/")
        theirs.check()
        theirs.page.get_by_label("見本　花子").check()
        theirs.page.get_by_role("button", name="この方のために始める").click()
        theirs.check()
        [one] = given_by(mother.who)
        case = filled(daughter, one)  # the form is that of every other journey
        theirs.go(f"/cases/{case.pk}/review/")
        theirs.check()
        theirs.page.get_by_role("button", name="この内容で申し込む").click()
        case = Case.objects.get(pk=case.pk)
        assert case.number is not None
        told()

        hers.go("/inbox/")
        expect(hers.page.get_by_text("代理人が登録されました")).to_be_visible()
        hers.page.get_by_text("初めて手続きを始めました").click()
        hers.check()
        hers.go("/cases/")
        hers.check()
        hers.page.get_by_role("link", name="要介護・要支援認定の申請").first.click()
        expect(hers.page.get_by_text("あなたの代わりに申し込みました")).to_be_visible()
        hers.check()
        hers.page.get_by_role("link", name="代理人を見る・取り消す").click()
        hers.page.get_by_role("button", name="代理権を取り消す").click()
        expect(hers.page.get_by_text("いま、あなたの代理人はいません。")).to_be_visible()
        told()
        hers.go("/inbox/")
        expect(hers.page.get_by_text("代理人の登録が終わりました")).to_be_visible()

        theirs.go("/cases/")
        expect(theirs.page.get_by_text("代理権が終わったため、内容は見られません")).to_be_visible()
        theirs.check()
        theirs.go(f"/cases/{case.number}/")
        expect(theirs.page.get_by_text("代理権の登録が終わったため")).to_be_visible()
        expect(theirs.page.get_by_text("花子")).to_have_count(0)
        theirs.go(f"/procedures/{CARE}/for-another/")
        expect(theirs.page.get_by_text("見本　花子")).to_have_count(0)
    assert Case.objects.get(pk=case.pk).state == "received", "what was handed in goes on"
