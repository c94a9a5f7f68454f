"""The resident's main job in a real browser: three procedures, phone and desktop, with JavaScript and without."""

import datetime as dt
import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Route, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases import actions
from madoguchi.cases.models import DocumentContent
from madoguchi.ground import clock
from madoguchi.procedures.tests.shipped import publish
from tests.journeys.residents import (
    DESKTOP,
    PHONE,
    Visit,
    a_clerk,
    a_resident,
    open_step,
    photo,
    the_case,
    visiting,
    work,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WAYS = pytest.mark.parametrize(
    ("viewport", "script"),
    [
        pytest.param(PHONE, True, id="phone"),
        pytest.param(DESKTOP, True, id="desktop"),
        pytest.param(PHONE, False, id="phone-without-script"),
    ],
)


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """The address of a city that offers its procedures."""
    publish()
    return str(live_server.url)


def begin(visit: Visit, code: str) -> None:
    """From the first page to the first section."""
    visit.go("/")
    visit.check()
    visit.page.locator(f'a[href="/procedures/{code}/"]').first.click()
    visit.check()
    visit.page.get_by_role("button", name="始める").click()
    visit.page.wait_for_load_state()
    visit.check()


def fill_dog(visit: Visit, *, chip: str = "registered") -> None:
    """犬の登録, all four sections, typed as people type."""
    visit.type({"person.full_name_kana": "ﾐﾎﾝ ﾊﾅｺ", "person.phone": "０７２ー８７２ー２１８１"})
    visit.next()
    visit.type(
        {
            "registered_before": "first",
            "dog_name": "ポチ",
            "breed": "柴犬",
            "dog_born_on.era": "令和",
            "dog_born_on.year": "元",
            "dog_born_on.month": "５",
            "dog_born_on.day": "1",
            "coat": "茶",
            "dog_sex": "male",
        }
    )
    visit.check()
    visit.next()
    visit.date("acquired_on", clock.today() - dt.timedelta(days=3))
    visit.type({"kept_at.text": "大東市谷川一丁目1番1号"})
    visit.next()
    visit.type({"microchip": chip})
    number = visit.page.locator('[name="microchip_number"]')
    if visit.page.evaluate("document.documentElement.classList.contains('with-script')"):
        number.wait_for()
    else:
        visit.next()
        expect(visit.page.get_by_text("質問が増えました")).to_be_visible()
    visit.type({"microchip_number": "３９２－１４００００１２３４５６"})
    visit.check()
    visit.next()


@WAYS
def test_a_dog_from_search_to_the_signed_letter(
    browser: Browser, site: str, viewport: dict[str, int], script: bool
) -> None:
    by = a_resident()
    with visiting(browser, site, by, viewport=viewport, script=script) as visit:
        begin(visit, "dog-registration")
        fill_dog(visit)
        page = visit.page
        visit.headed("内容を確かめてください")
        for typed in ("見本　花子", "ミホン　ハナコ", "2019年5月1日（令和元年5月1日）", "392140000123456"):
            expect(page.get_by_text(typed).first).to_be_visible()
        visit.check()
        page.fill("#email", "hanako@example.jp")
        visit.next()
        visit.headed("受け付けました")
        case = the_case(by)
        expect(page.locator(".reference")).to_have_text(str(case.number))
        visit.check()
        with page.expect_download() as receipt:
            page.get_by_role("link", name="控え（PDF）").click()
        assert receipt.value.path().read_bytes().startswith(b"%PDF-")
        page.get_by_role("link", name="進みぐあいを見る").click()
        expect(page.locator('[aria-current="step"]')).to_contain_text("内容の審査")
        visit.check()

        clerk = a_clerk("environment", "environment-clerk")
        actions.examine(open_step(case, "examine"), "accept", by=clerk)
        work(case)
        page.reload()
        expect(page.get_by_role("heading", name="認められました")).to_be_visible()
        visit.check()
        page.set_viewport_size({"width": 320, "height": 640})  # what is left of 1280 pixels at 400 %
        visit.check()
        page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        with page.expect_download() as letter:
            page.get_by_role("link", name="（PDF）").first.click()
        assert letter.value.path().read_bytes().startswith(b"%PDF-")

        # Whoever holds the letter can ask whether it is genuine; a changed copy is not.
        visit.go("/verify/")
        visit.check()
        page.set_input_files("#pdf", letter.value.path())
        page.locator("form[enctype] button").click()
        expect(page.get_by_role("heading", name="本物です")).to_be_visible()
        visit.check()
        changed = letter.value.path().read_bytes().replace(b"%%EOF", b"%%EOF \n")
        page.set_input_files("#pdf", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": changed})
        page.locator("form[enctype] button").click()
        expect(page.get_by_role("heading", name="確認できません")).to_be_visible()


@pytest.mark.parametrize(("viewport", "script"), [(PHONE, True), (DESKTOP, False)])
def test_child_allowance_with_two_children(browser: Browser, site: str, viewport: dict[str, int], script: bool) -> None:
    by = a_resident()
    today = clock.today()
    with visiting(browser, site, by, viewport=viewport, script=script) as visit:
        page = visit.page
        begin(visit, "child-allowance-claim")
        visit.type({"person.full_name_kana": "みほん　はなこ", "person.phone": "090-1234-5678"})
        visit.type({"person.pension_scheme": "employees", "public_servant": "no"})
        visit.next()
        visit.type({"person.has_partner": "no"})
        visit.next()
        visit.check()
        for number, (name, kana, born) in enumerate(
            [
                ("見本　一郎", "ミホン　イチロウ", dt.date(today.year - 6, 5, 1)),
                ("見本　二葉", "ミホン　フタバ", today - dt.timedelta(days=10)),
            ]
        ):
            if number:
                with page.expect_navigation():
                    page.locator('button[value="add"]').click()
            child = f"child.{number}"
            visit.type({f"{child}.full_name": name, f"{child}.full_name_kana": kana})
            page.locator(f'[name="{child}.relationship"]').first.check()
            if script:
                _pressed_while_a_question_comes(visit, child, born)
            else:
                visit.date(f"{child}.date_of_birth", born)
                visit.type({f"{child}.lives_with_you": "together"})
                visit.next()
            visit.type({f"{child}.in_facility": "no"})
        visit.check()
        visit.next()
        visit.type({"claim_reason": "birth"})
        visit.date("reason_on", today - dt.timedelta(days=10))
        visit.next()
        account = "person.bank_account"
        visit.type({f"{account}.bank": "見本銀行", f"{account}.branch": "住道支店"})
        visit.type({f"{account}.number": "１２３４５６７"})
        visit.type({f"{account}.holder": "ﾐﾎﾝ ﾊﾅｺ"})
        visit.check()
        visit.next()
        visit.headed("内容を確かめてください")
        visit.next()
        visit.headed("受け付けました")
    case = the_case(by)
    assert [row["full_name"] for row in case.answers["child"]] == ["見本　一郎", "見本　二葉"]
    assert case.answers["person"]["bank_account"]["number"] == "1234567"


def _pressed_while_a_question_comes(visit: Visit, child: str, born: dt.date) -> None:
    """A question that comes while the finger is on the one below it does not push that one away from under it."""
    page, held = visit.page, list[Route]()
    whole = re.compile(rf'name="{child}\.date_of_birth\.day"\s+\d')

    def hold(route: Route) -> None:
        if whole.search(route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    visit.date(f"{child}.date_of_birth", born)
    below = page.locator(f'[name="{child}.lives_with_you"][value="together"]')
    below.hover()
    while not held:
        page.wait_for_timeout(20)
    page.mouse.down()
    with page.expect_response("**/*"):
        held[0].continue_()
    page.wait_for_timeout(100)
    expect(page.locator(f'[name="{child}.in_facility"]')).to_have_count(0)
    page.mouse.up()
    expect(below).to_be_checked()
    page.locator(f'[name="{child}.in_facility"]').first.wait_for()
    page.unroute("**/*", hold)


@pytest.mark.parametrize(("viewport", "script"), [(PHONE, False), (DESKTOP, True)])
def test_photographs_lose_the_place_where_they_were_taken(
    browser: Browser, site: str, viewport: dict[str, int], script: bool
) -> None:
    by = a_resident()
    with visiting(browser, site, by, viewport=viewport, script=script) as visit:
        page = visit.page
        begin(visit, "disaster-certificate")
        case = the_case(by)
        fill_damage(visit, script=script)
        visit.check()
        box = page.locator('[name="photos_damage"]')
        expect(page.locator("#q-photos-damage-limits")).to_contain_text("20MB")
        box.set_input_files({"name": "家.jpg", "mimeType": "image/jpeg", "buffer": photo()})
        _send(visit, script)
        expect(page.locator(".files li")).to_have_count(1)
        visit.check()
        box.set_input_files({"name": "写真.jpg", "mimeType": "image/jpeg", "buffer": b"MZ\x90\x00 not a picture"})
        _send(visit, script)
        expect(page.locator(".problem").first).to_contain_text("写真（JPEG・PNG）を選んでください")
        expect(page.locator(".files li")).to_have_count(1)
        visit.check()
        content = DocumentContent.objects.get(document__case=case).content
        kept = Image.open(io.BytesIO(bytes(content)))
        assert not kept.getexif()
        assert kept.size == (480, 640), "turned upright"
        page.locator('button[value^="remove-file"]').click()
        expect(page.locator(".files li")).to_have_count(0)
        for name, colour in (("photos_overall", "#123"), ("photos_damage", "#321")):
            sent: FilePayload = {"name": "家.jpg", "mimeType": "image/jpeg", "buffer": photo(colour)}
            page.locator(f'[name="{name}"]').set_input_files(sent)
            _send(visit, script)
            expect(page.locator(f"#at-q-{name.replace('_', '-')} .files li")).to_have_count(1)
        visit.next()
        visit.headed("内容を確かめてください")
        visit.check()
        visit.next()
        visit.headed("受け付けました")
        visit.check()
    case.refresh_from_db()
    assert len(case.answers["photos_damage"]) == 1
    assert case.answers["dwelling_place"]["text"] == "大東市北条三丁目2番3号"


def fill_damage(visit: Visit, *, script: bool) -> None:
    """罹災証明書, all sections before the photographs."""
    page = visit.page
    visit.type({"person.full_name_kana": "ミホン　ハナコ", "person.phone": "072-872-2181"})
    visit.type({"relation": "owner_resident"})
    visit.next()
    visit.type({"disaster_kind": "earthquake"})
    visit.date("occurred_on", clock.today() - dt.timedelta(days=2))
    visit.next()
    visit.type({"building_use": "dwelling", "dwelling_place.text": "大東市北条三丁目2番3号"})
    visit.type({"structure": "wood", "residents": "３人"})
    visit.next()
    expect(page.locator(".problem")).to_contain_text("数字で入力してください")
    visit.type({"residents": "３"})
    visit.next()
    page.locator('[name="damaged_parts"][value="roof"]').check()
    visit.type({"leaning": "no", "assessment": "self", "description": "瓦がずれた🏠\n雨が漏る"})
    if script:
        page.locator('[name="self_assessment_accepted"]').wait_for()
    else:
        visit.next()
    visit.type({"self_assessment_accepted": "yes"})
    visit.next()
    visit.headed("写真")


def _send(visit: Visit, script: bool) -> None:
    if not script:
        visit.page.locator('button[value="upload"]').first.click()
    visit.page.wait_for_load_state()


def test_correction_shows_only_what_must_be_corrected(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by) as visit:
        page = visit.page
        begin(visit, "dog-registration")
        fill_dog(visit)
        visit.next()
        case = the_case(by)
        clerk = a_clerk("environment", "environment-clerk")
        actions.examine(
            open_step(case, "examine"), "return", by=clerk, corrections={"microchip_number": "登録証の番号と違います。"}
        )
        visit.go("/cases/")
        visit.check()
        page.get_by_role("link", name="犬の登録").click()
        expect(page.get_by_text("登録証の番号と違います。").first).to_be_visible()
        visit.check()
        page.get_by_role("link", name="直して出し直す").click()
        expect(page.locator("[data-question]")).to_have_count(1)
        visit.check()
        visit.type({"microchip_number": "392140000123457"})
        visit.next()
        visit.headed("内容を確かめてください")
        page.get_by_role("button", name="この内容で出し直す").click()
        expect(page.locator(".tag").first).to_have_text("市が確認しています")
    case.refresh_from_db()
    assert case.answers["microchip_number"] == "392140000123457"
    assert case.answers["dog_name"] == "ポチ"


def test_withdrawing_asks_once_more_and_tells(browser: Browser, site: str) -> None:
    by = a_resident()
    with visiting(browser, site, by, script=False) as visit:
        page = visit.page
        begin(visit, "dog-registration")
        fill_dog(visit)
        visit.next()
        page.get_by_role("link", name="進みぐあいを見る").click()
        page.get_by_role("link", name="取り下げる").click()
        assert the_case(by).withdrawn_at is None
        page.get_by_role("button", name="取り下げる").click()
        expect(page.locator(".tag").first).to_have_text("取り下げました")
        assert the_case(by).withdrawn_at is not None
