"""The lists of the desk on a map."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.areas import map_page
from madoguchi.desk.presenting.worklist import asked_of
from madoguchi.events import Actor


@require_safe
@desk
def cases_on_map(request: HttpRequest, by: Actor) -> HttpResponse:
    """``?view=`` and the filters of the list. Never words: they are names of people."""
    view, filters = asked_of({name: request.GET[name] for name in request.GET if name != "q"})
    return render(request, "desk/map.html", {"page": map_page(by, view, filters)})
