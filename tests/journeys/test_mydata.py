"""All that is kept about oneself, on a phone, with and without programs: read what is in it, take it, read it."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases.models import Case
from madoguchi.desk.tests.staging import DOG, applicant, handed_in
from madoguchi.events.models import Event
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
