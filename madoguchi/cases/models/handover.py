"""That a case went from one section to another, and why."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    giver=Sensitivity.INTERNAL,
    receiver=Sensitivity.INTERNAL,
    why=Sensitivity.PERSONAL,
    account=Sensitivity.INTERNAL,
    at=Sensitivity.INTERNAL,
)
class HandOver(models.Model):
    """引継ぎ: ``giver`` and ``receiver`` are sections; ``why`` is for the one that gets the case, not for the log."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="hand_overs")
    giver = models.TextField()
    receiver = models.TextField()
    why = models.TextField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "case_hand_over"
        constraints: ClassVar = [
            models.CheckConstraint(name="a_hand_over_leads_elsewhere", condition=~Q(giver=F("receiver"))),
            models.CheckConstraint(name="a_hand_over_says_why", condition=~Q(why="")),
        ]

    def __str__(self) -> str:
        return f"{self.giver} {self.receiver}"
