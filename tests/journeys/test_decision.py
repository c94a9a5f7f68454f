"""A decision in a real browser: the draft is looked at, changed with a reason, seen by who approves, printed."""

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Decision, Departure
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import CHILD, Staff, handed_in, open_step
from madoguchi.desk.tests.test_drafts import LATE, WHY
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages.models import Letter
from madoguchi.procedures.models import Procedure
from tests.journeys.test_desk import Desk, desk, letters_are_made, quick_passwords, sound

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["desk", "published", "quick_passwords", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def changed(page: "Page") -> None:
    """Open the draft and have it start with the month that the law gives."""
    page.get_by_text("決定の案を直す").click()
    page.get_by_role("combobox", name="支給開始月").select_option("2026年4月")
    page.get_by_role("radio", name="認める", exact=False).first.check()


@pytest.mark.parametrize(("size", "script"), [("desktop", True), ("tablet", True), ("desktop", False)])
def test_a_draft_is_changed_seen_approved_and_printed(
    published: dict[str, Procedure], staff: Staff, desk: Desk, size: str, script: bool
) -> None:
    with clock.travel(dt.date(2026, 4, 13)):
        case = handed_in(published, LATE)
    clerk = desk(staff("children", "children-clerk"), size, script=script)
    clerk.goto(f"/desk/cases/{case.number}/")
    changed(clerk)
    clerk.get_by_role("button", name="審査の結果を確定する").click()
    clerk.get_by_text("決定の案の直しに、足りないところか誤りがあります。").wait_for()
    expect(clerk.get_by_role("combobox", name="支給開始月")).to_have_value("2026-04-01")
    clerk.get_by_role("textbox", name="変えるわけ").first.fill(WHY)
    if script:
        sound(clerk)
        clerk.get_by_role("button", name="通知書の案を見る").click()
        clerk.locator("#viewer canvas").wait_for()
        sound(clerk)
        clerk.keyboard.press("Escape")
    else:
        with clerk.expect_download() as kept:
            clerk.get_by_role("button", name="通知書の案を見る").click()
        assert kept.value.suggested_filename.endswith(".pdf")
    assert not Departure.objects.exists()
    clerk.get_by_role("button", name="審査の結果を確定する").click()
    clerk.get_by_text("審査の結果を記録しました。").wait_for()

    head = desk(staff("children", "children-head"), size, script=script)
    head.goto(f"/desk/cases/{case.number}/")
    expect(head.get_by_text("審査で判定表と変えたところが1件あります。")).to_be_visible()
    expect(head.locator("#departures + dl").get_by_text(WHY)).to_have_count(1)
    if script:
        sound(head)
    head.get_by_role("radio", name="決裁する").check()
    head.get_by_role("button", name="決裁を確定する").click()
    head.get_by_text("決裁しました。").wait_for()
    letters_are_made(case)
    assert Letter.objects.filter(about=case.pk).count() == 1
    printed(clerk, case)


def printed(page: "Page", case: Case) -> None:
    """From the list of what has ended to the PDF."""
    page.goto("/desk/?view=ended")
    page.locator("input[name=case]").first.check()
    page.get_by_role("button", name="確認へ").click()
    page.get_by_role("button", name="1通を印刷用に取り出す").click()
    page.wait_for_url("**/desk/batch/*/")
    jobs.carry_out_batch(Event.objects.get(verb="batch.begin").pk)
    page.reload()
    link = page.get_by_role("link", name="印刷用のPDF（1通と一覧）").get_attribute("href")
    answer = page.request.get(str(link))
    assert answer.body().startswith(b"%PDF")
    assert Letter.objects.get(about=case.pk).printed_at is not None


def test_looking_at_the_drafts_of_many_does_not_use_up_the_confirmation(
    published: dict[str, Procedure], staff: Staff, desk: Desk
) -> None:
    clerk = staff("children", "children-clerk")
    for _ in range(2):
        actions.examine(open_step(handed_in(published, CHILD)), "accept", by=clerk)
    page = desk(staff("children", "children-head"))
    for box in page.locator("input[name=case]").all():
        box.check()
    page.get_by_label("選んだ案件に行うこと").select_option("決裁する")
    page.get_by_role("button", name="確認へ").click()
    sound(page)
    with page.expect_download():
        page.get_by_role("button", name="出る通知書の案をまとめて見る（PDF）").click()
    page.get_by_role("button", name="2件に行う：決裁する").click()
    page.wait_for_url("**/desk/batch/*/")
    jobs.carry_out_batch(Event.objects.get(verb="batch.begin").pk)
    assert Decision.objects.filter(made_at__isnull=False).count() == 2
