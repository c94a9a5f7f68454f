"""Naming places. Always part of an act of a higher noun (a submission)."""

from collections.abc import Mapping
from typing import Any

from django.contrib.gis.geos import Point

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.places.models import Place

BY_PERSON = Reason(
    "names-a-place",
    "申請の中で場所が示された",
    lambda actor, _: actor.kind in ("resident", "staff", "partner"),
)


@act("place.name", allow=(BY_PERSON, BY_SYSTEM))
def name_place(said: Mapping[str, Any], *, by: Actor) -> Place:
    """場所の記録: keep a place as an answer gives it: ``{text, town?, lat?, lon?}`` (degrees, JGD2011)."""
    point = Point(said["lon"], said["lat"], srid=4326) if "lon" in said and "lat" in said else None
    place = Place.objects.create(text=said["text"], town=said.get("town", ""), point=point)
    record(town=place.town, has_point=point is not None)
    return place
