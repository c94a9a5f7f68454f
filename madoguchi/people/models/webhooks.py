"""How partners are told that something has happened: to which address, and what became of each telling."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models.partners import Partner


@classified(
    id=Sensitivity.INTERNAL,
    partner=Sensitivity.INTERNAL,
    url=Sensitivity.INTERNAL,
    types=Sensitivity.INTERNAL,
    serial=Sensitivity.INTERNAL,
    renewed_at=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    closed_at=Sensitivity.INTERNAL,
)
class Subscription(models.Model):
    """That a partner wants to be told of ``types`` at ``url``.

    The secret that signs is derived from ``id`` and ``serial`` (``rules``); for a day after ``renewed_at`` the one
    before it signs, too.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="subscriptions")
    url = models.TextField()
    types = ArrayField(models.TextField())
    serial = models.PositiveIntegerField(default=1)
    renewed_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "partner_subscription"

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    subscription=Sensitivity.INTERNAL,
    once=Sensitivity.INTERNAL,
    type=Sensitivity.INTERNAL,
    about=Sensitivity.INTERNAL,
    procedure=Sensitivity.INTERNAL,
    happened_at=Sensitivity.INTERNAL,
    tries=Sensitivity.INTERNAL,
    tried_at=Sensitivity.INTERNAL,
    trouble=Sensitivity.INTERNAL,
    delivered_at=Sensitivity.INTERNAL,
    dead_at=Sensitivity.INTERNAL,
    dropped_at=Sensitivity.INTERNAL,
    dropped_because=Sensitivity.INTERNAL,
)
class Delivery(models.Model):
    """One telling: ``id`` stays the same however often it is tried (``webhook-id``). It bears ids only.

    ``once`` keeps one happening from being told twice. ``trouble`` is why the last try failed (a status, or a short
    code). ``dead_at``: given up, until somebody has it delivered again. ``dropped_at``: nobody needs to be told any
    more, by the reason that somebody wrote, or because what it tells of was taken back (no reason).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    once = models.TextField()
    type = models.TextField()
    about = models.UUIDField()
    procedure = models.TextField()
    happened_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)
    delivered_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    dropped_because = models.TextField(blank=True)

    class Meta:
        db_table = "partner_delivery"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subscription", "once"], name="a_happening_is_told_once"),
            models.CheckConstraint(
                name="a_delivery_ends_once", condition=Q(delivered_at__isnull=True) | Q(dead_at__isnull=True)
            ),
            models.CheckConstraint(
                name="what_has_arrived_is_not_dropped",
                condition=Q(delivered_at__isnull=True) | Q(dropped_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_reason_is_of_what_was_dropped",
                condition=Q(dropped_because="") | Q(dropped_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subscription", "dead_at"], name="delivery_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
