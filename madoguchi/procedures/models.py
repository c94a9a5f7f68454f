"""The versions of procedures that were published. A row is never changed: running cases are pinned to it."""

from typing import Any, ClassVar

from django.db import models
from psycopg.types.json import Json

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified


class WrittenJSON(models.JSONField):
    """JSON as it was written (type ``json``): ``jsonb`` sorts keys, and options are shown in the package's order."""

    def db_type(self, connection: Any) -> str:
        return "json"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return None if value is None else Json(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value


@classified(
    id=Sensitivity.INTERNAL,
    code=Sensitivity.PUBLIC,
    version=Sensitivity.PUBLIC,
    revision=Sensitivity.PUBLIC,
    digest=Sensitivity.PUBLIC,
    identity=Sensitivity.PUBLIC,
    data=Sensitivity.PUBLIC,
    graph=Sensitivity.PUBLIC,
    published_at=Sensitivity.PUBLIC,
    withdrawn_at=Sensitivity.PUBLIC,
)
class Procedure(models.Model):
    """A package as it was published: ``version`` is its date of effect, ``digest`` the SHA-256 of data and graph.

    ``data`` holds procedure, tables and the vocabulary they name; ``graph`` the compiled flow. A correction of the
    same date of effect is the next ``revision``. ``withdrawn_at``: no longer offered; running cases go on. The database
    refuses every other change of a row (trigger ``a_version_never_changes``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.TextField()
    version = models.DateField()
    revision = models.PositiveIntegerField(default=1)
    digest = models.TextField()
    identity = models.TextField()
    data = WrittenJSON()
    graph = WrittenJSON()
    published_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "procedure"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version", "revision"], name="a_version_is_published_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"
