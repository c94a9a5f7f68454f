"""決裁 and 合議 at the desk in a real browser: seals in order, 代決 and 後閲, a question to two sections."""

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Approval, Case, Consultation, Decision
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import CHILD, DOG, Staff, account_of, handed_in, open_step
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people.actions import set_absence
from madoguchi.procedures.models import Procedure
from tests.journeys.test_desk import Desk, desk, quick_passwords, sound

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["desk", "published", "quick_passwords", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def seal(page: "Page", choice: str, button: str, told: str) -> None:
    """Open the first case of the list, seal it and read what has happened."""
    page.get_by_role("link", name="見本").first.click()
    sound(page)
    page.get_by_role("radio", name=choice).check()
    page.get_by_role("button", name=button).click()
    page.get_by_text(told).wait_for()
    sound(page)


@pytest.mark.parametrize("size", ["desktop"])
def test_the_deputy_decides_while_the_head_is_away(
    published: dict[str, Procedure], staff: Staff, desk: Desk, size: str
) -> None:
    case = handed_in(published, CHILD)
    clerk, chief, deputy, head = (staff("children", f"children-{one}") for one in ("clerk", "chief", "deputy", "head"))
    actions.examine(open_step(case), "accept", by=clerk)
    seal(desk(chief, size), "承認して次へ回す", "承認・差戻しを確定する", "承認して、次の職へ回しました。")
    today = clock.today()
    set_absence(account_of(head), account_of(clerk), today, today + dt.timedelta(days=1), by=head)
    jobs.seat_after(Event.objects.get(verb="account.set_absence").pk)
    page = desk(deputy, size)
    page.get_by_role("link", name="見本").first.click()
    expect(page.get_by_role("list").filter(has_text="子ども室係長").get_by_text("見本 職員")).to_be_visible()
    page.get_by_role("radio", name="代決する").check()
    page.get_by_label("代決する理由").fill("")
    page.get_by_role("button", name="決裁を確定する").click()
    page.get_by_role("link", name="代決する理由").click()
    sound(page)
    assert not Decision.objects.get(case=case).made_at
    page.get_by_role("radio", name="代決する").check()
    page.get_by_label("代決する理由").fill("課長が出張で不在のため")
    page.get_by_role("button", name="決裁を確定する").click()
    page.get_by_text("代決しました。").wait_for()
    sound(page)
    assert Decision.objects.get(case=case).made_by_id == deputy.who
    page = desk(head, size)
    page.get_by_role("link", name="後閲").click()
    sound(page)
    page.get_by_role("link", name="見本").first.click()
    expect(page.get_by_text("課長が出張で不在のため")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="後閲したことを記録する").click()
    page.get_by_text("後閲したことを記録しました。").wait_for()
    assert Approval.objects.exclude(stood_in="").get().reviewed_by_id == head.who
    expect(page.get_by_role("button", name="後閲したことを記録する")).to_be_hidden()


@pytest.mark.parametrize("size", ["tablet"])
def test_two_sections_are_asked_and_answer(
    published: dict[str, Procedure], staff: Staff, desk: Desk, size: str
) -> None:
    case = handed_in(published, DOG)
    page = desk(staff("environment", "environment-clerk"), size)
    page.get_by_role("link", name="見本").first.click()
    page.get_by_text("ほかの課に合議を求める").click()
    sound(page)
    page.get_by_label("聞きたいこと").fill("同じ世帯に、登録ずみの犬はいますか。")
    page.get_by_role("button", name="合議を求める").click()
    page.get_by_role("alert").get_by_text("合議を求める課を選んでください").first.wait_for()
    sound(page)
    expect(page.get_by_label("聞きたいこと")).to_have_value("同じ世帯に、登録ずみの犬はいますか。")
    page.get_by_role("checkbox", name="市民課").check()
    page.get_by_role("checkbox", name="課税課").check()
    page.get_by_label("回答の期限").select_option("5")
    page.get_by_role("button", name="合議を求める").click()
    page.get_by_text("2つの課に合議を求めました。").wait_for()
    page.get_by_role("radio", name="認める", exact=False).first.check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_role("heading", name="合議の回答を待っています").wait_for()
    sound(page)
    assert open_step(case).kind == "examine"
    for section, post, choice, words in (
        ("taxation", "taxation-clerk", "異議なし", ""),
        ("residents", "residents-clerk", "意見あり", "世帯主の方の名前で、はなが登録されています。"),
    ):
        other = desk(staff(section, post), size)
        other.get_by_role("link", name="合議の求め").click()
        other.get_by_role("link", name="見本").first.click()
        sound(other)
        other.get_by_role("button", name="合議に回答する").click()
        other.get_by_role("alert").wait_for()
        sound(other)
        other.get_by_role("radio", name=choice).check()
        other.get_by_label("意見・書き添え").fill(words)
        other.get_by_role("button", name="合議に回答する").click()
        other.get_by_text("合議に回答しました。").wait_for()
        sound(other)
    page.goto(f"/desk/cases/{case.number}/")
    expect(page.get_by_text("世帯主の方の名前で、はなが登録されています。")).to_be_visible()
    page.get_by_role("radio", name="認める", exact=False).first.check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_text("審査の結果を記録しました。").wait_for()


def test_without_javascript(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    case = handed_in(published, CHILD)
    page = desk(staff("children", "children-clerk"), script=False)
    page.get_by_role("link", name="見本").first.click()
    page.get_by_text("ほかの課に合議を求める").click()
    page.get_by_role("checkbox", name="市民課").check()
    page.get_by_label("聞きたいこと").fill("転出の届出は出ていますか。")
    page.get_by_role("button", name="合議を求める").click()
    page.get_by_text("1つの課に合議を求めました。").wait_for()
    page.get_by_text("回答を待たずに取り下げる").click()
    page.get_by_role("group").filter(has_text="取り下げる").get_by_label("理由").fill("端末で確かめられたため")
    page.get_by_role("button", name="合議を取り下げる").click()
    page.get_by_text("合議を取り下げました。").wait_for()
    assert Consultation.objects.get().dropped_because == "端末で確かめられたため"
    chief, head = (staff("children", f"children-{post}") for post in ("chief", "head"))
    actions.examine(open_step(case), "accept", by=staff("children", "children-clerk"))
    for by, choice, button, told in (
        (chief, "承認して次へ回す", "承認・差戻しを確定する", "次の職へ回しました"),
        (head, "決裁する", "決裁を確定する", "決裁しました。"),
    ):
        member = desk(by, script=False)
        member.get_by_role("link", name="見本").first.click()
        member.get_by_role("radio", name=choice).check()
        member.get_by_role("button", name=button).click()
        member.get_by_text(told).wait_for()
    assert Case.objects.get(pk=case.pk).decided_at is not None
