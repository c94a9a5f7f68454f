"""Who may open a page of a case: its applicant, signed in. Whoever is not is asked to sign in and loses nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import NotAllowed, NotFound
from madoguchi.web import visiting

P = ParamSpec("P")


def for_residents(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Only for who is signed in; others sign in first and come back. A post keeps what was typed."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        resident = visiting.resident(request)
        if resident is not None:
            return view(request, resident, *args, **kwargs)
        if request.method == "POST":
            visiting.keep_typed(request, dict(request.POST.lists()))
        address = f"{reverse('web:sign-in')}?{urlencode({'next': request.path})}"
        if request.headers.get("Accept", "").startswith("application/json"):
            message = gettext(
                "サインインが切れました。「保存して次へ」を押すと、サインインのあとで続きから始められます。"
            )
            return JsonResponse({"message": message}, status=401)
        return redirect(address)

    return guarded


def own(resident: Actor, key: str) -> Case:
    """The resident's case of that 受付番号 or id. Raises NotFound for any other, existing or not, NotAllowed for what
    they see no more; leaves one event."""
    try:
        try:
            return cases.own_draft(UUID(key), resident)
        except ValueError:
            return cases.own_case(key, resident)
    except (NotAllowed, NotFound) as refusal:
        refuse("case.read", refusal, by=resident)
        raise
