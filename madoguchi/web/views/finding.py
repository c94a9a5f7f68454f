"""Finding a procedure: the first page, the search, life events, and what a procedure says before it begins."""

from collections.abc import Sequence
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.cases import queries as cases
from madoguchi.procedures import queries as procedures_of
from madoguchi.procedures.rules.linking import read_link
from madoguchi.web import visiting
from madoguchi.web.presenting import cards, offers
from madoguchi.web.presenting.linking import Chosen, chosen
from madoguchi.web.presenting.measured import figures_page
from madoguchi.web.presenting.paper import paper
from madoguchi.web.views.downloads import pdf

#: Procedures on the first page, in the order of the city's file; all others are one tap away.
FIRST: Final = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """探す, 暮らしのできごと, わたしの手続き."""
    resident = visiting.resident(request)
    mine = cards.open_cards(resident) if resident else []
    rows = offers.in_force()
    return render(
        request,
        "web/home.html",
        {
            "is_home": True,
            "events": offers.life_events(rows),
            "procedures": offers.offered(rows[:FIRST]),
            "count": len(rows),
            "open_cases": mine[:3],
        },
    )


@require_safe
def procedures(request: HttpRequest) -> HttpResponse:
    """All procedures, or those that fit a few words."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = offers.search(query) if query else offers.Searched(offers.offered())
    return render(
        request,
        "web/procedures.html",
        {
            "query": query,
            "procedures": found.fit or found.near,
            "is_near": bool(found.near),
            "count": len(found.fit),
            "events": offers.life_events(),
            "offices": offers.offices(),
        },
    )


@require_safe
def life_event(request: HttpRequest, slug: str) -> HttpResponse:
    """The procedures that one event of life brings."""
    event = next((one for one in offers.life_events() if one.slug == slug), None)
    if event is None:
        raise Http404
    there = [one for one in offers.offered() if slug in one.life_events]
    whole = [one for one in there if one.procedure.kind == "journey"]
    single = [one for one in there if one.procedure.kind != "journey"]
    return render(request, "web/life_event.html", {"event": event, "whole": whole, "procedures": single})


@require_safe
def office(request: HttpRequest, slug: str) -> HttpResponse:
    """The procedures that one section of the city handles."""
    found = next((one for one in offers.offices() if one.slug == slug), None)
    if found is None:
        raise Http404
    return render(request, "web/office.html", {"office": found})


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """どれだけオンラインで終わっているか: per procedure, as counted last."""
    return render(request, "web/figures.html", {"page": figures_page()})


@require_safe
def procedure(request: HttpRequest, code: str) -> HttpResponse:
    """Who, what is needed, how long, what it costs, whether it can be finished online, and 始める."""
    return _procedure(request, code)


@require_safe
def linked(request: HttpRequest, code: str) -> HttpResponse:
    """The same page from a link that chooses some answers beforehand. Nothing is opened or kept before 始める."""
    row = procedures_of.current(code)
    if row is None:
        raise Http404
    form = procedures_of.package(row).form
    link = read_link(form, dict(request.GET.lists()))
    return _procedure(request, code, chosen=chosen(form, link), left=link.left)


def _procedure(request: HttpRequest, code: str, *, chosen: Sequence[Chosen] = (), left: int = 0) -> HttpResponse:
    page = offers.page(code)
    if page is None:
        raise Http404
    resident = visiting.resident(request)
    drafts = cases.drafts_of(code, resident) if resident else []
    context = {
        "procedure": page,
        "draft": next((one for one in drafts if one.subject_id is None), None),
        "for_others": [cards.card(one) for one in drafts if one.subject_id is not None],
        "going_on": cards.going_on(code, resident) if resident else [],
        "chosen": chosen,
        "left": left,
    }
    return render(request, "web/procedure.html", context)


@require_safe
def paper_form(request: HttpRequest, code: str) -> HttpResponse:
    """The questions on paper, for who writes by hand."""
    row = procedures_of.current(code)
    if row is None:
        raise Http404
    return pdf(paper(row), code)
