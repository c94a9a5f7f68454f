"""The worker: what it holds together while it runs jobs, and what it outlives."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import psycopg_pool
import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from psycopg import sql

from madoguchi.events import SYSTEM, actions
from madoguchi.events.following import FOLLOWERS, Follower, follow
from madoguchi.events.models import Cursor, Event
from madoguchi.people.actions import recognise
from madoguchi.site import worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

ROOT = Path(__file__).resolve().parents[2]


def wait(what: str, true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"no {what} in {seconds} s"
        time.sleep(0.05)


class Killed(Exception):
    """What a relay meets that is ended in the middle."""


def test_a_duty_that_finds_no_end_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    done, called = threading.Event(), list[str]()

    def endless() -> int:
        called.append("endless")
        if called.count("endless") > 100:
            done.set()
        return 1

    def other() -> int:
        called.append("other")
        if called.count("other") == 3:
            done.set()
        return 0

    monkeypatch.setattr(worker, "DUTIES", (("endless", endless, 3600.0), ("other", other, 0.0)))
    worker.do_duties(done)
    assert called == ["endless", "other"] * 3


def test_while_jobs_are_run_the_relay_is_still_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool of those who run jobs belongs to their event loop; what defers jobs keeps to its own transaction."""
    told: list[tuple[str, int]] = []

    def relay_that_is_killed(event: UUID) -> None:
        try:
            wait("event to relay", lambda: actions.relay() > 0)  # raises in its last step, once it has read something
        except Killed:
            told.append((event.hex, ProcrastinateJob.objects.count()))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def save(self: Cursor, **_: Any) -> None:
        raise Killed

    follower = Follower("test.relay", frozenset({"person.recognise"}), relay_that_is_killed)
    monkeypatch.setitem(FOLLOWERS._entries, "test.relay", follower)
    assert actions.relay() == 0  # has made its cursor
    monkeypatch.setattr(Cursor, "save", save)
    outage = iter([psycopg_pool.PoolTimeout("pool initialization incomplete")])
    run_jobs = worker._run_jobs

    async def first_no_database(**options: Any) -> None:
        for error in outage:
            raise error
        await run_jobs(**options)

    monkeypatch.setattr(worker, "_run_jobs", first_no_database)
    monkeypatch.setattr(worker, "AFTER_ERROR_SECONDS", 0.01)
    recognise("https://idp.example", "somebody", "card", by=SYSTEM)
    assert Event.objects.filter(verb="person.recognise", outcome="done").exists()
    asked = uuid4()
    follow.defer(job="test.relay", event=str(asked))
    asyncio.run(worker._run_jobs_until_told(1))
    assert told == [(asked.hex, 1)], "the job itself, and none that a relay left behind which came to nothing"
    assert not ProcrastinateWorker.objects.exists()


@contextmanager
def outage() -> Iterator[None]:
    """The database throws everybody out but this test, and lets nobody in."""
    name = str(connection.settings_dict["NAME"])
    url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres"))
    let_in = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        here = cursor.fetchone()[0]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(let_in.format(sql.Identifier(name), sql.Literal(False)))
        try:
            admin.execute(others, [name, here])
            yield
        finally:
            admin.execute(let_in.format(sql.Identifier(name), sql.Literal(True)))


def test_a_database_that_goes_away_and_comes_back_finds_the_worker_at_work(tmp_path: Path) -> None:
    parts = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "MADOGUCHI_SECRET_KEY": str(settings.SECRET_KEY),
        "MADOGUCHI_VAR": str(tmp_path),
    }

    def tried(event: UUID) -> bool:
        """A job of nobody's fails, which is to say that it was run."""
        return ProcrastinateJob.objects.filter(args__event=str(event), attempts__gt=0).exists()

    before, after = uuid4(), uuid4()
    command = [sys.executable, "-m", "madoguchi.site.cli", "worker"]
    with (tmp_path / "log").open("wb") as log:
        program = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        follow.defer(job="nobody's", event=str(before))
        wait("job", lambda: tried(before))
        with outage():
            wait("word of the outage", lambda: "relay failed" in (tmp_path / "log").read_text())
        follow.defer(job="nobody's", event=str(after))
        wait("job after the outage", lambda: tried(after))
        wait("relay after the outage", lambda: "relay works again" in (tmp_path / "log").read_text())
        assert program.poll() is None
    finally:
        program.terminate()
        assert program.wait(60) == 0, (tmp_path / "log").read_text()[-3000:]
