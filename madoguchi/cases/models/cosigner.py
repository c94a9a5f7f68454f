"""Those whom an applicant has named to confirm their part of the request (連署)."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Person


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    node=Sensitivity.INTERNAL,
    row=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    address=Sensitivity.PERSONAL,
    asked_at=Sensitivity.INTERNAL,
    sent_at=Sensitivity.INTERNAL,
    sent=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    level=Sensitivity.INTERNAL,
    agreed=Sensitivity.INTERNAL,
    confirmed_at=Sensitivity.INTERNAL,
    declined_at=Sensitivity.INTERNAL,
    words=Sensitivity.SPECIAL,
    over_at=Sensitivity.INTERNAL,
)
class Cosigner(models.Model):
    """One person asked to confirm one part, once: a part that has changed is asked about by a new row.

    ``node`` is the step of the flow, ``row`` the row of the form in which they stand (None: not in rows). ``digest`` is
    that of the part they are asked about (``procedures.rules.cosigning``), ``address`` where the link went last,
    ``sent`` how often. Who has answered: ``person``, signed in at ``level``, and what of them ``agreed`` with what the
    applicant had said (birthday, name, address). ``words`` are theirs where they did not confirm. ``over_at``: asked
    anew since, or not needed any more; the row stays as the record of what was said.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="cosigners")
    node = models.TextField()
    row = models.PositiveSmallIntegerField(null=True)
    digest = models.TextField()
    address = models.EmailField()
    asked_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    sent = models.PositiveSmallIntegerField(default=0)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    level = models.TextField(blank=True)
    agreed = ArrayField(models.TextField(), default=list)
    confirmed_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    words = models.TextField(blank=True)
    over_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_cosigner"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "node", "row"],
                condition=Q(over_at__isnull=True),
                nulls_distinct=False,
                name="a_cosigner_is_asked_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["case", "node", "person"],
                condition=Q(over_at__isnull=True, person__isnull=False),
                name="a_person_confirms_one_part",
            ),
            models.CheckConstraint(
                name="a_cosigner_answers_once_and_is_known",
                condition=Q(
                    confirmed_at__isnull=True, declined_at__isnull=True, person__isnull=True, level="", words=""
                )
                | (
                    Q(person__isnull=False)
                    & ~Q(level="")
                    & (
                        Q(confirmed_at__isnull=False, declined_at__isnull=True, words="")
                        | (Q(confirmed_at__isnull=True, declined_at__isnull=False) & ~Q(words=""))
                    )
                ),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["address", "sent_at"], name="cosigner_by_address")]

    def __str__(self) -> str:
        return str(self.id)
