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
    connection.close()
    try:
        yield
    finally:
        connection.close()
        options["options"] = kept


def make_tables(*, verbosity: int = 0) -> None:
    """Bring the tables up to date, the cache's too."""
    with owner():
        call_command("migrate", interactive=False, verbosity=verbosity)
        call_command("createcachetable", verbosity=verbosity)
