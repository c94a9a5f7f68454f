"""The clerk's way in a real browser: from the list to the decision, for every package, by mouse and by keyboard."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.conf import settings as django_settings
from django.core.cache import cache
from playwright.sync_api import expect

from madoguchi.cases import actions, jobs
from madoguchi.cases.models import Case, Decision, State
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import (
    CHILD,
    DOG,
    HOUSE,
    SURVEY,
    Staff,
    account_of,
    applicant,
    handed_in,
    open_step,
    session_for,
)
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people.actions import appoint, enrol_totp, open_account, open_partner, webhooks
from madoguchi.people.rules import MOST_DELIVERIES
from madoguchi.procedures.models import Procedure
from tests.journeys.axe import faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

__all__ = ["published", "staff"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

#: An old machine in the city hall, a tablet in the field, a telephone where nothing else is at hand.
SIZES = {"desktop": (1366, 768), "tablet": (820, 1180), "phone": (390, 844)}
Desk = Callable[..., "Page"]


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def desk(browser: "Browser", live_server: "LiveServer") -> Iterator[Desk]:
    """``desk(actor, size)``: a window in which this member of staff is signed in, on the work list."""
    contexts = []

    def open_window(actor: Actor | None, size: str = "desktop", *, script: bool = True) -> "Page":
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="ja-JP",
            base_url=live_server.url,
            java_script_enabled=script,
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if actor is not None:
            key = session_for(account_of(actor))
            context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        page = context.new_page()
        page.goto("/desk/")
        return page

    yield open_window
    for context in contexts:
        context.close()


def sound(page: "Page") -> None:
    """No violation of WCAG 2.2 AA that axe can see, and nothing that must be scrolled sideways."""
    assert faults(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map(one => one.outerHTML.slice(0, 120))"""
    )


def letters_are_made(case: Case) -> None:
    """What the worker does in the background."""
    jobs.perform_open_steps(Event.objects.filter(verb__in=["case.examine", "case.approve"]).latest("at").pk)
    case.refresh_from_db()


def examine(page: "Page", applicant_name: str) -> None:
    """Open the case from the list, look at all that is asked, and accept."""
    page.get_by_role("link", name=applicant_name).first.click()
    sound(page)
    page.get_by_role("radio", name="認める").or_(page.get_by_role("radio", name="調べた結果を")).first.check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_text("審査の結果を記録しました。").wait_for()
    sound(page)


def approve(page: "Page", applicant_name: str) -> None:
    page.get_by_role("link", name=applicant_name).first.click()
    expect(page.get_by_text("案：認める")).to_be_visible()
    sound(page)
    page.get_by_role("radio", name="決裁する").check()
    page.get_by_role("button", name="決裁を確定する").click()
    page.get_by_text("決裁しました。").wait_for()
    sound(page)


def is_closed_and_granted(case: Case, page: "Page") -> None:
    letters_are_made(case)
    assert case.state == State.CLOSED
    assert Decision.objects.get(case=case).granted
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="（PDF）").click()
    assert download.value.suggested_filename.endswith(".pdf")


@pytest.mark.parametrize("size", SIZES)
def test_a_dog_is_registered(published: dict[str, Procedure], staff: Staff, desk: Desk, size: str) -> None:
    case = handed_in(published, DOG, days_ago=7)
    page = desk(staff("environment", "environment-clerk"), size)
    expect(page.get_by_text("2日おくれ")).to_be_visible()
    sound(page)
    examine(page, "見本")
    is_closed_and_granted(case, page)


@pytest.mark.parametrize("size", ["desktop", "tablet"])
def test_a_child_allowance_is_granted(published: dict[str, Procedure], staff: Staff, desk: Desk, size: str) -> None:
    case = handed_in(published, CHILD)
    examine(desk(staff("children", "children-clerk"), size), "見本 花子")
    page = desk(staff("children", "children-head"), size)
    approve(page, "見本 花子")
    is_closed_and_granted(case, page)


@pytest.mark.parametrize("size", ["desktop", "tablet"])
def test_a_house_is_certified_by_photographs(
    published: dict[str, Procedure], staff: Staff, desk: Desk, size: str
) -> None:
    case = handed_in(published, HOUSE)
    page = desk(staff("taxation", "taxation-clerk"), size)
    page.get_by_role("link", name="見本").first.click()
    picture = page.locator(".pictures img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth > 0)")  # waits until it is there
    sound(page)
    page.get_by_role("group", name="損害割合が10％未満").get_by_text("はい").click()
    page.get_by_role("radio", name="調べた結果を").check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_text("審査の結果を記録しました。").wait_for()
    page = desk(staff("taxation", "taxation-head"), size)
    approve(page, "見本")
    is_closed_and_granted(case, page)


