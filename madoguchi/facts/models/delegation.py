"""An invitation to become somebody's agent. What it leads to is a fact (``rules.delegating``)."""

from typing import ClassVar

from django.db import models

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Person


@classified(
    id=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    mark=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    kind=Sensitivity.PERSONAL,
    office=Sensitivity.PERSONAL,
    number=Sensitivity.PERSONAL,
    own_name=Sensitivity.PERSONAL,
    procedures=Sensitivity.PERSONAL,
    shows=Sensitivity.INTERNAL,
    letters=Sensitivity.INTERNAL,
    until=Sensitivity.INTERNAL,
    invited_at=Sensitivity.INTERNAL,
    expires_at=Sensitivity.INTERNAL,
    answered_at=Sensitivity.INTERNAL,
    withdrawn_at=Sensitivity.INTERNAL,
)
class Invitation(models.Model):
    """代理人への招待: ``person`` invites whoever bears ``name`` and has the code to speak for them until ``until``.

    ``number`` (ten digits) where a business is invited and not somebody by ``name``: whoever acts for it may accept.
    The code is derived from the id (``rules.delegating.invitation_code``); ``mark`` is by what it is found.
    ``own_name`` is the principal's name, as the card said it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    mark = models.TextField(unique=True)
    name = models.TextField()
    kind = models.TextField()
    office = models.TextField(blank=True)
    number = models.TextField(blank=True)
    own_name = models.TextField()
    procedures = models.JSONField()
    shows = models.BooleanField()
    letters = models.BooleanField()
    until = models.DateField()
    invited_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delegation_invitation"
        indexes: ClassVar = [models.Index(fields=["person", "invited_at"], name="invitation_of_person")]

    def __str__(self) -> str:
        return str(self.id)
