"""Photographs and files given with a case."""

from django.db import models

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


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
    added_at=Sensitivity.INTERNAL,
    removed_at=Sensitivity.INTERNAL,
)
class Document(models.Model):
    """A photograph or file given under a field of a case. ``size`` in bytes, ``width`` and ``height`` in pixels."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="documents")
    path = models.TextField()
    name = models.TextField()
    media_type = models.TextField()
    size = models.PositiveIntegerField()
    sha256 = models.TextField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    added_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_document"

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
