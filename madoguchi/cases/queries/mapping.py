"""What the map said when a case was worked on, and the same asked again by the editions of that day."""

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from django.db.models import QuerySet

from madoguchi.cases.models import Case, MapAnswer
from madoguchi.events import Actor
from madoguchi.events.composing import nothing
from madoguchi.places.queries import Spot, Where
from madoguchi.places.rules import applying
from madoguchi.places.rules.area import Area
from madoguchi.procedures import queries as procedures


def map_answers(case: Case) -> QuerySet[MapAnswer]:
    """What was kept with a case, oldest first."""
    if "map_answers" in case.lacks:
        return nothing(MapAnswer.objects.all())
    return case.map_answers.select_related("kept_by").order_by("kept_at", "pk")


def told_to(held: MapAnswer, by: Actor) -> list[Mapping[str, Any]]:
    """The answers that this member of staff may read, one for each layer: what was said to a layer's section only to
    who holds a post there today."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in held.told:
        if one["reader"] != "section":
            found.setdefault(one["layer"], one)
        elif by.kind == "staff" and one["owner"] in by.sections:
            found[one["layer"]] = one
    return list(found.values())


def spot_of(held: MapAnswer) -> Spot:
    """The place that was asked about."""
    shape = shapely.from_wkb(bytes(held.spot.wkb))
    return Area(bytes(held.spot.wkb)) if shapely.get_dimensions(shape) == 2 else Where(shape.x, shape.y)


def replayed(held: MapAnswer) -> list[Mapping[str, Any]]:
    """The same question asked again: how it was on that day, as was known with the editions of then.

    Equal to ``told`` but where the layer's file says otherwise today, or is gone.
    """
    found: list[Mapping[str, Any]] = []
    for reader in ("staff", "section"):
        asked = [one for one in held.told if (one["reader"] == "section") == (reader == "section")]
        known = {one["layer"]: one["edition"] for one in asked}
        again = procedures.what_applies(
            spot_of(held),
            reader="section" if reader == "section" else "staff",
            on=held.day,
            error=held.error,
            known=known,
        )
        found += [applying.record(one) for one in again]
    return found


def holds_still(told: Sequence[Mapping[str, Any]], again: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what was said of the place is what the map's own history says: verdicts, features and measures."""
    facts = ("layer", "reader", "verdict", "why", "features", "parts", "edition")
    return [[one[name] for name in facts] for one in told] == [[one[name] for name in facts] for one in again]
