"""What every test may use: a real browser, and nothing from the network but loopback."""

import contextlib
import gc
import hashlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from _pytest.assertion import rewrite

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pytest_django import DjangoDbBlocker

ROOT = Path(__file__).resolve().parent

#: No example is timed: a busy machine is not a wrong program. A single test may ask for less or more.
hypothesis.settings.register_profile("madoguchi", deadline=None)
hypothesis.settings.load_profile("madoguchi")

#: A small machine without a display, and a browser that finds no host but this one.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)

#: What every connection of the tests is, as those of web and worker are.
BACK = "SET ROLE madoguchi_app"

#: Milliseconds in which what is awaited must be there, on a build server that has other things to do.
PATIENCE = 15_000


def chromium() -> str | None:
    """The browser's path: MADOGUCHI_CHROMIUM, the system's, or None for the one that Playwright brought."""
    known = ("chromium-headless-shell", "chromium", "chromium-browser")
    return os.environ.get("MADOGUCHI_CHROMIUM") or next(filter(None, map(shutil.which, known)), None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Of several processes each takes its share of the tests' files and makes ready what all of them then read: to
    rewrite the assertions of all of them takes half of the time until the first test.
    """
    us: dict[str, Any] | None = getattr(session.config, "workerinput", None)
    if us is None or sys.dont_write_bytecode:
        return
    state = session.config.stash[rewrite.assertstate_key]
    files = [one for folder in session.config.getini("testpaths") for one in ROOT.glob(f"{folder}/**/test_*.py")]
    for one in sorted(files)[int(us["workerid"].removeprefix("gw")) :: us["workercount"]]:
        kept = rewrite.get_cache_dir(one) / f"{one.stem}{rewrite.PYC_TAIL}"
        if rewrite.try_makedirs(kept.parent) and rewrite._read_pyc(one, kept) is None:
            with contextlib.suppress(SyntaxError):  # which is told when the file is collected
                digest, code = rewrite._rewrite_test(one, session.config)
                rewrite._write_pyc(state, code, digest, kept)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was read for all the tests stays: to look through it for garbage again and again takes a twentieth of their
    time. To look after each 700 new objects, as Python does by itself, takes as much again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture
def as_a_node_collects() -> Iterator[None]:
    """Garbage is looked for as often as Python does by itself: for tests that measure memory."""
    ours = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*ours)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """One Chromium for the tests of a module; open a context of your own in it.

    Not for the whole process: Playwright keeps an event loop running in this thread, in which later tests could not
    start one of theirs.

    A click that leads to another page ends when that page is whole, its scripts included. Playwright itself waits until
    the new page begins: each key pressed in it would depend on how fast the machine is. What a test asks of a page, it
    asks with ``expect``, which waits.
    """
    from playwright.sync_api import Locator, expect, sync_playwright

    click = Locator.click

    def click_and_arrive(self: Locator, **how: Any) -> None:
        click(self, **how)
        self.page.wait_for_load_state()

    expect.set_options(timeout=PATIENCE)
    # Playwright's synchronous API keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setattr(Locator, "click", click_and_arrive)
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        yield launched
        launched.close()


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """A test that reaches for the outside world fails, with the address it reached for."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if not (host.startswith("127.") or host in ("::1", "localhost", "::ffff:127.0.0.1")):
                raise AssertionError(f"a test reached for {host}: only loopback is allowed")
        real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(autouse=True, scope="session")
def var_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Uploads, mails and keys of tests stay out of the demo's var."""
    from django.conf import settings

    folder = tmp_path_factory.mktemp("var")
    settings.VAR = folder
    settings.STATIC_ROOT = folder / "static"
    settings.STATIC_ROOT.mkdir()  # WhiteNoise warns of a folder that is not there, and warnings are errors
    return folder


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> None:
    """Scrypt is slow on purpose; a test that opens accounts does not need that."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def quick_flush() -> None:
    """A test that commits leaves some rows behind. To delete them takes milliseconds; TRUNCATE, as Django does it,
    makes the files of sixty tables and all their indexes anew, a third of a second each time.

    Triggers, which keep the log from being changed, are off meanwhile. Only a superuser may do that, as of the private
    PostgreSQL; elsewhere it stays as Django does it.
    """
    from django.db.backends.postgresql.operations import DatabaseOperations

    truncate = DatabaseOperations.sql_flush

    def sql_flush(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
            if not cursor.fetchone()[0]:
                return ["SET ROLE NONE", *truncate(self, style, tables, **options), BACK]
        # Kinds of rows and rights to them are the same after every test; what the queue still held is not, though no
        # model of ours has those tables.
        queue = {"procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers"}
        left = set(tables) - {"django_content_type", "auth_permission"} | queue
        return [
            "SET ROLE NONE",
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {self.quote_name(table)}" for table in sorted(left)),
            "SET LOCAL session_replication_role = origin",
            BACK,
        ]

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign]  # for all the tests


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,  # which gives each process a name of its own
    django_db_blocker: "DjangoDbBlocker",
) -> Iterator[None]:
    """The database of this process, a copy of one whose tables were made once for all of them.

    Tables are made by whoever connects; from then on every test is what web and worker are, who may not. Nobody needs
    what a test wrote after a power cut: a commit does not wait for the disk.
    """
    from django.conf import settings
    from django.db import connection
    from django.db.backends.base.creation import TEST_DATABASE_PREFIX
    from psycopg import sql

    there, options = connection.settings_dict, connection.settings_dict["OPTIONS"]
    name = there["TEST"]["NAME"] or f"{TEST_DATABASE_PREFIX}{there['NAME']}"
    own = sql.Identifier(name)
    options["options"] = ""
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('madoguchi tests'))")  # until this connection ends
        copied = sql.Identifier(with_tables(cursor))
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(own))
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(own, copied))
        cursor.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(own))
    settings.DATABASES["default"]["NAME"] = there["NAME"] = name
    options["options"] = settings.AS_APP
    yield
    connection.close()
    options["options"] = ""
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        # A thread of a live server may still hold a connection: it must not keep the database.
        cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(own))


def with_tables(cursor: Any) -> str:
    """The name of a database that has all tables and no rows. It stays for later runs, until a migration changes: to
    make the tables takes longer than most tests.
    """
    from django.conf import settings
    from django.db import connection
    from psycopg import sql

    from madoguchi.site.owner import make_tables

    made_of = hashlib.sha256((settings.ROOT / "requirements" / "dev.txt").read_bytes())
    for one in sorted((settings.ROOT / "madoguchi").glob("*/migrations/*.py")):
        made_of.update(one.read_bytes())
    name, half = f"madoguchi_tables_{made_of.hexdigest()[:12]}", "madoguchi_tables_half"
    cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, 'madoguchi_tables_')")
    there = {row[0] for row in cursor.fetchall()}
    if name in there:
        return name
    for other in there:
        cursor.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(other)))
    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(half)))
    before, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], half
    make_tables()
    connection.settings_dict["NAME"] = before
    cursor.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (half, name))))
    return name
