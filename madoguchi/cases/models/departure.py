"""Where an examiner departed from the tables: what they said, what was decided instead, and why."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.step import Step
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    name=Sensitivity.INTERNAL,
    was=Sensitivity.SPECIAL,
    became=Sensitivity.SPECIAL,
    why=Sensitivity.PERSONAL,
)
class Departure(models.Model):
    """One departure of an examination from its draft. Written with the examination and never changed.

    ``name`` is the value of the table, or ``reasons``; then ``was`` and ``became`` are the sentences in their order.
    What is in force stands in the course of the decision; these rows say what each examination did, and why.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="departures")
    name = models.TextField()
    was = models.JSONField()
    became = models.JSONField()
    why = models.TextField()

    class Meta:
        db_table = "case_departure"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "name"], name="a_value_departs_once_per_step"),
            models.CheckConstraint(name="a_departure_says_why", condition=~Q(why="")),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"
