"""A connection of the pool that knows without a round trip whether the server is still there.

psycopg's pool asks an empty question before it lends a connection: a round trip for every request. A server that ended,
or closed this session, has said so on the socket; silence of some seconds' age may be a broken network and is asked.
"""

import select
import time
from typing import Any, Final

import psycopg
from psycopg.abc import Params

#: Seconds for which an answer to the empty question counts, as long as the socket is silent.
ANSWER_COUNTS: Final = 5.0


class Connection(psycopg.Connection[Any]):
    """Answers the pool's empty question by itself where that is sure enough; every other statement is as ever."""

    _answered_at = -ANSWER_COUNTS

    def execute(
        self, query: Any, params: Params | None = None, *, prepare: bool | None = None, binary: bool = False
    ) -> psycopg.Cursor[Any]:
        """As psycopg's; an empty ``query`` may go nowhere. Raises OperationalError where the server is gone."""
        if query != "":
            return super().execute(query, params, prepare=prepare, binary=binary)
        now = time.monotonic()
        if now - self._answered_at < ANSWER_COUNTS and self._silent():
            return self.cursor()
        found = super().execute(query, params, prepare=prepare, binary=binary)
        self._answered_at = now
        return found

    def set_autocommit(self, value: bool) -> None:
        """As psycopg's; what is so already is not made so under a lock, which Django asks for each time it is lent."""
        if value != self._autocommit:
            super().set_autocommit(value)

    def _silent(self) -> bool:
        """Whether nothing waits to be read: no end of the connection, and no word of why. Raises as ``fileno`` does."""
        waiting = select.poll()
        waiting.register(self.fileno(), select.POLLIN)
        return not waiting.poll(0)
