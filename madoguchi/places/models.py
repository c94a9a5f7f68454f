"""Places: where something is. Coordinates are JGD2011 longitude and latitude, stored as EPSG:4326."""

from typing import ClassVar

from django.contrib.gis.db import models

from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    text=Sensitivity.PERSONAL,
    town=Sensitivity.INTERNAL,
    point=Sensitivity.PERSONAL,
)
class Place(models.Model):
    """A place that somebody named: the words as written, the town (町字ID) and, where known, the point."""

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
