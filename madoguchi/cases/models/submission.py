"""What was handed in before it was corrected: the record keeps both."""

from typing import ClassVar

from django.db import models

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    returned_at=Sensitivity.INTERNAL,
    corrected_at=Sensitivity.INTERNAL,
    answers=Sensitivity.SPECIAL,
)
class Submission(models.Model):
    """The answers as they stood when the case was returned (補正の求め), until the corrected ones came in.

    A case that was never returned has none: its answers are what was handed in.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="submissions")
    returned_at = models.DateTimeField(default=clock.now)
    corrected_at = models.DateTimeField(null=True)
    answers = models.JSONField()

    class Meta:
        db_table = "case_submission"
        indexes: ClassVar = [models.Index(fields=["case", "returned_at"], name="submission_of_case")]

    def __str__(self) -> str:
        return str(self.id)
