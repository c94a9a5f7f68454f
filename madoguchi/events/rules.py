"""What must hold of acts and of the log: actors, reasons, the hash chain and its offline verifier. Pure Python."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from madoguchi.ground.errors import NotAllowed

ActorKind = Literal["resident", "staff", "visitor", "system", "partner"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with what standing, through which channel.

    ``id`` is the person's, the account's or the partner's id (None for a visitor and for the system itself); ``posts``
    and ``sections`` are the codes of ``organisation.yaml`` that a member of staff holds today; ``level`` is the
    assurance with which a resident signed in (contact, account, card, card-signature), or with which a partner has
    identified the persons for whom it files. A partner (another system) may do what ``scopes`` name with cases of
    ``procedures`` (codes; ``*`` for all). ``covers`` are the colleagues who are away today and
    whose work this member of staff does.
    """

    kind: ActorKind
    id: UUID | None = None
    posts: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    level: str = ""
    channel: str = "web"
    covers: frozenset[UUID] = frozenset()
    scopes: frozenset[str] = frozenset()
    procedures: frozenset[str] = frozenset()

    def may(self, scope: str, procedure: str) -> bool:
        """Whether this is a partner who was given ``scope`` for the procedure of that code."""
        return (
            self.kind == "partner" and scope in self.scopes and ("*" in self.procedures or procedure in self.procedures)
        )

    @property
    def who(self) -> UUID:
        """The id of a resident or of staff. Raises NotAllowed for those who are nobody in particular."""
        if self.id is None:
            raise NotAllowed("not-signed-in", "ログインしてください。")
        return self.id


SYSTEM: Final = Actor("system", channel="worker")


@dataclass(frozen=True, slots=True)
class Reason:
    """A permission is a reason one can say aloud: 「ご本人の手続だから」「担当課だから」."""

    code: str
    title: str
    holds: Callable[[Actor, Any], bool]


#: The system acts on timers and jobs; nobody can sign in as it.
BY_SYSTEM: Final = Reason("system", "システムの定めた時刻または出来事による", lambda actor, _: actor.kind == "system")


class ActSpec(NamedTuple):
    """One entry of the list of all that the system can do."""

    verb: str
    title: str
    allow: tuple[Reason, ...]
    where: str


ACTS: dict[str, ActSpec] = {}


class LoggedEvent(NamedTuple):
    """An event as the chain sees it: every column, in the order in which its digest is taken."""

    id: UUID
    xid: int
    at: str
    verb: str
    outcome: str
    reason: str
    actor_kind: str
    actor_id: UUID | None
    subject_kind: str
    subject_id: UUID | None
    cause_id: UUID | None
    channel: str
    data: Mapping[str, Any]

    def digest(self) -> bytes:
        """SHA-256 over the canonical JSON of all columns (keys sorted, no spaces, UTF-8)."""
        text = json.dumps(list(self), default=str, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).digest()


class SealedBatch(NamedTuple):
    """A link of the chain: the events of all transactions in ``[from_xid, to_xid)``."""

    number: int
    from_xid: int
    to_xid: int
    ids: tuple[UUID, ...]
    digests: bytes
    previous: bytes
    root: bytes

    def expected_root(self) -> bytes:
        """What ``root`` must be: SHA-256 over the previous root, the header, the ids and the digests."""
        head = json.dumps([self.number, self.from_xid, self.to_xid, len(self.ids)]).encode()
        ids = b"".join(one.bytes for one in self.ids)
        return hashlib.sha256(self.previous + head + ids + self.digests).digest()


def seal(number: int, from_xid: int, to_xid: int, events: Iterable[LoggedEvent], previous: bytes) -> SealedBatch:
    """The next link over ``events``, which must be ordered by (xid, id)."""
    ids: list[UUID] = []
    digests: list[bytes] = []
    for event in events:
        ids.append(event.id)
        digests.append(event.digest())
    batch = SealedBatch(number, from_xid, to_xid, tuple(ids), b"".join(digests), previous, b"")
    return batch._replace(root=batch.expected_root())


