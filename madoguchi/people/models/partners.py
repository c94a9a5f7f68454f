"""Partners (連携先): systems of other offices and vendors that call the API. What they may do is a list of scopes."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    name=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    scopes=Sensitivity.INTERNAL,
    procedures=Sensitivity.INTERNAL,
    companies=Sensitivity.INTERNAL,
    level=Sensitivity.INTERNAL,
    public_key=Sensitivity.INTERNAL,
    per_minute=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    closed_at=Sensitivity.INTERNAL,
)
class Partner(models.Model):
    """A system that may call: the core system of a section, a vendor's service, a neighbour's node.

    ``id`` is its ``client_id``. ``section`` answers for it inside the city. It may do what ``scopes`` say with cases
    of ``procedures`` (codes; ``*`` for all). ``level`` is the assurance with which it has identified the persons for
    whom it files. ``companies``: for which of services.yaml it takes what residents hand over; one system may do so for
    several. With ``public_key`` (a JWK as JSON, P-256) it proves itself by private_key_jwt and by nothing else.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    name = models.TextField()
    section = models.TextField()
    scopes = ArrayField(models.TextField())
    procedures = ArrayField(models.TextField())
    companies = ArrayField(models.TextField(), default=list)
    level = models.TextField(default="contact")
    public_key = models.TextField(blank=True)
    per_minute = models.PositiveIntegerField(default=600)
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "partner"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="partner_level_is_known",
                condition=Q(level__in=["contact", "account", "card", "card-signature"]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    partner=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    closed_at=Sensitivity.INTERNAL,
)
class PartnerSecret(models.Model):
    """That a partner has a secret. The secret itself is derived from ``id`` (``rules``) and stands nowhere.

    At most two are open at a time, so that one can be exchanged for the next without an outage.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="secrets")
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "partner_secret"

    def __str__(self) -> str:
        return str(self.id)


@classified(
    digest=Sensitivity.SPECIAL,
    partner=Sensitivity.INTERNAL,
    scopes=Sensitivity.INTERNAL,
    issued_at=Sensitivity.INTERNAL,
    expires_at=Sensitivity.INTERNAL,
    revoked_at=Sensitivity.INTERNAL,
)
class PartnerToken(models.Model):
    """An access token that a partner holds for some minutes; only its SHA-256 is kept."""

    digest = models.TextField(primary_key=True)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="tokens")
    scopes = ArrayField(models.TextField())
    issued_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "partner_token"

    def __str__(self) -> str:
        return str(self.partner_id)


@classified(
    id=Sensitivity.INTERNAL,
    partner=Sensitivity.INTERNAL,
    key=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    asked_at=Sensitivity.INTERNAL,
    answered_at=Sensitivity.INTERNAL,
    status=Sensitivity.INTERNAL,
    answer=Sensitivity.PERSONAL,
)
class PartnerRequest(models.Model):
    """A request that changed something, under the Idempotency-Key of its sender, with the answer it got.

    ``digest`` is over method, address and body. Without ``answered_at`` it is still going on, or its process died.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="requests")
    key = models.TextField()
    digest = models.TextField()
    asked_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)

    class Meta:
        db_table = "partner_request"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "key"], name="a_key_is_used_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["asked_at"], name="request_by_age")]

    def __str__(self) -> str:
        return str(self.id)


@classified(who=Sensitivity.INTERNAL, began_at=Sensitivity.INTERNAL, count=Sensitivity.INTERNAL)
class Window(models.Model):
    """How often somebody has called in the present minute: ``who`` is a partner's id, or a mark of a place."""

    who = models.TextField(primary_key=True)
    began_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "partner_window"

    def __str__(self) -> str:
        return self.who
