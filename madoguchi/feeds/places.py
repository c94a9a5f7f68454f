"""Places: from addresses to points and back, as far as the map's public layers know. Nothing is kept of what is asked.

Addresses stand in the body, never in an address of ours, which logs keep.
"""

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from madoguchi.feeds.calling import scoped
from madoguchi.feeds.declaring import operation
from madoguchi.feeds.schemas import (
    BesideLine,
    LocateAddresses,
    LocatedAddresses,
    LocatedLine,
    LocatedPlace,
    LocatePlace,
    PointCalled,
)
from madoguchi.places import queries
from madoguchi.places.queries import Beside, Located, Where
from madoguchi.places.rules.layer import JAPAN
from madoguchi.procedures import queries as procedures

router = Router()
SCOPE = "places:read"
_WEST, _SOUTH, _EAST, _NORTH = JAPAN


@router.post(
    "/places/locate",
    response={200: LocatedPlace},
    url_name="locate",
    operation_id="locate",
    summary="住所や名前から場所へ",
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def locate(request: HttpRequest, asked: LocatePlace) -> LocatedPlace:
    """The places that a text may mean, the likeliest first: an address in any spelling, a thing with a name, a crossing
    (AとBの交差点), what is near something (住道駅の近くの公園). Changes nothing, so it needs no Idempotency-Key."""
    plane, layers = procedures.city().file.plane, procedures.layers().values()
    found = queries.locate(asked.text, procedures.gazetteer(), layers, plane)
    return LocatedPlace(places=[_line(one) for one in found])


@router.post(
    "/places/locate-many",
    response={200: LocatedAddresses},
    url_name="locate-many",
    operation_id="locate_many",
    summary="多くの住所から場所へ",
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def locate_many(request: HttpRequest, asked: LocateAddresses) -> LocatedAddresses:
    """Of each address, in the order sent, the places that it may mean; none where the city has no such town. Where
    several are exact, the address is in doubt. Changes nothing, so it needs no Idempotency-Key."""
    plane, layers = procedures.city().file.plane, procedures.layers().values()
    found = queries.locate_many(asked.addresses, procedures.gazetteer(), layers, plane)
    return LocatedAddresses(addresses=[[_line(one) for one in several] for several in found])


@router.get(
    "/places/reverse",
    response=PointCalled,
    url_name="reverse",
    operation_id="reverse",
    summary="場所から住所へ",
    openapi_extra=operation(SCOPE),
)
@scoped(SCOPE)
def reverse(
    request: HttpRequest,
    lon: Annotated[float, Query(..., ge=_WEST, le=_EAST, description="degrees of longitude, JGD2011")],
    lat: Annotated[float, Query(..., ge=_SOUTH, le=_NORTH, description="degrees of latitude, JGD2011")],
) -> PointCalled:
    """What a point is called: its lot where the city has its parcels, else its town, and things with a name near by."""
    plane, layers = procedures.city().file.plane, procedures.layers().values()
    called = queries.reverse(Where(lon, lat), procedures.gazetteer(), layers, plane)
    return PointCalled(
        name=called.name,
        level=called.level,
        error=round(called.error, 1),
        sure=called.sure,
        town=called.town,
        lot=called.lot,
        near=[_beside(one) for one in called.beside],
        credits=list(called.credits),
    )


def _line(one: Located) -> LocatedLine:
    return LocatedLine(
        name=one.name,
        lon=round(one.at.lon, 7),
        lat=round(one.at.lat, 7),
        level=one.level,
        error=round(one.error, 1),
        exact=one.exact,
        town=one.town,
        near=_beside(one.beside) if one.beside else None,
        credit=one.credit,
    )


def _beside(one: Beside) -> BesideLine:
    return BesideLine(name=one.name, metres=round(one.metres, 1), direction=one.direction, words=one.words)
