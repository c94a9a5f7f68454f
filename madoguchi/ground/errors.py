"""Refusals: what a person is told when something may not, cannot or need not happen.

Apart from every other error, because a refusal is no fault of the program: it rolls back, is shown in the
person's language and leaves one event. Values typed by a person never enter a message, its params or a repr,
so that a refusal can be logged as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def fill(message: str, params: Mapping[str, Any]) -> str:
    """Fill `%(name)s` places of a (translated) message; a message without params is taken as it stands."""
    return message % params if params else message


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field, as a Japanese source string to translate and then to fill."""

    code: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return fill(self.message, self.params)


class Refused(Exception):
    """The base of all refusals. `status` is the HTTP status a face answers with.

    `code` is kebab-case and stable (events and tests name it); `message` is a Japanese source string that may
    hold `%(name)s`; `fields` maps the path of a field (`child.0.date_of_birth`) to its problem. `log` is what the event
    of the refusal keeps beside the code: ids and names, never values.
    """

    default_status: ClassVar[int] = 400

    def __init__(
        self,
        code: str,
        message: str,
        params: Mapping[str, Any] = _NOTHING,
        *,
        fields: Mapping[str, Problem] = MappingProxyType({}),
        status: int | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.params: dict[str, Any] = dict(params)
        self.fields: dict[str, Problem] = dict(fields)
        self.status = self.default_status if status is None else status
        self.log: dict[str, Any] = {}

    def __str__(self) -> str:
        return fill(self.message, self.params)

    def as_problem(self) -> Problem:
        """The same refusal as the problem of one field, for a face or rule that knows which field it was."""
        return Problem(self.code, self.message, self.params)


class NotAllowed(Refused):
    """403: who asks has no reason to do this."""

    default_status = 403


class NotFound(Refused):
    """404: it does not exist, or not for who asks (another person's case is not admitted to exist)."""

    default_status = 404


class Stale(Refused):
    """409: someone else was faster, or the form shown is older than what it would change."""

    default_status = 409


class Invalid(Refused):
    """422: what was given cannot be accepted; `fields` says where and what to write instead."""

    default_status = 422
