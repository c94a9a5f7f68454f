"""What operations say of themselves in the OpenAPI document: their scope, their problems, their headers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from madoguchi.feeds.problems import MEDIA_TYPE, TITLES

ID_MADE: Final = "$response.body#/id"
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A value of this request alone; sent again with the same body, the first answer is given again.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": "^[!-~]+$"},
}
IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the case as it was read.",
    "schema": {"type": "string", "maxLength": 100},
}


IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that the caller has; unchanged, the answer is 304 without a body.",
    "schema": {"type": "string", "maxLength": 100},
}


def operation(
    scope: str,
    *problems: int,
    once: bool = False,
    if_match: bool = False,
    if_none_match: bool = False,
    leads_to: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> dict[str, Any]:
    """``openapi_extra`` of an operation: scope and headers, and every status with which it can refuse.

    ``leads_to``: the operations that take the id of what was made, with the name they have for it (links).
    """
    statuses = sorted({400, 401, 403, 422, 429, *problems, *((409, 413) if once else ())})
    said: dict[str, Any] = {"security": [{"OAuth2": [scope]}], "responses": refusals(*statuses), **more}
    if if_none_match:
        said["responses"][304] = {"description": "unchanged"}
    if leads_to:
        said["responses"][201] = {
            "links": {one: {"operationId": one, "parameters": {name: ID_MADE}} for one, name in leads_to.items()}
        }
    parameters = [IDEMPOTENCY_KEY] * once + [IF_MATCH] * if_match + [IF_NONE_MATCH] * if_none_match
    if parameters:
        said["parameters"] = parameters
    return said


def refusals(*statuses: int) -> dict[int, Any]:
    """The answers of an operation that are problem documents."""
    document = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {status: {"description": TITLES[status], "content": document} for status in statuses}
