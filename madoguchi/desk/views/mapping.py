"""The map of the city for staff: what staff may see, and of the layers of their own section everything."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from madoguchi.desk.access import desk
from madoguchi.desk.presenting.layers import concerned
from madoguchi.events import Actor
from madoguchi.mapping import serving
from madoguchi.places.rules.layer import reader_of
from madoguchi.procedures import queries as procedures


def _own(by: Actor) -> list[str]:
    """The layers on whose features they work."""
    return [code for code, layer in procedures.layers().items() if concerned(layer, by)]


@require_http_methods(["GET", "HEAD", "POST"])
@desk
def page(request: HttpRequest, by: Actor) -> HttpResponse:
    """The map, its layers, and the same in words."""
    shown, status = serving.page(request, "desk", reader_of(by), _own(by))
    context = {"page": shown, "map_url": "desk:city-map", "print_url": "desk:map-print"}
    return serving.with_policy(render(request, "desk/city_map.html", context, status=status))


@require_safe
@desk
def tile(request: HttpRequest, by: Actor, code: str, z: int, x: int, y: int) -> HttpResponseBase:
    """A tile of a layer that this member of staff may see."""
    return serving.tile(request, code, (z, x, y), reader_of(by))


@require_safe
@desk
def base(request: HttpRequest, by: Actor) -> HttpResponseBase:
    """The base map, by ranges of bytes."""
    return serving.base_tiles(request)


@require_safe
@desk
def style(request: HttpRequest, by: Actor) -> HttpResponse:
    """How the base map is drawn."""
    return serving.base_style(request, reverse("desk:map-base"))


@require_safe
@desk
def at(request: HttpRequest, by: Actor) -> HttpResponse:
    """What is at a point, as a part of the page."""
    return serving.at(request, "desk", reader_of(by), _own(by))


@require_safe
@desk
def in_words(request: HttpRequest, by: Actor) -> HttpResponse:
    """What is in view, as a part of the page."""
    return serving.in_words(request, "desk", reader_of(by), _own(by))


@require_POST
@desk
def measure(request: HttpRequest, by: Actor) -> HttpResponse:
    """How long a line is."""
    return serving.measured(request)


@require_POST
@desk
def printed(request: HttpRequest, by: Actor) -> HttpResponse:
    """The view as a PDF at its scale."""
    return serving.printed(request, reader_of(by))
