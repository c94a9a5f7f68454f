"""The office's own words in a real browser, with and without scripts: a mail that the section words itself reaches the
mailbox in its words, and a phrase picked in Japanese is read in the applicant's language.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from playwright.sync_api import expect

from madoguchi.bridges.mail.tests.harness import world
from madoguchi.cases.models import Case, Correction
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import CHILD, Staff, account_of, applicant, handed_in, session_for
from madoguchi.desk.tests.test_talking import browser_of
from madoguchi.events import Actor
from madoguchi.messages import jobs
from madoguchi.procedures.models import Procedure
from madoguchi.site.worker import catch_up
from tests.journeys.axe import faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from pytest_django.live_server_helper import LiveServer

__all__ = ["published", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def counts_from_zero(db: None) -> None:
    cache.clear()


def sound(page: "Page") -> None:
    """WCAG 2.2 AA as far as axe sees, and nothing beside the screen of a telephone."""
    assert faults(page) == []
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    assert size is not None
    page.set_viewport_size(size)


def signed_in(browser: "Browser", server: "LiveServer", by: Actor, script: bool) -> "BrowserContext":
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="ja-JP", base_url=server.url, java_script_enabled=script
    )
    key = session_for(account_of(by))
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": server.url}])
    return context


def work() -> None:
    """What the worker would do until nothing is left; in a thread, because Playwright's loop runs in this one."""

    def whole() -> None:
        try:
            catch_up()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(whole).result()


@pytest.mark.parametrize("script", [True, False])
def test_a_mail_reaches_the_mailbox_in_the_sections_words(
    script: bool,
    browser: "Browser",
    live_server: "LiveServer",
    published: dict[str, Procedure],
    staff: Staff,
    monkeypatch: Any,
) -> None:
    context = signed_in(browser, live_server, staff("children", "children-clerk"), script)
    page = context.new_page()
    page.goto("/desk/")
    page.get_by_role("link", name="お知らせの文", exact=True).click()
    if script:
        sound(page)
    page.get_by_role("link", name="受付のお知らせ").click()
    body = page.get_by_label("本文（日本語）", exact=True)
    body.fill("子ども室です。お申し込みを受け取りました。\n{reference} {promised}\n")
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_role("alert")).to_contain_text("{url} がありません")
    if script:
        sound(page)
        body.press("Control+End")
        page.get_by_role("button", name="入れる 申請者が開くページのアドレス").click()
    else:
        body.fill(body.input_value() + "{url}")
    page.get_by_role("button", name="届く形を確かめる").click()
    expect(page.get_by_text("まだ保存していません")).to_be_visible()
    assert (
        "子ども室です。お申し込みを受け取りました。\n00-0000-0000-0" in page.get_by_role("article").first.inner_text()
    )
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_text("文を保存しました")).to_be_visible()
    if script:
        sound(page)
    context.close()
    with world() as mailbox:
        monkeypatch.setattr(jobs, "carrier", lambda: mailbox.carrier)
        case = handed_in(published, CHILD)
        work()
        (mail,) = mailbox.received
    text = mail.get_content()
    assert "子ども室です。お申し込みを受け取りました。" in text
    assert str(case.number) in text
    assert f"/cases/{case.number}/" in text


@pytest.mark.parametrize("script", [True, False])
def test_a_phrase_picked_in_japanese_is_read_in_vietnamese(
    script: bool, browser: "Browser", live_server: "LiveServer", published: dict[str, Procedure], staff: Staff
) -> None:
    clerk = staff("children", "children-clerk")
    case = handed_in(published, CHILD)
    Case.objects.filter(pk=case.pk).update(language="vi")
    case.refresh_from_db()
    context = signed_in(browser, live_server, clerk, script)
    page = context.new_page()
    page.goto("/desk/phrases/")
    page.get_by_label("見出し").fill("番号の確認")
    page.get_by_label("日本語", exact=False).first.fill("電話番号を確かめてください。")
    page.get_by_label("Tiếng Việt").fill("Vui lòng kiểm tra số điện thoại.")
    page.get_by_role("button", name="足す").click()
    expect(page.get_by_text("文例を足しました")).to_be_visible()
    if script:
        sound(page)
    page.goto(f"/desk/cases/{case.number}/")
    page.locator("#f-person-phone details.fix summary").click()
    box = page.locator("#f-person-phone-note")
    if script:
        page.locator("#f-person-phone").get_by_label("文例（").select_option(label="番号の確認")
        page.locator("#f-person-phone").get_by_role("button", name="入れる").click()
        expect(
            page.locator("input[name=_outcome][value=return]"), "whoever writes a note returns the case"
        ).to_be_checked()
        sound(page)
    else:
        page.get_by_text("補正（1）").click()
        box.fill(page.locator("[data-offered=correction] dd").inner_text())
        page.locator("input[name=_outcome][value=return]").check()
    expect(page.locator("[data-offered=correction]")).to_contain_text("Tiếng Việt")
    page.get_by_role("button", name="審査の結果を確定する").click()
    expect(page.get_by_text("補正を求めました")).to_be_visible()
    assert Correction.objects.get(step__case=case).message == "電話番号を確かめてください。"
    context.close()
    web = browser_of(applicant(case))
    web.cookies["language"] = "vi"
    assert "Vui lòng kiểm tra số điện thoại." in web.get(f"/cases/{case.number}/").content.decode()
