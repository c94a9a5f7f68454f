"""The pages of the map go packed to the browser: their words are what a telephone waits for first.

Apart from all other pages, which stay as they are: how long a packed page is can tell what stands in it, where text of
a stranger is in it beside what nobody else may read (BREACH). The pages of the map hold nothing of anybody.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_MARK: Final = "may_be_packed"


def packed(response: HttpResponse) -> HttpResponse:
    """Mark it as one that may go packed, once all is in it."""
    setattr(response, _MARK, True)
    return response


class PackedMiddleware(GZipMiddleware):
    """Packs what is marked, for whoever takes gzip."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        return super().process_response(request, response) if getattr(response, _MARK, False) else response
