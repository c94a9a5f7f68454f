"""Who makes tables: the one who connects, without the role of web and worker that may not (``settings.DATABASES``)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection


@contextmanager
def owner() -> Iterator[None]:
    """Within, statements are those of the database's owner. Not inside a transaction."""
    options = connection.settings_dict["OPTIONS"]
    kept, options["options"] = options["options"], options["options"].replace(settings.AS_APP, "")
    _leave()
    try:
        yield
    finally:
        _leave()
        options["options"] = kept


def _leave() -> None:
    """What comes next connects anew, also where connections are kept in a pool."""
    connection.close()
    if settings.DATABASES["default"]["OPTIONS"].get("pool"):
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's


def make_tables(*, verbosity: int = 0) -> None:
    """Bring the tables up to date, the cache's too."""
    with owner():
        call_command("migrate", interactive=False, verbosity=verbosity)
        call_command("createcachetable", verbosity=verbosity)
