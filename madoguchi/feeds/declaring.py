"""What operations say of themselves in the OpenAPI document: their scope, their problems, their headers."""

from typing import Any, Final

from madoguchi.feeds.problems import MEDIA_TYPE, TITLES

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


def operation(scope: str, *problems: int, once: bool = False, if_match: bool = False, **more: Any) -> dict[str, Any]:
    """``openapi_extra`` of an operation: scope and headers, and every status with which it can refuse."""
    statuses = sorted({400, 401, 403, 422, 429, *problems, *((409, 413) if once else ())})
    said: dict[str, Any] = {
        "security": [{"OAuth2": [scope]}],
        "responses": {
            status: {
                "description": TITLES[status],
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
            }
            for status in statuses
        },
        **more,
    }
    parameters = [IDEMPOTENCY_KEY] * once + [IF_MATCH] * if_match
    if parameters:
        said["parameters"] = parameters
    return said
