"""The work list: what is mine to do, overdue first; beside it what waits for others, and what has ended."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from madoguchi.cases import queries as cases
from madoguchi.desk.access import desk
from madoguchi.desk.presenting.header import header_asked
from madoguchi.desk.presenting.worklist import asked_of, work_asked, work_page
from madoguchi.events import Actor
from madoguchi.events.composing import asked_together


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def work(request: HttpRequest, by: Actor) -> HttpResponse:
    """``?view=`` mine (default), taken, free, section, late, waiting, elsewhere, ended, and the filters.

    Words to search for are names: they are posted, so that no address, history or proxy log keeps them. Where no view
    is named, the first that holds them is shown: whoever telephones does not know whose turn it is.
    """
    given = request.POST if request.method == "POST" else request.GET
    said = {name: given.get(name, "") for name in given if name != "q" or request.method == "POST"}
    view, filters = asked_of(said)
    if filters.words and "view" not in said:
        view = cases.where_found(by, filters) or view
    after = key_of(said.get("after", ""))
    with asked_together(*work_asked(by, view, filters, after), *header_asked(by)):
        return render(request, "desk/work.html", {"page": work_page(by, view, filters, after)})


def key_of(said: str) -> UUID | None:
    """An id as a form gives it; None for anything else."""
    try:
        return UUID(said)
    except ValueError:
        return None


def day_of(said: str) -> dt.date | None:
    """A day as a form gives it; None for anything else."""
    try:
        return dt.date.fromisoformat(said)
    except ValueError:
        return None
