"""Residents and staff: who may act. What is known *about* a person are facts, one storey up."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(id=Sensitivity.PERSONAL, opened_at=Sensitivity.INTERNAL)
class Person(models.Model):
    """A resident, or the subject behind a :class:`Business`. Bears no name: names, address and the rest are facts with
    their source and date."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    opened_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    issuer=Sensitivity.INTERNAL,
    subject=Sensitivity.PERSONAL,
    level=Sensitivity.INTERNAL,
    confirmed_at=Sensitivity.INTERNAL,
)
class Identity(models.Model):
    """One way in which a person is recognised: the subject of an identity provider, or a confirmed address.

    ``level`` is the assurance: contact (an e-mail address answered), account, card, card-signature.
    For OpenID Connect ``issuer`` and ``subject`` are ``iss`` and the pairwise ``sub``; for e-mail the issuer is
    ``mailto:`` and the subject the normalised address.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identities")
    issuer = models.TextField()
    subject = models.TextField()
    level = models.TextField()
    confirmed_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "person_identity"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_recognises_one_person"),
            models.CheckConstraint(
                name="identity_level_is_known",
                condition=Q(level__in=["contact", "account", "card", "card-signature"]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class AccountManager(BaseUserManager["Account"]):
    """Finds accounts by user name, for Django's sign-in."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username=username)


@classified(
    id=Sensitivity.INTERNAL,
    password=Sensitivity.SPECIAL,
    last_login=Sensitivity.INTERNAL,
    username=Sensitivity.INTERNAL,
    display_name=Sensitivity.INTERNAL,
    is_active=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
)
class Account(AbstractBaseUser):
    """A member of staff who signs in to the desk. What it may do follows from the posts it holds."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    username = models.TextField(unique=True)
    display_name = models.TextField()
    is_active = models.BooleanField(default=True)
    opened_at = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]
    objects = AccountManager()

    class Meta:
        db_table = "staff_account"

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        """The name that colleagues see in the history."""
        return self.display_name


@classified(
    id=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    post=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    since=Sensitivity.INTERNAL,
    until=Sensitivity.INTERNAL,
)
class PostHolding(models.Model):
    """That an account holds a post of a section (codes of ``organisation.yaml``) from a day to a day, inclusive."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holdings")
    post = models.TextField()
    section = models.TextField()
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        db_table = "staff_post_holding"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "post", "section", "since"], name="post_is_held_once"),
            models.CheckConstraint(
                name="post_ends_after_it_began",
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.section}/{self.post}"


@classified(
    id=Sensitivity.INTERNAL,
    account=Sensitivity.PERSONAL,
    cover=Sensitivity.INTERNAL,
    since=Sensitivity.PERSONAL,
    until=Sensitivity.PERSONAL,
    set_by=Sensitivity.INTERNAL,
    set_at=Sensitivity.INTERNAL,
    ended_at=Sensitivity.INTERNAL,
)
class Absence(models.Model):
    """不在: from a day to a day (inclusive) a member of staff is away, and ``cover`` does what they had taken on.

    Cover moves work, not rights: it is a colleague of the same section, who may do its steps anyway; who decides in
    whose absence (代決) stands in ``organisation.yaml``. None for whoever has no colleague there, such as a director.
    ``ended_at``: taken back before its end.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="absences")
    cover = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="covers")
    since = models.DateField()
    until = models.DateField()
    set_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "staff_absence"
        constraints: ClassVar = [
            models.CheckConstraint(name="an_absence_ends_after_it_began", condition=Q(until__gte=models.F("since"))),
            models.CheckConstraint(name="nobody_covers_themselves", condition=~Q(account=models.F("cover"))),
        ]
        indexes: ClassVar = [models.Index(fields=["cover", "until"], name="absence_of_cover")]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    address=Sensitivity.PERSONAL,
    client=Sensitivity.PERSONAL,
    language=Sensitivity.INTERNAL,
    asked_at=Sensitivity.INTERNAL,
    expires_at=Sensitivity.INTERNAL,
    tries=Sensitivity.INTERNAL,
    answered_at=Sensitivity.INTERNAL,
)
class EmailConfirmation(models.Model):
    """That somebody wants to be recognised by an e-mail address, and whether they answered from it.

    Neither code nor link is stored: both are derived from the id (``rules``). ``client`` counts requests from one
    place without naming it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    address = models.TextField()
    client = models.TextField()
    language = models.TextField(default="ja")
    asked_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "person_email_confirmation"
        indexes: ClassVar = [
            models.Index(fields=["address", "asked_at"], name="confirmation_by_address"),
            models.Index(fields=["client", "asked_at"], name="confirmation_by_client"),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(mark=Sensitivity.INTERNAL, until=Sensitivity.INTERNAL)
class SpentSignIn(models.Model):
    """A sign-in that came back from the provider (its ``state`` opens nothing a second time), or a sign-out of which it
    told. Kept until it is stale."""

    mark = models.TextField(primary_key=True)
    until = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "person_spent_sign_in"

    def __str__(self) -> str:
        return self.mark
