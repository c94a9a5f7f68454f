"""Looking afterwards at what was decided in one's place (後閲)."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk, seen_by, words
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def review(request: HttpRequest, by: Actor, number: str, step_id: UUID) -> HttpResponse:
    """The absent one has looked at the case."""
    case = seen_by(number, by)
    if request.method == "POST":
        try:
            actions.review_afterwards(cases.staff_step(case, step_id), by=by)
            notices.success(request, gettext("後閲したことを記録しました。"))
        except Refused as refusal:
            notices.warning(request, words(refusal))
    return redirect("desk:case", case.number)
