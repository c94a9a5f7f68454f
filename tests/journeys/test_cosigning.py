"""連署 on a phone, with and without scripts: the partner reads their part, says no, then yes; the applicant follows."""

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Cosigner, State
from madoguchi.cases.tests.test_examples import answer
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue, publish
from tests.journeys.residents import DESKTOP, PHONE, a_resident, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PARTNER = {"person.full_name": "見本　太郎", "person.date_of_birth": "1988-11-03"}


def sent() -> tuple[Case, Any]:
    """An application that names the partner, and who made it."""
    by = a_resident()
    row = procedures.current("childcare-place")
    assert row is not None
    case = actions.open_draft(row, by=by)
    answer(case, answers_of(catalogue().packages["childcare-place"].examples["second-wish-offered"]), by)
    actions.submit(case, by=by, email="hanako@example.jp")
    return case, by


@pytest.mark.parametrize(("viewport", "script"), [(PHONE, True), (PHONE, False), (DESKTOP, True)])
def test_the_partner_says_no_and_then_yes(
    browser: "Browser", live_server: "LiveServer", viewport: dict[str, int], script: bool
) -> None:
    publish()
    case, by = sent()
    site, first = live_server.url, Cosigner.objects.get(case=case)
    partner = a_resident(PARTNER)
    with (
        visiting(browser, site, partner, viewport=viewport, script=script) as theirs,
        visiting(browser, site, by, viewport=viewport, script=script) as mine,
    ):
        mine.go(f"/cases/{case.number}/")
        expect(mine.page.get_by_role("heading", name="ほかの方の確認を待っています")).to_be_visible()
        mine.check()

        theirs.go(f"/cosign/{first.pk}/")
        expect(theirs.page.get_by_text("1か月の就労時間")).not_to_have_count(0)
        expect(theirs.page.get_by_text("ミホン")).to_have_count(0)
        theirs.check()
        theirs.page.get_by_role("button", name="確認しないで戻す").click()
        expect(theirs.page.locator("#words-problem")).to_be_visible()
        theirs.check()
        theirs.page.locator('[name="wrong"][value="spouse.work_hours"]').check()
        theirs.page.fill("#words", "1か月120時間です。")
        theirs.page.get_by_role("button", name="確認しないで戻す").click()
        expect(theirs.page.get_by_role("heading", name="確認しないで戻しました")).to_be_visible()
        theirs.check()

        mine.page.reload()
        expect(mine.page.get_by_role("heading", name="直してほしいところがあります")).to_be_visible()
        expect(mine.page.get_by_text("1か月120時間です。").first).to_be_visible()
        mine.check()
        mine.page.get_by_role("link", name="直して出し直す").click()
        mine.type({"spouse.work_hours": "120"})
        mine.next()
        mine.next()
        case.refresh_from_db()
        assert case.state == State.COSIGNING

        theirs.go(f"/cosign/{first.pk}/")  # the link of the first mail
        expect(theirs.page.get_by_role("heading", name="ページが見つかりません")).to_be_visible()
        second = Cosigner.objects.get(case=case, over_at=None)
        theirs.go(f"/cosign/{second.pk}/")
        theirs.page.get_by_role("button", name="この内容を確認し、同意する").click()
        expect(theirs.page.get_by_role("heading", name="確認しました")).to_be_visible()
        theirs.check()
        theirs.go("/cases/")
        theirs.check()

        mine.page.reload()
        expect(mine.page.get_by_text("確認をお願いした方")).to_be_visible()
        mine.check()
    case.refresh_from_db()
    assert case.state == State.RECEIVED
    assert case.answers["spouse"]["work_hours"] == 120
    assert second.asked_at <= clock.now()
