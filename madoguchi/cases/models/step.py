"""The tokens of the flow as rows: open steps are the work, done ones the record; with their timers and corrections."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.messages.models import Letter
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    token=Sensitivity.INTERNAL,
    node=Sensitivity.INTERNAL,
    kind=Sensitivity.INTERNAL,
    channel=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    posts=Sensitivity.INTERNAL,
    route=Sensitivity.INTERNAL,
    in_absence=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    due_at=Sensitivity.INTERNAL,
    done_at=Sensitivity.INTERNAL,
    outcome=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    note=Sensitivity.PERSONAL,
    letter=Sensitivity.INTERNAL,
    taken_by=Sensitivity.INTERNAL,
    taken_at=Sensitivity.INTERNAL,
)
class Step(models.Model):
    """A token of the flow at a step: open until ``done_at``, then the record of what was done and by whom.

    ``section`` (everyone in it) or ``posts`` (whoever holds one of them) say whose turn it is, in the codes of
    ``organisation.yaml``; both empty: the machine's, or the applicant's where ``kind`` is ``correction``.
    ``route`` and ``in_absence`` are of an approval (決裁): the posts that seal it in order, of which the last decides,
    and those that decide in its absence (代決), as they were when it began; ``posts`` is then whose seal is next.
    ``taken_by`` is the one of them who has taken it or was given it (担当者): colleagues then leave it alone, but it
    stays theirs to do if need be.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    token = models.PositiveIntegerField()
    node = models.TextField()
    kind = models.TextField()
    channel = models.TextField(default="screen")
    section = models.TextField(blank=True)
    posts = ArrayField(models.TextField(), default=list)
    route = ArrayField(models.TextField(), default=list)
    in_absence = ArrayField(models.TextField(), default=list)
    opened_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, null=True, related_name="+")
    taken_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_step"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "token"], name="a_token_is_one_row"),
            models.CheckConstraint(
                name="a_step_is_taken_by_somebody_at_some_time",
                condition=Q(taken_by__isnull=True, taken_at__isnull=True)
                | Q(taken_by__isnull=False, taken_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_done_step_has_an_outcome",
                condition=Q(done_at__isnull=True, outcome="") | (Q(done_at__isnull=False) & ~Q(outcome="")),
            ),
        ]
        indexes: ClassVar = [
            # All that the desk's lists and figures ask of open steps stands in it.
            models.Index(
                fields=["section"],
                include=["case", "taken_by"],
                name="step_open_of_section",
                condition=Q(done_at=None),
            ),
            GinIndex(fields=["posts"], name="step_open_at_post", condition=Q(done_at=None)),
            models.Index(
                fields=["taken_by"], name="step_open_of_account", condition=Q(done_at=None, taken_by__isnull=False)
            ),
            models.Index(fields=["account", "done_at"], name="step_done_by", condition=Q(account__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.id}"


@classified(
    id=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    due_at=Sensitivity.INTERNAL,
    then=Sensitivity.INTERNAL,
    fired_at=Sensitivity.INTERNAL,
)
class Timer(models.Model):
    """When a step's time is up and what follows then: the outcome that the engine is given, or ``remind``."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="timers")
    due_at = models.DateTimeField()
    then = models.TextField()
    fired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_timer"
        indexes: ClassVar = [models.Index(fields=["due_at"], name="timer_due", condition=Q(fired_at=None))]

    def __str__(self) -> str:
        return f"{self.then} {self.id}"


@classified(
    id=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    path=Sensitivity.INTERNAL,
    message=Sensitivity.PERSONAL,
    translated=Sensitivity.PERSONAL,
    asked_at=Sensitivity.INTERNAL,
    answered_at=Sensitivity.INTERNAL,
)
class Correction(models.Model):
    """One field that the applicant is asked to correct (補正), in the clerk's words. ``translated`` says them in
    further languages, as far as the clerk wrote with the section's phrases."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="corrections")
    path = models.TextField()
    message = models.TextField()
    translated = models.JSONField(default=dict)
    asked_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_correction"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "path"], name="a_field_is_returned_once_per_step"),
            models.CheckConstraint(name="a_correction_says_what", condition=~Q(message="")),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.id}"