@dataclass(slots=True)
class Finding:
    """What is wrong, and with which row: ``kind`` is altered, missing, inserted, seal-altered or seal-missing."""

    kind: Literal["altered", "missing", "inserted", "seal-altered", "seal-missing"]
    seal: int
    event: UUID | None = None
    detail: str = ""

    def __str__(self) -> str:
        words = {
            "altered": "書き換えられた行",
            "missing": "消された行",
            "inserted": "後から入れられた行",
            "seal-altered": "書き換えられた封印",
            "seal-missing": "欠けた封印",
        }
        row = f" event {self.event}" if self.event else ""
        return f"{words[self.kind]}: seal {self.seal}{row} {self.detail}".rstrip()


@dataclass(slots=True)
class Verification:
    """The verdict on a whole log: ``first`` is None when every row is as it was when it was sealed."""

    seals: int = 0
    events: int = 0
    unsealed: int = 0
    head: bytes = b""
    first: Finding | None = None


@dataclass(slots=True)
class Verifier:
    """Reads seals and events in order and stops at the first row that is not what was sealed.

    Works on any iterators, so on an export as well as on the database. A thief with write access to everything
    could reseal the whole log: keep a head (``madoguchi events head``) outside and pass it as ``anchors``.
    """

    anchors: Mapping[int, bytes] = field(default_factory=dict)

    def verify(self, seals: Iterable[SealedBatch], events: Iterable[LoggedEvent]) -> Verification:
        """``events`` ordered by (xid, id), ``seals`` by number; both may be streams of any length."""
        result = Verification()
        stream = iter(events)
        waiting = next(stream, None)
        previous, next_xid = b"", None
        for batch in seals:
            result.first = self._seal_finding(batch, result.seals + 1, previous, next_xid)
            if result.first:
                return result
            mine: list[LoggedEvent] = []
            while waiting is not None and waiting.xid < batch.to_xid:
                mine.append(waiting)
                waiting = next(stream, None)
            result.first = _first_difference(batch, mine)
            if result.first:
                return result
            result.seals, result.events = batch.number, result.events + len(mine)
            previous, next_xid = batch.root, batch.to_xid
        result.head = previous
        result.unsealed = (1 if waiting is not None else 0) + sum(1 for _ in stream)
        last_anchor = max(self.anchors, default=0)
        if last_anchor > result.seals:
            result.first = Finding("seal-missing", last_anchor, detail="控えにある封印がありません")
        return result

    def _seal_finding(self, batch: SealedBatch, expected: int, previous: bytes, next_xid: int | None) -> Finding | None:
        if batch.number != expected:
            return Finding("seal-missing", expected)
        if batch.previous != previous or (next_xid is not None and batch.from_xid != next_xid):
            return Finding("seal-altered", batch.number, detail="前の封印とつながりません")
        if batch.root != batch.expected_root() or len(batch.digests) != 32 * len(batch.ids):
            return Finding("seal-altered", batch.number, detail="封印の値が中身と合いません")
        if batch.number in self.anchors and self.anchors[batch.number] != batch.root:
            return Finding("seal-altered", batch.number, detail="控えの値と合いません")
        return None


def _first_difference(batch: SealedBatch, found: list[LoggedEvent]) -> Finding | None:
    sealed = dict(zip(batch.ids, _slices(batch.digests), strict=True))
    present = {event.id for event in found}
    for event in found:
        if event.id not in sealed:
            return Finding("inserted", batch.number, event.id, event.verb)
        if sealed[event.id] != event.digest():
            return Finding("altered", batch.number, event.id, event.verb)
    for one in batch.ids:
        if one not in present:
            return Finding("missing", batch.number, one)
    return None


def _slices(digests: bytes) -> Iterator[bytes]:
    return (digests[start : start + 32] for start in range(0, len(digests), 32))
