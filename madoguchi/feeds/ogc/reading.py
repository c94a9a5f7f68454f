"""What a request asks for: who reads, in which form, of which layer, and the parameters of a page of features.

Each parameter is read or refused (400): one that an address does not know, too, so that nobody takes an answer for
filtered that is not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from django.http import HttpRequest
from django.utils.translation import gettext_noop

from madoguchi.feeds.calling import Bearer
from madoguchi.ground.errors import NotAllowed, NotFound, Problem, Refused
from madoguchi.people.models import Partner
from madoguchi.places import features
from madoguchi.places.editions import newest_edition
from madoguchi.places.models import Edition
from madoguchi.places.rules import cql, crs, filtering
from madoguchi.places.rules.crs import CRS84, Crs
from madoguchi.places.rules.layer import Audience, Layer, includes
from madoguchi.procedures import queries as procedures

SCOPE: Final = "layers:read"
DEFAULT_LIMIT: Final = 100
MOST: Final = 1_000
#: The forms of an answer; of what is neither, JSON.
Form = Literal["json", "html"]

PAGE_PARAMETERS: Final = frozenset(
    {"limit", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "after", "count"}
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: everybody, or a partner of this section that may read what staff see."""

    staff: bool = False
    section: str = ""

    def audience(self, layer: Layer) -> Audience:
        """As whom they read this layer."""
        if not self.staff:
            return "public"
        return "section" if layer.owner == self.section else "staff"

    def sees(self, layer: Layer) -> bool:
        """Whether the layer is for them at all."""
        return includes(layer.see, self.audience(layer))


def reader_of(request: HttpRequest) -> Reader:
    """By the token, where there is one. Raises Refused (401) for one that does not work, 403 without the scope."""
    if "Authorization" not in request.headers:
        return Reader()
    actor = Bearer()(request)
    if SCOPE not in actor.scopes:
        raise NotAllowed("scope-missing", gettext_noop("この操作の権限（スコープ）がありません。"))
    partner: Partner = request.partner  # type: ignore[attr-defined]  # set by Bearer
    return Reader(staff=True, section=partner.section)


def form_of(request: HttpRequest) -> Form:
    """JSON or a page: by ``f``, else by what the client accepts first."""
    said = request.GET.get("f")
    if said is not None:
        if said == "json":
            return "json"
        if said == "html":
            return "html"
        raise _bad("f", gettext_noop("f は json か html です。"))
    accepted = request.headers.get("Accept", "").split(",")[0].partition(";")[0].strip()
    return "html" if accepted in ("text/html", "application/xhtml+xml") else "json"


def known_only(request: HttpRequest, known: Collection[str] = ()) -> None:
    """Raises Refused (400) for a parameter that this address does not know."""
    if any(name != "f" and name not in known for name in request.GET):
        raise Refused(
            "parameter-unknown", gettext_noop("このアドレスにない引数があります。/ogc/api を確かめてください。")
        )


def layer_of(code: str, reader: Reader) -> Layer:
    """A layer that the reader may see, whether or not anything was taken in. Raises NotFound."""
    layer = procedures.layers().get(code)
    if layer is None or not reader.sees(layer):
        raise unknown()
    return layer


def collection(code: str, reader: Reader) -> tuple[Layer, Edition]:
    """A layer that the reader may see and that was taken in, with its newest edition. Raises NotFound."""
    layer = layer_of(code, reader)
    edition = newest_edition(code)
    if edition is None:
        raise unknown()
    return layer, edition


def unknown() -> NotFound:
    """That there is no such collection, or none for this reader."""
    return NotFound("collection-unknown", gettext_noop("このデータはありません。"))


def systems() -> Mapping[str, Crs]:
    """The coordinate reference systems of this city, by URI."""
    return crs.offered(procedures.city().file.plane)


