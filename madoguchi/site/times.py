"""Times read from PostgreSQL, of which a page has hundreds: by C instead of by a pattern and seven numbers."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader, get_adapters_template


class TimeLoader(BaseTzLoader):  # type: ignore[misc]  # Django carries no types for it
    """What Django's own gives, in a fifteenth of the time. Its rarer answers (before Christ, without end) as there."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        """The moment in UTC. Raises DataError for one that Python cannot say."""
        try:
            found = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            found = None
        return found if found is not None and found.tzinfo is UTC else super().load(data)


def register() -> None:
    """For every connection that is opened from now on."""
    get_adapters_template(True, UTC).register_loader("timestamptz", TimeLoader)
