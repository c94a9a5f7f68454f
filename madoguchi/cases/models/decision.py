"""What was decided and why."""

import hashlib
import json

from django.db import models

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    case=Sensitivity.INTERNAL,
    granted=Sensitivity.PERSONAL,
    values=Sensitivity.SPECIAL,
    reasons=Sensitivity.SPECIAL,
    course=Sensitivity.SPECIAL,
    note=Sensitivity.PERSONAL,
    drafted_at=Sensitivity.INTERNAL,
    drafted_by=Sensitivity.INTERNAL,
    made_at=Sensitivity.INTERNAL,
    made_by=Sensitivity.INTERNAL,
)
class Decision(models.Model):
    """What was decided and why. Drafted by the rule table and the examiner, made by whoever may decide (専決).

    ``course`` is what tables, examiners and surveys found (``procedures.rules.course``); ``granted``, ``values`` and
    ``reasons`` (texts by language) follow from it and go into the letter.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="decision")
    granted = models.BooleanField()
    values = models.JSONField(default=dict)
    reasons = models.JSONField(default=list)
    course = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    drafted_at = models.DateTimeField(default=clock.now)
    drafted_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "case_decision"

    def __str__(self) -> str:
        return str(self.case_id)

    @property
    def digest(self) -> str:
        """What whoever decides has seen: another draft has another one (SHA-256, hexadecimal)."""
        said = json.dumps([self.granted, self.values, self.reasons], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()
