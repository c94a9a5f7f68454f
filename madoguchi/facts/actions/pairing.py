"""Doubtful pairs: they wait until a member of staff of the register's section says whether two are one."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from madoguchi.events import Actor, Reason, act, record
from madoguchi.facts.models import Entry, Pair
from madoguchi.facts.ports import KEEPERS
from madoguchi.facts.queries import count, hold, office_of
from madoguchi.facts.rules.matching import Comparison
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.ground.text import clean
from madoguchi.people.models import Identity, Person

MAX_REASON: Final = 300
KEEPS = Reason(
    "keeps-register",
    "この台帳を受け持つ職だから",
    lambda actor, pair: (
        actor.kind == "staff" and bool(actor.posts & KEEPERS.get("organisation")(office_of(pair.entry.register)))
    ),
)


def wait(found: Iterable[tuple[Entry, UUID, Comparison]]) -> int:
    """Have these pairs decided, for acts that leave the event; how many were not asked before."""
    pairs = [Pair(entry=entry, person_id=person, comparison=dict(comparison)) for entry, person, comparison in found]
    asked = set(Pair.objects.filter(entry__in=[one.entry for one in pairs]).values_list("entry_id", "person_id"))
    return len(Pair.objects.bulk_create(one for one in pairs if (one.entry_id, one.person_id) not in asked))


def settle(register: str, persons: Iterable[UUID]) -> None:
    """For acts by which these persons have found their entry: what was doubtful about person or entry is no more."""
    found = list(persons)
    about = Q(person__in=found) | Q(entry__person__in=found)
    Pair.objects.filter(about, decided_at=None, entry__register=register).update(
        is_same=False, decided_at=clock.now(), reason="ほかの方と結びついたため"
    )


@act("register.decide", allow=(KEEPS,))
def decide(pair: Pair, *, same: bool, reason: str, by: Actor) -> Pair:
    """台帳との照合の決定: whether the entry and the person are one human being, and why.

    If they are, the entry is the person's from now on: what the register says is stated of them, and the person that
    stood behind the entry, as whom nobody has ever signed in, goes. Other pairs of either are thereby settled.
    """
    hold(pair.entry.register)
    fresh = Pair.objects.select_for_update().select_related("entry").get(pk=pair.pk)
    if fresh.decided_at is not None:
        raise Stale("pair-decided", "この組は、ほかの職員がすでに決めています。")
    said = clean(reason, multiline=True, max_length=MAX_REASON)
    if not said:
        problem = Problem("reason-missing", "何で確かめたかを書いてください。")
        raise Invalid(problem.code, problem.message, fields={"reason": problem})
    if same:
        _join(fresh)
    fresh.is_same, fresh.reason, fresh.decided_at, fresh.decided_by_id = same, said, clock.now(), by.who
    fresh.save(update_fields=["is_same", "reason", "decided_at", "decided_by", "replaced"])
    if same:
        settle(fresh.entry.register, [fresh.person_id])
    record(pair=fresh.pk, same=same, person=fresh.person_id)
    return fresh


def _join(pair: Pair) -> None:
    entry, gone = pair.entry, pair.entry.person_id
    if (
        Identity.objects.filter(person=gone).exists()
        or Entry.objects.filter(register=entry.register, person=pair.person_id, gone_since=None).exists()
    ):
        raise Stale("pair-overtaken", "この間に、どちらかの方が別の記載と結びつきました。別の人として決めてください。")
    entry.person_id = pair.person_id
    entry.save(update_fields=["person"])
    with connection.cursor() as cursor:
        ids = [uuid7() for _ in range(count(gone))]
        cursor.execute("SELECT fact_adopt(%s, %s, %s, %s)", [gone, pair.person_id, ids, clock.now()])
    Person.objects.filter(pk=gone).delete()
    pair.replaced = gone
