"""A family moves in: few questions, everything once, one press; five sections get their cases, one page shows them."""

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.cases.queries.companies import partner_services as companies_of
from madoguchi.events import SYSTEM
from madoguchi.ground import clock
from madoguchi.people.actions import open_partner
from madoguchi.people.queries import actor_of_partner
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.tests.shipped import publish
from tests.journeys.residents import KNOWN, PHONE, Visit, a_resident, visiting
from tests.journeys.signing import app_of, sign_in_app
from tests.journeys.test_every_procedure import Days, days, main_example, put

__all__ = ["days"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PARTS = (
    "child-allowance-claim",
    "care-need-transfer",
    "pregnancy-notification",
    "dog-registration",
    "resident-record-copy",
)
FAMILY = {
    "direction": "into", "has_children": "yes", "expecting": "yes", "certified": "yes", "new_dog": "yes",
    "wants_copy": "yes",
}  # fmt: skip
TODAY = dt.date(2026, 11, 27)
WHO = {**KNOWN, "person.date_of_birth": "1984-04-12"}


def answer_part(visit: Visit, script: bool, instead: Mapping[str, Any] | None = None) -> list[str]:
    """Fill in the section of a part that is shown, from its own example, or as said ``instead``; what was asked: the
    fact, or else the question of that procedure."""
    key, section_id = visit.page.url.rstrip("/").split("/")[-3::2]
    case = Case.objects.get(pk=key)
    form = procedures.package(case.procedure).form
    section = form.section(section_id)
    assert section is not None
    answers: dict[str, Any] = {**answers_of(main_example(case.procedure.code)), **(instead or {})}
    answers["person"] = {**answers.get("person", {}), **{key.partition(".")[2]: one for key, one in WHO.items()}}
    answers["insured"] = {"medical_insurer": "全国健康保険協会", **answers.get("insured", {})}
    rows = len(answers.get(section.each) or []) if section.each else 0
    while visit.page.locator(".rows-card").count() < rows:
        with visit.page.expect_navigation():
            visit.page.locator('button[value="add"]').click()
    case.refresh_from_db()
    told = {**answers, **{name: one for name, one in case.answers.items() if name not in ("person", section.each)}}
    asked = []
    for cell in list(form.cells(section, told)):
        kept = visit.page.locator(f'[name="{cell.path}.known"][value="keep"]')
        if get(case.answers, cell.path) is None and kept.count() == 0:
            put(visit, cell, get(told, cell.path), script=script)
            of_all = cell.field.fact if cell.row is None else None
            asked.append(of_all or f"{case.procedure.code}: {cell.path}")
    visit.check()
    visit.next()
    return asked


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_family_moves_in(
    script: bool, browser: Browser, live_server: LiveServer, days: Days, settings: Any, tmp_path: Path
) -> None:
    settings.BASE_URL = str(live_server.url)
    days.go(TODAY)
    publish("moving", *PARTS, "moving-out", "disaster-certificate")
    scopes, told_here = ["services:answer"], ["sample-power", "sample-bank"]
    client = open_partner("見本の会社", "digital-services", scopes, ["moving"], companies=told_here, by=SYSTEM)
    system = actor_of_partner(client)
    with visiting(browser, str(live_server.url), a_resident(WHO), viewport=PHONE, script=script) as visit:
        page = visit.page
        visit.go("/life/引越し/")
        visit.check()
        expect(page.locator("main h3").first).to_have_text("引越しの手続き")
        visit.go("/procedures/moving/")
        visit.check()
        page.get_by_role("button", name="始める").click()
        visit.headed("引越しのこと")
        visit.type({"direction": FAMILY["direction"]})
        visit.date("moved_on", dt.date(2026, 11, 20))
        visit.check()
        visit.next()
        visit.headed("あなたとご家族のこと")
        visit.type({name: one for name, one in FAMILY.items() if name != "direction"})
        visit.next()
        visit.headed("あなたに必要な手続き")
        visit.check()
        boxes = page.locator('input[name="part"]')
        assert [one.get_attribute("value") for one in boxes.all()] == list(PARTS)
        visit.next()
        asked: list[str] = []
        while "/sections/" in page.url:
            expect(page.locator(".steps-where")).to_contain_text(re.compile(r"段階のうち.*この手続きの\d+ページのうち"))
            asked += answer_part(visit, script)
        assert len(set(asked)) == len(asked), "something was asked twice"
        visit.headed("会社への連絡")
        visit.check()
        companies = page.locator('input[name="company"]')
        assert companies.count() >= 2
        assert not any(one.is_checked() for one in companies.all()), "nothing is ticked beforehand"
        visit.type({"company": "sample-power", "number-sample-power": "123-4560"})
        visit.next()
        visit.headed("まとめて内容を確かめてください")
        visit.check()
        expect(page.get_by_role("heading", name="電気：見本電力（見本）")).to_be_visible()
        expect(page.get_by_role("heading", name="銀行：見本銀行（見本）")).to_have_count(0)
        alone = sum(len(questions_of(code)) for code in PARTS)
        typed = len(asked) + len(FAMILY) + 1
        assert typed <= alone - 15, f"{typed} questions, {alone} one by one"
        visit.next()
        visit.headed("受け付けました")
        expect(page.get_by_text("見本電力（見本）")).to_be_visible()
        visit.check()
        journey = Case.objects.get(number=page.locator(".reference").inner_text())
        parts = list(Case.objects.filter(part_of=journey).order_by("pk"))
        assert {one.section for one in parts} == {
            "children", "elderly-care", "community-health", "environment", "residents",
        }  # fmt: skip
        assert all(one.received_at is not None for one in parts)
        page.get_by_role("link", name="進みぐあいを見る").click()
        visit.headed("引越しの手続き")
        visit.check()
        for one in parts:
            expect(page.get_by_text(one.number or "?").first).to_be_visible()
        # The company that was chosen has it, and answers; the bank knows nothing.
        (service,) = companies_of(system)
        assert service.company == "sample-power"
        assert actions.read_service(service, by=system).hands["full_name"] == "見本　花子"
        actions.answer_service(service, actions.Said("accepted", clock.now(), reference="P-2026-1"), by=system)
        page.reload()
        visit.check()
        told = page.locator('section[aria-labelledby="told"]')
        expect(told.locator(".tag")).to_have_text(["受け付けられました"])
        expect(told.get_by_text("P-2026-1")).to_be_visible()
        told.get_by_text("この会社への申込みをやめる").click()
        visit.check()
        told.get_by_role("button", name="取りやめを伝える").click()
        expect(told.locator(".tag")).to_have_text(["取りやめを伝えています"])
        visit.check()
        if script:
            moves_away(visit, tmp_path)
        # A month later another procedure asks only what is new.
        days.go(TODAY + dt.timedelta(days=31))
        visit.go("/sign-out/")
        with visiting(browser, str(live_server.url), person_of(journey), viewport=PHONE, script=script) as later:
            later.go("/procedures/disaster-certificate/")
            later.page.get_by_role("button", name="始める").click()
            names = [one for one in questions_of("disaster-certificate") if one.startswith("person.")]
            assert len(names) == 4
            for name in names:
                expect(later.page.locator(f'[name="{name}.known"][value="keep"]')).to_be_checked()
            expect(later.page.locator('[name$=".known"][value="keep"]')).to_have_count(4)
            new: list[str] = []
            while "/sections/" in later.page.url:
                new += answer_part(later, script)
            later.headed("内容を確かめてください")
            assert new
            assert not set(new) & set(asked), "it was said a month ago"
            assert not [one for one in new if one in {*WHO, *names}]


def moves_away(visit: Visit, folder: Path) -> None:
    """They will go on to another town. One part is signed by law, and one signature covers all that is sent."""
    page, leaves = visit.page, clock.today() + dt.timedelta(days=7)
    visit.go("/procedures/moving/")
    page.locator('form[action$="/start/"] button').click()
    visit.headed("引越しのこと")
    visit.type({"direction": "leaving"})
    visit.date("moved_on", leaves)
    visit.next()
    visit.headed("あなたに必要な手続き")
    visit.next()
    while "/sections/" in page.url:
        answer_part(visit, script=True, instead={"visit_on": leaves + dt.timedelta(days=3)})
    visit.headed("会社への連絡")
    visit.next()
    visit.headed("まとめて内容を確かめてください")
    visit.check()
    expect(page.get_by_role("button", name="この内容でまとめて申し込む")).to_have_count(0)
    with app_of(WHO, visit.base, folder):
        page.get_by_role("button", name="確認して電子署名する").click()
        sign_in_app(visit)
        visit.headed("受け付けました")
    visit.check()
    journey = Case.objects.get(number=page.locator(".reference").inner_text())
    (part,) = Case.objects.filter(part_of=journey)
    assert part.received_at is not None
    whole, own = journey.signatures.get(), part.signatures.get()
    assert bytes(whole.cms) == bytes(own.cms), "signed once"
    assert bytes(whole.content) != bytes(own.content)
    page.get_by_role("link", name="進みぐあいを見る").click()
    expect(page.get_by_text("電子署名をしました。")).to_be_visible()
    visit.check()


def questions_of(code: str) -> list[str]:
    """The questions of a procedure when it is applied for alone, as its example answers them."""
    answers = answers_of(main_example(code))
    row = procedures.current(code)
    assert row is not None
    form = procedures.package(row).form
    return [cell.path for section in form.visible_sections(answers) for cell in form.cells(section, answers)]


def person_of(case: Case) -> Any:
    """The applicant, signed in anew."""
    from madoguchi.people.queries import actor_of_person

    return actor_of_person(case.person_id, "card")
