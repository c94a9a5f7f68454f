"""電子署名: what an applicant has signed with the signing certificate of their card, and what was checked of it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


class Checked(models.TextChoices):
    """What is known of whether the certificate was revoked. There is no word for a certificate that is simply good."""

    NOT_CHECKED = "not_checked", "未実施"
    NOT_REVOKED = "not_revoked", "失効していないことを確認"


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    content=Sensitivity.SPECIAL,
    cover=Sensitivity.SPECIAL,
    digest=Sensitivity.INTERNAL,
    cms=Sensitivity.SPECIAL,
    name=Sensitivity.PERSONAL,
    address=Sensitivity.PERSONAL,
    born_on=Sensitivity.PERSONAL,
    sex=Sensitivity.PERSONAL,
    substituted=Sensitivity.INTERNAL,
    agreed=Sensitivity.INTERNAL,
    serial=Sensitivity.PERSONAL,
    issuer=Sensitivity.INTERNAL,
    policy=Sensitivity.INTERNAL,
    is_test=Sensitivity.INTERNAL,
    valid_until=Sensitivity.INTERNAL,
    revocation=Sensitivity.INTERNAL,
    signed_at=Sensitivity.INTERNAL,
    kept_at=Sensitivity.INTERNAL,
)
class Signature(models.Model):
    """A signature over one case. Of a life event each part has a row of its own, so that each is kept, deleted and
    handed out with its record.

    ``content`` is the text of this case (``rules.signing``), ``cover`` what the signature is over where that is not the
    text itself, ``digest`` the SHA-256 of what it is over, ``cms`` the detached signature (DER). ``name`` to ``sex``
    are what the certificate says of its holder; ``substituted`` those of them with 代替文字; ``agreed`` those that
    agree with the card of the sign-in. ``signed_at`` is what the signature says of itself, ``kept_at`` when it came.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="signatures")
    content = models.BinaryField()
    cover = models.BinaryField(default=bytes)
    digest = models.TextField()
    cms = models.BinaryField()
    name = models.TextField()
    address = models.TextField()
    born_on = models.DateField()
    sex = models.TextField()
    substituted = ArrayField(models.TextField(), default=list)
    agreed = ArrayField(models.TextField(), default=list)
    serial = models.TextField()
    issuer = models.TextField()
    policy = models.TextField()
    is_test = models.BooleanField()
    valid_until = models.DateTimeField()
    revocation = models.TextField(choices=Checked, default=Checked.NOT_CHECKED)
    signed_at = models.DateTimeField(null=True)
    kept_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "case_signature"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="revocation_is_said_as_it_is", condition=Q(revocation__in=["not_checked", "not_revoked"])
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_of_several(self) -> bool:
        """Whether it was given over the cover of a life event, not over this text itself."""
        return bool(self.cover)
