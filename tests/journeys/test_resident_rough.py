"""A bad day: two windows, double presses, a lost network, a session that ran out, odd characters. Nothing is lost."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases.models import Case
from madoguchi.people.queries import challenge
from madoguchi.procedures.tests.shipped import publish
from tests.journeys.residents import PHONE, a_resident, sign_in, the_case, visiting
from tests.journeys.test_resident import begin, fill_dog

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """The address of a city that offers its procedures."""
    publish()
    return str(live_server.url)


def test_what_is_typed_is_saved_while_typing(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by) as visit:
        begin(visit, "dog-registration")
        visit.page.fill('[name="person.phone"]', "072-872-2181")
        expect(visit.page.locator("[data-saved-at]")).to_contain_text("保存しました", timeout=10000)
    assert the_case(by).answers["person"]["phone"] == "072-872-2181"
    with visiting(browser, site, by) as visit:
        visit.go("/procedures/dog-registration/")
        visit.page.get_by_role("link", name="続きから始める").click()
        expect(visit.page.locator('[name="person.phone"]')).to_have_value("072-872-2181")


def test_mistakes_are_summarised_and_what_was_typed_stays(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by) as visit:
        page = visit.page
        begin(visit, "dog-registration")
        visit.type({"person.full_name_kana": "花子", "person.phone": "12"})
        visit.next()
        visit.check()
        expect(page).to_have_title(re.compile("^入力を直してください"))
        expect(page.locator("#problems")).to_be_focused()
        page.locator("#problems a").first.click()
        expect(page.locator('[name="person.full_name_kana"]')).to_have_value("花子")
        expect(page.locator('[name="person.phone"]')).to_have_value("12")
        expect(page.locator("#q-person-phone")).to_have_attribute("aria-describedby", re.compile("."))


def test_two_windows_are_shown_to_each_other(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by, script=False) as one, visiting(browser, site, by, script=False) as two:
        begin(one, "dog-registration")
        two.go(one.page.url.removeprefix(site))
        one.type({"person.full_name_kana": "ミホン　ハナコ", "person.phone": "072-111-1111"})
        one.next()
        two.type({"person.full_name_kana": "ミホン　ハナコ", "person.phone": "072-222-2222"})
        two.next()
        expect(two.page.get_by_role("heading", name="別の画面でも")).to_be_visible()
        expect(two.page.get_by_text("072-111-1111").first).to_be_visible()
        expect(two.page.locator('[name="person.phone"]')).to_have_value("072-222-2222")
        assert the_case(by).answers["person"]["phone"] == "072-111-1111"
        two.next()
        assert the_case(by).answers["person"]["phone"] == "072-222-2222"


def test_sent_twice_it_is_one_case(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by) as one, visiting(browser, site, by) as two:
        begin(one, "dog-registration")
        fill_dog(one)
        two.go(one.page.url.removeprefix(site))
        one.page.evaluate("""() => { const f = document.querySelector("form[data-once]");
            f.requestSubmit(); f.requestSubmit(); }""")
        one.page.wait_for_url("**/received/")
        two.next()
        two.headed("受け付けました")
        expect(one.page.locator(".reference")).to_have_text(two.page.locator(".reference").inner_text())
    assert Case.objects.count() == 1


def test_a_lost_network_keeps_the_page(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by) as visit:
        page = visit.page
        begin(visit, "dog-registration")
        page.context.set_offline(True)
        visit.type({"person.full_name_kana": "ミホン　ハナコ", "person.phone": "072-872-2181"})
        page.locator("main .actions .button.solid").last.click()
        expect(page.locator(".toast")).to_contain_text("つながっていません")
        expect(page.locator('[name="person.phone"]')).to_have_value("072-872-2181")
        page.context.set_offline(False)
        expect(page.locator("[data-saved-at]")).to_contain_text("保存しました", timeout=15000)
        visit.next()
        visit.headed("犬のこと")


def test_an_expired_session_gives_back_what_was_typed(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by, script=False) as visit:
        page = visit.page
        begin(visit, "dog-registration")
        Session.objects.all().delete()
        visit.type({"person.full_name_kana": "ミホン　ハナコ", "person.phone": "072-872-2181"})
        visit.next()
        expect(page.get_by_text("入力した内容は預かっています")).to_be_visible()
        kept = next(one for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME)
        held = Session.objects.get(session_key=kept["value"]).get_decoded()["kept"]
        sign_in(page.context, site, by)
        fresh = next(one for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME)
        _give(fresh["value"], held)
        page.goto(site + held["path"])
        expect(page.locator('[name="person.phone"]')).to_have_value("072-872-2181")
        visit.next()
        visit.headed("犬のこと")


def _give(key: str, held: object) -> None:
    """What :func:`visiting.welcome` does when the same visitor signs in: the session goes on under a new key."""
    from importlib import import_module

    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    store["kept"] = held
    store.save()


def test_odd_characters_are_answered_in_words(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by, script=False) as visit:
        page = visit.page
        begin(visit, "dog-registration")
        case = the_case(by)
        visit.go(f"/cases/{case.pk}/sections/dog/")
        visit.type({"dog_name": "ポチ🐕", "breed": "柴\u202e犬", "coat": "茶\ue000"})
        visit.type({"dog_born_on.year": "令和99", "dog_born_on.month": "2", "dog_born_on.day": "30"})
        visit.next()
        problems = " ".join(page.locator(".problem").all_inner_texts())
        assert "絵文字" in problems
        assert "使えない文字" in problems
        assert "外字" in problems
        expect(page.locator('[name="dog_name"]')).to_have_value("ポチ🐕")
        visit.check()


def test_the_search_answers_while_typing(browser: Browser, site: str) -> None:
    with visiting(browser, site) as visit:
        visit.go("/procedures/")
        visit.page.locator("#q").press_sequentially("いぬ", delay=50)
        expect(visit.page.locator("#found h2").first).to_contain_text("「いぬ」に合う手続き")
        visit.check()


def test_the_keyboard_alone_is_enough(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by) as visit:
        page = visit.page
        visit.go("/procedures/dog-registration/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "本文へ移動"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "4px", "the focus is never hidden"
        page.keyboard.press("Enter")
        page.get_by_role("button", name="始める").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/sections/owner/")
        page.locator('[name="person.full_name_kana"]').focus()
        page.keyboard.type("ミホン　ハナコ")
        page.locator('[name="person.phone"]').focus()
        page.keyboard.type("072-872-2181")
        page.keyboard.press("Enter")  # in a field: the same as 保存して次へ
        page.wait_for_url("**/sections/dog/")


def test_a_draft_can_be_thrown_away(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by, script=False) as visit:
        begin(visit, "dog-registration")
        visit.type({"person.phone": "072-872-2181"})
        visit.page.get_by_role("button", name="保存して、あとで続ける").click()
        visit.page.get_by_role("link", name="犬の登録").click()
        visit.page.get_by_role("link", name="この入力を消す").click()
        visit.page.get_by_role("button", name="消す").click()
        expect(visit.page.get_by_text("まだ手続きはありません")).to_be_visible()
    assert the_case(by).answers == {}


def test_by_address_where_the_procedure_allows_it(browser: Browser, site: str) -> None:
    with visiting(browser, site, viewport=PHONE) as visit:
        page = visit.page
        visit.go("/procedures/dog-registration/")
        page.get_by_role("button", name="始める").click()
        visit.check()
        page.fill("#email", "ｈａｎａｋｏ@example.jp")
        page.get_by_role("button", name="確認番号を受け取る").click()
        visit.check()
        page.fill("#code", "000000")
        visit.next()
        if page.locator("#code-problem").count():
            visit.check()
            from madoguchi.people.models import EmailConfirmation

            asked = challenge(EmailConfirmation.objects.get().pk)
            assert asked is not None
            page.fill("#code", asked.code)
            visit.next()
        visit.headed("飼い主")
        visit.go("/procedures/child-allowance-claim/")
        page.get_by_role("button", name="始める").click()
        expect(page.get_by_text("マイナンバーカードでのサインインが必要です")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "scheme"), [("ja", "light"), ("ja", "dark"), ("ja-simple", "light"), ("en", "light")]
)
def test_pages_for_everybody_in_every_language_and_scheme(
    browser: Browser, site: str, language: str, scheme: str
) -> None:
    with visiting(browser, site, color_scheme=scheme) as visit:
        visit.go(f"/procedures/?q=いぬ&lang={language}")
        expect(visit.page, "switching keeps the place").to_have_url(re.compile("q="))
        for path in (
            "/",
            "/procedures/?q=いぬ",
            "/procedures/child-allowance-claim/",
            "/life/災害/",
            "/sign-in/",
            "/verify/",
            "/verify/AAAA",
            "/accessibility/",
            "/privacy/",
            "/nothing-here",
        ):
            visit.go(path)
            visit.check()
        visit.page.set_viewport_size({"width": 320, "height": 640})
        visit.go("/procedures/child-allowance-claim/")
        visit.check()
