"""What applicant and office say to each other about a case, beside its forms and letters."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    body=Sensitivity.SPECIAL,
    translated=Sensitivity.SPECIAL,
    language=Sensitivity.INTERNAL,
    written_at=Sensitivity.INTERNAL,
    read_at=Sensitivity.INTERNAL,
)
class Remark(models.Model):
    """One thing said: by the member of staff ``account``, or by the applicant where that is empty.

    ``language`` is the one that the writer used the page in; ``translated`` says the office's words in further ones, as
    far as it wrote with its phrases. ``read_at``: the applicant has opened it; on the office's side, somebody has
    answered it or said that it needs no answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="remarks")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    body = models.TextField()
    translated = models.JSONField(default=dict)
    language = models.TextField(default="ja")
    written_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_remark"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_remark_says_something",
                condition=~Q(body=""),
                violation_error_message="メッセージを書いてください。",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["case", "written_at"], name="remark_of_case"),
            models.Index(
                fields=["written_at"], name="remark_unanswered", condition=Q(read_at=None, account__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
