"""What every page shows: the city, the languages with the address of this very place, who is signed in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext

from madoguchi.ground.languages import COMMON, tag
from madoguchi.procedures import queries as procedures
from madoguchi.web import visiting
from madoguchi.web.middleware import ruby_wanted
from madoguchi.web.words import language, said


def city(request: HttpRequest) -> dict[str, Any]:
    """For ``web/base.html`` and the desk's pages. A page that answers a post is shown again by its plain address."""
    here = procedures.city()
    contact = here.file.contact
    query = request.GET.copy()
    query.pop("lang", None)
    query.pop("ruby", None)
    path = escape_leading_slashes(request.path)
    rest = f"&{query.urlencode()}" if query and request.method in ("GET", "HEAD") else ""
    return {
        "city": {
            "name": said(here.name),
            "office": gettext("市役所"),
            "address": f"〒{contact.postal_code} {said(contact.address)}",
            "telephone": contact.phone,
            "hours": said(contact.hours),
        },
        "demo": settings.DEMO,
        "test_signatures": bool(settings.JPKI_TEST_ROOTS),
        "html_language": tag(language()),
        "language_name": dict(settings.LANGUAGES)[language()],
        "is_partly_translated": language() in COMMON,
        "ruby": ruby_switch(request, f"{path}?ruby={{}}{rest}"),
        "languages_here": [
            (code, tag(code), name, f"{path}?lang={code}{rest}")
            for code, name in settings.LANGUAGES
            if code in here.file.languages
        ],
        "here": request.get_full_path() if request.method in ("GET", "HEAD") else path,
        "kiosk": visiting.kiosk(request),
        "resident": visiting.resident(request) if hasattr(request, "session") else None,
    }


def ruby_switch(request: HttpRequest, address: str) -> dict[str, Any] | None:
    """Whether furigana are on, and the address that switches them; None in languages that have none."""
    if tag(language()) != "ja":
        return None
    is_on = ruby_wanted(request)
    return {"is_on": is_on, "url": address.format("off" if is_on else "on")}
