"""Sign-ins that come at the same moment, and accounts of staff."""

import threading
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection

from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people import actions
from madoguchi.people.models import Account, Identity, Person
from madoguchi.people.ports import Claims, Transaction

VISITOR = Actor("visitor")


def at_once(do: Callable[[], object], times: int = 4) -> list[str]:
    """What came of doing the same in several threads: ``done`` or the code of the refusal, sorted."""
    outcomes: list[str] = []
    together = threading.Barrier(times)

    def run() -> None:
        together.wait()
        try:
            do()
            outcomes.append("done")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
def test_one_return_from_the_provider_admits_once() -> None:
    begun = Transaction("s" * 43, "n" * 43, "v" * 64, "http://localhost/return", (), clock.now())
    claims = Claims("https://idp.example.jp", "subject", "card")
    outcomes = at_once(lambda: actions.admit(claims, begun, by=VISITOR))
    assert outcomes == ["done", "sign-in-spent", "sign-in-spent", "sign-in-spent"]
    assert (Person.objects.count(), Identity.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_first_sign_ins_at_once_open_one_person() -> None:
    outcomes = at_once(lambda: actions.recognise("https://idp.example.jp", "subject", "card", by=VISITOR))
    assert outcomes == ["done"] * 4
    assert (Person.objects.count(), Identity.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_counted_one_by_one() -> None:
    asked = actions.request_email_confirmation("hanako@example.jp", client="192.0.2.1", by=VISITOR)
    outcomes = at_once(lambda: actions.confirm_email(asked.pk, code="nothing", by=VISITOR), times=8)
    assert outcomes == ["email-code-over"] * 3 + ["email-code-wrong"] * 5


@pytest.mark.django_db
class TestAccounts:
    """Opened, given a factor, freed of it."""

    def test_a_name_is_taken_once(self) -> None:
        actions.open_account("tanigawa", "谷川 梅子", "谷川の桜は毎年四月に咲きます", by=SYSTEM)
        with pytest.raises(Refused) as caught:
            actions.open_account("Tanigawa", "谷川 竹子", "谷川の桜は毎年四月に咲きます", by=SYSTEM)
        assert caught.value.code == "username-taken"
        assert Account.objects.count() == 1

    @pytest.mark.parametrize("password", ["短い", "password1234", "tanigawa-2026"])
    def test_weak_passwords_are_refused(self, password: str) -> None:
        with pytest.raises(Refused) as caught:
            actions.open_account("tanigawa", "谷川 梅子", password, by=SYSTEM)
        assert caught.value.code == "password-weak"
        assert not Account.objects.exists()

    def test_only_the_system_opens_accounts(self) -> None:
        with pytest.raises(Refused) as caught:
            actions.open_account("mallory", "だれか", "谷川の桜は毎年四月に咲きます", by=VISITOR)
        assert caught.value.status == 403
        assert not Account.objects.exists()

    def test_factors_are_enrolled_replaced_and_reset(self) -> None:
        account = actions.open_account("tanigawa", "谷川 梅子", "谷川の桜は毎年四月に咲きます", by=SYSTEM)
        for secret in ("JBSWY3DPEHPK3PXP", "KRSXG5CTMVRXEZLU"):
            actions.enrol_totp(account, secret, by=SYSTEM)
        assert Authenticator.objects.filter(user=account).count() == 1
        actions.reset_factors(account, by=SYSTEM)
        assert not Authenticator.objects.filter(user=account).exists()
        verbs = list(Event.objects.order_by("at", "id").values_list("verb", flat=True))
        assert verbs == ["account.open", "account.enrol_totp", "account.enrol_totp", "account.reset_factors"]
