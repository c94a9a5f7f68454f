"""A register that the city keeps elsewhere (住民基本台帳): whose entries it has, when they were read, and who is who.

What an entry says of its person are facts, behind their one door; here is only that there is one. Whoever stands in a
register is a Person from the first import on, whether or not they ever sign in.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account, Person


@classified(
    id=Sensitivity.INTERNAL,
    register=Sensitivity.INTERNAL,
    office=Sensitivity.INTERNAL,
    day=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    layout=Sensitivity.INTERNAL,
    is_whole=Sensitivity.INTERNAL,
    operator=Sensitivity.INTERNAL,
    began_at=Sensitivity.INTERNAL,
    ended_at=Sensitivity.INTERNAL,
    line=Sensitivity.INTERNAL,
    unchanged=Sensitivity.INTERNAL,
    new=Sensitivity.INTERNAL,
    changed=Sensitivity.INTERNAL,
    gone=Sensitivity.INTERNAL,
    linked=Sensitivity.INTERNAL,
    doubtful=Sensitivity.INTERNAL,
    strange=Sensitivity.INTERNAL,
)
class Import(models.Model):
    """取込み: one file of a register. ``day`` is that for which it vouches, ``digest`` its SHA-256 (hex), ``layout``
    that of how it was read, ``office`` the section that keeps the register, ``operator`` who ran it on the server,
    ``line`` the last line that is in.

    The counts are of entries; ``strange`` are those whose line was refused as somebody else's. One that was broken off
    has no end, and goes on behind ``line``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    register = models.TextField()
    office = models.TextField()
    day = models.DateField()
    digest = models.TextField()
    layout = models.TextField(blank=True, default="")
    is_whole = models.BooleanField()
    operator = models.TextField(blank=True)
    began_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    line = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    linked = models.PositiveIntegerField(default=0)
    doubtful = models.PositiveIntegerField(default=0)
    strange = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "register_import"
        indexes: ClassVar = [models.Index(fields=["register", "-began_at"], name="import_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(name="import_digest_is_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")),
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.day}"


@classified(
    id=Sensitivity.INTERNAL,
    register=Sensitivity.INTERNAL,
    number=Sensitivity.PERSONAL,
    person=Sensitivity.PERSONAL,
    digest=Sensitivity.INTERNAL,
    seen=Sensitivity.INTERNAL,
    gone_since=Sensitivity.PERSONAL,
)
class Entry(models.Model):
    """A person's entry in a register, by its 宛名番号. ``digest`` (keyed) is of what the register says, to see whether
    it has changed; ``seen`` the last import in which it stood; ``gone_since`` the day from which on it does not.
    Whoever comes back under another number has a second entry.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    register = models.TextField()
    number = models.TextField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="entries")
    digest = models.BinaryField()
    seen = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="+", db_index=False)
    gone_since = models.DateField(null=True)

    class Meta:
        db_table = "register_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["register", "number"], name="an_entry_has_its_number"),
            models.UniqueConstraint(
                fields=["register", "person"], condition=Q(gone_since=None), name="a_person_has_one_entry"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    entry=Sensitivity.PERSONAL,
    person=Sensitivity.PERSONAL,
    comparison=Sensitivity.INTERNAL,
    found_at=Sensitivity.INTERNAL,
    decided_at=Sensitivity.INTERNAL,
    decided_by=Sensitivity.INTERNAL,
    is_same=Sensitivity.INTERNAL,
    reason=Sensitivity.PERSONAL,
    replaced=Sensitivity.PERSONAL,
    parted_at=Sensitivity.INTERNAL,
)
class Pair(models.Model):
    """照合: an entry and a recognised person who may be the same human being; a member of staff says whether they are.

    ``comparison``: attribute → agrees, differs or unknown, without any value. ``replaced`` is the person that stood
    behind the entry before it became this one: who read what was known of it shows in the log of the one who stays.
    ``parted_at``: that the two are the same was taken back. Who is asked about again has a new row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="pairs")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="pairs")
    comparison = models.JSONField()
    found_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    is_same = models.BooleanField(null=True)
    reason = models.TextField(blank=True)
    replaced = models.UUIDField(null=True)
    parted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "register_pair"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["entry", "person"], condition=Q(decided_at=None), name="a_pair_is_asked_once_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(is_same=True, parted_at=None), name="an_entry_is_one_person"
            ),
            models.CheckConstraint(
                name="only_who_was_the_same_is_parted",
                condition=Q(parted_at=None) | Q(is_same=True, is_same__isnull=False),
            ),
            models.CheckConstraint(
                name="a_decided_pair_says_whether_they_are_the_same",
                condition=Q(decided_at=None, is_same=None) | Q(decided_at__isnull=False, is_same__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["found_at"], name="pair_open", condition=Q(decided_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.id)
