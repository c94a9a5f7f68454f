"""The work list: what is mine to do, overdue first; beside it what waits for others, and what has ended."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.worklist import work_page
from madoguchi.events import Actor


@require_safe
@desk
def work(request: HttpRequest, by: Actor) -> HttpResponse:
    """``?view=`` mine (default), late, waiting, elsewhere, ended; ``?code=`` a procedure; ``?q=`` words."""
    asked = {name: request.GET.get(name, "").replace("\0", "")[:100] for name in ("view", "code", "q")}
    return render(request, "desk/work.html", {"page": work_page(by, **asked)})
