"""``@act``: one verb, one transaction, one permission, one event.

Kept apart from ``actions`` because every noun's ``actions`` is written with it, before any model can be loaded.
The events of an act and of the acts within it are written in one INSERT just before the commit.
"""

import functools
import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar, cast
from uuid import UUID

from django.db import connection, models, transaction

from madoguchi.events.rules import ACTS, Actor, ActSpec, Reason
from madoguchi.ground import clock
from madoguchi.ground.errors import NotAllowed, Refused
from madoguchi.ground.ids import uuid7

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class _Entry:
    """An event in the making."""

    id: UUID
    verb: str
    actor: Actor
    reason: str
    subject: models.Model | None
    cause: UUID | None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Run:
    """The outermost act that is going on in this context: its entries in order, and the chain of causes."""

    entries: list[_Entry] = field(default_factory=list)
    stack: list[_Entry] = field(default_factory=list)
    refused: _Entry | None = None


_run: ContextVar[_Run | None] = ContextVar("madoguchi_act", default=None)


class _Act(Protocol):
    spec: ActSpec


def act(verb: str, *, allow: tuple[Reason, ...]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function that changes something an act.

    The function takes ``by: Actor`` as a keyword; its subject is its first argument, or what it returns when it
    opens something new. The first reason in ``allow`` that holds is written into the event. :class:`Refused`
    undoes everything and leaves one event of refusal with its code. A second definition of a verb is an error.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        if verb in ACTS:
            raise ValueError(f"the act {verb} is already defined in {ACTS[verb].where}")
        title = (function.__doc__ or "").strip().partition("\n")[0]
        if not title:
            raise ValueError(f"the act {verb} needs a docstring: its first line is its title in the list of acts")
        spec = ActSpec(verb, title, allow, f"{function.__module__}.{function.__qualname__}")
        ACTS[verb] = spec

        @functools.wraps(function)
        def perform(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = cast(Actor, kwargs["by"])
            first = args[0] if args else None
            subject = first if isinstance(first, models.Model) else None
            run = _run.get()
            if run is not None:
                return _inner(run, function, spec, actor, first, subject, args, kwargs)
            run = _Run()
            token = _run.set(run)
            try:
                with transaction.atomic(durable=True):  # noqa: TID251 -- the log itself
                    result = _inner(run, function, spec, actor, first, subject, args, kwargs)
                    _write(run.entries, "done")
                return result
            except Refused as refusal:
                entry = run.refused or _Entry(uuid7(), verb, actor, "", subject, None)
                entry.reason = refusal.code
                entry.cause = None
                entry.data = _told(refusal)
                if entry.verb != verb:
                    entry.data["within"] = verb
                with transaction.atomic(durable=True):  # noqa: TID251 -- the log itself
                    _write([entry], "refused")
                raise
            finally:
                _run.reset(token)

        cast(_Act, perform).spec = spec
        return cast(Callable[P, R], perform)

    return decorate


def _inner(
    run: _Run,
    function: Callable[..., R],
    spec: ActSpec,
    actor: Actor,
    first: object,
    subject: models.Model | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> R:
    cause = run.stack[-1].id if run.stack else None
    entry = _Entry(uuid7(), spec.verb, actor, "", subject, cause)
    try:
        entry.reason = _why_allowed(spec, actor, first)
        run.entries.append(entry)
        run.stack.append(entry)
        try:
            result = function(*args, **kwargs)
        finally:
            run.stack.pop()
    except Refused:
        run.refused = run.refused or entry
        raise
    if entry.subject is None and isinstance(result, models.Model):
        entry.subject = result
    return result


def _why_allowed(spec: ActSpec, actor: Actor, subject: object) -> str:
    for reason in spec.allow:
        if reason.holds(actor, subject):
            return reason.code
    raise NotAllowed("not-allowed", "この操作をする権限がありません。")


def _told(refusal: Refused) -> dict[str, Any]:
    return refusal.log | ({"fields": sorted(refusal.fields)} if refusal.fields else {})


def record(**data: Any) -> None:
    """Add non-personal data (ids, names of steps and fields, dates, outcomes) to the event of the current act."""
    run = _run.get()
    if run is None or not run.stack:
        raise RuntimeError("record() outside an act")
    run.stack[-1].data.update(data)


def within_act() -> bool:
    """Whether an act is going on here: then nothing may wait for the network."""
    return _run.get() is not None


def current_event() -> UUID:
    """The id of the event that the current act will leave; lets a row point to the event that made it."""
    run = _run.get()
    if run is None or not run.stack:
        raise RuntimeError("current_event() outside an act")
    return run.stack[-1].id


def current_cause() -> UUID | None:
    """The act in which something goes on that leaves its own event; None outside, and while a permission is asked."""
    run = _run.get()
    return run.stack[-1].id if run is not None and run.stack else None


def refuse(verb: str, refusal: Refused, *, by: Actor, subject: models.Model | None = None) -> None:
    """Leave the one event of an input that was turned away before any act could begin (a malformed request)."""
    data = _told(refusal)
    with transaction.atomic():  # noqa: TID251 -- the log itself
        _write([_Entry(uuid7(), verb, by, refusal.code, subject, None, data)], "refused")


_COLUMNS = "id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data"
_ROW = "(%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"


def _write(entries: list[_Entry], outcome: str) -> None:
    at = clock.now()
    values: list[Any] = []
    for entry in entries:
        subject = entry.subject
        key = subject.pk if subject is not None and isinstance(subject.pk, UUID) else None
        if subject is not None and key is None and subject.pk is not None:
            entry.data["subject"] = str(subject.pk)
        values += (
            entry.id,
            at,
            entry.verb,
            outcome,
            entry.reason,
            entry.actor.kind,
            entry.actor.id,
            subject._meta.model_name or "" if subject is not None else "",
            key,
            entry.cause,
            entry.actor.channel,
            json.dumps(entry.data, default=str, ensure_ascii=False),
        )
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO event ({_COLUMNS}) VALUES {','.join([_ROW] * len(entries))}", values)  # noqa: S608 -- our own column names
