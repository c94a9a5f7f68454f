"""Which edition of a layer is the newest, and what hangs on that, in one question.

Apart from queries, because both they and tiles stand on it.
"""

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from django.db import connection

from madoguchi.events.composing import planned
from madoguchi.places.models import Edition

R = TypeVar("R")

#: A column of a statement: the key of the newest edition of the layer that is its parameter.
NEWEST: Final = "(SELECT id FROM layer_edition WHERE layer = %s ORDER BY number DESC LIMIT 1)"

_SAID: Final = ("id", "layer", "number", "as_of", "recorded_at")
_WHOLE: Final = """
    SELECT id, layer, number, as_of, recorded_at FROM layer_edition WHERE layer = %s ORDER BY number DESC LIMIT 1
"""
#: By layer, the edition that was the newest when this process last asked.
_last: Final[dict[str, Edition]] = {}


def newest_edition(code: str) -> Edition | None:
    """The newest edition of a layer; None of one of which nothing was taken in."""
    rows = planned(_WHOLE, [code])
    if not rows:
        return None
    edition = _last[code] = Edition.from_db(connection.alias, _SAID, rows[0])
    return edition


def by_newest(code: str, read: Callable[[Edition], tuple[R, UUID | None]]) -> tuple[Edition, R] | None:
    """What ``read`` finds by the newest edition of a layer; None of one of which nothing was taken in.

    That is nearly always the one that it was when last asked. So ``read`` is given that one, and tells beside what it
    found which was the newest as its statement ran (:data:`NEWEST`); where it was another, it is given that.
    """
    edition = _last.get(code) or newest_edition(code)
    while edition is not None:
        found, newest = read(edition)
        if newest == edition.pk:
            return edition, found
        edition = newest_edition(code)
    return None
