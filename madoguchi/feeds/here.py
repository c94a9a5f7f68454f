"""What applies at a point, for machines: the answer of every public layer, as JSON. Open to anybody, like the page.

The answer is put together as it is sent: a hundred small models that are checked twice took longer than all else. The
document says what it looks like, and a test holds it to that.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from madoguchi.events.composing import asked_together
from madoguchi.feeds.declaring import refusals
from madoguchi.feeds.schemas import At
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.languages import LocalText
from madoguchi.places import queries as places
from madoguchi.places.queries import Shelters, Where
from madoguchi.places.rules.applying import Applies, Hit, as_json, filled
from madoguchi.places.rules.layer import JAPAN, Layer, includes
from madoguchi.procedures import queries as procedures

router = Router()
LANGUAGES = ("ja", "en")
LON = Query(..., ge=JAPAN[0], le=JAPAN[2], example=135.6235)
LAT = Query(..., ge=JAPAN[1], le=JAPAN[3], example=34.7119)
ON = Query(None, description="A day (Asia/Tokyo); without it, today.")
LAYERS = Query(
    None,
    max_length=2000,
    description="Codes of layers (`/ogc/collections`), with commas between; only these are asked. Without it, all.",
    example="zoning,flood",
)


@router.get(
    "/at",
    auth=None,
    response={200: At},
    url_name="at",
    operation_id="what_applies_at",
    summary="この場所に当てはまること",
    openapi_extra={"security": [], "responses": refusals(422)},
)
def at(
    request: HttpRequest, lon: float = LON, lat: float = LAT, on: dt.date | None = ON, layers: str | None = LAYERS
) -> HttpResponse:
    """What each public layer says about a point (degrees of JGD2011), as things were on that day. `unknown` is no "no":
    `why` is `border` where the point lies nearer to a border than the layer's stated error (then its `owner` knows
    more), and `no_data` where nothing is recorded. Whoever needs few `layers` gets the shelters of these and the
    procedures that follow from these. Without a token, and nothing is kept of what was asked."""
    where, plane = Where(lon, lat), procedures.city().file.plane
    asked = _asked(layers)
    told = places.told_at(asked, where, plane, on=on)
    with asked_together(told, procedures.packages_asked()):
        found, near = told.answer()
        following = procedures.following(found)
    rest = {
        "lon": lon,
        "lat": lat,
        "on": (on or clock.today()).isoformat(),
        "shelters": _shelters(near),
        "procedures": [one.procedure.procedure.code for one in following],
    }
    text = f'{{"answers": [{", ".join(map(_applying, found))}], {_members(rest)}}}'
    return HttpResponse(text, content_type="application/json", headers={"Access-Control-Allow-Origin": "*"})


def _asked(codes: str | None) -> Collection[Layer]:
    """The layers that are named, all where none is. Raises Invalid; one that is not public is one that there is not."""
    known = procedures.layers()
    if codes is None:
        return known.values()
    named = dict.fromkeys(code.strip() for code in codes.split(","))
    if any(code not in known or not includes(known[code].see, "public") for code in named):
        raise Invalid("layer-unknown", "layersに、ないレイヤーがあります。/ogc/collectionsにあるものを書いてください。")
    return [known[code] for code in named]


#: JSON as UTF-8 has it; the standard library's ``dumps`` makes a new encoder for each text.
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def _members(said: dict[str, Any]) -> str:
    """The members of a JSON object, without its braces."""
    return _encoded(said)[1:-1]


def _applying(one: Applies) -> str:
    """The answer of one layer as JSON. What is the same for every point is put into words once."""
    city = procedures.city()
    section = city.organisation.section(one.layer.owner)
    phone = (section.phone if section else None) or city.file.contact.phone
    if one.layer.tells_distance:
        return _written(one, phone)
    return _written_once(one.anywhere, phone)


def _written(one: Applies, phone: str) -> str:
    of_layer = _of_layer(one.layer, phone)
    said = {
        "verdict": one.verdict,
        "why": one.why,
        "words": {language: one.sentence(language) for language in LANGUAGES},
        "edition": one.edition,
        "as_of": one.as_of.isoformat(),
    }
    features = ", ".join(
        f'{{"key": {_encoded(hit.key)}, "attributes": {as_json(hit.properties)}, "metres": {_away(one, hit)}}}'
        for hit in one.hits
    )
    return f'{{{of_layer}, {_members(said)}, "features": [{features}]}}'


_written_once = lru_cache(maxsize=4096)(_written)


@lru_cache(maxsize=256)
def _of_layer(layer: Layer, phone: str) -> str:
    return _members(
        {
            "layer": layer.code,
            "title": _words(layer.title),
            "owner": layer.owner,
            "phone": phone,
            "legal_basis": layer.legal_basis,
            "source": layer.source.name,
            "licence": layer.source.licence,
            "credit": layer.source.credit,
            "sample": layer.source.sample,
        }
    )


def _away(one: Applies, hit: Hit) -> float:
    """Metres to it: none to what the point lies in."""
    return 0.0 if hit.inside else round(hit.border, 1)


def _shelters(near: Sequence[Shelters]) -> list[dict[str, Any]]:
    """By hazard. A place that is near for several is put into words once."""
    places_near = {(one.layer.code, hit.key): (one.layer, hit) for one in near for hit in one.hits}
    said = {
        key: {"words": _said(layer, hit), "metres": round(hit.border, 1)} for key, (layer, hit) in places_near.items()
    }
    return [
        {
            "hazard": one.hazard.key,
            "title": _words(one.hazard.title),
            "nearest": [said[one.layer.code, hit.key] for hit in one.hits],
        }
        for one in near
    ]


def _said(layer: Layer, hit: Hit) -> dict[str, str]:
    return {language: filled(layer, hit, language, layer.seen_by("public")) for language in LANGUAGES}


def _words(text: LocalText) -> dict[str, str]:
    return {"ja": text["ja"], "en": text.get_for("en")}
