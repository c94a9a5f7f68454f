"""The addresses of the OGC API. Every answer of a reader without a token may be kept and shown by anybody's page."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from madoguchi.asking.words import language
from madoguchi.feeds import problems
from madoguchi.feeds.ogc import describing, openapi, paging
from madoguchi.feeds.ogc.describing import GEOJSON, JSON, OPENAPI, SCHEMA
from madoguchi.feeds.ogc.reading import (
    Reader,
    collection,
    counted,
    days_of,
    form_of,
    known_only,
    layer_of,
    page_of,
    reader_of,
    system_of,
    systems,
    unknown,
)
from madoguchi.ground import clock, languages
from madoguchi.ground.errors import NotFound, Refused
from madoguchi.places import features
from madoguchi.places import queries as places
from madoguchi.places.editions import by_newest, newest_edition
from madoguchi.places.models import Edition
from madoguchi.places.rules.crs import CRS84
from madoguchi.places.rules.layer import Audience, Layer
from madoguchi.procedures import queries as procedures

P = ParamSpec("P")
#: Seconds for which what is public may be shown again without asking.
FRESH: Final = 60


def answered(
    view: Callable[Concatenate[HttpRequest, Reader, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Around every address: who reads and in which language (programs: Japanese, that of the city's data), refusals as
    problem documents, and what may be kept by whom."""

    @require_safe
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        reader = Reader()
        try:
            reader = reader_of(request)
            with translation.override(language() if form_of(request) == "html" else languages.SOURCE):
                response = view(request, reader, *args, **kwargs)
                response.headers["Content-Language"] = languages.tag(language())
        except Refused as refusal:
            response = problems.answer(refusal)
            if refusal.status == 401:
                response.headers["WWW-Authenticate"] = 'Bearer realm="madoguchi", error="invalid_token"'
        kept = "private, no-store" if reader.staff else f"public, max-age={FRESH}"
        response.headers.setdefault("Cache-Control", kept)
        response.headers["Access-Control-Allow-Origin"] = "*"  # it is public: any page may show it
        response.headers["Access-Control-Expose-Headers"] = "Content-Crs, ETag, Link"
        patch_vary_headers(response, ("Accept", "Authorization"))
        return response

    return wrapped


def _seen(reader: Reader) -> list[tuple[Layer, Edition]]:
    """What was taken in of all that the reader may see."""
    held = places.newest()
    return [(one, held[code]) for code, one in procedures.layers().items() if code in held and reader.sees(one)]


def as_asked(
    request: HttpRequest, said: dict[str, Any], page: Callable[[dict[str, Any]], paging.Page], media: str = JSON
) -> HttpResponse:
    """The document, or the page that says the same."""
    if form_of(request) == "html":
        return paging.rendered(request, page(said))
    return HttpResponse(json.dumps(said, ensure_ascii=False), content_type=media)


