"""Finding and reading: by own words, in an own language, with furigana, by ear, on small and dark screens."""

import re

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases.models import Figures, Opinion
from madoguchi.events import SYSTEM
from madoguchi.ground import clock
from madoguchi.procedures.tests.shipped import publish
from tests.journeys.residents import DESKTOP, a_resident, the_case, visiting
from tests.journeys.test_resident import begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: A browser that has a voice, as tests need one: what would be said is kept instead.
VOICE = """
window.said = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
Object.defineProperty(window, "speechSynthesis", {value: {
  cancel() { window.cancelled = true; }, speak(one) { window.said.push([one.lang, one.text]); },
}});
"""


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """The address of a city that offers its procedures and has counted once."""
    publish()
    Figures.objects.create(
        code="dog-registration", counted_at=clock.now(), started=120, submitted=100, decided=90, ended=80, digital=76,
        received=70, abandoned=11, withdrawn=3, median_days=4, slow_days=9, breaks={"tag": ["post", 4]}, ease=[1, 2, 5],
    )  # fmt: skip
    return str(live_server.url)


def test_what_one_types_finds_while_one_types_and_also_without_programs(browser: Browser, site: str) -> None:
    with visiting(browser, site) as visit:
        visit.go("/procedures/")
        visit.page.locator("#q").press_sequentially("わんち", delay=50)
        expect(visit.page.locator("#found h2")).to_contain_text("「わんち」に合う手続き 1件")
        visit.check()
        visit.page.locator("#found").get_by_role("link", name="犬の登録").click()
        visit.headed("犬の登録")
    with visiting(browser, site, script=False, viewport=DESKTOP) as visit:
        visit.go("/")
        visit.page.locator("#q").fill("児動手当")
        visit.page.get_by_role("button", name="さがす").click()
        expect(visit.page.locator("#found h3").first).to_contain_text("児童手当")
        visit.page.locator("#offices ~ ul a").first.click()
        expect(visit.page).to_have_url(re.compile("/offices/"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_finding_is_for_everybody(browser: Browser, site: str, scheme: str) -> None:
    with visiting(browser, site, color_scheme=scheme, reduced_motion="reduce") as visit:
        for path in ("/figures/", "/help/", "/help/photo/", "/offices/environment/", "/procedures/?q=xyzzy"):
            visit.go(path)
            visit.check()
        visit.page.set_viewport_size({"width": 320, "height": 640})  # 200 % of a small screen
        for path in ("/?lang=ja-simple", "/figures/", "/help/photo/", "/procedures/dog-registration/?lang=pt"):
            visit.go(path)
            visit.check()


def test_language_and_furigana_keep_the_place(browser: Browser, site: str) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        visit.go("/procedures/dog-registration/")
        page.locator(".languages summary").click()
        page.get_by_role("link", name="やさしい日本語").click()
        expect(page).to_have_url(re.compile("/procedures/dog-registration/$"))
        expect(page.locator("h1 ruby").first).to_be_visible()
        visit.check()
        page.get_by_role("link", name=re.compile("ふりがな")).click()
        expect(page.locator("ruby")).to_have_count(0)
        page.locator(".languages summary").click()
        page.get_by_role("link", name="Tiếng Việt").click()
        expect(page).to_have_url(re.compile("/procedures/dog-registration/$"))
        expect(page.locator("html")).to_have_attribute("lang", "vi")
        expect(page.locator("h1 [lang=en]")).to_have_text("Register a dog")
        visit.check()


def test_a_page_is_read_aloud_in_the_language_of_its_parts(browser: Browser, site: str) -> None:
    with visiting(browser, site) as visit:
        visit.page.add_init_script(VOICE)
        visit.go("/procedures/dog-registration/?lang=ja-simple")
        button = visit.page.locator("[data-speak]")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        said = visit.page.evaluate("window.said")
        assert ["ja", "犬を 登録する 手続き"] in said, said[:5]  # without its furigana
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
        visit.check()


def test_one_question_after_the_end(browser: Browser, site: str) -> None:
    from madoguchi.cases import actions

    by = a_resident()
    with visiting(browser, site, by, script=False) as visit:
        begin(visit, "dog-registration")
        case = the_case(by)
        now = clock.now()
        type(case).objects.filter(pk=case.pk).update(
            received_at=now, number="26-4831-0957-6", due_on=clock.today(), closed_at=now
        )
        visit.go(f"/cases/{case.pk}/")
        visit.page.get_by_label("かんたん").check()
        visit.page.get_by_label("困ったことや").fill("すぐに終わりました")
        visit.page.get_by_role("button", name="感想を送る").click()
        expect(visit.page.get_by_text("ありがとうございました")).to_be_visible()
    with visiting(browser, site, by) as visit:
        visit.go(f"/cases/{case.pk}/")
        visit.check()
        expect(visit.page.get_by_text("この手続きは、どうでしたか")).to_have_count(0)
    assert Opinion.objects.get().ease == 3
    actions.count_figures(by=SYSTEM)
    assert Figures.objects.get(code="dog-registration").ease == [0, 0, 1]
