"""Photographs and files given with a case."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


class Scan(models.TextChoices):
    """What is known of viruses in a file. Only ``waiting`` and ``infected`` keep it shut."""

    OFF = "off", "検査していません（検査の設定がありません）"
    CLEAN = "clean", "検査ずみ"
    WAITING = "waiting", "検査を待っています"
    INFECTED = "infected", "ウイルスが見つかったため、消しました"


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    path=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    media_type=Sensitivity.INTERNAL,
    size=Sensitivity.INTERNAL,
    sha256=Sensitivity.INTERNAL,
    width=Sensitivity.INTERNAL,
    height=Sensitivity.INTERNAL,
    scan=Sensitivity.INTERNAL,
    scanned_at=Sensitivity.INTERNAL,
    added_at=Sensitivity.INTERNAL,
    removed_at=Sensitivity.INTERNAL,
)
class Document(models.Model):
    """A photograph or file given under a field of a case. ``size`` in bytes, ``width`` and ``height`` in pixels.

    ``scan`` says what the virus scanner said. What waits for it is opened by nobody but its sender.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="documents")
    path = models.TextField()
    name = models.TextField()
    media_type = models.TextField()
    size = models.PositiveIntegerField()
    sha256 = models.TextField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    scan = models.TextField(choices=Scan, default=Scan.OFF)
    scanned_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_document"
        indexes: ClassVar = [
            models.Index(fields=["added_at"], name="document_waits_for_scan", condition=Q(scan="waiting")),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(document=Sensitivity.INTERNAL, content=Sensitivity.SPECIAL)
class DocumentContent(models.Model):
    """The bytes of a document, apart from its row so that lists never read them."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="content")
    content = models.BinaryField()

    class Meta:
        db_table = "case_document_content"

    def __str__(self) -> str:
        return str(self.document_id)
