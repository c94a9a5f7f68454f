"""A shared device: nothing of one resident is left for the next."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Kiosk
from madoguchi.cases.tests.conftest import staff
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people.models import SignIn
from madoguchi.people.ports import IDENTITY_PROVIDERS, Transaction
from madoguchi.procedures import queries as procedures
from madoguchi.web.kiosk import COOKIE, IDLE

__all__ = ["staff"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(published: None, staff: Any) -> Actor:
    by: Actor = staff("residents", "residents-clerk")
    return by


@pytest.fixture
def device(clerk: Actor) -> Client:
    """A browser that has just become a kiosk."""
    made = actions.make_kiosk("ロビー 1番", by=clerk)
    client = Client(headers={"accept-language": "ja"})
    answer = client.post("/kiosk/", {"code": cases.kiosk_code(made)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/kiosk/")
    assert client.cookies[COOKIE]["httponly"]
    return client


def sit_down(device: Client, by: Actor) -> Case:
    """A resident signs in on it and begins to type."""
    device.cookies.pop(settings.SESSION_COOKIE_NAME, None)  # empty where somebody has left
    session = device.session
    session["resident"] = {"person": str(by.who), "level": by.level}
    session.save()
    row = procedures.current("dog-registration")
    assert row is not None
    case = actions.open_draft(row, by=by)
    assert device.get(f"/cases/{case.pk}/", follow=True).status_code == 200
    return case


def test_a_wrong_code_makes_no_kiosk(clerk: Actor) -> None:
    actions.make_kiosk("1番", by=clerk)
    client = Client(headers={"accept-language": "ja"})
    answer = client.post("/kiosk/", {"code": "AAAA-BBBB-CCCC"})
    assert answer.status_code == 404
    assert COOKIE not in client.cookies
    assert Kiosk.objects.get().joined_at is None
    assert Event.objects.filter(verb="kiosk.join", outcome="refused").count() == 1
    client.cookies[COOKIE] = "forged"
    assert "共用の端末です" not in client.get("/").content.decode()


def test_every_page_says_so_and_nothing_fills_in(device: Client, signed_in: Any) -> None:
    _, by = signed_in()
    case = sit_down(device, by)
    section = device.get(f"/cases/{case.pk}/", follow=True)
    shown = section.content.decode()
    assert "終わる" in shown
    assert shown.count('autocomplete="off"') >= shown.count("<input")
    assert 'autocomplete="name"' not in shown
    for answer in (section, device.get("/"), device.get("/procedures/")):
        assert "no-store" in answer.headers["Cache-Control"]


def test_no_file_is_handed_over(device: Client, signed_in: Any) -> None:
    answer = device.get("/procedures/dog-registration/form.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert b"%PDF" not in answer.content
    assert "印刷を頼んで" in answer.content.decode()


def test_after_the_end_the_next_one_finds_nothing(device: Client, signed_in: Any) -> None:
    _, first = signed_in()
    case = sit_down(device, first)
    page = device.get(f"/cases/{case.pk}/", follow=True).redirect_chain[-1][0]
    device.cookies["language"] = "ja"
    answer = device.post("/sign-out/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.cookies["language"].value == ""
    assert COOKIE not in answer.cookies, "the device stays a kiosk"
    assert "resident" not in device.session
    assert not SignIn.objects.filter(person=first.who).exists()
    # Back: the page is asked for anew, and is nobody's; what is typed into it is not kept for who signs in next.
    assert device.get(page).headers["Location"].startswith("/sign-in/")
    assert device.post(page, {"person.full_name": "見本 花子"}).status_code == 302
    assert "kept" not in device.session
    _, second = signed_in()
    other = sit_down(device, second)
    assert device.get(page).status_code == 404
    assert "見本 花子" not in device.get(f"/cases/{other.pk}/", follow=True).content.decode()
    assert [one.pk for one in cases.own_cases(second)] == [other.pk]


def test_what_was_left_alone_does_nothing_more(device: Client, signed_in: Any) -> None:
    _, by = signed_in()
    case = sit_down(device, by)
    page = device.get(f"/cases/{case.pk}/", follow=True).redirect_chain[-1][0]
    before = Case.objects.values().get(pk=case.pk)
    with clock.travel(clock.now() + IDLE + timedelta(seconds=1)):
        answer = device.post(page, {"person.full_name": "次の人"})
        assert answer.headers["Location"] == "/kiosk/over/"
        assert "Clear-Site-Data" in answer.headers
        assert "resident" not in device.session
        assert device.get("/cases/").headers["Location"].startswith("/sign-in/")
    assert Case.objects.values().get(pk=case.pk) == before


def test_whoever_goes_on_is_not_sent_away(device: Client, signed_in: Any) -> None:
    _, by = signed_in()
    sit_down(device, by)
    now = clock.now()
    for minutes in (4, 8, 12):
        with clock.travel(now + timedelta(minutes=minutes)):
            assert device.post("/kiosk/stay/").status_code == 200
            assert device.get("/cases/").status_code == 200


class Provider:
    """What the device asks of a provider, noted."""

    def __init__(self) -> None:
        self.asked = list[bool]()

    def begin(self, *, redirect_uri: str, afresh: bool = False) -> tuple[str, Transaction]:
        self.asked.append(afresh)
        return "https://idp.example/auth", Transaction("s", "n", "v", redirect_uri, (), clock.now())

    def complete(self, params: Any, transaction: Transaction) -> Any:
        raise AssertionError

    def leave(self, *, return_to: str, state: str, proof: str = "") -> str | None:
        return f"https://idp.example/logout?state={state}"

    def ended(self, logout_token: str) -> Any:
        raise AssertionError


def test_the_provider_forgets_them_too(device: Client, signed_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider()
    monkeypatch.setitem(IDENTITY_PROVIDERS._entries, "card", lambda: provider)
    device.get("/sign-in/card/")
    Client().get("/sign-in/card/")
    assert provider.asked == [True, False]
    _, by = signed_in()
    sit_down(device, by)
    shown = device.post("/sign-out/").content.decode()
    assert "https://idp.example/logout" in shown
    state = device.session["sign-out"]
    back = device.get(f"/sign-out/return/?state={state}")
    assert back.headers["Location"] == "/kiosk/over/"
    assert "終わりました" in device.get("/kiosk/over/").content.decode()
    assert device.session.is_empty()


def test_what_staff_take_back_is_a_device_like_any_other(device: Client, clerk: Actor) -> None:
    assert "共用の端末です" in device.get("/").content.decode().replace("ほかの方も使う端末です", "共用の端末です")
    actions.end_kiosk(Kiosk.objects.get(), by=clerk)
    assert "ほかの方も使う端末です" not in device.get("/").content.decode()
    assert device.get("/counter/").headers["Location"] == "/kiosk/"
