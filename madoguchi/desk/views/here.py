"""What applies at a place, as staff may read it; and the same kept with a case as it was that day."""

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from madoguchi.asking.here import HerePage, here_page
from madoguchi.asking.sheet import sheet
from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.desk.access import desk, opened_by, words
from madoguchi.desk.views.files import file_response
from madoguchi.events import Actor
from madoguchi.ground.errors import Stale
from madoguchi.places.rules.layer import reader_of


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def here(request: HttpRequest, by: Actor) -> HttpResponse:
    """The form, and what applies at the place that is asked about; see :func:`madoguchi.asking.here.here_page`."""
    return _shown(request, _page(request, by))


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def here_pdf(request: HttpRequest, by: Actor) -> HttpResponse:
    """The same answer on paper, signed, and marked as for inside the house. Nothing of it is kept."""
    page = _page(request, by)
    if page.asked is None:
        return _shown(request, page)
    link = reverse("desk:here") + (f"?{page.query}" if page.query else "")
    content = sheet(page.asked, reader_of(by), link=link, inside=True)
    return file_response(content, "application/pdf", "here.pdf", inline=False)


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def case_here(request: HttpRequest, by: Actor, number: str) -> HttpResponse:
    """The same for a case: at first for the place that its answers name. Posted with ``_keep``, the answer is kept."""
    case = opened_by(number, by)
    page = _page(request, by, case)
    if page.asked is None or "_keep" not in request.POST:
        return _shown(request, page, case)
    try:
        actions.keep_map_answer(case, page.asked.spot, by=by, name=str(page.asked.name), error=page.asked.error)
    except Stale as refusal:
        page.problem, page.status = words(refusal), refusal.status
        return _shown(request, page, case)
    notices.success(request, gettext("地図の答えを案件に残しました。"))
    return redirect(reverse("desk:case", args=(case.number,)) + "#map-answers")


def _page(request: HttpRequest, by: Actor, case: Case | None = None) -> HerePage:
    given = request.GET
    point = case.place.point if case is not None and case.place is not None else None
    if request.method != "POST" and "lat" not in given and point is not None:
        return here_page({"lat": str(point.y), "lon": str(point.x)}, None, reader_of(by))
    return here_page(given, request.POST if request.method == "POST" else None, reader_of(by))


def _shown(request: HttpRequest, page: HerePage, case: Case | None = None) -> HttpResponse:
    address = reverse("desk:case-here", args=(case.number,)) if case is not None else reverse("desk:here")
    context = {"page": page, "number": case.number if case is not None else "", "address": address}
    return render(request, "desk/here.html", context, status=page.status)
