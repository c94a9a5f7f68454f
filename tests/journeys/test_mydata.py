"""All that is kept about oneself, on a phone, with and without programs: read what is in it, take it, read it."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases.models import Case
from madoguchi.desk.tests.staging import DOG, applicant, handed_in
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.tests.shipped import publish
from tests.journeys.axe import BEST_PRACTICE, faults
from tests.journeys.residents import DESKTOP, PHONE, visiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(live_server: LiveServer) -> Case:
    publish()
    return handed_in({row.code: Procedure.objects.get(pk=row.pk) for row in procedures.offered()}, DOG)


@pytest.mark.parametrize(
    ("viewport", "script", "scheme"), [(PHONE, True, "light"), (PHONE, False, "dark"), (DESKTOP, True, "dark")]
)
def test_taking_ones_own_data_along(
    browser: Browser,
    live_server: LiveServer,
    case: Case,
    tmp_path: Path,
    viewport: dict[str, int],
    script: bool,
    scheme: str,
) -> None:
    by = applicant(case)
    with visiting(browser, live_server.url, by, viewport=viewport, script=script, color_scheme=scheme) as visit:
        visit.go("/cases/")
        visit.page.get_by_role("link", name="わたしの情報と、見られた記録").click()
        visit.headed("わたしの情報")
        expect(visit.page.get_by_text("お見せできる記録は、まだありません。")).to_be_visible()
        visit.page.get_by_role("link", name="あなた自身").click()
        expect(visit.page.get_by_text("ご本人が、自分についての記録を見るため").first).to_be_visible()
        visit.check()
        visit.go("/cases/")
        visit.page.get_by_role("link", name="わたしの情報をまとめて受け取る").click()
        visit.headed("わたしの情報をまとめて受け取る")
        visit.check()
        with visit.page.expect_download() as given:
            visit.page.get_by_role("button", name="ZIPファイルを受け取る").click()
        kept = tmp_path / "my-data.zip"
        given.value.save_as(kept)
        assert given.value.suggested_filename.startswith("my-data-2")
        visit.go("/my-data/")
        expect(visit.page.locator("main")).to_contain_text("これまでに渡した記録")
        visit.check()
    assert Event.objects.filter(verb="person.export", outcome="done", subject_id=by.id).count() == 1
    with zipfile.ZipFile(kept) as archive:
        archive.extractall(tmp_path / "opened")
    page = browser.new_page(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
    page.goto((tmp_path / "opened" / "index.html").as_uri())
    expect(page.locator("h1")).to_have_text("わたしの情報")
    for one in page.locator("summary").all():
        one.click()
    expect(page.locator("body")).to_contain_text("ご本人の手続だから")
    expect(page.locator("body")).not_to_contain_text("この段階を担当する課だから")
    assert faults(page, BEST_PRACTICE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_correcting_what_is_known_on_a_phone(browser: Browser, live_server: LiveServer, case: Case) -> None:
    by = applicant(case)
    told = {("person.registered_address", ""): "大阪府大東市谷川一丁目1番1号"}
    state(Person(pk=by.who), told, Source.REGISTER, by=SYSTEM)
    with visiting(browser, live_server.url, by, viewport=PHONE) as visit:
        visit.go("/my-data/known/")
        visit.page.locator("details", has_text="何に使われるか").first.locator("summary").click()
        visit.check()
        visit.page.locator("dd.change a", has_text="電話番号").click()
        visit.headed("電話番号を直す")
        visit.page.get_by_label("電話番号").fill("12")
        visit.page.get_by_role("button", name="この内容に直す").click()
        expect(visit.page.get_by_text("電話番号は10桁か11桁の数字です。例：072-872-2181").first).to_be_visible()
        visit.check()
        visit.page.get_by_label("電話番号").fill("072-872-2181")
        visit.page.get_by_role("button", name="この内容に直す").click()
        expect(visit.page.get_by_text("直しました。前の内容も記録に残ります。")).to_be_visible()
        visit.page.locator("dd.change a", has_text="住所（住民票のある所）").click()
        visit.headed("住所（住民票のある所）の訂正を申し出る")
        expect(visit.page.locator("main")).to_contain_text("市民課")
        visit.check()
        visit.page.get_by_label("住所（住民票のある所）").fill("大阪府大東市谷川一丁目1番11号")
        visit.page.get_by_label("訂正を求める理由").fill("番地が違います。")
        visit.page.get_by_role("button", name="訂正を申し出る").click()
        visit.page.wait_for_url("**/received/")
        visit.go("/my-data/known/")
        expect(visit.page.get_by_role("link", name="訂正を申し出ています")).to_be_visible()
        visit.check()
    asked = Case.objects.get(corrects__key="person.registered_address")
    assert asked.section == "residents"
