"""地図の答え: what the map says about a place is kept with a case, as it was that day."""

from django.contrib.gis.geos import GEOSGeometry, Point

from madoguchi.cases.actions.reasons import CONSULTED, IN_CASE
from madoguchi.cases.models import Case, MapAnswer
from madoguchi.cases.rules.permission import SECTION_OF_CASE
from madoguchi.events import Actor, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Stale
from madoguchi.ground.text import clean
from madoguchi.places.queries import Spot
from madoguchi.places.rules import applying
from madoguchi.places.rules.area import Area
from madoguchi.places.rules.layer import STORED, reader_of
from madoguchi.procedures import queries as procedures

#: Characters of what the place is called.
MOST_NAME = 200


@act("case.keep-map-answer", allow=(SECTION_OF_CASE, IN_CASE, CONSULTED))
def keep_map_answer(case: Case, spot: Spot, *, by: Actor, name: str = "", error: float = 0.0) -> MapAnswer:
    """地図の答えの保存: what every layer that staff may see says about a point (within ``error`` metres) or an area
    today, with the editions by which it says so. What only the writer's own section reads is kept for that section.

    Raises Stale where no layer says anything, because nothing was taken in.
    """
    reader = reader_of(by)
    to_staff = procedures.what_applies(spot, reader="staff", error=error)
    to_section = [one for one in procedures.what_applies(spot, reader=reader, error=error) if one.reader == "section"]
    if not to_staff and not to_section:
        raise Stale("map-silent", "地図のデータがまだ取り込まれていないため、残せる答えがありません。")
    is_area = isinstance(spot, Area)
    shape = GEOSGeometry(memoryview(spot.wkb)) if isinstance(spot, Area) else Point(spot.lon, spot.lat)
    shape.srid = STORED
    held = MapAnswer.objects.create(
        case=case,
        name=clean(name, max_length=MOST_NAME),
        spot=shape,
        error=error,
        day=clock.today(),
        told=[applying.record(one) for one in (*to_staff, *to_section)],
        kept_by_id=by.who,
    )
    record(answer=held.pk, area=is_area, layers=len(held.told))
    return held
