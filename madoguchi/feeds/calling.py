"""Who calls: from the bearer token of a request to the actor, its rate, and the once-only of what changes something."""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop
from ninja.security import HttpBearer
from pydantic import BaseModel

from madoguchi.events import Actor
from madoguchi.feeds import problems
from madoguchi.ground.errors import NotAllowed, Refused
from madoguchi.people.actions import bookkeeping
from madoguchi.people.models import Partner
from madoguchi.people.queries import actor_of_partner, token_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], Any]
#: Bytes of a JSON body. Files have a limit of their own (``cases.rules.uploads``), with some room for the envelope.
LARGEST_JSON: Final = 1024 * 1024
LARGEST_UPLOAD: Final = 30 * 1024 * 1024
#: Visible ASCII, as the draft of Idempotency-Key asks.
_KEY: Final = frozenset(map(chr, range(0x21, 0x7F)))


class Bearer(HttpBearer):
    """OAuth 2.0 bearer tokens (RFC 6750). The request carries the :class:`Actor` as ``auth`` from then on."""

    openapi_name = "OAuth2"
    openapi_type = "oauth2"

    def __call__(self, request: HttpRequest) -> Actor:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = token_of(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
        if found is None:
            raise Refused(
                "token-invalid" if token else "token-missing",
                gettext_noop("通行証（アクセストークン）がないか、期限が切れています。取り直してください。"),
                status=401,
            )
        _count(request, found.partner)
        request.partner = found.partner  # type: ignore[attr-defined]  # Django's request takes what views hand on
        return actor_of_partner(found.partner, found.scopes)

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        """Ninja asks through ``__call__``."""
        return self(request)


def _count(request: HttpRequest, partner: Partner) -> None:
    count = bookkeeping.count_call(f"partner:{partner.pk}")
    request.rate = (partner.per_minute, max(partner.per_minute - count.calls, 0), count.reset)  # type: ignore[attr-defined]
    if count.calls > partner.per_minute:
        raise Refused(
            "rate-limited", gettext_noop("1分あたりの回数の上限を超えました。少し待ってください。"), status=429
        )


def caller(request: HttpRequest) -> Actor:
    """The partner who calls."""
    actor: Actor = request.auth  # type: ignore[attr-defined]  # set by Ninja
    return actor


def scoped(scope: str) -> Callable[[View[P]], View[P]]:
    """Only with this scope: said before anything is looked up, so that the answer tells nothing about cases."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Any:
            if scope not in caller(request).scopes:
                raise NotAllowed("scope-missing", gettext_noop("この操作の権限（スコープ）がありません。"))
            return view(request, *args, **kwargs)

        guarded.scope = scope  # type: ignore[attr-defined]  # read by the OpenAPI document
        return guarded

    return decorate


def headers(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Around every operation: what is too large is not read, and every answer says how much may still be asked."""

    @wraps(run)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _too_large(request) or run(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        rate = getattr(request, "rate", None)
        if rate is not None:
            most, left, reset = rate
            response.headers["RateLimit-Limit"] = str(most)
            response.headers["RateLimit-Remaining"] = str(left)
            response.headers["RateLimit-Reset"] = str(reset)
            if response.status_code == 429:
                response.headers["Retry-After"] = str(reset)
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="madoguchi", error="invalid_token"'
        return response

    return wrapped


def once(view: View[P]) -> View[P]:
    """What changes something is done once for each Idempotency-Key; asked again, the first answer is given again."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        key = request.headers.get("Idempotency-Key", "")
        if not 8 <= len(key) <= 255 or not _KEY.issuperset(key):
            raise Refused(
                "idempotency-key-missing",
                gettext_noop("Idempotency-Keyヘッダーに、この要求だけの値（8〜255文字のASCII）を付けてください。"),
            )
        partner: Partner = request.partner  # type: ignore[attr-defined]
        kept = bookkeeping.begin_request(partner, key, _digest(request))
        if kept.answered_at is not None:
            return _answer(kept.status or 200, kept.answer, {"Idempotency-Replayed": "true"})
        try:
            status, model = view(request, *args, **kwargs)
        except Refused:
            bookkeeping.forget_request(kept)
            raise
        said = model.model_dump(mode="json", exclude_none=True) if isinstance(model, BaseModel) else model
        bookkeeping.end_request(kept, status, said)
        return _answer(status, said, {})

    return guarded


def _digest(request: HttpRequest) -> str:
    sha = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        sha.update(json.dumps(sorted(request.POST.lists())).encode())
        for name, held in sorted(request.FILES.lists()):
            for file in held:
                assert isinstance(file, UploadedFile)
                sha.update(f"{name}\n{file.name}\n{file.size}\n".encode())
                for chunk in file.chunks():
                    sha.update(chunk)
                file.seek(0)
    else:
        sha.update(request.body)
    return sha.hexdigest()


def _answer(status: int, said: Any, more: dict[str, str]) -> HttpResponse:
    text = "" if said is None else json.dumps(said, ensure_ascii=False)
    response = HttpResponse(text, status=status, content_type="application/json", headers=more)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(said, dict) and status == 201 and isinstance(said.get("url"), str):
        response.headers["Location"] = said["url"]
    return response


def _too_large(request: HttpRequest) -> HttpResponse | None:
    """Turn away what is too large, or of a size that is not said, before a byte of it is parsed."""
    given = request.META.get("CONTENT_LENGTH") or "0"
    most = LARGEST_UPLOAD if (request.content_type or "").startswith("multipart/") else LARGEST_JSON
    return None if given.isdigit() and int(given) <= most else problems.answer(problems.too_large())
