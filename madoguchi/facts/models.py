"""The ledger of facts about persons: appended to, never changed. A correction is a newer fact."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Person


class Source(models.TextChoices):
    """Where a fact comes from; the words a resident reads beside it."""

    SELF = "self", "ご本人の申告"
    PROXY = "proxy", "代わりに申し込んだ方の申告"
    CARD = "card", "マイナンバーカード"
    REGISTER = "register", "市の台帳"
    STAFF = "staff", "職員の確認"
    DOCUMENT = "document", "提出書類"


@classified(
    id=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    key=Sensitivity.INTERNAL,
    row=Sensitivity.INTERNAL,
    value=Sensitivity.PERSONAL,
    source=Sensitivity.INTERNAL,
    case_id=Sensitivity.INTERNAL,
    as_of=Sensitivity.INTERNAL,
    recorded_at=Sensitivity.INTERNAL,
)
class Fact(models.Model):
    """What the city was told or knows: ``key`` of ``catalogue/facts.yaml``, ``value`` as in answers (JSON).

    ``row`` tells the rows of a group apart (which child); empty for a fact of the person. ``as_of`` is the day for
    which the source vouches. The newest row by ``recorded_at`` is what is known now.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="facts")
    key = models.TextField()
    row = models.TextField(blank=True)
    value = models.JSONField()
    source = models.TextField(choices=Source)
    case_id = models.UUIDField(null=True)
    as_of = models.DateField(default=clock.today)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "fact"
        indexes: ClassVar = [models.Index(fields=["person", "key", "row", "-recorded_at"], name="fact_known")]
        constraints: ClassVar = [
            models.CheckConstraint(name="fact_source_is_known", condition=Q(source__in=Source.values)),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.id}"
