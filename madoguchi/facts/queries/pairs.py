"""Doubtful pairs as whoever keeps the register sees them: which wait, and both sides of one, read through the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from madoguchi.events import Actor
from madoguchi.facts.models import Entry, Pair, Source
from madoguchi.facts.ports import KEEPERS
from madoguchi.facts.queries.ledger import VOUCHED, Known, known
from madoguchi.facts.queries.matching import office_of, registers
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.matching import ATTRIBUTES, Comparison, compare, record_of
from madoguchi.facts.rules.register import CONFIDENTIAL
from madoguchi.ground.errors import NotFound
from madoguchi.people.models import Identity

_KEYS: Final = (*ATTRIBUTES.values(), CONFIDENTIAL)


@dataclass(frozen=True, slots=True)
class Sides:
    """What stands in the register and what the card says, by fact; ``comparison`` by attribute, as it is now."""

    entry: Mapping[str, Known]
    person: Mapping[str, Known]
    comparison: Comparison

    @property
    def is_confidential(self) -> bool:
        """Whether the register says that its entry is under 支援措置."""
        return CONFIDENTIAL in self.entry and self.entry[CONFIDENTIAL].value is True


def kept_by(actor: Actor) -> list[str]:
    """The registers of which this member of staff says who is who."""
    if actor.kind != "staff":
        return []
    keepers = KEEPERS.get("organisation")
    return [one.register for one in registers() if actor.posts & keepers(one.office)]


def keeps(actor: Actor) -> bool:
    """Whether this member of staff holds a post that keeps a register, whether or not one was ever imported."""
    return actor.kind == "staff" and any(actor.posts & KEEPERS.get("organisation")(one) for one in actor.sections)


def open_pairs(by: Actor) -> QuerySet[Pair]:
    """The pairs that wait for this member of staff, those of a doubtful link first, then the oldest. Nothing of what is
    known of anybody.

    ``is_taken``: somebody else signs in as the entry's person; ``stands``: whoever signs in has another entry there.
    Then two claim one place, and one of the links is wrong.
    """
    found = Pair.objects.filter(decided_at=None, entry__register__in=kept_by(by)).select_related("entry")
    taken = Identity.objects.filter(person=OuterRef("entry__person")).exclude(person=OuterRef("person"))
    standing = Entry.objects.filter(register=OuterRef("entry__register"), person=OuterRef("person"), gone_since=None)
    ties = found.annotate(is_taken=Exists(taken), stands=Exists(standing.exclude(pk=OuterRef("entry"))))
    return ties.order_by(Case(When(Q(is_taken=True) | Q(stands=True), then=0), default=1), "found_at", "pk")


def decided_pairs(by: Actor) -> QuerySet[Pair]:
    """What staff have decided in the registers of this member of staff, newest first."""
    found = Pair.objects.filter(decided_by__isnull=False, entry__register__in=kept_by(by))
    return found.select_related("entry").order_by("-decided_at", "-pk")


def decided_pair(key: UUID, by: Actor) -> Pair:
    """One of them. Raises NotFound for any other, existing or not."""
    pair = decided_pairs(by).filter(pk=key).first()
    if pair is None:
        raise NotFound("pair-unknown", "この組はないか、まだ決められていません。")
    return pair


def link_in_doubt(pair: Pair) -> Entry | None:
    """The entry whose link this pair puts in doubt: its own, where somebody signs in as its person, or the one in which
    its person stands already. None where there is none."""
    own = pair.entry
    if Identity.objects.filter(person=own.person_id).exists():
        return own
    standing = Entry.objects.filter(register=own.register, person=pair.person_id, gone_since=None)
    return standing.first()


def open_pair(key: UUID, by: Actor) -> Pair:
    """One of them. Raises NotFound for any other, existing or not."""
    pair = open_pairs(by).filter(pk=key).first()
    if pair is None:
        raise NotFound("pair-unknown", "この組はないか、すでに決められています。")
    return pair


def sides_of_one(entry: Entry, by: Actor) -> Sides:
    """What register and card say of the one person whom an entry and a sign-in are tied to. Raises NoBasis."""
    purpose = Purpose("match", office=office_of(entry.register))
    return _sides(
        known(entry.person_id, _KEYS, purpose, by=by, sources=[Source.REGISTER]),
        known(entry.person_id, ATTRIBUTES.values(), purpose, by=by, sources=[Source.CARD]),
    )


def sides(pair: Pair, by: Actor) -> Sides:
    """Both sides of a pair; two readings, each in the log of whom it is about. Raises NoBasis."""
    purpose = Purpose("match", office=office_of(pair.entry.register))
    entry = known(pair.entry.person_id, _KEYS, purpose, by=by, sources=[Source.REGISTER])
    person = known(pair.person_id, ATTRIBUTES.values(), purpose, by=by, sources=VOUCHED)
    return _sides(entry, person)


def _sides(entry: Mapping[str, Known], person: Mapping[str, Known]) -> Sides:
    said = [record_of({key: one.value for key, one in side.items()}) for side in (entry, person)]
    return Sides(entry, person, compare(*said))
