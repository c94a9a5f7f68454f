"""What the office writes for itself: notes on a case, and the phrases that it writes again and again."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    text=Sensitivity.PERSONAL,
    written_at=Sensitivity.INTERNAL,
    written_by=Sensitivity.INTERNAL,
    amended_at=Sensitivity.INTERNAL,
)
class Note(models.Model):
    """庁内メモ: written by staff for staff. The applicant sees it only where it is disclosed on request (開示請求)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_note"
        constraints: ClassVar = [
            models.CheckConstraint(name="a_note_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="a_note_is_amended_after_it_was_written",
                condition=Q(amended_at__isnull=True) | Q(amended_at__gte=F("written_at")),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["case", "written_at"], name="note_of_case")]

    def __str__(self) -> str:
        return str(self.id)


class Use(models.TextChoices):
    """What a phrase is written into."""

    CORRECTION = "correction", "補正"
    REASON = "reason", "決定の理由"
    NOTE = "note", "書き添え・メモ"
    MESSAGE = "message", "申請者への連絡"


@classified(
    id=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    code=Sensitivity.INTERNAL,
    use=Sensitivity.INTERNAL,
    title=Sensitivity.INTERNAL,
    words=Sensitivity.INTERNAL,
    written_at=Sensitivity.INTERNAL,
    written_by=Sensitivity.INTERNAL,
    retired_at=Sensitivity.INTERNAL,
)
class Phrase(models.Model):
    """文例: a sentence of a section, for all its procedures or for the one of ``code``; ``words`` by language.

    Names nobody: what differs from case to case stands in braces (``cases.rules.phrases``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    section = models.TextField()
    code = models.TextField(blank=True)
    use = models.TextField(choices=Use)
    title = models.TextField()
    words = models.JSONField()
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_phrase"
        constraints: ClassVar = [
            models.CheckConstraint(name="a_phrase_says_something", condition=Q(words__has_key="ja") & ~Q(title="")),
            models.CheckConstraint(name="a_phrase_has_a_use", condition=Q(use__in=[one.value for one in Use])),
        ]
        indexes: ClassVar = [
            models.Index(fields=["section", "use"], name="phrase_of_section", condition=Q(retired_at=None))
        ]

    def __str__(self) -> str:
        return self.title
