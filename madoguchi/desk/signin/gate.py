"""The gate of the desk: whatever is below ``/desk/`` asks for a member of staff with a second factor, unless it is the
sign-in itself. A view that forgets to ask is still behind it.
"""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils import translation
from django.utils.translation import gettext as _

from madoguchi.desk.access import has_second_factor, whoever_asks
from madoguchi.desk.signin.backend import account_asked
from madoguchi.events.composing import Asked, asked_together
from madoguchi.people.actions import note_end, note_use, use_asked
from madoguchi.people.models import Account
from madoguchi.people.queries import posts_asked

#: Nobody works longer than this on one sign-in, however busy (seconds). Idle sessions end by SESSION_COOKIE_AGE.
LONGEST_SESSION: Final = 12 * 60 * 60
#: Where the session names its row of ``people.models.SignIn``.
SIGN_IN: Final = "sign_in"
#: What anybody may open.
DOORS: Final = {"account_login", "account_logout", "account_inactive", "mfa_authenticate", "mfa_login_webauthn"}
#: What a member of staff may open who has no second factor yet: the way to one.
WAY_TO_A_FACTOR: Final = DOORS | {
    "account_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
}


class SecondFactorMiddleware:
    """Stands after allauth's own middleware, so that the user is known, and before addresses are looked up: an outsider
    does not learn which of them exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        try:
            reverse(settings.LOGIN_URL)
        except NoReverseMatch:
            raise MiddlewareNotUsed("a node outside serves no desk: below /desk/ is nothing, also no way in") from None
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/desk/"):
            return self.get_response(request)
        with translation.override("ja"):  # the desk works in Japanese, whatever the browser prefers
            response = _turned_away(request) or self.get_response(request)
        response.headers["Content-Language"] = "ja"
        return response


def _turned_away(request: HttpRequest) -> HttpResponse | None:
    """Where to go instead; None lets the request in."""
    with asked_together(*_asked(request)):
        return _judged(request)


def _asked(request: HttpRequest) -> list[Asked]:
    """What is asked of whoever is signed in: the account, whether it still is, and what it may do."""
    try:
        account, held = UUID(request.session[SESSION_KEY]), UUID(request.session[SIGN_IN])
    except (KeyError, ValueError):
        return []
    return [account_asked(account), use_asked(held), posts_asked(account)]


def _judged(request: HttpRequest) -> HttpResponse | None:
    door = _door(request.path)
    whoever_asks(request)
    if isinstance(request.user, Account) and not _is_known(request, request.user):
        leave(request)
        messages.info(request, _("サインインが終了されました。続けるときは、もう一度サインインしてください。"))
    if not request.user.is_authenticated:
        return None if door in DOORS else redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
    if _signed_in_for(request) > LONGEST_SESSION:
        leave(request)
        messages.info(request, _("12時間たったため、サインアウトしました。もう一度サインインしてください。"))
        return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
    if door not in WAY_TO_A_FACTOR and not has_second_factor(request, request.user):
        return redirect("mfa_index")
    return None


def leave(request: HttpRequest) -> None:
    """Nobody of the staff is signed in here any more."""
    note_end(request.session.get(SIGN_IN, ""))
    logout(request)


def _is_known(request: HttpRequest, account: Account) -> bool:
    """Whether this sign-in has not been ended from elsewhere; it is noted as used."""
    held = request.session.get(SIGN_IN, "")
    known = note_use(held, request.headers.get("User-Agent", ""), account=account.pk)
    if known and known != held:
        request.session[SIGN_IN] = known
    return bool(known)


def _door(path: str) -> str | None:
    """The name of the address, if it has one."""
    try:
        return resolve(path).url_name
    except Resolver404:
        return None


def _signed_in_for(request: HttpRequest) -> float:
    """Seconds since the first factor of this session; a session that does not know is too old."""
    records = get_authentication_records(request, request.user)
    return time.time() - records[0]["at"] if records else float("inf")
