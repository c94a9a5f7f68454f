"""The work list: what is mine to do, overdue first; beside it what waits for others, and what has ended."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.worklist import work_page
from madoguchi.events import Actor


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def work(request: HttpRequest, by: Actor) -> HttpResponse:
    """``?view=`` mine (default), late, waiting, elsewhere, ended; ``?code=`` a procedure.

    Words to search for are names: they are posted, so that no address, history or proxy log keeps them.
    """
    given = request.POST if request.method == "POST" else request.GET
    asked = {name: given.get(name, "").replace("\0", "")[:100] for name in ("view", "code")}
    asked["q"] = request.POST.get("q", "").replace("\0", "")[:100]
    return render(request, "desk/work.html", {"page": work_page(by, **asked, after=_key(given.get("after", "")))})


def _key(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
