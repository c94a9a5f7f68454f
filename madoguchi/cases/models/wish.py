"""要望: what the city asks of the State, the prefecture or its own council, because a law stands in the way."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case as When_
from django.db.models import F, Q, Value, When

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


class Addressee(models.TextChoices):
    """Who can change the law that stands in the way."""

    STATE = "state", "国"
    PREFECTURE = "prefecture", "都道府県"
    CITY = "city", "市（条例の改正）"


class WishState(models.TextChoices):
    """Where a wish stands. That it has come true is asked of the register of legal bases, and not written here."""

    MADE = "made", "まとめています"
    SENT = "sent", "出しました"
    ANSWERED = "answered", "回答がありました"


_STATE = When_(
    When(answered_on__isnull=False, then=Value(WishState.ANSWERED)),
    When(sent_on__isnull=False, then=Value(WishState.SENT)),
    default=Value(WishState.MADE),
    output_field=models.TextField(),
)


@classified(
    id=Sensitivity.INTERNAL,
    title=Sensitivity.PUBLIC,
    procedure=Sensitivity.PUBLIC,
    purpose=Sensitivity.PUBLIC,
    keys=Sensitivity.PUBLIC,
    attachments=Sensitivity.PUBLIC,
    why=Sensitivity.PUBLIC,
    law=Sensitivity.PUBLIC,
    to=Sensitivity.PUBLIC,
    made_at=Sensitivity.INTERNAL,
    made_by=Sensitivity.INTERNAL,
    sent_on=Sensitivity.PUBLIC,
    sent_as=Sensitivity.INTERNAL,
    answered_on=Sensitivity.PUBLIC,
    answer=Sensitivity.PUBLIC,
    state=Sensitivity.PUBLIC,
)
class Wish(models.Model):
    """要望. ``keys`` are the facts that the city may not read for ``purpose`` in ``procedure``; ``attachments`` the
    fields of its form for which nobody would be asked any more. ``law`` is what stands in the way, and ``sent_as`` the
    city's document number. It names nobody, and is public from the day on which it was sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    title = models.TextField()
    procedure = models.TextField()
    purpose = models.TextField()
    keys = ArrayField(models.TextField(), default=list)
    attachments = ArrayField(models.TextField(), default=list)
    why = models.TextField()
    law = models.TextField()
    to = models.TextField(choices=Addressee)
    made_at = models.DateTimeField(default=clock.now)
    made_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    sent_on = models.DateField(null=True)
    sent_as = models.TextField(blank=True)
    answered_on = models.DateField(null=True)
    answer = models.TextField(blank=True)
    state = models.GeneratedField(expression=_STATE, output_field=models.TextField(), db_persist=True)

    class Meta:
        db_table = "wish"
        constraints: ClassVar = [
            models.CheckConstraint(name="a_wish_has_an_addressee", condition=Q(to__in=Addressee.values)),
            models.CheckConstraint(
                name="a_wish_is_answered_after_it_was_sent",
                condition=Q(answered_on__isnull=True, answer="")
                | (Q(answered_on__isnull=False, sent_on__isnull=False, answered_on__gte=F("sent_on")) & ~Q(answer="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
