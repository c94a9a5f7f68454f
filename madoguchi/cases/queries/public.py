"""What everybody may see of cases: what their packages say, while it is so, of nobody who is under 支援措置.

The one query behind the layers that show cases (``shows:``). A case that is not decided, was refused or withdrawn,
whose last day is over, that was deleted, or whose place is not known as exactly as the layer says, is not in it.
"""

import hashlib
import math
from collections.abc import Iterator
from uuid import UUID

import shapely
from django.contrib.gis.db.models import PointField
from django.contrib.gis.db.models.functions import Transform
from django.db.models import Exists, FloatField, Func, OuterRef, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac

from madoguchi.cases.models import Case, Step
from madoguchi.cases.queries.worklist import by_place
from madoguchi.ground import clock
from madoguchi.places.reading import Read, Reading, digest_of
from madoguchi.places.rules.layer import STORED, Layer, read_properties
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.format import Public


def shown(layer: Layer) -> Reading:
    """What this layer shows today, in metres of the city's plane. Its digest is another on every day."""
    features = sorted(_features(layer), key=lambda one: one.key)
    said = "".join(f"{one.key} {one.digest} " for one in features)
    digest = hashlib.sha256(f"{layer.code} {clock.today()} {said}".encode()).hexdigest()
    return Reading(features, procedures.city().file.plane, digest)


def _features(layer: Layer) -> Iterator[Read]:
    """By every version that cases run on: each says for itself what is public."""
    for version in Procedure.objects.filter(code__in=layer.shows).values_list("pk", flat=True):
        public = procedures.package_of(version).procedure.public
        if public is not None:
            yield from _of_version(layer, version, public)


def _of_version(layer: Layer, version: UUID, public: Public) -> Iterator[Read]:
    place = f"answers__{public.place}"
    granted = Case.objects.filter(
        Exists(Step.objects.filter(case=OuterRef("pk"), node=public.after, done_at__isnull=False)),
        procedure=version,
        decision__granted=True,
        decided_at__isnull=False,
        withdrawn_at=None,
        erased_at=None,
    )
    part = {name: Cast(KT(f"{place}__{name}"), FloatField()) for name in ("lon", "lat", "error")}
    point = Func(part["lon"], part["lat"], function="ST_MakePoint")
    stored = Func(point, Value(STORED), function="ST_SetSRID", output_field=PointField(srid=STORED))
    cases = (
        by_place(granted)
        .annotate(until=KT(f"answers__{public.until}"), error=part["error"])
        .filter(until__gte=clock.today().isoformat(), error__lte=layer.accuracy)
        .exclude(**{f"{place}__has_key": "apart"})
        .annotate(at=Transform(stored, procedures.city().file.plane))
    )
    said = [KT(f"answers__{name.replace('.', '__')}") for name in public.says]  # nothing else is read
    for key, at, *values in cases.values_list("pk", "at", *said):
        middle = shapely.Point(*((math.floor(one / public.within) + 0.5) * public.within for one in (at.x, at.y)))
        properties, _ = read_properties(layer, dict(zip(public.says, values, strict=True)))
        wkb = shapely.to_wkb(middle)
        # A key by which nobody finds the case: it is neither number nor id, and tells nothing of when it came.
        yield Read(salted_hmac(__name__, str(key)).hexdigest()[:16], properties, wkb, digest_of(properties, wkb))
