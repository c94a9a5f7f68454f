"""台帳との照合 in a real browser: by keyboard from the list to the pair, and what a clerk says of it."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from madoguchi.cases.tests.conftest import staff
from madoguchi.desk.tests.staging import Staff
from madoguchi.facts.models import Entry, Pair
from madoguchi.facts.tests.registers import HANAKO, imported, person
from madoguchi.facts.tests.test_meeting import signs_in
from tests.journeys.test_desk import Desk, desk, quick_passwords, sound

__all__ = ["desk", "quick_passwords", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.mark.parametrize("size", ["desktop", "tablet", "phone"])
def test_two_records_are_compared_and_found_to_be_one(staff: Staff, desk: Desk, tmp_path: Path, size: str) -> None:
    imported(
        tmp_path,
        [person("0001", 支援措置="1"), person("0002", 氏名="髙橋 花子", カナ="タカハシ　ハナコ", 住所="大東市灰塚1-1")],
    )
    signs_in("one", full_name="谷川 花子")
    signs_in("two", full_name="高橋 花子", address="大東市灰塚一丁目１番 見本荘")
    page = desk(staff("residents", "residents-clerk"), size)
    page.get_by_role("link", name="台帳との照合").click()
    sound(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="同じ人かどうかを見比べる")).to_be_visible()
    expect(page.get_by_role("row", name="氏名")).to_contain_text("相違")
    sound(page)
    page.get_by_role("radio", name="同じ人です").check()
    page.get_by_label("何で確かめたか").fill("戸籍の附票で氏の変更を確認")
    page.get_by_role("button", name="決める").click()
    expect(page.get_by_text("同じ人と決めました。")).to_be_visible()
    sound(page)
    pair = Pair.objects.get(is_same=True)
    assert Entry.objects.get(pk=pair.entry_id).person_id == pair.person_id


def test_without_javascript(staff: Staff, desk: Desk, tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    signs_in(full_name="谷川 花子")
    page = desk(staff("residents", "residents-head"), script=False)
    page.get_by_role("link", name="台帳との照合").click()
    page.locator("tbody a").first.click()
    page.get_by_role("radio", name="別の人です").check()
    page.get_by_label("何で確かめたか").fill("本人に確認")
    page.get_by_role("button", name="決める").click()
    expect(page.get_by_text("別の人と決めました。")).to_be_visible()
    assert Pair.objects.get().is_same is False
