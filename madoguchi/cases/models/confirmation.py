"""That the resident has seen what a clerk typed at the counter, and how they said that it is right."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.cases.models.document import Document
from madoguchi.ground import clock
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


class How(models.TextChoices):
    """How a resident confirms at the counter; the words of the record."""

    SIGNED = "signed", "画面に署名"
    NAMED = "named", "氏名を入力"
    SPOKEN = "spoken", "読み上げを聞いて口頭で確認（職員が記録）"


@classified(
    case=Sensitivity.INTERNAL,
    clerk=Sensitivity.INTERNAL,
    shown=Sensitivity.INTERNAL,
    asked_at=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    confirmed_at=Sensitivity.INTERNAL,
    how=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    signature=Sensitivity.INTERNAL,
)
class Confirmation(models.Model):
    """窓口での確認: what ``clerk`` has typed was put before the resident, and they said that it is right.

    ``digest`` is that of the answers that were shown: of what is typed afterwards nothing was confirmed. ``shown``: by
    what the resident was identified. ``signature`` is a document of the case (its content is SPECIAL), ``name`` what
    was typed instead.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="confirmation")
    clerk = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    shown = models.TextField()
    asked_at = models.DateTimeField(default=clock.now)
    digest = models.TextField()
    confirmed_at = models.DateTimeField(null=True)
    how = models.TextField(choices=How, blank=True)
    name = models.TextField(blank=True)
    signature = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "case_confirmation"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_confirmation_says_how",
                condition=Q(confirmed_at__isnull=True, how="") | (Q(confirmed_at__isnull=False) & ~Q(how="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.case_id)
