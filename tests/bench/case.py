"""A whole case through acts and PostgreSQL, against the bare SQL that it needs.

The same case (犬の登録: open, fill in four sections, submit, examine, letter, closed) is run through the acts, and then
the very statements that it executed are sent again through psycopg alone, with the same commits. What making and
signing the letter costs is measured apart (``letters.py``) and taken out of both sides.

    python tests/bench/case.py [cases]
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg

WARM_UP = 5
ROUNDS = 9
ANSWERS: dict[str, dict[str, list[str]]] = {
    "owner": {
        "person.full_name": ["見本 花子"],
        "person.full_name_kana": ["ミホン ハナコ"],
        "person.registered_address": ["大阪府大東市谷川一丁目1番1号"],
        "person.phone": ["072-000-0000"],
    },
    "dog": {
        "registered_before": ["first"],
        "dog_name": ["はな"],
        "breed": ["柴犬"],
        "dog_born_on": ["2026-01-10"],
        "coat": ["赤"],
        "dog_sex": ["female"],
    },
    "keeping": {"acquired_on": ["2026-03-20"], "kept_at.text": ["大阪府大東市谷川一丁目1番1号"]},
    "microchip": {"microchip": ["registered"], "microchip_number": ["392123456789012"]},
}


@contextmanager
def database() -> Iterator[str]:
    """A database of its own beside the one that DATABASE_URL names, dropped afterwards."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = f"bench_{os.getpid()}"
    admin = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # our own name
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(admin, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Stopwatch:
    """Sums the time spent in functions that it wraps."""

    def __init__(self) -> None:
        self.seconds, self.cpu = 0.0, 0.0

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began
                self.cpu += time.process_time() - cpu

        return timed


def main(cases: int) -> None:
    with database() as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings"}
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from madoguchi.site.owner import make_tables

        make_tables()
        measure(cases, url)
        from django.db import connections

        connections.close_all()


def measure(cases: int, url: str) -> None:
    """Run the cases, replay their statements, print the table."""
    from django.db import connection

    from madoguchi.cases import actions
    from madoguchi.cases.models import State
    from madoguchi.events import SYSTEM
    from madoguchi.messages import actions as messages
    from madoguchi.messages.ports import signer
    from madoguchi.messages.rules import letters
    from madoguchi.people.actions import appoint, open_account, recognise
    from madoguchi.people.queries import actor_of_account, actor_of_person
    from madoguchi.procedures import queries as procedures
    from madoguchi.site.publishing import publish

    publish(lambda _: None, ["dog-registration"])
    row = procedures.current("dog-registration")
    assert row is not None
    account = open_account("bench", "見本 職員", "correct horse battery", by=SYSTEM)
    appoint(account, "environment-clerk", "environment", row.version, by=SYSTEM)
    clerk = actor_of_account(account)
    people = [
        actor_of_person(recognise("urn:bench", str(number), "card", by=SYSTEM).pk, "card")
        for number in range(cases + WARM_UP)
    ]

    letter = Stopwatch()
    letters.render = letter.wrap(letters.render)
    letters.title_of = letter.wrap(letters.title_of)
    letters.qr = letter.wrap(letters.qr)
    sign = signer()
    setattr(messages, "signer", lambda: sign)  # noqa: B010 -- this process measures and ends
    object.__setattr__(sign, "sign", letter.wrap(sign.sign))

    def one(number: int) -> None:
        by = people[number]
        case = actions.open_draft(row, by=by)
        for section, raw in ANSWERS.items():
            actions.save_section(case, section, raw, by=by)
        actions.submit(case, by=by)
        actions.examine(case.steps.select_related("case").get(done_at=None), "accept", by=clerk)
        actions.perform(case.steps.select_related("case").get(done_at=None), by=SYSTEM)
        case.refresh_from_db()
        assert case.state == State.CLOSED, case.state

    for number in range(WARM_UP):
        one(number)
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    commit, set_autocommit = connection.commit, connection.set_autocommit

    def begin(autocommit: bool, *args: Any, **kwargs: Any) -> None:
        if not autocommit:
            statements.append(("BEGIN", None))
        set_autocommit(autocommit, *args, **kwargs)

    def end() -> None:
        statements.append(("COMMIT", None))
        commit()

    connection.set_autocommit, connection.commit = begin, end  # type: ignore[method-assign]
    rounds: list[tuple[float, float, float, float]] = []
    per_round = max(cases // ROUNDS, 1)
    with connection.execute_wrapper(note):
        for start in range(WARM_UP, WARM_UP + per_round * ROUNDS, per_round):
            statements.clear()
            letter.seconds, letter.cpu, began, cpu = 0.0, 0.0, time.perf_counter(), time.process_time()
            for number in range(start, start + per_round):
                one(number)
            acts = time.perf_counter() - began - letter.seconds
            in_python = time.process_time() - cpu - letter.cpu
            _clean(url)  # so that the same rows can be written once more
            bare = _replay(url, statements)
            _clean(url)
            rounds.append((acts, in_python, bare, letter.seconds))
    connection.set_autocommit, connection.commit = set_autocommit, commit  # type: ignore[method-assign]

    if os.environ.get("SHOW_STATEMENTS"):
        for sql, _ in statements[: len(statements) // per_round]:
            print(" ".join(sql.split())[:150])
    count = len(statements) / per_round
    print(f"犬の登録, open → closed: {ROUNDS} rounds of {per_round} cases, {count:.0f} statements a case; medians\n")
    print(f"{'':36}{'ms a case':>10}{'share':>8}")
    middle = [statistics.median(column) for column in zip(*rounds, strict=True)]
    words = (
        "through the acts, without letter",
        "  of this our process (CPU)",
        "bare SQL: same statements by psycopg",
        "letter: set and sign (apart)",
    )
    for text, seconds in zip(words, middle, strict=True):
        print(f"{text:36}{seconds / per_round * 1000:>10.2f}{seconds / middle[0]:>8.0%}")
    ratios = sorted(acts / bare for acts, _, bare, _ in rounds)
    print(f"\nacts / bare SQL = {statistics.median(ratios):.2f}  ({ratios[0]:.2f}–{ratios[-1]:.2f}; to be under 3)")


def _clean(url: str) -> None:
    with psycopg.connect(url) as db:
        db.execute("SET session_replication_role = replica")
        for table in (
            "case_document_content", "case_document", "case_correction", "case_timer", "case_decision", "case_step",
            '"case"', "letter_file", "letter", "letter_series", "message", "fact", "place", "event",
        ):  # fmt: skip
            db.execute(f"DELETE FROM {table}")  # our own names


def _replay(url: str, statements: list[tuple[str, Any]]) -> float:
    """Send the statements again; returns the seconds it took."""
    with psycopg.connect(url, autocommit=True) as db, db.cursor() as cursor:
        began = time.perf_counter()
        for sql, params in statements:
            cursor.execute(sql, params)
            if cursor.description:
                cursor.fetchall()
        return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 90)
