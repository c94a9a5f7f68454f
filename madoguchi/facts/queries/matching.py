"""Who may be whom: persons and entries of a register, looked for by a day of birth and read through the door."""

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.encoding import force_bytes

from madoguchi.events import Actor
from madoguchi.events.acting import current_cause
from madoguchi.facts.models import Entry, Import
from madoguchi.facts.queries.ledger import NoBasis
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.matching import ATTRIBUTES, Record, Verdict, is_another, judge, record_of
from madoguchi.ground import clock
from madoguchi.ground.kana import search_key
from madoguchi.people.models import Identity

_BORN: Final = ATTRIBUTES["born"]


def newest(register: str) -> Import | None:
    """The import of this register that began last."""
    return Import.objects.filter(register=register).order_by("-began_at", "-pk").first()


def registers() -> list[Import]:
    """Of each register that was ever imported the newest import."""
    return list(Import.objects.order_by("register", "-began_at", "-pk").distinct("register"))


def office_of(register: str) -> str:
    """The section that keeps this register; empty where none was ever imported."""
    run = newest(register)
    return run.office if run is not None else ""


def entry_key() -> bytes:
    """The key of this installation under which an entry's digest is taken."""
    return hashlib.sha256(b"madoguchi.facts.register/" + force_bytes(settings.SECRET_KEY)).digest()


def row_named(person: UUID, names: Collection[Any]) -> str:
    """The row of what a person may have several of, from what it is called (a child's name and day of birth). The same
    one has the same row in every case; keyed, so that it tells nothing by itself. Spelling apart: width, spaces.
    """
    said = "/".join([str(person), *(search_key(str(one)) for one in names)])
    return hmac.new(entry_key(), said.encode(), "sha256").hexdigest()[:32]


def hold(register: str) -> None:
    """Until the act ends, nobody else finds out who is who in this register: two at once have one outcome."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('madoguchi.register'), hashtext(%s))", [register])


def look(
    said: Mapping[str, Mapping[str, Any]],
    register: str,
    office: str,
    *,
    entries: bool,
    by: Actor,
    tied: bool = False,
) -> dict[str, Verdict]:
    """Whom each of these means (any key → fact → value): recognised persons, or with ``entries`` those who stand in the
    register. Whoever is both already is never the one, but may be in doubt; with ``tied`` they may be the one: nobody
    is joined with anybody by it. Each who is compared has it in their log. Raises NoBasis.
    """
    records = {key: record_of(one) for key, one in said.items()}
    births = {born for one in records.values() if (born := one.get("born"))}
    if not births:
        return {}
    found = _candidates(births, register, office, entries=entries, by=by)
    taken: frozenset[UUID] = frozenset()
    if entries and not tied:
        taken = frozenset(Identity.objects.filter(person__in=found).values_list("person_id", flat=True))
    elif not entries:
        standing = Entry.objects.filter(register=register, person__in=found, gone_since=None)
        taken = frozenset(standing.values_list("person_id", flat=True))
    by_birth: dict[str, dict[UUID, Record]] = {}
    for person, known in found.items():
        by_birth.setdefault(str(known.get(_BORN)), {})[person] = record_of(known)
    return {key: judge(one, by_birth.get(one.get("born"), {}), taken) for key, one in records.items()}


def of_others(said: Mapping[UUID, Mapping[str, Any]], register: str) -> set[UUID]:
    """Those persons behind an entry of whom its line (fact → value) now says somebody else. What is known of them stays
    in the ledger: it only answers what agrees."""
    names = {key: name for name, key in ATTRIBUTES.items()}
    rows = [
        {"person": str(person), "key": key, "value": values[key]}
        for person, values in said.items()
        for key in names
        if values.get(key)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM fact_agrees(%s, %s)", [register, json.dumps(rows, ensure_ascii=False)])
        found: dict[UUID, dict[str, bool]] = {}
        for person, key, agrees in cursor.fetchall():
            found.setdefault(person, {})[names[key]] = agrees
    return {person for person, agrees in found.items() if is_another(agrees)}


def _candidates(
    births: Collection[str], register: str, office: str, *, entries: bool, by: Actor
) -> dict[UUID, dict[str, Any]]:
    purpose = Purpose("match", office=office)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM fact_candidates(%s, %s, %s, %s, %s, %s::jsonb[], %s, %s, %s, %s, %s)",
            [
                *(clock.now(), by.kind, by.id, by.channel, current_cause()),
                [json.dumps(one) for one in sorted(births)],
                *(register, entries, list(ATTRIBUTES.values()), purpose.code, purpose.office),
            ],
        )
        rows = cursor.fetchall()
    found: dict[UUID, dict[str, Any]] = {}
    for refused, person, key, value in rows:
        if refused is not None:
            raise NoBasis(refused, purpose)
        found.setdefault(person, {})[key] = json.loads(value)
    return found
