"""The box of seals (決裁欄) of a case: who has approved, in which post, and for whom."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from madoguchi.cases.models.step import Step
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    post=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    at=Sensitivity.INTERNAL,
    stood_in=Sensitivity.INTERNAL,
    because=Sensitivity.PERSONAL,
    note=Sensitivity.PERSONAL,
    reviewed_at=Sensitivity.INTERNAL,
    reviewed_by=Sensitivity.INTERNAL,
)
class Approval(models.Model):
    """One seal of an approve step: of the post that gives it, or by another post in its absence (代決).

    ``note`` is what was written on the way; who decides writes it on the step. ``stood_in`` is the post that decided
    instead; empty where the holder did. Then ``because`` says why, and whoever was absent looks at it afterwards
    (後閲): ``reviewed_at``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="approvals")
    post = models.TextField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    stood_in = models.TextField(blank=True)
    because = models.TextField(blank=True)
    note = models.TextField(blank=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "case_approval"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "post"], name="a_post_approves_a_step_once"),
            models.CheckConstraint(
                name="who_stands_in_says_why", condition=Q(stood_in="", because="") | ~Q(stood_in="") & ~Q(because="")
            ),
            models.CheckConstraint(
                name="only_what_was_decided_for_another_is_reviewed",
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True)
                | Q(reviewed_at__gte=F("at"), reviewed_by__isnull=False) & ~Q(stood_in=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["post", "at"],
                name="approval_to_review",
                condition=Q(reviewed_at=None) & ~Q(stood_in=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.post} {self.id}"
