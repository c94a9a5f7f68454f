"""The documentation of the API as a page: made from the OpenAPI document, with no script and nothing from outside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from madoguchi.feeds.api import api, openapi
from madoguchi.people.rules import SCOPES, WEBHOOK_TYPES

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that goes in or out: a parameter, or a member of a body."""

    name: str
    where: str
    type: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    scope: str
    takes: list[Line]
    gives: list[Line]
    answers: list[tuple[str, str]]


@require_safe
def document(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document."""
    return JsonResponse(openapi(), json_dumps_params={"ensure_ascii": False})


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """All operations, tokens, problems and webhooks on one page that can be printed."""
    context = {
        "base": settings.BASE_URL,
        "description": api.description.split("\n\n"),
        "operations": list(operations(openapi())),
        "scopes": SCOPES.items(),
        "types": WEBHOOK_TYPES.items(),
    }
    return render(request, "feeds/docs.html", context)


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """The operations of an OpenAPI document, in its order."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            told = methods.get(method)
            if told is not None:
                yield _operation(document, path, method, told)


def _operation(document: Mapping[str, Any], path: str, method: str, told: Mapping[str, Any]) -> Operation:
    takes = [
        Line(one["name"], one["in"], _type(one["schema"]), one.get("required", False), one.get("description", ""))
        for one in told.get("parameters", ())
    ]
    for media, content in told.get("requestBody", {}).get("content", {}).items():
        takes += _members(document, content["schema"], media)
    good: Mapping[str, Any] = next(
        (one for status, one in told["responses"].items() if str(status).startswith("2")), {}
    )
    gives: list[Line] = []
    for media, content in good.get("content", {}).items():
        gives += _members(document, content.get("schema", {}), media)
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        text=told.get("description", ""),
        scope=" ".join(scope for way in told["security"] for scope in way.get("OAuth2", ())),
        takes=takes,
        gives=gives,
        answers=[
            (str(status), one.get("description", "")) for status, one in sorted(told["responses"].items(), key=str)
        ],
    )


def _members(document: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> list[Line]:
    whole = _resolved(document, schema)
    wanted = whole.get("required", ())
    return [
        Line(name, where, _type(one), name in wanted, one.get("description", ""))
        for name, one in whole.get("properties", {}).items()
    ]


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: Mapping[str, Any] = document["components"]["schemas"][name] if name else schema
    return resolved


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " / ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " / ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}))}[]"
    return str(schema.get("format") or schema.get("type") or "")
