"""The map of the city for everybody. What is shown stands in ``madoguchi.mapping``; here is who looks: the public.

A place that is typed is posted, so that no URL, history or log keeps it.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.mapping import serving
from madoguchi.places.rules.layer import everybody


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The map, its layers, and the same in words."""
    shown, status = serving.page(request, "web", everybody)
    context = {"page": shown, "map_url": "web:city-map", "print_url": "web:map-print"}
    return serving.with_policy(render(request, "web/map.html", context, status=status))


@require_safe
def tile(request: HttpRequest, code: str, z: int, x: int, y: int) -> HttpResponseBase:
    """A tile of a public layer."""
    return serving.tile(request, code, (z, x, y), everybody)


@require_safe
def base(request: HttpRequest) -> HttpResponseBase:
    """The base map, by ranges of bytes."""
    return serving.base_tiles(request)


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """How the base map is drawn."""
    return serving.base_style(request, reverse("web:map-base"))


@require_safe
def at(request: HttpRequest) -> HttpResponse:
    """What is at a point, as a part of the page."""
    return serving.at(request, "web", everybody)


@require_safe
def in_words(request: HttpRequest) -> HttpResponse:
    """What is in view, as a part of the page."""
    return serving.in_words(request, "web", everybody)


@require_POST
def measure(request: HttpRequest) -> HttpResponse:
    """How long a line is."""
    return serving.measured(request)


@require_POST
def printed(request: HttpRequest) -> HttpResponse:
    """The view as a PDF at its scale."""
    return serving.printed(request, everybody)
