"""The ledger of facts about persons: appended to, never changed. A correction is a newer fact.

Nobody reads the table: web, worker and commands have no right to (migration 0002). The door is ``queries.ledger``.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT

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


class Level(models.TextChoices):
    """How far a fact was verified, from told to kept in a register by law."""

    STATED = "stated", "申告のまま"
    CHECKED = "checked", "職員が確認"
    ATTESTED = "attested", "証明書で確認"
    REGISTERED = "registered", "公簿の記載"


@classified(
    id=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    key=Sensitivity.INTERNAL,
    row=Sensitivity.INTERNAL,
    value=Sensitivity.PERSONAL,
    source=Sensitivity.INTERNAL,
    level=Sensitivity.INTERNAL,
    case_id=Sensitivity.INTERNAL,
    evidence=Sensitivity.INTERNAL,
    as_of=Sensitivity.INTERNAL,
    valid_from=Sensitivity.INTERNAL,
    valid_to=Sensitivity.INTERNAL,
    recorded_at=Sensitivity.INTERNAL,
)
class Fact(models.Model):
    """What the city was told or knows: ``key`` of ``catalogue/facts.yaml``, ``value`` as in answers (JSON).

    ``row`` tells the rows of a group apart (which child); empty for a fact of the person. One that begins with
    ``home:`` or ``place:`` names the household or the place that the fact is about, known through this person.
    ``as_of`` is the day for which the source vouches. Two times: it holds in the world from ``valid_from`` until the
    day before ``valid_to`` (None: since ever, for good), and the city knew of it from ``recorded_at`` on. What was
    recorded last among that which holds on a day is what is known of that day. ``evidence`` is the SHA-256 (hex) of the
    document that shows it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    # The database protects; Django would read the ledger to find out whether there is anything to protect.
    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="facts")
    key = models.TextField()
    row = models.TextField(blank=True)
    value = models.JSONField()
    source = models.TextField(choices=Source)
    level = models.TextField(choices=Level, default=Level.STATED)
    case_id = models.UUIDField(null=True)
    evidence = models.TextField(blank=True, default="")
    as_of = models.DateField(default=clock.today)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    recorded_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "fact"
        indexes: ClassVar = [
            models.Index(fields=["person", "key", "row", "-recorded_at"], name="fact_known"),
            models.Index(fields=["case_id"], name="fact_of_case"),
            models.Index(fields=["value"], name="fact_birthday", condition=Q(key="person.date_of_birth", row="")),
            models.Index(KT("value__agent"), name="fact_agent", condition=Q(key="delegation.given")),
            models.Index(fields=["value"], name="fact_household", condition=Q(key="person.household_number", row="")),
            models.Index(fields=["row"], name="fact_in_row", condition=~Q(row="")),
            models.Index(
                fields=["person"],
                name="fact_confidential_ever",
                condition=Q(key="person.confidential", row="", value=True),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(name="fact_source_is_known", condition=Q(source__in=Source.values)),
            models.CheckConstraint(name="fact_level_is_known", condition=Q(level__in=Level.values)),
            models.CheckConstraint(
                name="fact_holds_for_a_while",
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gt=models.F("valid_from")),
            ),
            models.CheckConstraint(name="fact_evidence_is_sha256", condition=Q(evidence__regex=r"^([0-9a-f]{64})?$")),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.id}"


@classified(
    id=Sensitivity.PUBLIC,
    reference=Sensitivity.PUBLIC,
    title=Sensitivity.PUBLIC,
    kind=Sensitivity.PUBLIC,
    purpose=Sensitivity.PUBLIC,
    procedures=Sensitivity.PUBLIC,
    facts=Sensitivity.PUBLIC,
    offices=Sensitivity.PUBLIC,
    since=Sensitivity.PUBLIC,
    until=Sensitivity.PUBLIC,
    undisclosed=Sensitivity.PUBLIC,
    confidential=Sensitivity.PUBLIC,
    published_at=Sensitivity.PUBLIC,
    withdrawn_at=Sensitivity.PUBLIC,
)
class Basis(models.Model):
    """法的根拠: an article of a law permits offices to read facts for a purpose, on the days ``since`` to ``until``.

    ``reference`` is the article's key in ``catalogue/laws.yaml``, ``title`` its name as it is cited. Empty
    ``procedures``, ``facts`` or ``offices`` mean all. A row is never changed: the register of the next day is another
    set of rows, and ``withdrawn_at`` says when one was taken out of it. What is read by an ``undisclosed`` row is
    in the log, and not shown to its person (不開示, as 番号法23条2項 has it). Persons under 支援措置 (秘匿) are
    read by a ``confidential`` row only; by any other they are as if nothing were known of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    reference = models.TextField()
    title = models.TextField()
    kind = models.TextField()
    purpose = models.TextField()
    procedures = ArrayField(models.TextField(), default=list)
    facts = ArrayField(models.TextField(), default=list)
    offices = ArrayField(models.TextField(), default=list)
    since = models.DateField()
    until = models.DateField(null=True)
    undisclosed = models.BooleanField(default=False)
    confidential = models.BooleanField(default=False)
    published_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "fact_basis"

    def __str__(self) -> str:
        return f"{self.reference} {self.purpose}"
