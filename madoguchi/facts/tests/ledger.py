"""The ledger as nobody sees it who serves pages or runs jobs: for tests of what was recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from madoguchi.facts.models import Fact


@contextmanager
def as_owner() -> Iterator[None]:
    """Within, statements are the database owner's, who may read the table."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE madoguchi_app")


def rows_of(person: UUID) -> int:
    """How many rows the ledger has of somebody: no door tells."""
    with as_owner():
        return Fact.objects.filter(person=person).count()


def recorded(person: UUID) -> dict[str, Fact]:
    """The newest fact of each key, of the person itself and not of rows."""
    with as_owner():
        return {one.key: one for one in Fact.objects.filter(person=person, row="").order_by("recorded_at", "id")}
