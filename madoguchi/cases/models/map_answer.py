"""What the map said about a place, kept with a case as it was that day."""

from typing import ClassVar

from django.contrib.gis.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account
from madoguchi.places.rules.layer import STORED


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    spot=Sensitivity.PERSONAL,
    error=Sensitivity.INTERNAL,
    day=Sensitivity.INTERNAL,
    told=Sensitivity.PERSONAL,
    kept_at=Sensitivity.INTERNAL,
    kept_by=Sensitivity.INTERNAL,
)
class MapAnswer(models.Model):
    """地図の答え: what every layer said about a point or an area on ``day``, as staff read it, never changed.

    ``spot`` is JGD2011 longitude and latitude; ``error`` how many metres from there a point may be. ``told`` is a list
    of :func:`madoguchi.places.rules.applying.record`, each with the edition by which it was said, so that the same can
    be asked again. What only a layer's own section reads stands beside what all staff read, and is shown to that
    section alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="map_answers")
    name = models.TextField(blank=True)
    spot = models.GeometryField(srid=STORED, spatial_index=False)
    error = models.FloatField(default=0.0)
    day = models.DateField()
    told = models.JSONField()
    kept_at = models.DateTimeField(default=clock.now)
    kept_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "case_map_answer"
        constraints: ClassVar = [
            models.CheckConstraint(name="a_map_answer_says_something", condition=~Q(told=[])),
        ]
        indexes: ClassVar = [models.Index(fields=["case", "kept_at"], name="map_answer_of_case")]

    def __str__(self) -> str:
        return str(self.id)
