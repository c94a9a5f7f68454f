"""What the map of either face is answered with: its page, tiles, base map, list, what is at a point, measure, paper.

The doors are ``web.views.mapping`` and ``desk.views.mapping``; each says who the reader is to a layer.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import content_disposition_header, http_date
from django.utils.translation import gettext

from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.mapping.base import base_file, style
from madoguchi.mapping.packing import packed
from madoguchi.mapping.printing import sheet
from madoguchi.mapping.showing import (
    Face,
    MapPage,
    View,
    at_page,
    day_of,
    find,
    layers_for,
    listed,
    map_page,
    view_of,
)
from madoguchi.places import tiles, viewing
from madoguchi.places.editions import newest_edition
from madoguchi.places.models import Edition
from madoguchi.places.rules.layer import Attribute, Audience, Layer, Reader, everybody, includes
from madoguchi.places.viewing import Box
from madoguchi.procedures import queries as procedures

#: The map's program works in a thread of its own, from this host; nothing is run that was made on the page.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:{gsi};"
    " font-src 'self'; connect-src 'self'{gsi}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_GSI: Final = "https://cyberjapandata.gsi.go.jp"


def page(request: HttpRequest, face: Face, reader: Reader, own: Collection[str] = ()) -> tuple[MapPage, int]:
    """The page at the view that the address names; with ``q`` posted, with the places that it may mean."""
    asked = request.POST if request.method == "POST" else request.GET
    codes = asked.getlist("layer") if "chosen" in asked else None
    shown = map_page(face, view_of(asked.dict(), codes, reader, asked.getlist("sort")), reader, own)
    if request.method != "POST":
        return shown, 200
    text = request.POST.get("q", "").replace("\0", "").strip()[:200]
    if not text:
        shown.problem = gettext("住所か、駅や学校の名前を書いてください。")
        return shown, 422
    find(face, shown, text, reader)
    return shown, 404 if shown.problem else 200


def with_policy(response: HttpResponse) -> HttpResponse:
    """What a browser may do on the page of the map: a worker of ours, beside what every page may. It goes packed."""
    of_city = procedures.city().file.map
    response.headers["Content-Security-Policy"] = _POLICY.format(
        gsi=f" {_GSI}" if of_city is not None and of_city.gsi else ""
    )
    return packed(response)


# -- tiles ------------------------------------------------------------------------------------------------------------


def tile(request: HttpRequest, code: str, place: tuple[int, int, int], reader: Reader) -> HttpResponseBase:
    """A tile of a layer with what is needed to draw it; 304 where the browser has it, 204 where nothing is in it.

    ``v`` is the number of the edition that the page knows: then the answer is kept for good, because another edition
    has another address. ``on`` is a day. Raises NotFound for what is none or not for this reader.
    """
    layer = procedures.layers().get(code)
    if layer is None or not includes(layer.see, reader(layer)):
        raise NotFound("no-such-tile", "その地図はありません。")
    if not tiles.is_tile(*place):
        raise NotFound("no-such-tile", "その地図はありません。")
    on, audience = day_of(request.GET.get("on", "")), reader(layer)

    def stamp(edition: Edition) -> tuple[str, int]:
        told = (edition.pk, layer.digest, audience, place, on or "now")
        etag = hashlib.sha256(repr(told).encode()).hexdigest()[:24]
        return f'"{etag}"', int(edition.recorded_at.timestamp())

    def stamped(response: HttpResponseBase, edition: Edition) -> HttpResponseBase:
        etag, changed = stamp(edition)
        whose = "public" if reader is everybody else "private"
        is_this = request.GET.get("v") == str(edition.number)
        response.headers["ETag"] = etag
        response.headers["Last-Modified"] = http_date(changed)
        # What a day ends may be another tile tomorrow, so even a named edition is kept for a day only.
        response.headers["Cache-Control"] = f"{whose}, max-age=86400" if is_this else f"{whose}, no-cache"
        patch_vary_headers(response, ("Accept-Encoding",))
        return response

    if _CONDITIONS & request.headers.keys() and (edition := newest_edition(code)) is not None:
        etag, changed = stamp(edition)
        response = get_conditional_response(request, etag=etag, last_modified=changed)
        if response is not None:
            return stamped(response, edition)
    found = tiles.tile(layer, place, audience, on=on, attributes=drawn_at(layer, audience, place[0]))
    if found is None:
        raise NotFound("no-such-tile", "その地図はありません。")
    edition, body = found
    response = _packed(request, body) if body else HttpResponse(status=204)
    response.headers["Content-Type"] = "application/vnd.mapbox-vector-tile"
    return stamped(response, edition)


def drawn_at(layer: Layer, audience: Audience, zoom: int) -> list[Attribute]:
    """What is needed to draw a tile of this zoom: names only where they are written, also in what is enlarged of it."""
    style = layer.style
    written = zoom >= min(style.label_from, tiles.DEEPEST)
    return [one for one in layer.drawn_by(audience) if one.key == style.by or written]


#: What a browser says that has a tile already: then it is often enough to know the edition.
_CONDITIONS: Final = frozenset({"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"})


def _packed(request: HttpRequest, body: bytes) -> HttpResponse:
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(body)
    response = HttpResponse(_gzipped(body))
    response.headers["Content-Encoding"] = "gzip"
    return response


@lru_cache(maxsize=512)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, 6, mtime=0)


# -- the base map -----------------------------------------------------------------------------------------------------

_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
#: Bytes that one answer of a range has at most: what asks for more takes the file in pieces.
MOST_BYTES: Final = 8 * 1024 * 1024
_PIECE: Final = 256 * 1024


def base_tiles(request: HttpRequest) -> HttpResponseBase:
    """The city's base map, piece by piece (RFC 9110, 14): 206 for one range of bytes, 416 for one that is not in it.

    Raises NotFound where the city has none.
    """
    path = base_file()
    if path is None:
        raise NotFound("no-base-map", "背景の地図はありません。")
    is_ = path.stat()
    etag, changed = f'"{is_.st_mtime_ns:x}-{is_.st_size:x}"', int(is_.st_mtime)
    response: HttpResponseBase | None = get_conditional_response(request, etag=etag, last_modified=changed)
    if response is None:
        wanted = request.headers.get("Range", "")
        same = request.headers.get("If-Range", etag) in (etag, http_date(changed))
        response = _part(path, is_.st_size, wanted) if wanted and same else _whole(path, is_.st_size)
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(changed)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Content-Type"] = "application/vnd.pmtiles"
    return response


def _whole(path: Path, size: int) -> HttpResponseBase:
    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    response = StreamingHttpResponse(pieces())
    response.headers["Content-Length"] = str(size)
    return response


def _part(path: Path, size: int, wanted: str) -> HttpResponseBase:
    """One range; several at once are answered as if none had been asked for, as RFC 9110 allows."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or found.groups() == ("", ""):
        return _whole(path, size)
    first, last = found.groups()
    begin = int(first) if first else max(size - int(last), 0)
    end = min(int(last) if first and last else size - 1, size - 1, begin + MOST_BYTES - 1)
    if begin >= size or begin > end or (not first and int(last) == 0):
        response = HttpResponse(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    with path.open("rb") as file:
        file.seek(begin)
        response = HttpResponse(file.read(end - begin + 1), status=206)
    response.headers["Content-Range"] = f"bytes {begin}-{end}/{size}"
    return response


def base_style(request: HttpRequest, tiles_at: str) -> HttpResponse:
    """The style of the base map, light or ``dark=1``."""
    said = style(dark=request.GET.get("dark") == "1", tiles=tiles_at if base_file() is not None else "")
    response = _packed(request, json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())
    response.headers["Content-Type"] = "application/json"
    response.headers["Cache-Control"] = "public, max-age=3600"
    patch_vary_headers(response, ("Accept-Encoding",))
    return response


# -- in words, measured, on paper -------------------------------------------------------------------------------------


def in_words(request: HttpRequest, face: Face, reader: Reader, own: Collection[str] = ()) -> HttpResponse:
    """The list of what is in view, as a part of the page: ``box`` is west,south,east,north (degrees, JGD2011)."""
    view = _view(request, reader)
    try:
        west, south, east, north = (float(one) for one in request.GET.get("box", "").split(","))
    except ValueError:
        raise Invalid("no-such-box", "地図の範囲が正しくありません。") from None
    on: list[Layer] = [one for one in layers_for(reader) if one.code in view.codes]
    found = listed(face, on, view, Box(west, south, east, north), reader, own)
    return packed(render(request, "mapping/_list.html", {"listed": found}))


def at(request: HttpRequest, face: Face, reader: Reader, own: Collection[str] = ()) -> HttpResponse:
    """What is at ``lat``, ``lon``, as a part of the page."""
    if not request.GET.get("lat") or not request.GET.get("lon"):
        raise Invalid("no-point", "場所が示されていません。")
    return render(request, "mapping/_at.html", {"at": at_page(face, _view(request, reader), reader, own)})


def _view(request: HttpRequest, reader: Reader) -> View:
    asked = request.GET
    return view_of(asked.dict(), asked.get("layers", "").split(","), reader, asked.getlist("sort"))


def measured(request: HttpRequest) -> HttpResponse:
    """Metres (and square metres) of the line that was sent: ``{"points": [[lon, lat], …], "closed": false}``."""
    try:
        told: Any = json.loads(request.body)
        points = [(float(one[0]), float(one[1])) for one in told["points"]]
        closed = bool(told.get("closed"))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise Invalid("line-unread", "測る線を読み取れませんでした。") from None
    found = viewing.measure(points, procedures.city().file.plane, closed=closed)
    return JsonResponse({"metres": found.metres, "square_metres": found.square_metres})


def printed(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The PDF of the view that was sent: ``title``, ``scale``, ``paper``, ``upright``."""
    sent = request.POST
    view = view_of(sent.dict(), sent.get("layers", "").split(","), reader)
    scale = sent.get("scale", "")
    pdf = sheet(
        view,
        reader,
        title=sent.get("title", "").replace("\0", ""),
        scale=int(scale) if scale.isascii() and scale.isdigit() else 0,
        paper=sent.get("paper", ""),
        upright="upright" in sent,
    )
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = content_disposition_header(False, "map.pdf") or ""
    response.headers["Cache-Control"] = "private, no-store"
    return response
