"""The counter: devices that nobody owns, and who sits before a clerk. Both before any case is there."""

import datetime as dt
from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account, Person

#: A sitting that nobody has ended is over by itself, and much sooner where neither clerk nor resident does anything.
SITTING_LASTS: Final = dt.timedelta(hours=2)
SITTING_IDLE: Final = dt.timedelta(minutes=10)


@classified(
    id=Sensitivity.INTERNAL,
    name=Sensitivity.INTERNAL,
    made_by=Sensitivity.INTERNAL,
    made_at=Sensitivity.INTERNAL,
    code_until=Sensitivity.INTERNAL,
    joined_at=Sensitivity.INTERNAL,
    ended_at=Sensitivity.INTERNAL,
    browser=Sensitivity.INTERNAL,
    tries=Sensitivity.INTERNAL,
    tried_at=Sensitivity.INTERNAL,
)
class Kiosk(models.Model):
    """A device that one resident after another uses: at the counter, in the hall. It has no rights of its own.

    The device itself is known by a signed cookie; where the row has ended, the cookie says nothing. ``code_until``:
    until when the code that makes a device this kiosk is good; ``joined_at``: when it was typed. ``tries`` counts codes
    of sittings typed wrong since ``tried_at``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.TextField()
    made_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    code_until = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    browser = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "counter_kiosk"

    def __str__(self) -> str:
        return self.name


@classified(
    id=Sensitivity.INTERNAL,
    clerk=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    used_at=Sensitivity.INTERNAL,
    ended_at=Sensitivity.INTERNAL,
    serial=Sensitivity.INTERNAL,
    code_until=Sensitivity.INTERNAL,
    kiosk=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    shown=Sensitivity.INTERNAL,
    identified_at=Sensitivity.INTERNAL,
    told=Sensitivity.PERSONAL,
    agreed_at=Sensitivity.INTERNAL,
)
class Sitting(models.Model):
    """書かない窓口: one resident before one clerk (of ``section``), until the clerk ends it.

    ``serial``, ``code_until``: the code of now that pairs a tablet, ``kiosk`` the tablet that is paired. ``shown`` is
    by what the person was identified (``rules.counter.SHOWN``), ``told`` the four attributes as they were read, by
    fact; ``agreed_at`` when the person said that they are right: only then a document opens or names a ``person``, and
    what it says is stated. ``used_at``: when clerk or resident did something last, to the minute. When it ends,
    ``told`` is emptied. The row goes a day later: what a case must remember stands with the case
    (:class:`Confirmation`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    clerk = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    section = models.TextField()
    opened_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    serial = models.PositiveSmallIntegerField(default=0)
    code_until = models.DateTimeField(null=True)
    kiosk = models.ForeignKey(Kiosk, on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    shown = models.TextField(blank=True)
    identified_at = models.DateTimeField(null=True)
    told = models.JSONField(default=dict)
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "counter_sitting"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="nothing_stays_of_a_sitting_that_ended", condition=Q(ended_at__isnull=True) | Q(told={})
            ),
            models.CheckConstraint(
                name="nobody_agrees_before_they_are_known",
                condition=Q(agreed_at__isnull=True) | Q(person__isnull=False, identified_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["kiosk"], condition=Q(ended_at__isnull=True), name="a_tablet_serves_one_sitting"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["clerk", "opened_at"], name="sitting_of_clerk")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        """Whether the resident still sits there."""
        return self.ended_at is None and clock.now() < self.ends_at

    @property
    def ends_at(self) -> dt.datetime:
        """When it is over by itself, if nobody does anything more."""
        return min(self.opened_at + SITTING_LASTS, self.used_at + SITTING_IDLE)
