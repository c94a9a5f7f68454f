"""サインイン中の端末: where the resident is signed in, and ending it from here."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.events import Actor
from madoguchi.ground.errors import NotFound
from madoguchi.people import actions
from madoguchi.people.queries import person_of, sign_ins
from madoguchi.web import visiting
from madoguchi.web.views.guard import for_residents
from madoguchi.web.words import words


@require_http_methods(["GET", "HEAD", "POST"])
@for_residents
def devices(request: HttpRequest, resident: Actor) -> HttpResponse:
    """The list; posted with ``end`` = an id that one is ended, with ``end`` = others all but this one."""
    person, here = person_of(resident), _uuid(visiting.sign_in_of(request))
    if request.method != "POST":
        lines = sorted(sign_ins(person=person.pk), key=lambda one: one.pk != here)
        return render(request, "web/devices.html", {"lines": lines, "here": here})
    said = request.POST.get("end", "")
    only = _uuid(said)
    try:
        if said == "others":
            actions.end_sessions_of_person(person, by=resident, but=here)
            notices.success(request, gettext("ほかの端末のサインインを、すべて終わらせました。"))
        elif only is not None:
            actions.end_sessions_of_person(person, by=resident, only=only)
            notices.success(request, gettext("その端末のサインインを終わらせました。"))
    except NotFound as refusal:
        notices.warning(request, words(refusal))
    return redirect("web:devices")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
