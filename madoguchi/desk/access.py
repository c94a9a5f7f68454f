"""The door of every page of the desk: who stands there, and what a refusal looks like here.

The gate (``signin.gate``) has asked for the second factor before and made the page Japanese; this looks once more, so
that no view is reached by anybody but an :class:`Actor` of staff.
"""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import NotFound, Refused, fill
from madoguchi.people.models import Account
from madoguchi.people.queries import actor_of_account

P = ParamSpec("P")


def desk(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Give the view the member of staff as its second argument; keep nothing in any cache."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        account = request.user
        if not isinstance(account, Account):
            return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
        if not has_second_factor(request, account):
            return redirect("mfa_index")
        try:
            response: HttpResponseBase = view(
                request, whoever_asks(request) or actor_of_account(account), *args, **kwargs
            )
        except Refused as refusal:
            response = refused(request, refusal)
        response.headers["Cache-Control"] = "no-store"
        return response

    return guarded


def has_second_factor(request: HttpRequest, account: Account) -> bool:
    """Whether this member of staff has a second factor: as it was read with the account, or one of just now."""
    if not getattr(account, "has_second_factor", False):
        account.has_second_factor = is_mfa_enabled(account)  # type: ignore[attr-defined]  # kept for this one request
    return account.has_second_factor  # type: ignore[attr-defined,no-any-return]  # set above


def whoever_asks(request: HttpRequest | None) -> Actor | None:
    """The member of staff with the posts held when this request came in; None where nobody has signed in."""
    if request is None:
        return None
    if not hasattr(request, "staff_actor"):
        account = getattr(request, "user", None)
        request.staff_actor = actor_of_account(account) if isinstance(account, Account) else None  # type: ignore[attr-defined]  # kept for this one request
    return request.staff_actor  # type: ignore[attr-defined,no-any-return]  # set above


def seen_by(number: str, by: Actor) -> Case:
    """The case of that 受付番号, if ``by`` may see it. Raises NotFound for any other, existing or not; the try is an
    event, because who tries numbers is inside the house.
    """
    try:
        return cases.staff_case(number, by)
    except NotFound as refusal:
        refuse("case.read", refusal, by=by)
        raise


def opened_by(number: str, by: Actor) -> Case:
    """The same, of which something is about to be shown: part of the look that goes on, or an act of its own, so that
    its person sees it. Raises NotFound."""
    case = seen_by(number, by)
    look_at(case, by)
    return case


def look_at(case: Case, by: Actor) -> None:
    """What ``by`` is about to be shown of a case is an act, unless they have opened it a moment ago."""
    if not cases.is_looking(case, by):
        actions.read(case, by=by)


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """A page that says why not, and where to go on."""
    context = {"message": words(refusal), "missing": refusal.status == 404}
    return render(request, "desk/refused.html", context, status=refusal.status)


def words(refusal: Refused) -> str:
    """The refusal in words."""
    return fill(gettext(refusal.message), refusal.params)
