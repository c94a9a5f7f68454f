"""The page that says no, also on a node that serves the desk only and has no address to lead back to."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def error_page(request: HttpRequest, template: str, context: Mapping[str, object], status: int) -> HttpResponse:
    """``template`` of the residents' face with ``context`` (``message``, mostly ``heading``), or a bare page."""
    served = template if "web" in settings.FACES else "web/errors/bare.html"
    return render(request, served, dict(context), status=status)
