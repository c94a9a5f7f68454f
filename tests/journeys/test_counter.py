"""At the counter in real browsers: the clerk types, the resident signs on a tablet, and the tablet forgets."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from playwright.sync_api import expect

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Confirmation, Sitting
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.cases.tests.test_counter import TOLD, answers
from madoguchi.cases.tests.test_examples import answer
from madoguchi.desk.tests.conftest import quick_passwords
from madoguchi.desk.tests.staging import Staff, account_of, session_for
from madoguchi.events import Actor
from madoguchi.procedures.models import Procedure
from tests.journeys.axe import faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

__all__ = ["published", "quick_passwords", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def sound(page: "Page") -> None:
    page.wait_for_load_state()
    assert faults(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def sign(page: "Page") -> None:
    """A finger draws."""
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for at in range(1, 12):
        page.mouse.move(box["x"] + 30 + at * 30, box["y"] + 40 + (at % 3) * 40)
    page.mouse.up()


def test_a_clerk_types_and_the_resident_signs(
    browser: "Browser", live_server: "LiveServer", published: dict[str, Procedure], staff: Staff
) -> None:
    clerk = staff("residents", "residents-clerk")
    kiosk = actions.make_kiosk("窓口 1番", by=clerk)
    wide = browser.new_context(viewport={"width": 1366, "height": 768}, locale="ja-JP", base_url=live_server.url)
    wide.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session_for(account_of(clerk)), "url": live_server.url}]
    )
    small = browser.new_context(viewport={"width": 820, "height": 1180}, locale="ja-JP", base_url=live_server.url)
    desk, tablet = wide.new_page(), small.new_page()
    tablet.goto("/kiosk/")
    sound(tablet)
    tablet.fill("#code", cases.kiosk_code(kiosk))
    tablet.click("button:has-text('登録する')")
    sound(tablet)
    desk.goto("/desk/counter/")
    sound(desk)
    desk.click("button:has-text('次の方の受付を始める')")
    sound(desk)
    tablet.click("text=窓口の番号を入力する")
    sound(tablet)
    tablet.fill("#code", desk.locator(".reference").inner_text())
    tablet.click("button:has-text('つなぐ')")
    expect(tablet.locator("h1")).to_have_text("ご本人を確かめます")
    sound(tablet)
    # The desk notices by itself that the tablet is there.
    expect(desk.locator("text=「窓口 1番」につながっています")).to_be_visible()
    desk.select_option("#shown", "driving-licence")
    for name in ("name", "kana", "address", "born"):
        desk.fill(f"#{name}", TOLD[name])
    desk.check("[name=sex][value=female]")
    desk.click("button:has-text('この書類で確かめた')")
    expect(tablet.locator("h1")).to_have_text("この内容でまちがいありませんか")
    sound(tablet)
    tablet.click("button:has-text('まちがいありません')")
    expect(desk.locator("#offers")).to_be_visible()
    sound(desk)
    desk.fill("#q", "犬")
    desk.click("button:has-text('手続きをさがす')")
    desk.locator(".offers button").first.click()
    sound(desk)
    sitting = Sitting.objects.get()
    case = Case.objects.get()
    typed_in(case, clerk)
    desk.goto(f"/desk/counter/{sitting.pk}/cases/{case.pk}/review/")
    sound(desk)
    desk.click("button:has-text('端末でご本人に確認してもらう')")
    expect(tablet.locator("h1")).to_have_text("職員が入力した内容を確かめてください")
    sound(tablet)
    sign(tablet)
    tablet.check("[name=read]")
    tablet.click("button:has-text('確認して職員に返す')")
    expect(tablet.locator("h1")).to_have_text("確認しました")
    expect(desk.locator("img.signature")).to_be_visible()
    sound(desk)
    desk.click("button:has-text('受け付ける')")
    expect(tablet.locator(".reference")).to_be_visible()
    sound(tablet)
    assert Confirmation.objects.get().how == "signed"
    number = Case.objects.get().number or "-"
    desk.click("button:has-text('受付を終わらせる')")
    expect(tablet.locator("h1")).to_have_text("窓口の番号を入力してください")
    tablet.go_back()
    tablet.wait_for_load_state()
    assert number not in tablet.content()
    for one in (wide, small):
        one.close()


def typed_in(case: Case, clerk: Actor) -> None:
    """The form is the one of every other journey: here it is filled in by the acts."""
    answer(Case.objects.get(pk=case.pk), answers(), replace(clerk, channel="counter"))


#: Two minutes, less what a slow machine needs to look.
FULL = re.compile(r"2:00|1:[3-5]\d")


def test_a_kiosk_counts_down_and_leaves(
    browser: "Browser", live_server: "LiveServer", published: dict[str, Procedure], staff: Staff
) -> None:
    kiosk = actions.make_kiosk("ロビー", by=staff("residents", "residents-clerk"))
    context = browser.new_context(viewport={"width": 820, "height": 1180}, locale="ja-JP", base_url=live_server.url)
    page = context.new_page()
    page.clock.install()
    page.goto("/kiosk/")
    page.fill("#code", cases.kiosk_code(kiosk))
    page.click("button:has-text('登録する')")
    page.goto("/procedures/dog-registration/")
    sound(page)
    expect(page.locator("[data-kiosk-left]")).to_contain_text(FULL)
    page.clock.run_for(100_000)
    expect(page.locator("[data-kiosk-said]")).to_contain_text("まもなく終わります")
    page.click("[data-kiosk-stay]")
    expect(page.locator("[data-kiosk-left]")).to_contain_text(FULL)
    page.clock.run_for(121_000)
    expect(page.locator("h1")).to_have_text("終わりました")
    context.close()
