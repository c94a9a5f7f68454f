"""JSON as a provider must write it. What two readers could understand differently is refused, not interpreted."""

import json
from typing import Any


def read_object(text: bytes) -> dict[str, Any]:
    """The one JSON object of ``text``: no name twice (RFC 8259 leaves open which of them counts), no NaN, no Infinity.

    Raises ValueError for whatever else it is, nested without end, too.
    """
    try:
        found = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")
