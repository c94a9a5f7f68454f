"""One deed for many steps, as it was confirmed. What became of each is told by the log, not kept twice."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    deed=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    to=Sensitivity.INTERNAL,
    note=Sensitivity.PERSONAL,
    day=Sensitivity.INTERNAL,
    steps=Sensitivity.INTERNAL,
    drafts=Sensitivity.INTERNAL,
    begun_at=Sensitivity.INTERNAL,
    ended_at=Sensitivity.INTERNAL,
)
class Batch(models.Model):
    """まとめて処理: ``deed`` for each of ``steps``, as ``account``; ``to`` is the colleague where steps are given away;
    ``day`` that on which letters were posted.

    ``drafts``: to decide, the digest of each decision as the preview showed it, in the order of ``steps``.
    The id is made by the preview that was confirmed, so that confirming twice begins once. ``ended_at``: the worker
    has tried every step; each left one event, of the deed or of its refusal.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    deed = models.TextField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    day = models.DateField(null=True)
    steps = ArrayField(models.UUIDField())
    drafts = ArrayField(models.TextField(), default=list)
    begun_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_batch"
        indexes: ClassVar = [models.Index(fields=["account", "-begun_at"], name="batch_of_account")]

    def __str__(self) -> str:
        return f"{self.deed} {self.id}"
