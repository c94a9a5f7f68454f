"""Naming places, always part of an act of a higher noun (a submission); and taking in what a layer's file holds."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.contrib.gis.geos import Point
from django.db import connection

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.places.models import Edition, Place
from madoguchi.places.reading import Reading
from madoguchi.places.rules.layer import STORED, Layer

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


#: Of what was there, so many may go with one file before somebody has to say that this is meant.
MOST_GONE = 0.5


@act("layer.load", allow=(BY_SYSTEM,))
def load(layer: Layer, reading: Reading, as_of: dt.date, *, by: Actor, anyhow: bool = False) -> Edition:
    """レイヤーの取り込み: what the file holds is how it is from ``as_of`` on. The old serves until the new is whole.

    Features are compared by key: those that are gone end on that day, those that changed end and begin anew, the rest
    is left alone; a file that was taken in before changes nothing. Raises Stale where most of what is there would go
    (``anyhow`` says that this is meant), and Invalid for a day before that of the edition that stands.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"layer {layer.code}"])
        newest = Edition.objects.filter(layer=layer.code).order_by("number").last()
        if newest is not None and as_of < newest.as_of:
            raise Invalid("older-than-known", "いまのデータより前の日付のデータです。")
        if newest is not None and (newest.digest, newest.as_of) == (reading.digest, as_of):
            record(layer=layer.code, edition=newest.number, unchanged=True)
            return newest
        number = newest.number + 1 if newest is not None else 1
        edition = Edition.objects.create(layer=layer.code, number=number, as_of=as_of, digest=reading.digest)
        _copy(cursor, reading)
        cursor.execute(_COUNT, {"layer": layer.code})
        there, gone = cursor.fetchone()
        if gone > MOST_GONE * there and not anyhow:
            raise Stale(
                "most-would-go",
                "いまある%(there)s件のうち%(gone)s件がなくなります。正しいファイルか確かめてください。",
                {"there": there, "gone": gone},
            )
        told: dict[str, Any] = {"layer": layer.code, "edition": edition.pk, "as_of": as_of}
        cursor.execute(_END, told)
        ended = cursor.rowcount
        cursor.execute(_ADD, told)
        added = cursor.rowcount
        cursor.execute("DROP TABLE incoming")
    changed = ended - gone
    edition.report = {
        "read": len(reading.features),
        "new": added - changed,
        "changed": changed,
        "gone": gone,
        "refused": reading.refused,
        "repaired": reading.repaired,
        "left_out": reading.left_out,
        "told": [[row, problem.code, str(problem)] for row, problem in reading.told],
    }
    edition.save(update_fields=["report"])
    record(layer=layer.code, edition=edition.number, new=added - changed, changed=changed, gone=gone)
    return edition


_COUNT = """
    SELECT count(*), count(*) FILTER (WHERE i.key IS NULL) FROM layer_feature f LEFT JOIN incoming i USING (key)
    WHERE f.layer = %(layer)s AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
"""
_END = """
    UPDATE layer_feature f SET valid_until = greatest(%(as_of)s, f.valid_from), ended_in_id = %(edition)s
    WHERE f.layer = %(layer)s AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
      AND NOT EXISTS (SELECT FROM incoming i WHERE i.key = f.key AND i.digest = f.digest)
"""
_ADD = """
    INSERT INTO layer_feature (id, layer, key, properties, geom, digest, valid_from, added_in_id)
    SELECT gen_random_uuid(), %(layer)s, i.key, i.properties, i.geom, i.digest, %(as_of)s, %(edition)s
    FROM incoming i
    WHERE NOT EXISTS (
        SELECT FROM layer_feature f
        WHERE f.layer = %(layer)s AND f.key = i.key AND f.valid_until IS NULL AND f.dropped_in_id IS NULL
    )
"""


def _copy(cursor: Any, reading: Reading) -> None:
    """Put the features beside those that stand, in their CRS, and bring them to ours; gone with the transaction."""
    cursor.execute(_INCOMING)
    with cursor.copy("COPY incoming (key, properties, geom, digest) FROM STDIN") as rows:
        for one in reading.features:
            rows.write_row((one.key, json.dumps(one.properties, ensure_ascii=False), one.wkb.hex(), one.digest))
    if reading.srid in (4326, STORED):
        cursor.execute("UPDATE incoming SET geom = ST_SetSRID(geom, %s)", [STORED])
    else:
        cursor.execute("UPDATE incoming SET geom = ST_Transform(ST_SetSRID(geom, %s), %s)", [reading.srid, STORED])
    cursor.execute("ANALYZE incoming")


_INCOMING = """
    CREATE TEMP TABLE incoming (key text PRIMARY KEY, properties jsonb, geom geometry, digest text) ON COMMIT DROP
"""
