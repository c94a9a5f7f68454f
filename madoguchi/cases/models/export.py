"""A list of cases that was taken out as a file: which cases were in it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(id=Sensitivity.INTERNAL, cases=Sensitivity.INTERNAL, at=Sensitivity.INTERNAL)
class Export(models.Model):
    """What a member of staff took out for a purpose (``case.export`` says who, for what): the ids of its rows.

    The file is made of these rows and no others, so that whoever stands in it sees that. Of a case that was deleted
    the id stays, as in the log.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    cases = ArrayField(models.UUIDField())
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "case_export"
        indexes: ClassVar = [GinIndex(fields=["cases"], name="export_with_case")]

    def __str__(self) -> str:
        return str(self.id)
