"""The API, version 1: what every operation has in common, and its addresses."""

import logging
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_noop
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from madoguchi.feeds import calling, cases, companies, here, places, problems, procedures, usage, webhooks
from madoguchi.ground.errors import Problem, Refused
from madoguchi.people.rules import SCOPES

logger = logging.getLogger(__name__)

api = NinjaAPI(
    title="窓口 API",
    version="1",
    description=(
        "手続と案件を、基幹系システムや連携サービスから扱うAPIです。認証は OAuth 2.0 client credentials。"
        "内容を変える要求には Idempotency-Key を付けます。拒まれた要求は何も変えず、RFC 9457 の形で理由を返します。\n\n"
        "Procedures and cases for core systems and partner services. OAuth 2.0 client credentials; every POST carries "
        "an Idempotency-Key; a refused request changes nothing and answers with a problem document (RFC 9457)."
    ),
    urls_namespace="api-1",
    docs_url=None,
    auth=calling.Bearer(),
)
api.add_decorator(calling.headers, mode="view")
api.add_router("", procedures.router, tags=["procedures"])
api.add_router("", cases.router, tags=["cases"])
api.add_router("", companies.router, tags=["services"])
api.add_router("", webhooks.router, tags=["webhooks"])
api.add_router("", usage.router, tags=["usage"])
api.add_router("", here.router, tags=["places"])
api.add_router("", places.router, tags=["places"])


@api.exception_handler(Refused)
def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """A refusal of ours."""
    return problems.answer(refusal)


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A request that does not have the shape that the OpenAPI document asks."""
    fields = {}
    for one in error.errors:
        path = ".".join(str(part) for part in one.get("loc", ())[1:])
        fields[path[:200] or "body"] = Problem(
            str(one.get("type", "invalid")).replace("_", "-"), gettext_noop("この項目の値か形が正しくありません。")
        )
    return problems.answer(
        Refused("request-malformed", gettext_noop("要求の形が正しくありません。"), fields=fields, status=422)
    )


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """A body that is not JSON, and what else Ninja itself turns away."""
    status = error.status_code
    code = "token-invalid" if isinstance(error, AuthenticationError) else "request-unreadable"
    return problems.answer(Refused(code, problems.TITLES.get(status, problems.TITLES[400]), status=status))


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    """An address with a part that cannot be."""
    return problems.nothing_here(request)


@api.exception_handler(Exception)
def broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """Ours to mend; the caller learns no more than that."""
    logger.exception("the API failed at %s", request.path)
    return problems.answer(Refused("broken", problems.TITLES[500], status=500))


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document: Ninja's, with the ways to a token, scopes, and headers that every answer has."""
    document: dict[str, Any] = dict(api.get_openapi_schema())
    document["servers"] = [{"url": settings.BASE_URL}]
    document["components"]["securitySchemes"] = {
        "OAuth2": {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": f"{settings.BASE_URL}/oauth/token",
                    "scopes": dict(SCOPES),
                }
            },
        }
    }
    for methods in document["paths"].values():
        for one in methods.values():
            one["security"] = [way for way in one["security"] if way.get("OAuth2")]
    return document
