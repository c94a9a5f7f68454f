"""Why a case must not be deleted yet, although its keeping period ends: 訴訟, 審査請求, 監査, 開示請求."""

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
    reason=Sensitivity.PERSONAL,
    until=Sensitivity.INTERNAL,
    held_at=Sensitivity.INTERNAL,
    held_by=Sensitivity.INTERNAL,
    released_at=Sensitivity.INTERNAL,
    released_by=Sensitivity.INTERNAL,
)
class Hold(models.Model):
    """The case is kept up to and including the day ``until``, or until somebody releases it, for ``reason``."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="holds")
    reason = models.TextField()
    until = models.DateField()
    held_at = models.DateTimeField(default=clock.now)
    held_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "case_hold"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_hold_has_a_reason",
                condition=~Q(reason=""),
                violation_error_message="廃棄しない理由を書いてください。",
            ),
            models.CheckConstraint(
                name="a_hold_is_released_by_somebody",
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__gte=F("held_at"), released_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
