"""Filling in on a bad line: photographs that go on where they stopped, and what is asked of others."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Request, Route, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.cases import actions
from madoguchi.cases.models import Document, Upload
from madoguchi.cases.tests.conftest import flat
from madoguchi.events import Actor
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.tests.shipped import catalogue, publish
from tests.journeys.residents import Visit, a_resident, the_case, visiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: LiveServer) -> str:
    """The address of a city that offers its procedures."""
    publish()
    return str(live_server.url)


def heavy(seed: int = 1) -> bytes:
    """A photograph of some megabytes: noise does not compress."""
    out = io.BytesIO()
    Image.effect_noise((2400, 1800), 90 + seed).convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue()


def at_the_photographs(visit: Visit, by: Actor) -> None:
    row = procedures.current("disaster-certificate")
    assert row is not None
    case = actions.open_draft(row, by=by)
    section = procedures.package(row).form.field_at("assessment")
    assert section is not None
    actions.save_section(case, section[0].id, {"assessment": ["self"]}, by=by)
    visit.go(f"/cases/{case.pk}/sections/photographs/")


def test_a_photograph_goes_on_where_the_network_was_cut(browser: Browser, site: str) -> None:
    by, content = a_resident(), heavy()
    assert len(content) > 2_000_000
    starts: list[int] = []
    with visiting(browser, site, by, has_touch=True, is_mobile=True) as visit:
        page = visit.page
        at_the_photographs(visit, by)
        expect(page.get_by_label("カメラで撮る").first).to_be_visible()
        visit.check()
        cut: list[Request] = []

        def patch(route: Route) -> None:
            if route.request.method == "PATCH":
                at = int(route.request.headers["upload-offset"])
                if len(starts) == 2 and not cut:
                    cut.append(route.request)
                    visit.page.context.set_offline(True)
                    route.abort("connectionreset")
                    return
                starts.append(at)
            route.continue_()

        page.route("**/uploads/**", patch)
        files: list[FilePayload] = [
            {"name": "屋根.jpg", "mimeType": "image/jpeg", "buffer": content},
            {"name": "壁.jpg", "mimeType": "image/jpeg", "buffer": heavy(2)},
        ]
        page.locator('[name="photos_damage"]').set_input_files(files)
        box = page.locator("#q-photos-damage")
        expect(box.locator("[data-upload-state]")).to_contain_text("つながると、続きから送ります")
        expect(box.locator(".sending li")).to_have_count(2)
        visit.check()
        there = Upload.objects.get(name="屋根.jpg").received
        assert 0 < there < len(content)
        visit.page.context.set_offline(False)
        expect(box.locator(".files li")).to_have_count(2, timeout=30000)
        expect(box.locator("[data-upload-state]")).to_contain_text("「壁.jpg」を送りました")
        expect(box.locator(".sending li")).to_have_count(0)
        visit.check()
    assert there in starts, "it began again at what had arrived"
    assert starts.count(0) == 2, "and sent nothing twice"
    assert [one.name for one in Document.objects.order_by("added_at")] == ["屋根.jpg", "壁.jpg"]


def test_a_closed_page_goes_on_with_the_same_file(browser: Browser, site: str) -> None:
    by, content = a_resident(), heavy()
    file: FilePayload = {"name": "屋根.jpg", "mimeType": "image/jpeg", "buffer": content}
    with visiting(browser, site, by) as visit:
        at_the_photographs(visit, by)
        page = visit.page
        sent: list[str] = []

        def once(route: Route) -> None:
            sent.append(route.request.method)
            if len(sent) == 1:
                route.continue_()
            else:
                route.abort()

        page.route("**/uploads/*/", once)
        page.locator('[name="photos_damage"]').set_input_files(file)
        expect(page.locator("#q-photos-damage [data-upload-state]")).to_contain_text("続きから送ります")
        there = Upload.objects.get().received
        assert 0 < there < len(content)
        page.unroute("**/uploads/*/")
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        expect(page.get_by_text("途中まで届いています")).to_be_visible()
        visit.check()
        page.get_by_role("button", name=re.compile("やめる.*屋根")).click()
        expect(page.get_by_text("途中まで届いています")).to_have_count(0)
        assert not Upload.objects.exists()
        page.locator('[name="photos_damage"]').set_input_files(file)
        visit.next()
        assert Document.objects.get().name == "屋根.jpg", "the press waited until all had arrived"


def test_a_care_manager_applies_for_a_client(browser: Browser, site: str) -> None:
    known = {"person.full_name": "支援　太郎", "person.phone": "072-111-2222", "person.date_of_birth": "1985-01-01"}
    by = a_resident(known)
    given = catalogue().packages["care-need-certification"].examples["care-level-2-certified"]
    with visiting(browser, site, by) as visit:
        page = visit.page
        visit.go("/procedures/care-need-certification/")
        visit.check()
        page.get_by_role("link", name="ほかの方の代わりに申し込む").click()
        visit.check()
        page.locator("main .actions .button.solid").click()
        expect(page.locator("#relation-problem")).to_be_visible()
        visit.check()
        page.get_by_label("ケアマネジャー").check()
        visit.next()
        visit.headed("代わりに申し込む方（あなた）")
        expect(page.locator('[name="proxy_name"]')).to_have_value("支援　太郎")
        visit.type({"proxy_kana": "シエン　タロウ", "proxy_office": "ケアプラン見本"})
        visit.check()
        visit.next()
        visit.headed("認定を受ける方")
        expect(page.locator("main").get_by_text("支援　太郎")).to_have_count(0)
        expect(page.locator('[name="person.full_name"]')).to_have_value("")
        visit.check()
        case = the_case(by)
        raw = flat({**given.known, **given.given})
        for section in procedures.package(case.procedure).form.sections:
            actions.save_section(case, section.id, raw, by=by)
        visit.go(f"/cases/{case.pk}/review/")
        expect(page.get_by_text("ケアプラン見本")).to_be_visible()
        visit.check()
        visit.next()
        visit.headed("受け付けました")
        visit.go("/procedures/care-need-certification/")
        expect(page.get_by_role("heading", name="すでに申し込んでいます")).to_be_visible()
        expect(page.get_by_text("谷川 梅子さんの手続き")).to_be_visible()
        visit.check()
    case.refresh_from_db()
    assert case.applicant == "谷川 梅子"
    assert case.answers["proxy_office"] == "ケアプラン見本"
