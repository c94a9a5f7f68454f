"""The event log, its seals and the place up to which the relay has read."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BigIntegerField, Func

from madoguchi.ground.sensitivity import Sensitivity, classified


class TransactionId(Func):
    """The id of the writing transaction, comparable over the life of the database (see migration 0001)."""

    template = "madoguchi_transaction_id()"
    output_field = BigIntegerField()


@classified(
    id=Sensitivity.INTERNAL,
    xid=Sensitivity.INTERNAL,
    at=Sensitivity.INTERNAL,
    verb=Sensitivity.INTERNAL,
    outcome=Sensitivity.INTERNAL,
    reason=Sensitivity.INTERNAL,
    actor_kind=Sensitivity.INTERNAL,
    actor_id=Sensitivity.PERSONAL,
    subject_kind=Sensitivity.INTERNAL,
    subject_id=Sensitivity.INTERNAL,
    cause_id=Sensitivity.INTERNAL,
    channel=Sensitivity.INTERNAL,
    data=Sensitivity.INTERNAL,
)
class Event(models.Model):
    """One act or one refusal. Rows are never changed or deleted: a trigger says so, the seals prove it.

    ``reason`` is the permission reason of an act that was done, the refusal's code of one that was not.
    Rows become visible in the order of commits, not of ids: readers go by ``(xid, id)`` behind the horizon.
    """

    id = models.UUIDField(primary_key=True)
    xid = models.BigIntegerField(db_default=TransactionId())
    at = models.DateTimeField()
    verb = models.TextField()
    outcome = models.TextField(choices=[("done", "行われた"), ("refused", "断られた")])
    reason = models.TextField(blank=True)
    actor_kind = models.TextField()
    actor_id = models.UUIDField(null=True)
    subject_kind = models.TextField(blank=True)
    subject_id = models.UUIDField(null=True)
    cause_id = models.UUIDField(null=True)
    channel = models.TextField()
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "event"
        indexes: ClassVar = [
            models.Index(fields=["xid", "id"], name="event_order"),
            models.Index(fields=["subject_id", "at"], name="event_subject"),
            models.Index(fields=["verb", "at"], name="event_verb"),
            models.Index(
                fields=["at"], name="event_no_basis", condition=models.Q(outcome="refused", reason="no-basis")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.outcome} {self.id}"


@classified(
    number=Sensitivity.INTERNAL,
    from_xid=Sensitivity.INTERNAL,
    to_xid=Sensitivity.INTERNAL,
    ids=Sensitivity.INTERNAL,
    digests=Sensitivity.INTERNAL,
    previous=Sensitivity.INTERNAL,
    root=Sensitivity.INTERNAL,
    sealed_at=Sensitivity.INTERNAL,
)
class Seal(models.Model):
    """A link of the hash chain over all events of the transactions in ``[from_xid, to_xid)``."""

    number = models.BigIntegerField(primary_key=True)
    from_xid = models.BigIntegerField()
    to_xid = models.BigIntegerField()
    ids = ArrayField(models.UUIDField())
    digests = models.BinaryField()
    previous = models.BinaryField()
    root = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "event_seal"
        constraints: ClassVar = [
            models.CheckConstraint(name="seal_covers_something", condition=models.Q(to_xid__gt=models.F("from_xid"))),
        ]

    def __str__(self) -> str:
        return f"seal {self.number}"


@classified(name=Sensitivity.INTERNAL, xid=Sensitivity.INTERNAL, event_id=Sensitivity.INTERNAL)
class Cursor(models.Model):
    """How far one reader of the log has come: the last ``(xid, id)`` that it has dealt with."""

    name = models.TextField(primary_key=True)
    xid = models.BigIntegerField(default=0)
    event_id = models.UUIDField()

    class Meta:
        db_table = "event_cursor"

    def __str__(self) -> str:
        return self.name
