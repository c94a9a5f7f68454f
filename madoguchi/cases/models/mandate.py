"""By what right somebody asked for another: the delegation as it stood when it was last asked for."""

from typing import ClassVar

from django.db import models

from madoguchi.cases.models.case import Case
from madoguchi.facts.rules.delegating import Delegation
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    delegation=Sensitivity.INTERNAL,
    kind=Sensitivity.PERSONAL,
    office=Sensitivity.PERSONAL,
    number=Sensitivity.PERSONAL,
    shows=Sensitivity.INTERNAL,
    letters=Sensitivity.INTERNAL,
    source=Sensitivity.INTERNAL,
    proof=Sensitivity.INTERNAL,
    evidence=Sensitivity.INTERNAL,
    since=Sensitivity.INTERNAL,
    until=Sensitivity.INTERNAL,
    asked_at=Sensitivity.INTERNAL,
)
class Mandate(models.Model):
    """代理権: the delegation (a row of the ledger) by which ``case.person`` speaks for ``case.subject``.

    A copy of that fact as it stood at ``asked_at`` (when the draft was begun, later when it was submitted), because the
    case must say so after it has ended. ``number`` where an office is the agent, for which ``case.person`` has acted;
    ``evidence`` is the SHA-256 (hex) of the document that was shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="mandate")
    delegation = models.UUIDField()
    kind = models.TextField()
    office = models.TextField(blank=True)
    number = models.TextField(blank=True)
    shows = models.BooleanField()
    letters = models.BooleanField()
    source = models.TextField()
    proof = models.TextField(blank=True)
    evidence = models.TextField(blank=True)
    since = models.DateField()
    until = models.DateField(null=True)
    asked_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "case_mandate"
        indexes: ClassVar = [models.Index(fields=["delegation"], name="mandate_of_delegation")]

    def __str__(self) -> str:
        return str(self.id)

    def take(self, one: Delegation) -> None:
        """Be as this delegation stands now."""
        self.delegation, self.kind, self.office, self.shows, self.letters = (
            one.id, one.kind, one.office, one.shows, one.letters,
        )  # fmt: skip
        self.source, self.proof, self.evidence, self.since, self.until = (
            one.source, one.proof, one.evidence, one.since, one.until,
        )  # fmt: skip
        self.number, self.asked_at = one.number, clock.now()
