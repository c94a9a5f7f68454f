"""What a leader sees of the section: load, lateness, where cases wait."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.loads import load_page
from madoguchi.events import Actor


@require_safe
@desk
def load(request: HttpRequest, by: Actor) -> HttpResponse:
    """The sections that one leads; 403 for whoever leads none."""
    return render(request, "desk/load.html", {"page": load_page(by)})
