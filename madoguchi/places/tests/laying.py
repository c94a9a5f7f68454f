"""What a test lays on the city's map: an edition of a layer with a square around a point, or with nothing."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import shapely
import shapely.geometry
from django.contrib.gis.geos import GEOSGeometry

from madoguchi.places.models import Edition, Feature
from madoguchi.places.rules.layer import STORED

#: Since when what is laid is so.
SINCE = dt.date(2020, 4, 1)


def square(lon: float, lat: float, half: float = 0.002) -> dict[str, Any]:
    """Degrees; 0.002 are about 200 metres."""
    west, south, east, north = lon - half, lat - half, lon + half, lat + half
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def lay(layer: str, *features: tuple[Mapping[str, Any], Mapping[str, Any]], day: dt.date = SINCE) -> Edition:
    """A further edition of a layer: shape (GeoJSON) and values of each feature. What lies there stays."""
    number = Edition.objects.filter(layer=layer).count() + 1
    edition = Edition.objects.create(layer=layer, number=number, as_of=day)
    for shape, said in features:
        one = GEOSGeometry(memoryview(shapely.to_wkb(shapely.geometry.shape(shape))), srid=STORED)
        key = f"{layer}/{number}/{Feature.objects.filter(layer=layer).count()}"
        Feature.objects.create(
            layer=layer, key=key, properties=dict(said), geom=one, digest=key, valid_from=day, added_in=edition
        )
    return edition
