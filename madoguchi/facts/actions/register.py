"""The import of a register's file: begun, taken in chunk by chunk, ended. Whatever breaks it off, it goes on behind.

1. The file is read line by line against the city's layout (``rules.register``); what cannot be read is refused by
   line, column and reason, never by value.
2. A chunk is one transaction and one event with its counts. An entry whose digest is the same is only seen; a changed
   one states what the register now says; a new one is looked for among those whom a card has proven
   (``rules.matching``) and else opens a person of its own. A changed entry behind which nobody signs in is looked for,
   too, but two persons who are both there are never joined by a machine: a member of staff is asked.
3. Of a whole file, whoever was not seen in it has left.
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.facts.actions.ledger import append, forget, row_of
from madoguchi.facts.actions.pairing import settle, wait
from madoguchi.facts.models import Entry, Import, Pair, Source
from madoguchi.facts.queries import VOUCHED, known
from madoguchi.facts.queries import matching as queries
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules import register as rules
from madoguchi.facts.rules.matching import ATTRIBUTES, Verdict
from madoguchi.facts.rules.register import Layout, Line, Unread
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.people.models import Identity, Person

#: Lines of one transaction: about half a second, for which a first sign-in waits at most.
CHUNK: Final = 1000
#: A whole file in which more than this part of the entries is missing is taken for a torso.
MOST_GONE: Final = 0.05
#: A file with more new numbers than this part of the entries is taken for one that writes its numbers otherwise.
MOST_NEW: Final = 0.05
#: So many lines may be refused as somebody else's; more, and the file is taken for one with shifted columns.
MOST_STRANGE: Final = 20
_COUNTS: Final = ("unchanged", "new", "changed", "gone", "linked", "doubtful", "strange")


@dataclass(slots=True)
class Report:
    """What came of an import. ``was_there``: this very file had been taken in before. ``held_back``: why nobody was
    found to have left."""

    run: Import
    read: int = 0
    refused: list[Unread] = field(default_factory=list)
    was_there: bool = False
    held_back: str = ""


def import_register(
    layout: Layout,
    file: Path,
    day: dt.date,
    *,
    by: Actor,
    operator: str = "",
    many_gone: bool = False,
    many_new: bool = False,
    progress: Callable[[int, int], None] = lambda done, whole: None,
) -> Report:
    """Take a file in, or go on with it. ``day`` is that for which it vouches; ``progress`` hears lines of lines.

    Raises Invalid where its columns are not those of the layout, the day is to come, or too many numbers stand before
    somebody else than before; Stale where a newer file is in.
    ``many_gone`` lets a whole file say that more than one in twenty has left, ``many_new`` any but the first that more
    than one in twenty is new.
    """
    digest, whole = _digest(file)
    next(rules.read(layout, _lines(file, layout)), None)  # wrong columns are said before anything is written
    if not many_new:
        _few_are_new(layout, file)
    run = begin(layout, day, digest, operator, by=by)
    before = Import.objects.filter(register=run.register, digest=digest, ended_at__isnull=False)
    report = Report(run, was_there=before.exists())
    chunk: list[Line | Unread] = []
    for one in rules.read(layout, _lines(file, layout)):
        report.read += 1
        if isinstance(one, Unread):
            report.refused.append(one)
        if one.at <= run.line:
            continue
        chunk.append(one)
        if len(chunk) == CHUNK:
            run, refused = take(run, chunk, by=by)
            report.refused += refused
            chunk = []
            progress(run.line, whole)
    if chunk:
        run, refused = take(run, chunk, by=by)
        report.refused += refused
    report.refused.sort(key=lambda one: one.at)
    report.held_back = _held_back(run, report.refused, many_gone)
    report.run = end(run, by=by, held_back=bool(report.held_back))
    progress(whole, whole)
    return report


def _few_are_new(layout: Layout, file: Path) -> None:
    """Raises Invalid before anything is written where so many numbers are new that the register must write them
    otherwise than before (0001 as 1): each of them would open a second person for somebody who is there."""
    if not Import.objects.filter(register=layout.register, ended_at__isnull=False).exists():
        return
    there = set(Entry.objects.filter(register=layout.register).values_list("number", flat=True))
    read = rules.read(layout, _lines(file, layout))
    new = sum(isinstance(one, Line) and one.number not in there for one in read)
    if new > max(len(there) * MOST_NEW, 20):
        raise Invalid(
            "register-many-new",
            "番号が%(there)s件ある台帳に、新しい番号が%(new)s件あります。まだ何も取り込んでいません。番号の書き方（前の0など）が"
            "変わっていないか確かめ、正しければ --many-new を付けてやり直してください。",
            {"there": len(there), "new": new},
        )


def _digest(file: Path) -> tuple[str, int]:
    """SHA-256 (hex) of a file, and how many lines it has."""
    digest, lines = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while part := stream.read(1 << 20):
            digest.update(part)
            lines += part.count(b"\n")
    return digest.hexdigest(), lines


def _lines(file: Path, layout: Layout) -> Iterator[str]:
    """Lines as text; bytes that are none of the encoding are lone surrogates, which no reader accepts."""
    with file.open(encoding=layout.encoding, errors="surrogateescape", newline="") as stream:
        yield from stream


@act("register.begin", allow=(BY_SYSTEM,))
def begin(layout: Layout, day: dt.date, digest: str, operator: str, *, by: Actor) -> Import:
    """台帳の取込みの開始: of a file that was broken off before, the same import goes on.

    Read by another layout than before it begins anew: its first lines would say other things than its last.
    """
    if day > clock.today():
        raise Invalid("register-day", "台帳の日付が、きょうより後になっています。")
    queries.hold(layout.register)
    newest = queries.newest(layout.register)
    if newest is not None and newest.day > day:
        raise Stale("register-older", "これより新しい日付の台帳が、すでに取り込まれています。")
    same = newest is not None and (newest.digest, newest.day, newest.layout) == (digest, day, layout.digest())
    if newest is not None and newest.ended_at is None and same:
        record(run=newest.pk, goes_on_behind=newest.line)
        return newest
    run = Import.objects.create(
        register=layout.register,
        office=layout.office,
        day=day,
        digest=digest,
        layout=layout.digest(),
        is_whole=layout.whole,
        operator=operator,
    )
    record(register=run.register, day=day, digest=digest)
    return run


@act("register.take", allow=(BY_SYSTEM,))
def take(run: Import, chunk: Sequence[Line | Unread], *, by: Actor) -> tuple[Import, list[Unread]]:
    """台帳の行の取込み: some lines of the file, all or none of them. The event has their counts.

    Returns those that were refused because of what is there, too: a number that stands before somebody else.
    """
    run = _still_going_on(run, chunk[0].at)
    counts = dict.fromkeys(_COUNTS, 0)
    numbers = [one.number for one in chunk if one.number]
    there = {
        one.number: one for one in Entry.objects.select_for_update().filter(register=run.register, number__in=numbers)
    }
    elsewhere = _elsewhere(run, there)
    refused = _refused(run, chunk, {number: one for number, one in there.items() if number not in elsewhere})
    counts["strange"] = len(refused)
    refused += [  # nobody stands there twice
        Unread(one.at, "", "この番号の方は、別の番号で台帳にあります", one.number, rules.is_confidential(one))
        for one in chunk
        if isinstance(one, Line) and one.number in elsewhere and rules.has_left(one, run.day) is None
    ]
    left_out = {one.at for one in refused}
    lines = [one for one in chunk if isinstance(one, Line) and one.at not in left_out]
    key, changed, fresh = queries.entry_key(), list[tuple[Line, Entry]](), list[Line]()
    for line in lines:
        entry = there.get(line.number)
        if entry is None:
            fresh.append(line)
        elif bytes(entry.digest) != line.digest(key) or entry.gone_since != rules.has_left(line, run.day):
            changed.append((line, entry))
        else:
            counts["unchanged"] += 1
    Entry.objects.filter(register=run.register, number__in=numbers).update(seen=run)
    counts["changed"] = len(changed)
    counts["new"] = len(fresh)
    for line, entry in changed:
        entry.digest, entry.gone_since = line.digest(key), rules.has_left(line, run.day)
    Entry.objects.bulk_update([entry for _, entry in changed], ["digest", "gone_since"])
    verdicts = _verdicts(run, [*fresh, *_of_nobody(changed)], by)
    same = {number: one.same for number, one in verdicts.items() if one.same is not None}
    opened = _open(run, fresh, same, key)
    entries = {entry.number: entry for entry in [*opened, *(entry for _, entry in changed)]}
    # What a number says that is left behind comes before what that one says under which its person stands, or not at
    # all.
    stated = [(line, entry.person_id, True) for line, entry in changed if line.number not in elsewhere]
    told = [(line, entries[line.number].person_id, line.number in same) for line in fresh]
    for said in (stated, told):
        rows = [row for line, person, is_known in said for row in _rows(line, person, known=is_known)]
        append(rows, Source.REGISTER, day=run.day)
    _protect(run, [*chunk, *refused])
    linked = {same[line.number] for line in fresh if line.number in same}
    settle(run.register, linked)
    counts["linked"] = len(linked)
    counts["doubtful"] = wait(
        (entries[number], person, comparison)
        for number, verdict in verdicts.items()
        for person, comparison in verdict.near.items()
        if person not in linked
    )
    for name, count in counts.items():
        setattr(run, name, getattr(run, name) + count)
    run.line = chunk[-1].at
    run.save(update_fields=[*_COUNTS, "line"])
    record(**counts, refused=len(chunk) - len(lines), line=run.line)
    return run, refused


def _still_going_on(run: Import, at: int) -> Import:
    """The import as it stands. Stale where another has begun meanwhile, or another process goes on with this one."""
    queries.hold(run.register)
    newest = queries.newest(run.register)
    if newest is None or newest.pk != run.pk or newest.ended_at is not None or newest.line >= at:
        raise Stale("register-overtaken", "この取込みは、別の取込みが始まったか、別のところで続けられています。")
    return newest


def _refused(run: Import, chunk: Sequence[Line | Unread], there: Mapping[str, Entry]) -> list[Unread]:
    """The lines of another human being than the one whom their number has meant so far; their entries stay as they are.
    Raises Invalid where they are too many."""
    key = queries.entry_key()
    changed = [
        (one, there[one.number])
        for one in chunk
        if isinstance(one, Line) and one.number in there and bytes(there[one.number].digest) != one.digest(key)
    ]
    others = queries.of_others({entry.person_id: rules.values_of(one) for one, entry in changed}, run.register)
    refused = [
        Unread(one.at, "", "この番号は、前と別の人の行のようです", one.number, rules.is_confidential(one))
        for one, entry in changed
        if entry.person_id in others
    ]
    if refused and run.strange + len(refused) > MOST_STRANGE:
        raise Invalid(
            "register-strange",
            "番号が前と別の人を指す行が、%(most)s行を超えました（%(at)s行目など）。ここから先は取り込んでいません。"
            "列がずれていないか、番号が付け直されていないか、ファイルを確かめてください。",
            {"most": MOST_STRANGE, "at": refused[0].at},
        )
    return refused


def _elsewhere(run: Import, there: Mapping[str, Entry]) -> set[str]:
    """The numbers of entries that are gone and whose person stands under another number now."""
    gone = [one for one in there.values() if one.gone_since is not None]
    standing = Entry.objects.filter(register=run.register, person__in=[one.person_id for one in gone], gone_since=None)
    persons = set(standing.values_list("person_id", flat=True))
    return {one.number for one in gone if one.person_id in persons}


def _of_nobody(changed: Sequence[tuple[Line, Entry]]) -> list[Line]:
    """The lines behind whose entry nobody signs in."""
    persons = [entry.person_id for _, entry in changed]
    recognised = set(Identity.objects.filter(person__in=persons).values_list("person_id", flat=True))
    return [line for line, entry in changed if entry.person_id not in recognised]


def _verdicts(run: Import, lines: Sequence[Line], by: Actor) -> dict[str, Verdict]:
    """Whom each line means, by its number. Where two lines mean the same person beyond doubt, a person must look."""
    said = {line.number: rules.values_of(line) for line in lines if rules.has_left(line, run.day) is None}
    found = queries.look(said, run.register, run.office, entries=False, by=by)
    often = Counter(one.same for one in found.values())
    return {
        number: one.doubted() if one.same is not None and often[one.same] > 1 else one for number, one in found.items()
    }


def _open(run: Import, fresh: Sequence[Line], same: Mapping[str, UUID], key: bytes) -> list[Entry]:
    """Entries for new lines: of the person whom one means beyond doubt, else of one that is opened with it."""
    opened = {line.number: Person() for line in fresh if line.number not in same}
    Person.objects.bulk_create(opened.values())
    persons = {**same, **{number: one.pk for number, one in opened.items()}}
    return Entry.objects.bulk_create(
        Entry(
            register=run.register,
            number=line.number,
            person_id=persons[line.number],
            digest=line.digest(key),
            seen=run,
            gone_since=rules.has_left(line, run.day),
        )
        for line in fresh
    )


def _rows(line: Line, person: UUID, *, known: bool) -> list[dict[str, Any]]:
    told = rules.as_facts(line, known=known)
    return [row_of(person, key, one.value, valid=(one.since, None)) for key, one in told.items()]


def _protect(run: Import, refused: Sequence[Line | Unread]) -> None:
    """Whoever is there and whose line says 支援措置 is protected, though nothing else of the line could be read.
    Without digest, so that the next line that can be read says anew whether they still are."""
    numbers = [one.number for one in refused if isinstance(one, Unread) and one.is_confidential]
    entries = list(Entry.objects.filter(register=run.register, number__in=numbers))
    append([row_of(one.person_id, rules.CONFIDENTIAL, True) for one in entries], Source.REGISTER, day=run.day)
    Entry.objects.filter(pk__in=[one.pk for one in entries]).update(digest=b"")


@act("register.end", allow=(BY_SYSTEM,))
def end(run: Import, *, by: Actor, held_back: bool = False) -> Import:
    """台帳の取込みの終わり: whoever was not seen in a whole file has left, unless that is ``held_back``."""
    fresh = _still_going_on(run, run.line + 1)
    if fresh.is_whole and not held_back:
        left = list(_unseen(fresh).values_list("person_id", flat=True))
        fresh.gone = _unseen(fresh).update(gone_since=fresh.day)
        fresh.doubtful += _under_another_number(fresh, left, by)
    fresh.ended_at = clock.now()
    fresh.save(update_fields=["gone", "doubtful", "ended_at"])
    record(**{name: getattr(fresh, name) for name in _COUNTS}, held_back=held_back)
    return fresh


@act("register.forget", allow=(BY_SYSTEM,))
def forget_entry(person: Person, layout: Layout, *, by: Actor) -> Person:
    """台帳から除かれた方の廃棄: whoever has left longer ago than the register keeps them. This event stays.

    With the last entry goes all that is known of the person. Nothing happens where somebody signs in as they.
    """
    queries.hold(layout.register)
    before = layout.left_before(clock.today())
    left = Entry.objects.filter(register=layout.register, person=person, gone_since__lt=before)
    signs_in = Identity.objects.filter(person=person).exists()
    if before is None or signs_in or not left.exists():
        record(already_done=True)
        return person
    gone = left.delete()[1]
    if not Entry.objects.filter(person=person).exists():
        forget(None, person_id=person.pk, by=by)
    named = {model._meta.db_table: gone.get(model._meta.label, 0) for model in (Entry, Pair)}
    record(register=layout.register, kept_years=layout.kept_years, gone={key: n for key, n in named.items() if n})
    return person


def _under_another_number(run: Import, left: Sequence[UUID], by: Actor) -> int:
    """Whoever signs in by card and whose number is not in the file any more may stand there under a new one: how many
    pairs wait for the section. That the old number is gone is known only when the whole file is read."""
    purpose = Purpose("match", office=run.office)
    proven = Identity.objects.filter(person__in=left, level__in=("card", "card-signature"))
    said = {
        str(person): {
            key: one.value for key, one in known(person, ATTRIBUTES.values(), purpose, by=by, sources=VOUCHED).items()
        }
        for person in set(proven.values_list("person_id", flat=True))
    }
    found = queries.look(said, run.register, run.office, entries=True, by=by) if said else {}
    near = {other for one in found.values() for other in one.near}
    entries = Entry.objects.filter(register=run.register, person__in=near, gone_since=None)
    of_person = {one.person_id: one for one in entries}
    return wait(
        (of_person[other], UUID(person), comparison)
        for person, one in found.items()
        for other, comparison in one.near.items()
    )


def _unseen(run: Import) -> QuerySet[Entry]:
    return Entry.objects.filter(register=run.register, gone_since=None).exclude(seen=run)


def _held_back(run: Import, refused: Sequence[Unread], many_gone: bool) -> str:
    """Why nobody is taken to have left; empty where there is no such reason."""
    if not run.is_whole:
        return ""
    if nameless := sum(not one.number for one in refused):
        return f"宛名番号の読めない行が{nameless}行あるため、いなくなった方は確かめていません。"
    unseen, there = _unseen(run).count(), Entry.objects.filter(register=run.register, gone_since=None).count()
    if not many_gone and unseen > max(there * MOST_GONE, 20):
        return f"{there:,}人のうち{unseen:,}人がファイルにありません。正しければ --many-gone を付けてやり直します。"
    return ""
