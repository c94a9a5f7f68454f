"""Signing in to the desk, as members of staff do it: in a real browser, with a virtual authenticator for passkeys."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import expect

from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people import actions
from madoguchi.people.models import Account
from tests.journeys.axe import faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

PASSWORD = "谷川の桜は毎年四月に咲きます"
LOGIN = "/desk/account/login/"
AUTHENTICATE = "/desk/account/factors/authenticate/"


def code_for(secret: str, *, steps: int = 0) -> str:
    """What the account's app shows now, or ``steps`` half-minutes from now."""
    return str(format_hotp_value(hotp_value(secret, int(clock.now().timestamp()) // 30 + steps)))


@pytest.fixture(autouse=True)
def counts_from_zero(db: None, settings: Any) -> None:
    """Failed attempts of another test are not this one's; and no time goes into making passwords hard to guess."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def account() -> Account:
    """Opened by the city, without a second factor yet."""
    return actions.open_account("tanigawa", "谷川 梅子", PASSWORD, by=SYSTEM)


@pytest.fixture
def secret(account: Account) -> str:
    """The TOTP secret of the account."""
    secret = generate_totp_secret()
    actions.enrol_totp(account, secret, by=SYSTEM)
    return str(secret)


def enter(client: Client, secret: str) -> None:
    """Both factors."""
    client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
    assert client.post(AUTHENTICATE, {"code": code_for(secret)}).status_code == 302


def told() -> list[tuple[str, str, str]]:
    """What the log says of signing in."""
    events = Event.objects.filter(verb__in=["account.sign_in", "account.change_factors"]).order_by("at", "id")
    return [
        (event.verb, event.outcome, event.data.get("method") or event.data.get("factor") or event.reason)
        for event in events
    ]


class TestDoors:
    """Without a browser: what opens and what does not."""

    @pytest.mark.parametrize("path", ["/desk/", "/desk/anything/", "/desk/account/factors/", "/desk/account/password/"])
    def test_nobody_enters_unknown(self, client: Client, path: str) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, LOGIN)

    @pytest.mark.parametrize("path", ["signup/", "password/reset/", "email/", "login/code/", "factors/recovery-codes/"])
    def test_what_this_house_does_not_offer_is_not_there(self, client: Client, secret: str, path: str) -> None:
        enter(client, secret)
        assert client.get(f"/desk/account/{path}").status_code == 404

    def test_password_and_code_open_the_desk(self, client: Client, secret: str) -> None:
        first = client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
        assert first.headers["Location"] == AUTHENTICATE
        assert client.get("/desk/").headers["Location"].startswith(LOGIN)
        second = client.post(AUTHENTICATE, {"code": code_for(secret)})
        assert second.headers["Location"] == "/desk/"
        assert told() == [("account.sign_in", "done", "totp")]

    def test_a_code_works_once(self, client: Client, secret: str) -> None:
        code = code_for(secret)
        for expected in (302, 200):
            client.logout()
            client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
            assert client.post(AUTHENTICATE, {"code": code}).status_code == expected

    def test_a_code_does_not_come_back_while_it_is_still_accepted(self, client: Client, secret: str) -> None:
        code = code_for(secret, steps=1)  # from the next half-minute: accepted for a minute and more
        client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
        assert client.post(AUTHENTICATE, {"code": code}).status_code == 302
        client.logout()
        account = Account.objects.get()
        assert cache.delete(f"allauth.mfa.totp.used?user={account.pk}&code={code}")  # as after 30 seconds
        client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
        assert client.post(AUTHENTICATE, {"code": code}).status_code == 200

    def test_wrong_password_and_unknown_name_read_alike(self, client: Client, secret: str) -> None:
        pages = [
            client.post(LOGIN, {"login": name, "password": "違うパスワードです"}).content.decode()
            for name in ("tanigawa", "nobody")
        ]
        assert all("ユーザー名かパスワードが違います" in page for page in pages)
        assert told() == [("account.sign_in", "refused", "wrong-password")] * 2

    def test_after_five_wrong_passwords_the_right_one_waits(self, client: Client, secret: str) -> None:
        for _ in range(5):
            client.post(LOGIN, {"login": "tanigawa", "password": "違うパスワードです"})
        page = client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
        assert "しばらくサインインできません" in page.content.decode()
        assert told()[-1] == ("account.sign_in", "refused", "too-many-attempts")
        assert "違うパスワード" not in page.content.decode()

    def test_a_storm_of_requests_is_asked_to_wait(self, client: Client) -> None:
        answers = [client.post(LOGIN, {"login": f"guess{number}", "password": "x"}) for number in range(31)]
        assert answers[-1].status_code == 429
        assert "しばらくお待ちください" in answers[-1].content.decode()

    def test_after_five_wrong_codes_the_right_one_waits(self, client: Client, secret: str) -> None:
        client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
        for _ in range(5):
            client.post(AUTHENTICATE, {"code": code_for(secret, steps=20)})
        page = client.post(AUTHENTICATE, {"code": code_for(secret)})
        assert page.status_code == 200
        assert "しばらくサインインできません" in page.content.decode()
        assert told() == [("account.sign_in", "refused", "wrong-code")] * 5

    def test_a_closed_account_stays_out(self, client: Client, account: Account, secret: str) -> None:
        actions.close_account(account, by=SYSTEM)
        answer = client.post(LOGIN, {"login": "tanigawa", "password": PASSWORD})
        assert "_auth_user_id" not in client.session
        assert answer.status_code in {200, 302}
        assert client.get("/desk/").headers["Location"].startswith(LOGIN)

    def test_a_session_ends_after_twelve_hours(self, client: Client, secret: str) -> None:
        enter(client, secret)
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] -= 12 * 3600 + 1
        session.save()
        assert client.get("/desk/").headers["Location"].startswith(LOGIN)
        assert "_auth_user_id" not in client.session

    def test_what_is_dear_is_asked_for_again_after_a_while(self, client: Client, secret: str) -> None:
        enter(client, secret)
        passkeys, again = "/desk/account/factors/passkeys/add/", "/desk/account/reauthenticate/"
        assert client.get(passkeys).status_code == 200
        session = client.session
        for record in session["account_authentication_methods"]:
            record["at"] -= 15 * 60 + 1
        session.save()
        asked = client.get(passkeys)
        assert asked.headers["Location"].startswith(again)
        assert "もう一度、ご本人を確認します" in client.get(asked.headers["Location"]).content.decode()
        client.post(again, {"password": PASSWORD})
        assert client.get(passkeys).status_code == 200

    def test_a_session_that_allauth_did_not_open_is_not_believed(self, client: Client, account: Account) -> None:
        client.force_login(account)
        assert client.get("/desk/").headers["Location"].startswith(LOGIN)

    def test_the_secret_is_sealed_in_the_database(self, account: Account, secret: str) -> None:
        stored = Authenticator.objects.get(user=account).data["secret"]
        assert secret not in stored

    def test_the_code_of_a_demo_account(self, account: Account, secret: str, settings: Any) -> None:
        from madoguchi.ground.errors import NotAllowed
        from madoguchi.people.queries import totp_now

        settings.DEMO = False
        with pytest.raises(NotAllowed):
            totp_now("tanigawa")
        settings.DEMO = True
        assert totp_now("tanigawa") == code_for(secret)


@pytest.fixture
def page(browser: "Browser", live_server: "LiveServer") -> Iterator["Page"]:
    """A window of its own, the size of an old laptop."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="ja-JP", base_url=live_server.url)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def authenticator(page: "Page") -> Any:
    """A virtual authenticator that verifies its user, as a laptop with a fingerprint reader does."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return devtools


def give_password(page: "Page") -> None:
    """The first factor."""
    page.goto(LOGIN)
    page.get_by_label("ユーザー名").fill("tanigawa")
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("button", name="次へ").click()


def accessible(page: "Page") -> None:
    """WCAG 2.2 AA, as far as axe sees."""
    assert faults(page) == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestInTheBrowser:
    """The journeys."""

    def test_password_and_code_then_sign_out(self, page: "Page", secret: str) -> None:
        page.goto("/desk/")
        accessible(page)
        give_password(page)
        accessible(page)
        page.get_by_label("確認番号").fill("000000")
        page.get_by_role("button", name="サインイン").click()
        expect(page.get_by_text("番号が違います")).to_be_visible()
        accessible(page)
        page.get_by_label("確認番号").fill(code_for(secret))
        page.get_by_role("button", name="サインイン").click()
        page.wait_for_url("**/desk/")
        page.goto("/desk/account/logout/")
        accessible(page)
        page.get_by_role("button", name="サインアウトする").click()
        page.wait_for_url(f"**{LOGIN}*")
        page.goto("/desk/account/factors/")
        expect(page).to_have_url(re.compile(LOGIN))
        assert told()[-1] == ("account.sign_in", "done", "totp")

    def test_a_new_account_sets_up_a_passkey_and_uses_it(self, page: "Page", account: Account) -> None:
        authenticator(page)
        give_password(page)
        page.wait_for_url("**/desk/account/factors/")
        expect(page.get_by_role("heading", name="はじめに、本人を確かめる方法を登録してください")).to_be_visible()
        accessible(page)
        page.goto("/desk/")
        expect(page).to_have_url(re.compile("/desk/account/factors/$"))
        page.get_by_role("link", name="パスキーを登録する").click()
        accessible(page)
        page.get_by_role("button", name="登録する").click()
        page.wait_for_url("**/desk/account/factors/")
        expect(page.get_by_text("1個を登録しています")).to_be_visible()
        page.goto("/desk/account/factors/passkeys/")
        accessible(page)
        page.goto("/desk/account/logout/")
        page.get_by_role("button", name="サインアウトする").click()
        page.wait_for_url(f"**{LOGIN}*")
        page.get_by_role("button", name="パスキーでサインイン").click()
        page.wait_for_url("**/desk/")
        assert told() == [
            ("account.sign_in", "done", "password"),
            ("account.change_factors", "done", "webauthn"),
            ("account.sign_in", "done", "passkey"),
        ]

    def test_a_new_account_sets_up_an_app(self, page: "Page", account: Account) -> None:
        give_password(page)
        page.get_by_role("link", name="認証アプリを登録する").click()
        accessible(page)
        page.get_by_text("図を読み取れないとき").click()
        shown = page.locator("code.secret").inner_text()
        page.get_by_label("確認番号").fill(code_for(shown))
        page.get_by_role("button", name="登録する").click()
        expect(page.get_by_text("認証アプリを登録しました。")).to_be_visible()
        page.goto("/desk/account/factors/totp/deactivate/")
        expect(page.get_by_text("最後のひとつは外せません")).to_be_visible()
        accessible(page)

    def test_a_passkey_that_nobody_registered(self, page: "Page", account: Account) -> None:
        authenticator(page)
        page.goto(LOGIN)
        page.get_by_role("button", name="パスキーでサインイン").click()
        page.locator("#passkey-problem").wait_for(state="visible", timeout=30_000)
        assert told() == []
