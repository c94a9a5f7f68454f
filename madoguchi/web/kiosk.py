"""Devices that one resident after another uses (a tablet at the counter, a terminal in the hall): nothing of one is
left for the next.

The device is known by a signed cookie that names a row; where staff have ended the row, it is a device like any other.
On it every answer stays out of every cache, no browser fills in or remembers, no file is handed over, a session ends
after five minutes without a request (two with the script, which counts them down), and leaving empties the browser.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Kiosk
from madoguchi.ground import clock
from madoguchi.web import visiting
from madoguchi.web.refusing import error_page

COOKIE: Final = "kiosk"
_SALT: Final = "madoguchi.web.kiosk"
_YEARS: Final = 60 * 60 * 24 * 400
#: Without the script nobody sees a countdown, so that one page of questions must fit in.
IDLE: Final = timedelta(minutes=5)
#: With the script: seconds after the last touch.
IDLE_SECONDS: Final = 120
_USED: Final = "kiosk_used"

_AUTOCOMPLETE: Final = re.compile(rb' autocomplete="[^"]*"')
_FORM: Final = re.compile(rb"<form\b")
_INPUT: Final = re.compile(rb"<(input|textarea|select)\b")
#: What may be shown; anything else is a file that would stay on the device.
_SHOWN: Final = ("text/html", "text/css", "application/json", "text/javascript", "image/")

Answer = Callable[[HttpRequest], HttpResponse]


def kiosk_of(request: HttpRequest) -> Kiosk | None:
    """The kiosk that this device is."""
    said = request.COOKIES.get(COOKIE)
    if not said:
        return None
    try:
        return cases.live_kiosk(UUID(signing.loads(said, salt=_SALT)))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def become(response: HttpResponse, kiosk: Kiosk) -> None:
    """This device is the kiosk from now on."""
    response.set_cookie(
        COOKIE,
        signing.dumps(str(kiosk.pk), salt=_SALT),
        max_age=_YEARS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


class KioskMiddleware:
    """On a shared device: ends what was left alone, and sends out nothing that stays."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        kiosk = kiosk_of(request) if not request.path.startswith("/desk/") else None
        if kiosk is None:
            return self.get_response(request)
        request.kiosk = kiosk  # type: ignore[attr-defined]  # read by visiting.kiosk
        now = int(clock.now().timestamp())
        used = request.session.get(_USED)
        if used is not None and now - used > IDLE.total_seconds():
            # Whoever presses a button now is somebody else: nothing is done, whatever it was.
            visiting.goodbye(request)
            return _emptied(request, redirect("web:kiosk-over"))
        if not request.session.is_empty():
            request.session[_USED] = now
        response = self.get_response(request)
        if not request.session.is_empty() and _USED not in request.session:
            request.session[_USED] = now
        response = _nothing_stays(request, response)
        return _emptied(request, response) if getattr(request, "left", False) else response


def _nothing_stays(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    kind = response.headers.get("Content-Type", "")
    is_file = "attachment" in response.headers.get("Content-Disposition", "")
    if response.status_code == 200 and (is_file or not kind.startswith(_SHOWN)):
        response.close()
        context = {
            "heading": gettext("この端末には保存できません"),
            "message": gettext(
                "ほかの方も使う端末なので、ファイルは渡せません。控えや通知書が必要なときは、職員に印刷を頼んでください。"
            ),
        }
        response = error_page(request, "web/errors/page.html", context, 403)
        kind = response.headers["Content-Type"]
    if kind.startswith("text/html") and not response.streaming:
        plain = _AUTOCOMPLETE.sub(b"", response.content)
        plain = _FORM.sub(b'<form autocomplete="off"', plain)
        response.content = _INPUT.sub(rb'<\1 autocomplete="off"', plain)
        if "Content-Length" in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _emptied(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The browser forgets all but that it is a kiosk."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    response.headers["Cache-Control"] = "private, no-store"
    for name in request.COOKIES:
        if name not in (COOKIE, settings.SESSION_COOKIE_NAME):  # the session's goes by itself, because it is empty
            response.delete_cookie(name, samesite="Lax")
    return response
