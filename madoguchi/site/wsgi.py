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
from importlib import import_module
from typing import Any, Final

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
django.setup(set_prefix=False)


class _Handler(WSGIHandler):
    """Django's, but a request does not outlive its answer.

    It knows its user, messages and page, and they know it: circles that only a search finds. Some seventy objects hang
    on each, and one answer in a few hundred waited 60 ms for that search.
    """

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = super().get_response(request)
        # The last of what ``close`` calls; Django's stub does not know of it.
        response._resource_closers.append(request.__dict__.clear)  # type: ignore[attr-defined]
        return response


_django: Callable[[dict[str, Any], Callable[..., Any]], HttpResponseBase] = _Handler()

# A page makes some ten thousand objects and drops nearly all of them at its end: looking for circles after every 700,
# which is Python's own measure, costs a fortieth of its time. What a template leaves (20 to 800 objects) is found a few
# milliseconds' worth at a time, and what every page needs is never looked through.
import_module(settings.ROOT_URLCONF)  # and with it every view
gc.collect()
gc.freeze()
gc.set_threshold(5_000, 20, 20)

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
