"""The relay: reads the log in order, feeds jobs, seals. These are the log's own movements, not acts.

An event becomes visible when its transaction commits, so ids and times are not the order of appearance. The relay
therefore reads only behind the *horizon*, the oldest transaction that is still running: of everything before it the
log is complete and will not change.
"""

from uuid import UUID

from django.db import connection, transaction
from procrastinate.types import JSONValue

from madoguchi.events import queries
from madoguchi.events.following import FOLLOWERS, follow
from madoguchi.events.models import Cursor, Seal
from madoguchi.events.rules import LoggedEvent
from madoguchi.events.rules import seal as make_seal
from madoguchi.ground import clock

_FIRST = UUID(int=0)
#: A seal holds about this many events; only one larger transaction makes it longer.
BATCH = 10_000


def horizon() -> int:
    """The oldest transaction still running: everything before it has been committed or rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT madoguchi_transaction_horizon()")
        return int(cursor.fetchone()[0])


def relay(limit: int = 1000) -> int:
    """Defer the jobs that follow new events, in batches, exactly once. Returns how many events were read.

    Reading and deferring are one transaction, so a relay that is killed in the middle has done nothing. Several
    may run: the cursor's row lets one of them work at a time and the others pass on.
    """
    with transaction.atomic(durable=True):  # noqa: TID251 -- the log itself
        Cursor.objects.get_or_create(name="relay", defaults={"event_id": _FIRST})
        place = Cursor.objects.select_for_update(skip_locked=True).filter(name="relay").first()
        if place is None:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT xid, id, verb, outcome FROM event WHERE (xid, id) > (%s, %s) AND xid < %s"
                " ORDER BY xid, id LIMIT %s",
                [place.xid, place.event_id, horizon(), limit],
            )
            rows = cursor.fetchall()
        if not rows:
            return 0
        wanted: dict[str, list[str]] = {}
        for name in FOLLOWERS:
            for verb in FOLLOWERS.get(name).verbs:
                wanted.setdefault(verb, []).append(name)
        jobs: list[dict[str, JSONValue]] = [
            {"job": name, "event": str(event)}
            for _, event, verb, outcome in rows
            if outcome == "done"
            for name in wanted.get(verb, ())
        ]
        if jobs:
            follow.batch_defer(*jobs)
        place.xid, place.event_id = rows[-1][0], rows[-1][1]
        place.save(update_fields=["xid", "event_id"])
        return len(rows)


def seal() -> int:
    """Give all events behind the horizon their place in the hash chain. Returns how many were sealed."""
    with transaction.atomic(durable=True):  # noqa: TID251 -- the log itself
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('madoguchi.seal'))")
            if not cursor.fetchone()[0]:
                return 0
        last = Seal.objects.order_by("-number").first()
        from_xid, to_xid = (last.to_xid if last else 0), horizon()
        if to_xid <= from_xid:
            return 0
        fresh: list[LoggedEvent] = []
        for event in queries.stream_events(from_xid, to_xid):
            if len(fresh) >= BATCH and event.xid != fresh[-1].xid:
                to_xid = event.xid
                break
            fresh.append(event)
        if not fresh:
            return 0
        link = make_seal(last.number + 1 if last else 1, from_xid, to_xid, fresh, bytes(last.root) if last else b"")
        Seal.objects.create(
            number=link.number,
            from_xid=link.from_xid,
            to_xid=link.to_xid,
            ids=list(link.ids),
            digests=link.digests,
            previous=link.previous,
            root=link.root,
            sealed_at=clock.now(),
        )
        return len(fresh)


def heal_transaction_ids() -> int:
    """After a restore into another cluster, lift the transaction ids above those in the log; returns the offset.

    A new cluster counts its transactions from the start: without this, new events would sort before old ones and
    would never be relayed or sealed. Does nothing where the present transaction is younger than all that were logged,
    as it is in any cluster that wrote its log itself. The worker calls it when it starts.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:  # noqa: TID251 -- the log itself
        cursor.execute(
            """
            UPDATE event_epoch SET transaction_offset = transaction_offset + greatest(0,
                (SELECT greatest(coalesce((SELECT max(xid) FROM event), 0),
                                 coalesce((SELECT max(to_xid) FROM event_seal), 0)))
                - madoguchi_transaction_id() + 1)
            RETURNING transaction_offset
            """
        )
        return int(cursor.fetchone()[0])