def test_a_house_is_surveyed_with_a_tablet(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    case = handed_in(published, SURVEY)
    page = desk(staff("taxation", "taxation-clerk"), "tablet")
    page.get_by_role("link", name="見本").first.click()
    page.get_by_role("link", name="することへ").click()
    today = clock.today()
    page.get_by_label("西暦・元号").select_option("令和")
    for label, value in (("年", today.year - 2018), ("月", today.month), ("日", today.day)):
        page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_role("radio", name="調べた結果を").check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_role("textbox", name="損害割合").fill("25")
    page.get_by_role("radio", name="調べた結果を").check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    expect(page.get_by_text("半壊").first).to_be_visible()
    page = desk(staff("taxation", "taxation-head"))
    approve(page, "見本")
    is_closed_and_granted(case, page)


def test_returned_field_by_field_and_back(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    case = handed_in(published, DOG)
    page = desk(staff("environment", "environment-clerk"))
    page.get_by_role("link", name="見本").first.click()
    page.get_by_text("補正：犬の種類").click()
    page.get_by_role("button", name="内容が確認できません。").first.click()
    sound(page)
    expect(page.get_by_role("radio", name="補正を求める")).to_be_checked()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_text("補正を求めました。").wait_for()
    expect(page.get_by_text("返事待ち")).to_be_visible()
    page.get_by_role("link", name="仕事の一覧").click()
    page.get_by_role("link", name="補正待ち").first.click()
    expect(page.get_by_role("link", name="見本")).to_be_visible()
    case.refresh_from_db()
    by = applicant(case)
    actions.save_section(case, "dog", {"breed": ["柴犬"]}, by=by)
    actions.submit(Case.objects.get(pk=case.pk), by=by)
    page.goto("/desk/")
    page.get_by_role("link", name="見本").first.click()
    expect(page.get_by_text("に直された")).to_be_visible()


def test_what_was_wrong_is_said_beside_it_and_nothing_is_lost(
    published: dict[str, Procedure], staff: Staff, desk: Desk
) -> None:
    handed_in(published, DOG)
    page = desk(staff("environment", "environment-clerk"))
    page.get_by_role("link", name="見本").first.click()
    page.get_by_label("書き添え").fill("電話で確かめた。")
    page.get_by_role("radio", name="認めない").check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("認めない理由を書いてください")
    assert alert.evaluate("one => one === document.activeElement")
    sound(page)
    expect(page.get_by_label("書き添え")).to_have_value("電話で確かめた。")
    expect(page.get_by_role("radio", name="認めない")).to_be_checked()
    alert.get_by_role("link").first.click()
    page.get_by_role("textbox", name="認めない理由").fill("犬が市外で飼われているため。")
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_text("認めないこととして記録しました。").wait_for()


def test_two_clerks_at_once(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    handed_in(published, DOG)
    one, other = (desk(staff("environment", "environment-clerk")) for _ in range(2))
    for page in (one, other):
        page.get_by_role("link", name="見本").first.click()
        page.get_by_role("radio", name="認める").first.check()
    other.get_by_label("書き添え").fill("わたしの控え")
    one.get_by_role("button", name="審査の結果を確定する").click()
    one.get_by_text("審査の結果を記録しました。").wait_for()
    other.get_by_role("button", name="審査の結果を確定する").click()
    alert = other.get_by_role("alert")
    expect(alert).to_contain_text("ほかの職員がすでに処理したか")
    expect(alert).to_contain_text("わたしの控え")
    sound(other)
    assert Event.objects.filter(verb="case.examine", outcome="done").count() == 1


def test_ones_own_work_is_not_approved(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    case = handed_in(published, CHILD)
    head = staff("children", "children-head")
    actions.examine(open_step(case), "accept", by=head)
    page = desk(head)
    page.get_by_role("link", name="見本").first.click()
    expect(page.get_by_text("ご自分が審査した案件は決裁できません。")).to_be_visible()
    expect(page.get_by_role("button", name="決裁を確定する")).to_have_count(0)
    sound(page)


def tab_to(page: "Page", there: str) -> None:
    """Press the tabulator until ``there`` holds, past ticks, phrases and drafts: a dozen times at most."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(there):
            return
    raise AssertionError(f"not reached by the tabulator: {there}")


def test_by_keyboard_alone(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    handed_in(published, DOG, days_ago=3, name="先野 一", kana="サキノ ハジメ")
    case = handed_in(published, DOG, name="後野 二", kana="アトノ フタツ")
    page = desk(staff("environment", "environment-clerk"))
    focused = "document.activeElement.textContent.trim()"
    page.keyboard.press("j")
    assert page.evaluate(focused) == "先野 一"
    page.keyboard.press("j")
    assert page.evaluate(focused) == "後野 二"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "先野 一"
    page.keyboard.press("/")
    page.keyboard.type("あとの")
    page.keyboard.press("Enter")
    page.get_by_text("「あとの」でさがした結果です。").wait_for()
    page.keyboard.press("?")
    expect(page.get_by_text("1文字の近道を使う")).to_be_visible()
    sound(page)
    page.keyboard.press("?")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="後野 二").wait_for()
    page.keyboard.press("a")
    assert page.evaluate(focused) == "内容の審査"
    tab_to(page, "document.activeElement.name === '_outcome'")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="認める").first).to_be_checked()
    tab_to(page, "document.activeElement.name === '_note'")
    page.keyboard.type("キーボードで j k / を打つ")
    tab_to(page, f"{focused} === '審査の結果を確定する'")
    page.keyboard.press("Enter")
    page.get_by_text("審査の結果を記録しました。").wait_for()
    letters_are_made(case)
    assert case.state == State.CLOSED
    page.keyboard.press("u")
    page.get_by_role("heading", name="わたしの番").wait_for()


def test_single_keys_can_be_switched_off(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    handed_in(published, DOG)
    page = desk(staff("environment", "environment-clerk"))
    page.get_by_text("キーボードの使い方").click()
    page.get_by_text("1文字の近道を使う").click()
    page.reload()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")


def test_without_javascript(published: dict[str, Procedure], staff: Staff, desk: Desk) -> None:
    case = handed_in(published, DOG)
    page = desk(staff("environment", "environment-clerk"), script=False)
    page.get_by_label("手続").select_option("dog-registration")
    page.get_by_role("button", name="絞る").click()
    page.get_by_role("link", name="見本").first.click()
    page.get_by_text("補正：犬の種類").click()
    page.get_by_label("犬の種類をどう直してほしいか").fill("犬種を書いてください。")
    page.get_by_role("radio", name="補正を求める").check()
    page.get_by_role("button", name="審査の結果を確定する").click()
    page.get_by_text("補正を求めました。").wait_for()
    case.refresh_from_db()
    assert case.state == State.RETURNED


def test_signing_in_truly_and_opening_a_case(published: dict[str, Procedure], desk: Desk) -> None:
    handed_in(published, DOG)
    account = open_account("midori", "環境 みどり", "谷川の桜は毎年四月に咲きます", by=SYSTEM)
    appoint(account, "environment-clerk", "environment", clock.today(), by=SYSTEM)
    secret = generate_totp_secret()
    enrol_totp(account, secret, by=SYSTEM)
    page = desk(None)
    page.get_by_label("ユーザー名").fill("midori")
    page.get_by_label("パスワード").fill("谷川の桜は毎年四月に咲きます")
    page.keyboard.press("Enter")
    page.locator("input[name=code]").fill(format_hotp_value(hotp_value(secret, int(clock.now().timestamp()) // 30)))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="わたしの番").wait_for()
    page.get_by_role("link", name="見本").first.click()
    page.get_by_role("heading", name="内容の審査").wait_for()


def a_system_was_not_told(case: Case) -> None:
    """For eighteen hours nobody answered at the system of the section."""
    scopes = ["cases:read", "webhooks:manage"]
    core = open_partner("児童手当システム", "children", scopes, [case.procedure.code], by=SYSTEM)
    hook = webhooks.subscribe(core, "https://core.example.jp/hook", ["case.received"], by=SYSTEM)
    now, code = clock.now(), case.procedure.code
    letter = webhooks.send_webhook(
        "case.received", to=hook, about=case.pk, procedure=code, happened_at=now, once="1", by=SYSTEM
    )
    for _ in range(MOST_DELIVERIES):
        webhooks.note_try(letter, "timeout", by=SYSTEM)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_or_dark_and_what_is_not_there_is_said_kindly(
    published: dict[str, Procedure], staff: Staff, desk: Desk, scheme: Any
) -> None:
    a_system_was_not_told(handed_in(published, CHILD, days_ago=20))
    page = desk(staff("children", "children-clerk"))
    page.emulate_media(color_scheme=scheme)
    sound(page)
    page.get_by_role("link", name="届かなかった通知").click()
    page.get_by_text("送るのを取りやめる").click()
    page.get_by_role("button", name="取りやめる").click()
    expect(page.get_by_role("alert")).to_contain_text("理由を書いて")
    sound(page)
    page.get_by_label("取りやめる理由").fill("システムの入れ替えのため、手で登録した")
    page.get_by_role("button", name="取りやめる").click()
    expect(page.get_by_text("届かなかった通知はありません")).to_be_visible()
    sound(page)
    page.goto("/desk/")
    page.get_by_role("link", name="見本").first.click()
    sound(page)
    answer = page.goto("/desk/cases/26-1234-5678-9/")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="見つかりません")).to_be_visible()
    sound(page)