@answered
def landing(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Where to begin."""
    known_only(request)
    return as_asked(request, describing.landing(request), paging.landing)


@answered
def conformance(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Which classes of the standards are kept."""
    known_only(request)
    return as_asked(request, {"conformsTo": list(describing.CONFORMANCE)}, paging.conformance)


@answered
def api(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The OpenAPI document."""
    known_only(request)
    said = openapi.document((one for one, _ in _seen(reader)), list(systems()))
    return as_asked(request, said, paging.api, OPENAPI)


@answered
def collections(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The layers that the reader may see."""
    known_only(request)
    return as_asked(request, describing.collections(request, _seen(reader), list(systems())), paging.collections)


@answered
def one_collection(request: HttpRequest, reader: Reader, code: str) -> HttpResponse:
    """One layer."""
    layer, edition = collection(code, reader)
    known_only(request)
    said = {**describing.collection(request, layer, edition), "crs": list(systems())}
    return as_asked(request, said, paging.collection)


@answered
def queryables(request: HttpRequest, reader: Reader, code: str) -> HttpResponse:
    """By what the reader may filter a layer."""
    layer, _ = collection(code, reader)
    known_only(request)
    said = describing.queryables(request, layer, reader.audience(layer))
    return as_asked(request, said, lambda one: paging.queryables(layer, one), SCHEMA)


@answered
def items(request: HttpRequest, reader: Reader, code: str) -> HttpResponse:
    """A page of features."""
    layer = layer_of(code, reader)
    audience = reader.audience(layer)
    asked, form = page_of(request, layer, audience), form_of(request)
    count = counted(request)
    if (same := _not_modified(request, layer, audience, form)) is not None:
        return same
    found = by_newest(code, lambda edition: features.page(asked, edition))
    if found is None:
        raise unknown()
    edition, page = found
    tag = _tag(request, layer, edition, audience, form)
    if not page.more and not asked.after:
        matched: int | None = page.number  # all of them are on this page
    elif count or not (asked.box or asked.filters or asked.days):
        matched = features.matched(asked, edition)
    else:
        matched = None
    links = describing.items_links(request, layer, page, html=form == "html")
    if form == "html":
        shown = paging.items(layer, audience, json.loads(f"[{page.text}]"), links, matched)
        return _tagged(paging.rendered(request, shown), tag, asked.crs.uri)
    head = {
        "type": "FeatureCollection",
        "timeStamp": describing.timestamp(),
        "numberReturned": page.number,
        **({} if matched is None else {"numberMatched": matched}),
        "links": links,
    }
    text = f'{json.dumps(head, ensure_ascii=False)[:-1]}, "features":[{page.text}]}}'
    return _tagged(HttpResponse(text, content_type=GEOJSON), tag, asked.crs.uri)


@answered
def item(request: HttpRequest, reader: Reader, code: str, key: str) -> HttpResponse:
    """One feature by its key."""
    layer = layer_of(code, reader)
    audience = reader.audience(layer)
    known_only(request, ("crs", "datetime"))
    system, form, days = system_of(request), form_of(request), days_of(request)
    asked = features.of_key(layer, audience, key, system, days)
    found = by_newest(code, lambda edition: features.page(asked, edition)) if "\0" not in key else None
    if found is None or not found[1].text:
        raise NotFound("feature-unknown", "このキーの地物はありません。")
    edition, text = found[0], found[1].text
    tag = _tag(request, layer, edition, audience, form)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    links = [
        *describing.own_links(request, GEOJSON, html=form == "html"),
        describing.link(describing.address(request, "collection", code), "collection", JSON),
    ]
    if form == "html":
        return _tagged(paging.rendered(request, paging.item(layer, audience, json.loads(text), links)), tag, system.uri)
    whole = f'{text[:-1]}, "links":{json.dumps(links, ensure_ascii=False)}}}'
    return _tagged(HttpResponse(whole, content_type=GEOJSON), tag, system.uri)


def _tag(request: HttpRequest, layer: Layer, edition: Edition, audience: Audience, form: str) -> str:
    """The same as long as the layer has no new edition, its file says the same, and it is today."""
    said = (edition.pk, layer.digest, audience, form, language(), clock.today(), request.build_absolute_uri())
    return f'W/"{hashlib.sha256(repr(said).encode()).hexdigest()[:32]}"'


def _not_modified(request: HttpRequest, layer: Layer, audience: Audience, form: str) -> HttpResponse | None:
    """304 for whoever has what would be answered; that is seen by the edition alone."""
    held = request.headers.get("If-None-Match")
    edition = newest_edition(layer.code) if held is not None else None
    if edition is None or held != _tag(request, layer, edition, audience, form):
        return None
    return HttpResponseNotModified(headers={"ETag": held})


def _tagged(response: HttpResponse, tag: str, system: str = CRS84) -> HttpResponse:
    response.headers["ETag"] = tag
    response.headers["Content-Crs"] = f"<{system}>"
    return response
