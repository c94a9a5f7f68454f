"""What holds for every answer of the residents' face: its language, what a browser may load, how a refusal looks."""

from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext, gettext_noop

from madoguchi.events import Actor
from madoguchi.events.acting import refuse
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.languages import READ, SOURCE, tag
from madoguchi.web.annotating import MARK, annotated
from madoguchi.web.furigana import ruby
from madoguchi.web.refusing import error_page
from madoguchi.web.visiting import note_visit
from madoguchi.web.words import words

Answer = Callable[[HttpRequest], HttpResponse]

COOKIE = "language"
RUBY = "ruby"
YEAR = 60 * 60 * 24 * 365


class LanguageMiddleware:
    """By ``?lang=`` (kept in a cookie, the place is kept), else the cookie, else the browser; ``?ruby=`` alike."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            chosen = {
                cookie: request.GET[name]
                for name, cookie, known in (("lang", COOKIE, READ), ("ruby", RUBY, ("on", "off")))
                if request.GET.get(name, "") in known
            }
            if chosen:
                return _kept(request, chosen)
        language = request.COOKIES.get(COOKIE, "")
        if language not in READ:
            language = _preferred(request.headers.get("Accept-Language", ""))
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", tag(language))
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def _kept(request: HttpRequest, chosen: Mapping[str, str]) -> HttpResponse:
    """The same place without the choice in its address; the choice is kept for a year."""
    rest = request.GET.copy()
    rest.pop("lang", None)
    rest.pop("ruby", None)
    # Two slashes in front would name another host.
    here = escape_leading_slashes(request.path)
    response: HttpResponse = HttpResponseRedirect(here + (f"?{rest.urlencode()}" if rest else ""))
    for cookie, value in chosen.items():
        response.set_cookie(
            cookie, value, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    return response


def _preferred(header: str) -> str:
    """Japanese unless the browser asks for other languages only: most visitors of a city hall read Japanese."""
    wanted = [one.partition(";")[0].strip().lower() for one in header.split(",") if one.strip()]
    if not wanted or any(one == "*" or one.startswith("ja") for one in wanted):
        return SOURCE
    for one in wanted:
        if one in ("zh", "zh-cn", "zh-sg") or one.startswith("zh-hans"):
            return "zh-hans"
        if one.partition("-")[0] in READ:
            return one.partition("-")[0]
    return "en"


def ruby_wanted(request: HttpRequest) -> bool:
    """Whether this reader has furigana: as chosen; in やさしい日本語 unless switched off."""
    language = getattr(request, "LANGUAGE_CODE", SOURCE)
    if tag(language) != SOURCE:
        return False
    return request.COOKIES.get(RUBY, "on" if language == "ja-simple" else "off") == "on"


class AnnotationMiddleware:
    """Furigana over the kanji of a page, and ``lang`` where a text is in another language than its page."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.streaming or not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        with_ruby = ruby_wanted(request) and not request.path.startswith("/desk/")
        if with_ruby or MARK in response.content:
            response.content = annotated(response.content.decode(), ruby if with_ruby else None).encode()
            if "Content-Length" in response.headers:
                response.headers["Content-Length"] = str(len(response.content))
        return response


#: Bytes that one request may have: ten photographs of a telephone at their largest.
LARGEST_BODY = 210 * 1024 * 1024


class BodyLimitMiddleware:
    """What is larger than any form is turned away before it is read (413), with one event."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("CONTENT_LENGTH") or "0"
        if given.isdigit() and int(given) <= LARGEST_BODY:
            return self.get_response(request)
        refusal = Refused(
            "request-too-large",
            gettext_noop("送られたものが大きすぎます。写真やファイルを減らすか、小さくして、もう一度送ってください。"),
            status=413,
        )
        refuse("request.read", refusal, by=Actor("visitor", channel="web"))
        context = {"heading": gettext("大きすぎて受け取れませんでした"), "message": words(refusal)}
        return error_page(request, "web/errors/page.html", context, 413)


#: Seconds for which a session is not written again: nobody waits for the disk at every page.
SESSION_IS_FRESH: Final = 60


class SignInMiddleware:
    """Notes at every request that a resident's sign-in is used, and ends it here where it was ended elsewhere.

    A session that is used lives on (``SESSION_COOKIE_AGE`` after its last minute of use).
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = int(clock.now().timestamp())
        if not request.session.is_empty() and now - request.session.get("used", 0) >= SESSION_IS_FRESH:
            request.session["used"] = now
        if not note_visit(request):
            notices.info(request, gettext("サインインが終了されました。続けるときは、もう一度サインインしてください。"))
        return self.get_response(request)


class ContentSecurityPolicyMiddleware:
    """Nothing inline, nothing from outside. A view that needs more (a map) sets its own header and says why."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.policy = "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data: blob:",
                "font-src 'self'",
                "connect-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                "manifest-src 'self'",
            )
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
        if request.headers.get("Cookie") and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-store"
        return response


class RefusedMiddleware:
    """A :class:`Refused` that no view answered becomes a page in kind words, with its status."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this where a view raised; anything but a refusal goes on to become a 500."""
        if not isinstance(exception, Refused):
            return None
        if request.headers.get("Accept", "").startswith("application/json"):
            body: dict[str, object] = {"code": exception.code, "message": words(exception)}
            body |= {"fields": {path: words(problem) for path, problem in exception.fields.items()}}
            return JsonResponse(body, status=exception.status)
        template = "web/errors/404.html" if exception.status == 404 else "web/errors/refused.html"
        return error_page(request, template, {"refusal": exception, "message": words(exception)}, exception.status)
