"""Doubtful pairs: they wait until a member of staff of the register's section says whether two are one; and what was
said wrongly is taken back.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from madoguchi.events import Actor, Reason, act, record
from madoguchi.facts.models import Entry, Pair
from madoguchi.facts.ports import KEEPERS
from madoguchi.facts.queries import hold, office_of, sides_of_one
from madoguchi.facts.rules.matching import Comparison, says_more
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.ids import uuid7
from madoguchi.ground.text import clean
from madoguchi.people.models import Identity, Person

MAX_REASON: Final = 300


def _keeps(actor: Actor, register: str) -> bool:
    return bool(actor.posts & KEEPERS.get("organisation")(office_of(register)))


KEEPS = Reason(
    "keeps-register",
    "この台帳を受け持つ職だから",
    lambda actor, pair: actor.kind == "staff" and _keeps(actor, pair.entry.register),
)
KEEPS_ENTRY = Reason(
    "keeps-register",
    "この台帳を受け持つ職だから",
    lambda actor, entry: actor.kind == "staff" and _keeps(actor, Entry.objects.get(pk=entry).register),
)


def wait(found: Iterable[tuple[Entry, UUID, Comparison]]) -> int:
    """Have these pairs decided, for acts that leave the event; how many that were. One that waits already is not asked
    twice, and one that staff have decided only where something speaks for it that did not then."""
    pairs = [Pair(entry=entry, person_id=person, comparison=dict(comparison)) for entry, person, comparison in found]
    rows = Pair.objects.filter(entry__in=[one.entry for one in pairs]).order_by("found_at", "pk")
    newest = {(one.entry_id, one.person_id): one for one in rows}

    def is_new(pair: Pair) -> bool:
        before = newest.get((pair.entry_id, pair.person_id))
        if before is None or before.decided_at is None:
            return before is None
        return before.decided_by_id is None or says_more(pair.comparison, before.comparison)

    return len(Pair.objects.bulk_create(one for one in pairs if is_new(one)))


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
    said = _said(reason)
    if same:
        _join(fresh)
    fresh.is_same, fresh.reason, fresh.decided_at, fresh.decided_by_id = same, said, clock.now(), by.who
    fresh.save(update_fields=["is_same", "reason", "decided_at", "decided_by", "replaced"])
    if same:
        settle(fresh.entry.register, [fresh.person_id])
    record(pair=fresh.pk, same=same, person=fresh.person_id)
    return fresh


@act("register.ask_again", allow=(KEEPS,))
def ask_again(pair: Pair, *, by: Actor) -> Pair:
    """台帳との照合のやり直し: a pair that was decided as two people waits once more."""
    hold(pair.entry.register)
    fresh = Pair.objects.select_for_update().get(pk=pair.pk)
    if fresh.is_same is not False:
        raise Stale("pair-not-apart", "この組は、別の人と決められていません。")
    if Pair.objects.filter(entry=fresh.entry_id, person=fresh.person_id, decided_at=None).exists():
        raise Stale("pair-open", "この組は、すでに見比べを待っています。")
    again = Pair.objects.create(entry_id=fresh.entry_id, person_id=fresh.person_id, comparison=fresh.comparison)
    record(again=again.pk)
    return again


@act("register.part", allow=(KEEPS_ENTRY,))
def part(entry_id: UUID, holder: UUID, *, reason: str, by: Actor) -> Pair:
    """台帳との結びつきの取消し: an entry and whoever signs in as its person (``holder``) are two people again, and why.

    What the register has said goes with the entry, to a person as whom nobody signs in. What they have said themselves,
    what their card says, and their cases stay with who signs in. What the link had settled is asked again.
    """
    register = Entry.objects.get(pk=entry_id).register
    hold(register)
    entry = Entry.objects.select_for_update().get(pk=entry_id)
    stays, said = entry.person_id, _said(reason)
    if stays != holder:
        raise Stale("entry-of-another", "この間に、結びつきが変わりました。もう一度開いて、お確かめください。")
    if not Identity.objects.filter(person=stays).exists():
        raise Stale("entry-of-nobody", "この記載には、サインインする方が結びついていません。")
    if Entry.objects.filter(person=stays).exclude(register=register).exists():
        raise Stale(
            "entry-in-several",
            "この方は、ほかの台帳の記載とも結びついています。どの台帳が何と言ったかを分けられないため、取り消せません。",
        )
    comparison = sides_of_one(entry, by).comparison
    tied = Pair.objects.filter(entry=entry, person=stays, is_same=True, parted_at=None).first()
    leaves = Person.objects.create(pk=(tied and tied.replaced) or uuid7())
    Entry.objects.filter(register=register, person=stays).update(person=leaves)
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact_part(%s, %s, %s)", [stays, leaves.pk, [uuid7()]])
    now = clock.now()
    Pair.objects.filter(person=stays, is_same=True, parted_at=None).update(parted_at=now, replaced=None)
    parted = Pair.objects.create(
        entry=entry,
        person_id=stays,
        comparison=dict(comparison),
        decided_at=now,
        decided_by_id=by.who,
        is_same=False,
        reason=said,
    )
    asked = _settled(register, stays, leaves.pk)
    record(entry=entry.pk, person=stays, leaves=leaves.pk, asked_again=asked)
    return parted


def _settled(register: str, stays: UUID, leaves: UUID) -> int:
    """What was doubtful about either before the link settled it is doubtful again; how many that were."""
    about = Q(person=stays) | Q(entry__person=leaves)
    settled = Pair.objects.filter(about, entry__register=register, decided_by=None, is_same=False)
    again = {(one.entry_id, one.person_id): one for one in settled.exclude(person=stays, entry__person=leaves)}
    return wait((one.entry, one.person_id, one.comparison) for one in again.values())


def _said(reason: str) -> str:
    said = clean(reason, multiline=True, max_length=MAX_REASON)
    if not said:
        problem = Problem("reason-missing", "何で確かめたかを書いてください。")
        raise Invalid(problem.code, problem.message, fields={"reason": problem})
    return said


def _join(pair: Pair) -> None:
    entry, gone = pair.entry, pair.entry.person_id
    if Identity.objects.filter(person=gone).exists():
        raise Stale(
            "pair-taken",
            "この記載は、ほかのカードでサインインする方のものになっています。正しくないときは、先にその結びつきを取り消してください。"
            "正しいときは、別の人として決めてください。",
        )
    if Entry.objects.filter(register=entry.register, person=pair.person_id, gone_since=None).exists():
        raise Stale(
            "pair-overtaken",
            "サインインした方は、同じ台帳の別の記載と結びついています。正しくないときは、先にその結びつきを取り消してください。"
            "正しいときは、別の人として決めてください。",
        )
    entry.person_id = pair.person_id
    entry.save(update_fields=["person"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT fact_adopt(%s, %s, %s, %s)", [gone, pair.person_id, [uuid7()], clock.now()])
    Person.objects.filter(pk=gone).delete()
    pair.replaced = gone
