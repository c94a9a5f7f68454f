"""What the examiner has looked at, one tick for each answer, document and line of the package's checks."""

from typing import ClassVar

from django.db import models

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    subject=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    checked_at=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
)
class Check(models.Model):
    """確認した: that a member of staff has looked at one thing of a case as it was then.

    ``subject`` is a path of the answers, ``document:<id>`` or ``line:<node>:<number>``. ``digest`` is of what was
    looked at: the tick holds as long as that is what stands there (a correction takes it away by itself).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="checks")
    subject = models.TextField()
    digest = models.TextField()
    checked_at = models.DateTimeField(default=clock.now)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "case_check"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "subject"], name="a_thing_is_checked_once")]

    def __str__(self) -> str:
        return f"{self.subject} {self.id}"
