"""Addresses of the face for machines."""

from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path
from django.views.decorators.http import require_safe

from madoguchi.feeds import oauth
from madoguchi.feeds.api import api, openapi
from madoguchi.feeds.problems import nothing_here


@require_safe
def document(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document."""
    return JsonResponse(openapi(), json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("api/v1/openapi.json", document, name="api-openapi"),
    path("api/v1/", api.urls),
    path("oauth/token", oauth.token, name="oauth-token"),
    path("oauth/introspect", oauth.introspect, name="oauth-introspect"),
    path("oauth/revoke", oauth.revoke, name="oauth-revoke"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
    re_path(r"^(?:api|oauth)/(?P<rest>.*)$", nothing_here, name="api-nothing"),
]
