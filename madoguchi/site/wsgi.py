"""The WSGI door: ``granian --interface wsgi madoguchi.site.wsgi:application``.

A thread that hands an answer over piece by piece waits for its reader, and a handful of readers who take a byte a
second would hold all threads of a process. So whatever is whole or small leaves in one piece, which the server keeps,
and few large ones are under way at once.
"""

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
_django: Callable[[dict[str, Any], Callable[..., Any]], HttpResponseBase] = get_wsgi_application()

# A page makes some ten thousand objects and drops them all: looking for circles among them after every 700, which is
# Python's own measure, costs a fortieth of its time and finds nothing.
gc.set_threshold(50_000, 20, 20)

#: Bytes up to which an answer is kept whole until it was read.
SMALL: Final = 1 << 20
#: Large answers under way at once: half of the threads of a process (``madoguchi web --threads``, two less than its
#: connections).
_PLACES: Final = threading.BoundedSemaphore(max(1, (int(os.environ.get("MADOGUCHI_POOL") or 6) - 2) // 2))
_BUSY: Final = (
    "いま、大きなファイルを受け取っている人が多いため、送れません。少したってから、もう一度お試しください。\n"
    "Too many large files are being sent at the moment. Please try again in a little while.\n"
)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The city's answer. 503 where it is large and others read theirs."""
    said: list[tuple[Any, ...]] = []
    response = _django(environ, lambda *what: said.append(what))
    if response.streaming and int(response.headers.get("Content-Length", SMALL + 1)) > SMALL:
        if _PLACES.acquire(blocking=False):
            start_response(*said[0])
            return _Pieces(response)
        response.close()
        start_response(
            "503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "10")]
        )
        return [_BUSY.encode()]
    try:
        whole: bytes = response.getvalue()
    finally:
        response.close()
    start_response(*said[0])
    return [whole]


class _Pieces:
    """A large answer. Its place is free again when it was read, given up, or forgotten."""

    def __init__(self, response: HttpResponseBase) -> None:
        self._response = response
        self._leave = weakref.finalize(self, _PLACES.release)
        self._leave.atexit = False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        """The server is done with it."""
        try:
            self._response.close()
        finally:
            self._leave()
