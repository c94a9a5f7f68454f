"""Pages without a life of their own: the city's colour, robots, what we promise, and errors in kind words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground.errors import Refused
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import contrast
from madoguchi.web.refusing import error_page
from madoguchi.web.styles import joined

DARK_PAPER = "#16181d"


@require_safe
@cache_control(public=True, max_age=3600)
def accent(request: HttpRequest) -> HttpResponse:
    """The city's one colour as a style sheet: a style attribute would need ``unsafe-inline``."""
    colour = procedures.city().file.theme.accent
    css = f":root{{--accent:{colour}}}"
    if contrast(colour, DARK_PAPER) < 3:
        css += "@media screen and (prefers-color-scheme:dark){:root{--accent:var(--color-primitive-blue-300)}}"
    return HttpResponse(css, content_type="text/css")


@require_safe
def styles(request: HttpRequest, mark: str) -> HttpResponse:
    """Under an old mark, the sheet of today, which is then not kept."""
    sheet = joined()
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(sheet.packed if packed else sheet.plain, content_type="text/css; charset=utf-8")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ("Accept-Encoding",))
    kept = "public, max-age=31536000, immutable" if mark == sheet.mark else "no-store"
    response.headers["Cache-Control"] = kept
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read: what is for everybody."""
    closed = ("/cases/", "/inbox/", "/my-data/", "/sign-in/", "/desk/", "/verify/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """What we promise of these pages, and whom to tell where we fail."""
    return render(request, "web/accessibility.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of whom, and why."""
    return render(request, "web/privacy.html")


def _error(request: HttpRequest, status: int, heading: str, message: str) -> HttpResponse:
    return error_page(request, "web/errors/page.html", {"heading": heading, "message": message}, status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: what arrived was not a request that a browser sends. Leaves one event."""
    refuse("request.read", Refused("request-malformed", "", status=400), by=Actor("visitor", channel="web"))
    return _error(
        request,
        400,
        gettext("送られた内容を読み取れませんでした"),
        gettext("前の画面に戻って、もう一度お試しください。写真やファイルが大きすぎるときは、小さくしてください。"),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: this page is not for whoever asks."""
    return _error(
        request,
        403,
        gettext("このページは見られません"),
        gettext("サインインし直すと、見られることがあります。"),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form that is too old or from elsewhere. Leaves one event."""
    refuse("request.read", Refused("form-foreign", "", status=403), by=Actor("visitor", channel="web"))
    return _error(
        request,
        403,
        gettext("画面が古くなっています"),
        gettext("前の画面に戻り、画面を読み込み直してから、もう一度押してください。保存ずみの内容は残っています。"),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing here, or nothing that this person may see."""
    return render(request, "web/errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. Nothing here may fail again, so the page asks nothing of the database."""
    return HttpResponse(get_template("web/errors/500.html").render(), status=500)
