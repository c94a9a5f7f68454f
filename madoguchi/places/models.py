"""Places: where something is. A place that somebody named, and the features of the map's layers."""

from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.indexes import GistIndex
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.places.rules.layer import DRAWN, STORED


@classified(
    id=Sensitivity.INTERNAL,
    text=Sensitivity.PERSONAL,
    town=Sensitivity.INTERNAL,
    point=Sensitivity.PERSONAL,
)
class Place(models.Model):
    """A place that somebody named: the words as written, the town (町字ID) and, where known, the point.

    Coordinates are JGD2011 longitude and latitude, stored as EPSG:4326.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    text = models.TextField()
    town = models.TextField(blank=True)
    point = models.PointField(srid=4326, null=True)

    class Meta:
        db_table = "place"
        constraints: ClassVar = [
            models.CheckConstraint(name="place_is_described", condition=~models.Q(text="")),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.PUBLIC,
    layer=Sensitivity.PUBLIC,
    number=Sensitivity.PUBLIC,
    as_of=Sensitivity.PUBLIC,
    recorded_at=Sensitivity.PUBLIC,
    why=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    report=Sensitivity.INTERNAL,
)
class Edition(models.Model):
    """One change of a layer: a file that was taken in, or an edit. ``number`` counts from 1 in each layer.

    ``as_of`` is the day on which things were as it says; ``recorded_at`` when the city came to know it. ``digest`` is
    the SHA-256 of the file and of how it was read. ``report``: how many features came, changed and went, and what of
    the file was refused, by row. Who made it and by what right is the event's to say.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    layer = models.TextField()
    number = models.PositiveIntegerField()
    as_of = models.DateField()
    recorded_at = models.DateTimeField(default=clock.now)
    why = models.TextField(blank=True)
    digest = models.TextField(blank=True)
    report = models.JSONField(default=dict)

    class Meta:
        db_table = "layer_edition"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["layer", "number"], name="a_layer_counts_its_editions"),
        ]

    def __str__(self) -> str:
        return f"{self.layer} {self.number}"


@classified(
    id=Sensitivity.PUBLIC,
    layer=Sensitivity.PUBLIC,
    key=Sensitivity.PUBLIC,
    properties=Sensitivity.INTERNAL,
    geom=Sensitivity.PUBLIC,
    drawn=Sensitivity.PUBLIC,
    digest=Sensitivity.PUBLIC,
    valid_from=Sensitivity.PUBLIC,
    valid_until=Sensitivity.PUBLIC,
    added_in=Sensitivity.PUBLIC,
    ended_in=Sensitivity.PUBLIC,
    dropped_in=Sensitivity.PUBLIC,
)
class Feature(models.Model):
    """Something on a layer, as it was from ``valid_from`` until before ``valid_until`` (days of Asia/Tokyo).

    What changed in the world ends the old row and adds a new one (``ended_in``); what was recorded wrongly is dropped
    (``dropped_in``): it never was so, but one can still see that the city thought so. So two questions have an answer:
    how was it on that day, and what did we know then. ``key`` is the feature's own within its layer; ``digest`` is of
    its attributes and shape. ``geom`` is JGD2011 (EPSG:6668), ``drawn`` the same for tiles (EPSG:3857).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    layer = models.TextField()
    key = models.TextField()
    properties = models.JSONField(default=dict)
    geom = models.GeometryField(srid=STORED, spatial_index=False)
    drawn = models.GeneratedField(
        expression=Transform("geom", DRAWN),
        output_field=models.GeometryField(srid=DRAWN, spatial_index=False),
        db_persist=True,
    )
    digest = models.TextField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    added_in = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="added")
    ended_in = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="ended", null=True)
    dropped_in = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="dropped", null=True)

    class Meta:
        db_table = "layer_feature"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["layer", "key"],
                condition=Q(valid_until=None, dropped_in=None),
                name="a_key_is_one_feature_now",
            ),
            models.CheckConstraint(
                name="ending_has_an_edition",
                condition=Q(valid_until__isnull=True, ended_in__isnull=True)
                | Q(valid_until__isnull=False, ended_in__isnull=False, valid_until__gte=models.F("valid_from")),
            ),
        ]
        indexes: ClassVar = [
            # Points are looked up across layers, tiles within one.
            GistIndex(fields=["geom"], name="feature_at"),
            GistIndex(fields=["layer", "drawn"], name="feature_drawn", condition=Q(valid_until=None, dropped_in=None)),
        ]

    def __str__(self) -> str:
        return f"{self.layer} {self.key}"
