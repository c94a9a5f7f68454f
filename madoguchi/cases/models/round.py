"""A round of applications that are ranked together (募集の回): what there is to give out, and when it was given."""

from typing import ClassVar

from django.db import models

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    code=Sensitivity.PUBLIC,
    name=Sensitivity.PUBLIC,
    places=Sensitivity.INTERNAL,
    saved_at=Sensitivity.INTERNAL,
    allotted_at=Sensitivity.INTERNAL,
)
class Round(models.Model):
    """One round of a procedure. When it opens and closes is the city's to say (``offers.yaml``); the applications are
    the cases whose answer names it.

    ``places`` is place → group → how many there are in all. ``allotted_at``: the last time places were given out;
    applications that come to the step later take what is left in the next run.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.TextField()
    name = models.TextField()
    places = models.JSONField(default=dict)
    saved_at = models.DateTimeField(default=clock.now)
    allotted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_round"
        constraints: ClassVar = [models.UniqueConstraint(fields=["code", "name"], name="a_round_is_one_row")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
