"""Layers that are counted from cases: each period once, when it is over, as an edition like that of a file."""

import datetime as dt
import hashlib

from django.db.models import Max
from django.db.models.fields.json import KT

from madoguchi.cases.queries.measures import counted
from madoguchi.events import Actor, act, record
from madoguchi.events.models import Event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.places.actions import load
from madoguchi.places.models import Edition
from madoguchi.places.outlines import areas
from madoguchi.places.queries import newest
from madoguchi.places.reading import Read, Reading, digest_of
from madoguchi.places.rules.counted import band, rounded
from madoguchi.places.rules.layer import STORED, Layer
from madoguchi.procedures import queries as procedures


def is_due(layer: Layer) -> bool:
    """Whether a period is over of which nothing was published yet: of none of the layer's procedures, by no layer.

    A layer that was renamed, or counts other procedures or other periods than before, goes on after what was published.
    Else the same people were counted on two days, and the difference is who was erased or protected in between.
    """
    what = layer.counted
    period = what.latest(clock.today()) if what is not None else None
    if what is None or period is None:
        return False
    since, until = period
    edition = newest().get(layer.code)
    published = Event.objects.filter(verb="layer.count", outcome="done")
    last = published.filter(data__procedures__has_any_keys=what.procedures).aggregate(day=Max(KT("data__until")))["day"]
    return (edition is None or edition.as_of < until) and (last is None or dt.date.fromisoformat(last) <= since)


@act("layer.count", allow=(BY_SYSTEM,))
def count_layer(layer: Layer, *, by: Actor) -> Edition:
    """レイヤーの集計: the last period that is over, by town, rounded. What was published is never counted again.

    Raises Stale where there is nothing to count or the towns have no shapes, and Invalid ``figures-too-tight`` where
    even rounded figures would tell: then nothing is published.
    """
    what = layer.counted
    if what is None:
        raise Invalid("not-counted", "このレイヤーは集計するものではありません。")
    period = what.latest(clock.today())
    if period is None or not is_due(layer):
        raise Stale("counted-already", "集計する期間はまだありません。")
    since, until = period
    shapes = areas(procedures.gazetteer())
    if not shapes:
        raise Stale("no-towns", "町の形のレイヤー（towns）がまだ取り込まれていません。")
    counts = counted(what, since, until)
    shown = rounded({town: counts.get(town, 0) for town in shapes}, what.threshold)
    names = {one.id: one.name for one in procedures.city().towns}
    reading = Reading([], STORED, hashlib.sha256(f"{layer.code} {until} {what}".encode()).hexdigest())
    for town, wkb in sorted(shapes.items()):
        properties = {
            "town": town,
            "name": names[town],
            "since": since.isoformat(),
            "until": (until - dt.timedelta(days=1)).isoformat(),
            "people": band(shown[town], what.threshold),
            "at_least": shown[town],
        }
        reading.features.append(Read(town, properties, wkb, digest_of(properties, wkb)))
    edition = load(layer, reading, until, by=by)
    record(layer=layer.code, edition=edition.number, procedures=what.procedures, since=since, until=until)
    return edition
