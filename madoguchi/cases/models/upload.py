"""Files on their way: what has arrived so far of something that a resident is sending."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    path=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    length=Sensitivity.INTERNAL,
    received=Sensitivity.INTERNAL,
    modified=Sensitivity.INTERNAL,
    begun_at=Sensitivity.INTERNAL,
    touched_at=Sensitivity.INTERNAL,
    kept_at=Sensitivity.INTERNAL,
)
class Upload(models.Model):
    """A file that arrives in parts, for a field of a draft; ``length`` and ``received`` in bytes.

    It is no document yet: nobody sees its content, and it is forgotten a day after its last part. ``modified`` is what
    the sender's device says of the file's age, so that the same file chosen again goes on where it stopped.
    ``kept_at``: all has arrived and became a document; the row stays a while to tell a sender who lost the answer.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="uploads")
    path = models.TextField()
    name = models.TextField()
    length = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=0)
    modified = models.TextField(blank=True)
    begun_at = models.DateTimeField(default=clock.now)
    touched_at = models.DateTimeField(default=clock.now)
    kept_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_upload"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="no_more_arrives_than_was_announced", condition=Q(received__lte=F("length"), length__gt=0)
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["touched_at"], name="upload_touched")]

    def __str__(self) -> str:
        return str(self.id)


@classified(id=Sensitivity.INTERNAL, upload=Sensitivity.INTERNAL, at=Sensitivity.INTERNAL, content=Sensitivity.SPECIAL)
class UploadPart(models.Model):
    """Consecutive bytes of an upload; ``at`` is where they begin."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    at = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "case_upload_part"
        constraints: ClassVar = [models.UniqueConstraint(fields=["upload", "at"], name="a_part_arrives_once")]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.at}"
