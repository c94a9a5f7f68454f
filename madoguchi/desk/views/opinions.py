"""What applicants said in their own words after the end, for the sections that were in charge."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk
from madoguchi.events import Actor
from madoguchi.procedures import queries as procedures

A_PAGE = 50


@require_safe
@desk
def opinions(request: HttpRequest, by: Actor) -> HttpResponse:
    """Newest first. The case is not named: an opinion is about the procedure, and nobody answers it."""
    page = Paginator(cases.opinions_for(by), A_PAGE).get_page(request.GET.get("page"))
    lines = [(one, str(procedures.package(one.case.procedure).procedure.title)) for one in page]
    return render(request, "desk/opinions.html", {"list": page, "lines": lines})
