"""What applies at a point, for machines: the answer of every public layer, as JSON. Open to anybody, like the page."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from madoguchi.feeds.schemas import Applying, At, FeatureSaid, HazardShelters, NearShelter, ProblemDocument, Words
from madoguchi.ground import clock
from madoguchi.ground.languages import LocalText
from madoguchi.places import queries as places
from madoguchi.places.queries import Where
from madoguchi.places.rules.applying import Applies, Hit, filled
from madoguchi.places.rules.layer import JAPAN, Layer
from madoguchi.procedures import queries as procedures

router = Router()
LANGUAGES = ("ja", "en")
LON = Query(..., ge=JAPAN[0], le=JAPAN[2], example=135.6235)
LAT = Query(..., ge=JAPAN[1], le=JAPAN[3], example=34.7119)
ON = Query(None, description="A day (Asia/Tokyo); without it, today.")


@router.get(
    "/at",
    auth=None,
    response={200: At, 422: ProblemDocument},
    url_name="at",
    operation_id="what_applies_at",
    summary="この場所に当てはまること",
    openapi_extra={"security": []},
)
def at(
    request: HttpRequest,
    response: HttpResponse,
    lon: float = LON,
    lat: float = LAT,
    on: dt.date | None = ON,
) -> At:
    """What each public layer says about a point (degrees of JGD2011), as things were on that day. `unknown` is no "no":
    `why` is `border` where the point lies nearer to a border than the layer's stated error (then its `owner` knows
    more), and `no_data` where nothing is recorded. Without a token, and nothing is kept of what was asked."""
    response["Access-Control-Allow-Origin"] = "*"
    where = Where(lon, lat)
    found = procedures.what_applies(where, on=on)
    near = places.shelters(procedures.layers().values(), where, procedures.city().file.plane, on=on)
    return At(
        lon=lon,
        lat=lat,
        on=on or clock.today(),
        answers=[_applying(one) for one in found],
        shelters=[
            HazardShelters(
                hazard=one.hazard.key,
                title=_words(one.hazard.title),
                nearest=[NearShelter(words=_said(one.layer, hit), metres=round(hit.border, 1)) for hit in one.hits],
            )
            for one in near
        ],
        procedures=[one.procedure.procedure.code for one in procedures.following(found)],
    )


def _applying(one: Applies) -> Applying:
    layer = one.layer
    city = procedures.city()
    section = city.organisation.section(layer.owner)
    return Applying(
        layer=layer.code,
        title=_words(layer.title),
        verdict=one.verdict,
        why=one.why,
        words=Words(**{language: one.sentence(language) for language in LANGUAGES}),
        features=[
            FeatureSaid(key=hit.key, attributes=dict(hit.properties), metres=_away(one, hit)) for hit in one.hits
        ],
        owner=layer.owner,
        phone=(section.phone if section else None) or city.file.contact.phone,
        legal_basis=layer.legal_basis,
        source=layer.source.name,
        licence=layer.source.licence,
        credit=layer.source.credit,
        edition=one.edition,
        as_of=one.as_of,
        sample=layer.source.sample,
    )


def _away(one: Applies, hit: Hit) -> float:
    """Metres to it: none to what the point lies in."""
    return 0.0 if hit.inside else round(hit.border, 1)


def _said(layer: Layer, hit: Hit) -> Words:
    return Words(**{language: filled(layer, hit, language, layer.seen_by("public")) for language in LANGUAGES})


def _words(text: LocalText) -> Words:
    return Words(ja=text["ja"], en=text.get_for("en"))
