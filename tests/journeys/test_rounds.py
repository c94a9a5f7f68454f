"""A round in a real browser: the clerk types what there is, sees who would get what, and decides for all; the head
approves one, and its letter says why.
"""

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from playwright.sync_api import expect

from madoguchi.cases import actions
from madoguchi.cases.models import Decision, Step
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.cases.tests.test_rounds import CODE, waiting_cases
from madoguchi.desk.tests.staging import Staff, account_of, session_for
from madoguchi.events import SYSTEM
from madoguchi.messages.models import Letter
from madoguchi.procedures.models import Procedure
from tests.journeys.axe import faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

__all__ = ["published", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


#: Of the city's rounds one that has closed: the server of the test lives today, whenever that is.
OVER = "2026-12-01"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


def sound(page: "Page") -> None:
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"


@pytest.mark.parametrize("script", [True, False])
def test_a_round_from_the_places_to_a_letter(
    script: bool, browser: "Browser", live_server: "LiveServer", published: dict[str, Procedure], staff: Staff
) -> None:
    clerk, head = staff("children", "children-clerk"), staff("children", "children-head")
    waiting_cases(published[CODE], 12, seed=3, name=OVER)
    context = browser.new_context(
        viewport={"width": 1366, "height": 768},
        locale="ja-JP",
        base_url=live_server.url,
        java_script_enabled=script,
    )
    key = session_for(account_of(clerk))
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
    page = context.new_page()
    page.goto("/desk/")
    page.get_by_role("link", name="選考", exact=True).click()
    page.get_by_role("link", name="令和8年12月から").click()
    for group in range(6):
        page.fill(f"input[name='places.nursery-1.{group}']", "1")
    page.fill("input[name='places.nursery-2.1']", "x")
    page.get_by_role("button", name="保存して試算する").click()
    expect(page.get_by_role("alert")).to_contain_text("整数で入力")
    expect(page.locator("input[name='places.nursery-1.3']"), "what was typed is still there").to_have_value("1")
    page.fill("input[name='places.nursery-2.1']", "1")
    page.get_by_role("button", name="保存して試算する").click()
    expect(page.get_by_text("試算し直しました")).to_be_visible()
    if script:
        sound(page)
        page.set_viewport_size({"width": 390, "height": 844})
        sound(page)
        page.set_viewport_size({"width": 1366, "height": 768})
    shown = page.locator("section[aria-labelledby=ranking] tbody tr").first
    number, result = shown.locator("th a").inner_text(), shown.locator("td").last.inner_text()
    page.get_by_role("button", name="結果を12件に書き込む").click()
    expect(page.get_by_text("12件の申込みに書き込みました")).to_be_visible()
    assert not Step.objects.filter(kind="allot", done_at=None).exists()
    decision = Decision.objects.get(case__number=number)
    assert decision.granted is ("希望" in result)
    winner = Decision.objects.filter(granted=True).first()
    assert winner is not None
    actions.approve(Step.objects.get(case_id=winner.case_id, done_at=None), "approve", by=head)
    actions.perform(Step.objects.get(case_id=winner.case_id, kind="issue", done_at=None), by=SYSTEM)
    assert Letter.objects.filter(about=winner.case_id, kind="offered").count() == 1
    page.goto(f"/desk/cases/{number}/")
    expect(page.get_by_text("人のうち").first, "the case says its rank").to_be_visible()
    page.goto(f"/desk/rounds/{CODE}/{OVER}/")
    page.get_by_role("button", name="まだ印刷していない通知書（1件）の確認へ").click()
    expect(page.get_by_role("button", name="1通を印刷用に取り出す")).to_be_visible()
    if script:
        sound(page)
    context.close()


def test_another_section_finds_no_round(published: dict[str, Procedure], staff: Staff, client: Any) -> None:
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session_for(account_of(staff("taxation", "taxation-clerk")))
    assert '"/desk/rounds/"' not in client.get("/desk/").content.decode()
    assert client.get(f"/desk/rounds/{CODE}/{OVER}/").status_code == 404
