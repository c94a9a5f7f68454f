"""Reading the log: streams for the verifier and the export, and the history of one subject."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO
from uuid import UUID

from django.db import connection

from madoguchi.events.models import Cursor, Event, Seal
from madoguchi.events.rules import LoggedEvent, SealedBatch, Verification, Verifier

_COLUMNS = "id, xid, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, cause_id, channel, data"


def logged(row: tuple[Any, ...]) -> LoggedEvent:
    """A row of ``_COLUMNS`` as the chain sees it: the time in UTC with microseconds, the data as parsed JSON."""
    at: datetime = row[2]
    data = json.loads(row[12]) if isinstance(row[12], str) else row[12]
    return LoggedEvent._make([*row[:2], at.astimezone(UTC).isoformat(timespec="microseconds"), *row[3:12], data])


def stream_events(from_xid: int = 0, to_xid: int | None = None, size: int = 5000) -> Iterator[LoggedEvent]:
    """All events of the transactions in ``[from_xid, to_xid)`` in log order, in constant memory."""
    last: tuple[int, UUID] = (from_xid, UUID(int=0))
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM event WHERE (xid, id) > (%s, %s) AND xid < %s ORDER BY xid, id LIMIT %s",  # noqa: S608 -- our own column names
                [*last, to_xid if to_xid is not None else 2**63 - 1, size],
            )
            rows = cursor.fetchall()
        yield from map(logged, rows)
        if len(rows) < size:
            return
        last = (rows[-1][1], rows[-1][0])


def relay_is_behind() -> bool:
    """Whether committed events have not been relayed, for example because an older transaction is still running."""
    place = Cursor.objects.filter(name="relay").first()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM event WHERE (xid, id) > (%s, %s))",
            [place.xid, place.event_id] if place else [0, UUID(int=0)],
        )
        return bool(cursor.fetchone()[0])


def stream_seals() -> Iterator[SealedBatch]:
    """All seals by number."""
    for one in Seal.objects.order_by("number").iterator(chunk_size=200):
        yield as_batch(one)


def as_batch(one: Seal) -> SealedBatch:
    """The stored seal as the pure link of the chain."""
    digests, previous, root = bytes(one.digests), bytes(one.previous), bytes(one.root)
    return SealedBatch(one.number, one.from_xid, one.to_xid, tuple(one.ids), digests, previous, root)


def head() -> tuple[int, bytes]:
    """Number and root of the newest seal (0 and empty before the first): keep it outside as an anchor."""
    newest = Seal.objects.order_by("-number").values_list("number", "root").first()
    return (newest[0], bytes(newest[1])) if newest else (0, b"")


def verify(anchors: dict[int, bytes] | None = None) -> Verification:
    """Verify the log in the database."""
    return Verifier(anchors or {}).verify(stream_seals(), stream_events())


def export(out: TextIO) -> int:
    """Write the log as JSON Lines: seals first, then events in log order. Returns the number of lines."""
    lines = 0
    for batch in stream_seals():
        out.write(
            json.dumps(
                {
                    "seal": batch.number,
                    "from": batch.from_xid,
                    "to": batch.to_xid,
                    "ids": [str(one) for one in batch.ids],
                    "digests": batch.digests.hex(),
                    "previous": batch.previous.hex(),
                    "root": batch.root.hex(),
                }
            )
            + "\n"
        )
        lines += 1
    for event in stream_events():
        out.write(json.dumps(list(event), default=str, ensure_ascii=False) + "\n")
        lines += 1
    return lines


def verify_export(path: str, anchors: dict[int, bytes] | None = None) -> Verification:
    """Verify an export without any database. Reads the file twice, line by line."""

    def lines(kind: type) -> Iterator[Any]:
        with open(path, encoding="utf-8") as file:
            for line in file:
                one = json.loads(line)
                if isinstance(one, kind):
                    yield one

    def seals() -> Iterator[SealedBatch]:
        for one in lines(dict):
            ids = tuple(map(UUID, one["ids"]))
            parts = (bytes.fromhex(one[key]) for key in ("digests", "previous", "root"))
            yield SealedBatch(one["seal"], one["from"], one["to"], ids, *parts)

    def events() -> Iterator[LoggedEvent]:
        for one in lines(list):
            yield LoggedEvent._make(UUID(v) if v and n in _UUIDS else v for n, v in enumerate(one))

    return Verifier(anchors or {}).verify(seals(), events())


_UUIDS = frozenset({0, 7, 9, 10})


def history(subject_id: UUID) -> list[Event]:
    """All that happened to one subject, oldest first, refusals included."""
    return list(Event.objects.filter(subject_id=subject_id).order_by("at", "id"))
