"""Where allauth asks the house: no sign-up, our words, sealed TOTP secrets, and an event for whatever happens."""

import hashlib
import time
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa import signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import force_bytes
from django.utils.translation import gettext_lazy as _

from madoguchi.desk.signin.gate import leave
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Refused
from madoguchi.people import actions
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account

VISITOR = Actor("visitor", channel="desk")


def _refused(code: str, account: Account | None) -> None:
    """Leave the event of a sign-in that did not come about; the words for the person are allauth's affair."""
    refuse("account.sign_in", Refused(code, "サインインできませんでした。"), by=VISITOR, subject=account)


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Accounts are opened by the city and used by staff."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("このアカウントは使えなくなっています。所属の管理者へお知らせください。"),
        "enter_current_password": _("いまのパスワードが違います。"),
        "incorrect_code": _("番号が違います。認証アプリにいま表示されている6桁を入力してください。"),
        "incorrect_password": _("パスワードが違います。"),
        "too_many_login_attempts": _(
            "続けて間違えたため、しばらくサインインできません。15分ほどたってからお試しください。"
        ),
        "username_password_mismatch": _("ユーザー名かパスワードが違います。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: accounts are opened by ``people.actions.open_account``."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Too many attempts are refused before the password is looked at."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            _refused("too-many-attempts", _account(credentials))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password, or a user name that does not exist: one event, whichever it was."""
        _refused("wrong-password", _account(credentials))

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has just signed in has just proven it; allauth would ask at once a second time."""
        request = context.request
        records = get_authentication_records(request, request.user)
        if records and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required

    def logout(self, request: HttpRequest) -> None:
        """サインアウト: this browser is not in the list of sign-ins any more."""
        leave(request)

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        """Both factors were right."""
        latest = get_authentication_records(request, user)[-1:]
        method = {"totp": "totp", "webauthn": "passkey"}.get(latest[0].get("type", "") if latest else "", "password")
        actions.note_sign_in(user, method, by=actor_of_account(user))
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response


def _account(credentials: dict[str, Any]) -> Account | None:
    return Account.objects.filter(username__iexact=str(credentials.get("username", ""))).first()


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth carries no types
    """Passkeys and TOTP."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _(
            "最後のひとつは外せません。先に、パスキーか認証アプリをもうひとつ登録してください。"
        ),
        "incorrect_code": _("番号が違います。認証アプリにいま表示されている6桁を入力してください。"),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one: an account without a second factor could do nothing but enrol again."""
        others: bool = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk).exists()
        return others

    def generate_authenticator_name(self, user: Account, type: Authenticator.Type) -> str:  # noqa: A002 -- allauth's
        """「パスキー2」: told apart by number until the person gives a name."""
        return f"パスキー{Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def encrypt(self, text: str) -> str:
        """TOTP secrets open accounts: whoever steals the database alone cannot use them."""
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The counterpart. A changed ``MADOGUCHI_SECRET_KEY`` means that all enrol anew."""
        return _seal().decrypt(encrypted_text.encode()).decode()


@cache
def _seal() -> Fernet:
    return Fernet(
        urlsafe_b64encode(hashlib.sha256(b"madoguchi.desk.totp/" + force_bytes(settings.SECRET_KEY)).digest())
    )


@receiver(signals.authentication_failed)
def _wrong_code(user: Account, **_kwargs: Any) -> None:
    _refused("wrong-code", user)


@receiver(signals.authenticator_added)
def _added(user: Account, authenticator: Authenticator, **_kwargs: Any) -> None:
    actions.note_factors(user, "added", authenticator.type, by=actor_of_account(user))


@receiver(signals.authenticator_removed)
def _removed(user: Account, authenticator: Authenticator, **_kwargs: Any) -> None:
    actions.note_factors(user, "removed", authenticator.type, by=actor_of_account(user))
