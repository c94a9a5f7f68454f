"""How long what is known takes to be read: a form's facts, わたしの情報, and who has read them, beside bare SQL.

Over 120,000 residents with 40 facts each and as many readings (``--residents``), in a database of its own. The door
asks for the right and leaves an event; beside it the same rows by a plain SELECT of the owner, which does neither.

    python tests/bench/facts.py [--residents 120000]
"""

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import django  # noqa: E402  # after the path

from tests.bench.case import database  # noqa: E402

FACTS = 40
ROUNDS = 400
#: What stands in a fact of each type; those of other types are left out.
VALUES = {
    "text": "見本データ",
    "kana": "ミホンデータ",
    "date": "1980-04-01",
    "yes_no": True,
    "money": 1000,
    "integer": 3,
}


def facts_held() -> dict[str, object]:
    """Forty facts of the vocabulary, with a value each."""
    from madoguchi.procedures.queries import vocabulary

    fitting = {key: VALUES[fact.type] for key, fact in vocabulary().items() if fact.type in VALUES}
    return dict(list(fitting.items())[:FACTS])


def fill(residents: int) -> list[UUID]:
    """Residents and their facts in one statement each; the events that readings of two years would leave."""
    from django.db import connection
    from psycopg.types.json import Jsonb

    from madoguchi.site.owner import owner

    held = facts_held()
    with owner(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO person (id, opened_at) SELECT gen_random_uuid(), now() FROM generate_series(1, %s)",
            [residents],
        )
        cursor.execute(
            "INSERT INTO fact (id, person_id, key, row, value, source, level, evidence, as_of, recorded_at)"
            " SELECT gen_random_uuid(), p.id, k, '', v, 'register', 'registered', '', current_date, now()"
            " FROM person p CROSS JOIN unnest(%s::text[], %s::jsonb[]) AS held (k, v)",
            [list(held), [Jsonb(value) for value in held.values()]],
        )
        cursor.execute(
            "INSERT INTO event (id, at, verb, outcome, reason, actor_kind, actor_id, subject_kind, subject_id, channel,"
            " data) SELECT gen_random_uuid(), now() - n * interval '9 days', 'facts.read', 'done', 'basis', 'system',"
            ' NULL, \'person\', p.id, \'worker\', \'{"purpose": "look_up", "keys": ["person.phone"]}\''
            " FROM person p CROSS JOIN generate_series(1, 10) n"
        )
        cursor.execute("ANALYZE")
        cursor.execute("SELECT id FROM person ORDER BY random() LIMIT %s", [ROUNDS])
        return [one for (one,) in cursor.fetchall()]


def timed(what: Callable[[UUID], object], persons: list[UUID]) -> tuple[float, float]:
    """Median and p95 in milliseconds, one person after the other."""
    taken = []
    for person in persons:
        began = time.perf_counter()
        what(person)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def main(residents: int) -> None:
    with database() as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings"}
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from madoguchi.site.owner import make_tables

        make_tables()
        began = time.monotonic()
        persons = fill(residents)
        print(f"{residents:,} residents, {residents * FACTS:,} facts: {time.monotonic() - began:.0f} s to fill")
        measure(persons)
        from django.db import connections

        connections.close_all()


def measure(persons: list[UUID]) -> None:
    from django.conf import settings
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection, transaction
    from django.test import Client

    from madoguchi.events import Actor
    from madoguchi.facts import queries
    from madoguchi.facts.rules import Purpose
    from madoguchi.site.owner import owner

    def me(person: UUID) -> Actor:
        return Actor("resident", person, level="card")

    def bare(person: UUID) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT key, value FROM fact WHERE person_id = %s AND key = ANY(%s)", [person, form])
            cursor.fetchall()

    def door(person: UUID) -> None:
        queries.known(person, form, Purpose("prefill", "dog-registration"), by=me(person))

    def without_the_disk(person: UUID) -> None:
        with transaction.atomic():  # noqa: TID251 -- measures what is left when nothing is written through to the disk
            door(person)
            transaction.set_rollback(True)

    def signed_in(person: UUID) -> Client:
        session = SessionStore()
        session["resident"] = {"person": str(person), "level": "card"}
        session.save()
        client = Client(headers={"host": "localhost"})
        client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
        client.get("/my-data/")  # a sign-in is noted with its first page
        return client

    def page(person: UUID) -> None:
        answer = clients[person].get("/my-data/known/")
        assert "見本データ" in answer.content.decode(), f"no page: {answer.status_code}"

    form = list(facts_held())[:10]
    random.shuffle(persons)
    clients = {one: signed_in(one) for one in persons}
    print(f"\n{'':52}{'median ms':>10}{'p95':>8}")
    with owner():
        _line("ten facts by a plain SELECT (no right, no event)", bare, persons)
    for text, what in (
        ("prefill of a form: ten facts through the door", door),
        ("  the same, its event not written to the disk", without_the_disk),
        ("わたしの情報: all forty", lambda one: queries.all_known(one, Purpose("view"), by=me(one))),
        ("who has read them: the newest fifty", lambda one: queries.readings(one, most=50)),
        ("the whole page, without the network", page),
    ):
        _line(text, what, persons)


def _line(text: str, what: Callable[[UUID], object], persons: list[UUID]) -> None:
    what(persons[0])
    median, p95 = timed(what, persons)
    print(f"{text:52}{median:>10.2f}{p95:>8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, default=120_000)
    main(parser.parse_args().residents)
