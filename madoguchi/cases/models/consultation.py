"""合議 that an examiner asks for on the way, beside the flow (docs/adr/0024)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    question=Sensitivity.PERSONAL,
    due_on=Sensitivity.INTERNAL,
    asked_at=Sensitivity.INTERNAL,
    asked_by=Sensitivity.INTERNAL,
    agreed=Sensitivity.PERSONAL,
    answer=Sensitivity.PERSONAL,
    answered_at=Sensitivity.INTERNAL,
    answered_by=Sensitivity.INTERNAL,
    dropped_at=Sensitivity.INTERNAL,
    dropped_by=Sensitivity.INTERNAL,
    dropped_because=Sensitivity.PERSONAL,
)
class Consultation(models.Model):
    """One question to one other section. Open until it is answered, or dropped because the answer is not awaited.

    ``agreed``: 異議なし or not; the words of the answer may be empty only where the section agrees.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="consultations")
    section = models.TextField()
    question = models.TextField()
    due_on = models.DateField()
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    agreed = models.BooleanField(null=True)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    dropped_at = models.DateTimeField(null=True)
    dropped_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    dropped_because = models.TextField(blank=True)

    class Meta:
        db_table = "case_consultation"
        constraints: ClassVar = [
            models.CheckConstraint(name="a_consultation_asks_something", condition=~Q(question="")),
            models.CheckConstraint(
                name="a_consultation_is_answered_whole",
                condition=Q(answered_at__isnull=True, agreed__isnull=True, answered_by__isnull=True, answer="")
                | Q(answered_at__isnull=False, agreed__isnull=False, answered_by__isnull=False),
            ),
            models.CheckConstraint(
                name="who_does_not_agree_says_why", condition=Q(agreed__isnull=True) | Q(agreed=True) | ~Q(answer="")
            ),
            models.CheckConstraint(
                name="a_consultation_ends_once",
                condition=Q(answered_at__isnull=True) | Q(dropped_at__isnull=True),
            ),
            models.CheckConstraint(
                name="who_drops_a_question_says_why",
                condition=Q(dropped_at__isnull=True, dropped_by__isnull=True, dropped_because="")
                | Q(dropped_at__isnull=False, dropped_by__isnull=False) & ~Q(dropped_because=""),
            ),
            models.UniqueConstraint(
                fields=["case", "section"],
                condition=Q(answered_at__isnull=True, dropped_at__isnull=True),
                name="a_section_is_asked_once_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["section", "due_on"],
                name="consultation_open_at_section",
                condition=Q(answered_at=None, dropped_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.section} {self.id}"