def page_of(request: HttpRequest, layer: Layer, reader: Audience) -> features.Asked:
    """The page of features that is asked for. Raises Refused (400) where a parameter cannot be read."""
    names = filtering.queryable(layer, reader)
    known_only(request, PAGE_PARAMETERS | names.keys())
    conditions = [
        filtering.equals(layer, reader, name, _plain(name, request.GET[name]))
        for name in request.GET
        if name in names and name not in PAGE_PARAMETERS and name != "f"
    ]
    if "filter" in request.GET:
        conditions.append(_filter(request, layer, reader))
    elif "filter-lang" in request.GET or "filter-crs" in request.GET:
        _language(request), _system(request, "filter-crs")
    return features.Asked(
        layer=layer,
        reader=reader,
        crs=_system(request, "crs"),
        limit=_limit(request),
        box=_box(request),
        days=days_of(request),
        filters=conditions,
        after=_plain("after", request.GET.get("after", "")),
    )


def counted(request: HttpRequest) -> bool:
    """Whether the number of all that match is asked for."""
    said = request.GET.get("count", "false")
    if said not in ("true", "false"):
        raise _bad("count", gettext_noop("count は true か false です。"))
    return said == "true"


def system_of(request: HttpRequest) -> Crs:
    """The system in which coordinates are wanted."""
    return _system(request, "crs")


def days_of(request: HttpRequest) -> tuple[str, str] | None:
    """The days of ``datetime``; None where it is not asked."""
    said = request.GET.get("datetime")
    return None if said is None else cql.interval(said)


def _limit(request: HttpRequest) -> int:
    said = request.GET.get("limit", str(DEFAULT_LIMIT))
    if not (said.isascii() and said.isdigit()) or not said.strip("0"):
        raise _bad("limit", gettext_noop("limit は1以上の整数です。"))
    return min(int(said[:10]), MOST)


def _system(request: HttpRequest, name: str) -> Crs:
    found = systems().get(request.GET.get(name, CRS84))
    if found is None:
        raise _bad(name, gettext_noop("この座標系では答えられません。collections の crs にあるURIを書いてください。"))
    return found


def _box(request: HttpRequest) -> tuple[features.Box, Crs] | None:
    system = _system(request, "bbox-crs")
    said = request.GET.get("bbox")
    if said is None:
        return None
    try:
        numbers = [float(one) for one in said.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(abs(one) < 1e300 for one in numbers):
        raise _bad("bbox", gettext_noop("bbox は4つ（高さがあれば6つ）の数を , で区切って書きます。"))
    half = len(numbers) // 2
    (a, b), (c, d) = numbers[:2], numbers[half : half + 2]
    box = (b, a, d, c) if system.flipped else (a, b, c, d)
    if box[1] > box[3] or (box[0] > box[2] and not system.degrees):
        raise _bad("bbox", gettext_noop("bbox の小さいほうの座標と大きいほうの座標が入れかわっています。"))
    if system.degrees and not (max(abs(box[0]), abs(box[2])) <= 180 and max(abs(box[1]), abs(box[3])) <= 90):
        raise _bad("bbox", gettext_noop("bbox の緯度と経度が範囲の外です。座標の順序を確かめてください。"))
    return box, system


def _language(request: HttpRequest) -> str:
    said = request.GET.get("filter-lang", "cql2-text")
    if said not in ("cql2-text", "cql2-json"):
        raise _bad("filter-lang", gettext_noop("filter-lang は cql2-text か cql2-json です。"))
    return said


def _filter(request: HttpRequest, layer: Layer, reader: Audience) -> filtering.Sql:
    language, system = _language(request), _system(request, "filter-crs")
    text = request.GET["filter"]
    tree = cql.read_json(text) if language == "cql2-json" else cql.read_text(text)
    return filtering.condition(tree, layer, reader, system)


def _plain(name: str, said: str) -> str:
    """Text that can stand in the database."""
    if "\0" in said or len(said) > cql.MAX_LENGTH:
        raise _bad(name, gettext_noop("この引数の値を読めません。"))
    return said


def _bad(name: str, words: str) -> Refused:
    return Refused("parameter-invalid", words, fields={name: Problem("invalid", words)})
