"""``madoguchi demo``: a whole city on one machine, from an empty database to an address to open.

Order: private cluster → tables → catalogue → sample city → identity provider, mail catcher, payment provider, worker,
web, sample companies. Every step may be repeated; nothing stays behind when it ends.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from madoguchi.site.cluster import Cluster
from madoguchi.site.supervisor import Program, Supervisor, answers_http, taken_by

ROOT = Path(__file__).resolve().parents[2]


class CannotStart(Exception):
    """The demo cannot start; the message says why and what to type."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of everything that listens."""

    web: int = 8000
    identity: int = 3999
    mail_page: int = 8025
    smtp: int = 1025
    payments: int = 8030
    utility: int = 8040


def var() -> Path:
    """The directory for what running leaves behind, as in the settings."""
    return Path(os.environ.get("MADOGUCHI_VAR", ROOT / "var")).resolve()


def say(text: str) -> None:
    """One line for the person who waits."""
    print(f"[madoguchi] {text}", flush=True)


@contextmanager
def database() -> Iterator[str]:
    """DATABASE_URL where it is set, else the private cluster, which runs while the block does."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with Cluster(var(), say).running() as url:
        os.environ["DATABASE_URL"] = url
        try:
            yield url
        finally:
            del os.environ["DATABASE_URL"]


def demo(ports: Ports) -> None:
    """Load and serve until interrupted, which is how it ends. Raises CannotStart, ClusterError or ChildEnded."""
    began = time.monotonic()
    with _alone():
        _check_ports(ports)
        os.environ.update(_environ(ports))
        say("starting the database" if not os.environ.get("DATABASE_URL") else "using the database of DATABASE_URL")
        with database() as url:
            private = url == Cluster(var()).url
            if private:
                _begin_anew_if_tables_changed()
            _prepare()
            if private:
                _remember_tables()
            _make_cards()
            with Supervisor() as supervisor:
                say("starting identity provider, mail catcher, payment provider and web")
                for program in _faces(ports):
                    supervisor.start(program)
                # They come up while the city is loaded. The worker waits: it would take the sample cases from us.
                accounts, client = _load()
                supervisor.start(_worker())
                supervisor.start(_companies(ports, client))
                supervisor.wait_until_ready()
                _tell(ports, accounts, time.monotonic() - began)
                try:
                    supervisor.watch()
                except KeyboardInterrupt:
                    say("stopping everything")


def _environ(ports: Ports) -> dict[str, str]:
    return {
        "MADOGUCHI_DEMO": "1",
        "MADOGUCHI_VAR": str(var()),
        "MADOGUCHI_BASE_URL": f"http://localhost:{ports.web}",
        "MADOGUCHI_OIDC_ISSUER": f"http://localhost:{ports.identity}/api/realms/main",
        "MADOGUCHI_JPKI_TEST_ROOTS": str(var() / "jpki" / "root.pem"),
        "MADOGUCHI_SMTP": f"smtp://127.0.0.1:{ports.smtp}",
        "MADOGUCHI_STRIPE_URL": f"http://localhost:{ports.payments}",
        # Between the city and the sandbox of this start: nobody else has to know them.
        "MADOGUCHI_STRIPE_KEY": f"sk_test_{secrets.token_hex(16)}",
        "MADOGUCHI_STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        "MADOGUCHI_POOL": os.environ.get("MADOGUCHI_POOL", "6"),
        "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings",
    }


def _faces(ports: Ports) -> list[Program]:
    """What people and browsers talk to."""
    bin_folder = Path(sys.executable).parent
    node = bin_folder / "node" if (bin_folder / "node").exists() else shutil.which("node")
    if node is None:
        raise CannotStart("Node is missing: run `make setup`.")
    identity = [str(node), str(ROOT / "tools/idp/main.mjs"), "--port", str(ports.identity)]
    mail = [sys.executable, "-m", "tools.mailbox", "--smtp-port", str(ports.smtp), "--http-port", str(ports.mail_page)]
    notify = f"http://localhost:{ports.web}/payments/notice/"
    money = [sys.executable, "-m", "tools.payments", "--port", str(ports.payments), "--notify", notify]
    identity += ["--state", str(var() / "idp"), "--cards", str(var() / "jpki")]
    configuration = "/api/realms/main/.well-known/openid-configuration"
    return [
        Program("identity", identity, answers_http(ports.identity, configuration)),
        Program("mail", [*mail, "--folder", str(var() / "mail")], answers_http(ports.mail_page), _PYTHON),
        Program("payments", [*money, "--folder", str(var() / "payments")], answers_http(ports.payments), _PYTHON),
        # One process: a visitor at a time does not need a second, and each costs seconds of the start.
        Program(
            "web", [*_MADOGUCHI, "web", "--port", str(ports.web), "--workers", "1"], answers_http(ports.web), _PYTHON
        ),
    ]


def _make_cards() -> None:
    """Signing certificates of a test authority for the residents of the sample provider, anew at each start."""
    subprocess.run(
        [sys.executable, "-m", "tools.jpki", "--folder", str(var() / "jpki")],
        check=True,
        env={**os.environ, **_PYTHON},
        stdout=subprocess.DEVNULL,
    )


def _companies(ports: Ports, client: tuple[str, str]) -> Program:
    """The sample companies of services.yaml: a system of their own, with the id and the secret of ``client``."""
    utility = [sys.executable, "-m", "tools.utility", "--port", str(ports.utility)]
    known = {"MADOGUCHI_UTILITY_ID": client[0], "MADOGUCHI_UTILITY_SECRET": client[1]}
    city = f"http://localhost:{ports.web}"
    return Program("utility", [*utility, "--city", city], answers_http(ports.utility), {**_PYTHON, **known})


def _worker() -> Program:
    # It keeps a few connections of its own, and a thread that holds one does not come back for it.
    return Program("worker", [*_MADOGUCHI, "worker"], None, {**_PYTHON, "MADOGUCHI_POOL": ""})


_MADOGUCHI = (sys.executable, "-m", "madoguchi.site.cli")
_PYTHON = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _prepare() -> None:
    """Tables and static files: what web needs to answer at all."""
    import django

    django.setup()
    from django.core.management import call_command

    from madoguchi.site.owner import make_tables

    say("bringing the tables up to date")
    make_tables()
    call_command("collectstatic", interactive=False, verbosity=0)


def _load() -> tuple[list[tuple[str, str, str]], tuple[str, str]]:
    """Catalogue and sample city. Returns the accounts to tell: who, where, how; and the client of the companies."""
    from django.db import connections

    from madoguchi.bridges.oidc.setup import register_with_sample_provider
    from madoguchi.procedures.queries import city
    from madoguchi.site import demo as sample
    from madoguchi.site.publishing import publish

    say("publishing the catalogue")
    publish(lambda text: say(f"  {text}"), check=False)
    say("loading the sample city")
    accounts = sample.load()
    register_with_sample_provider(name=city().name.get_for("ja"))
    client = sample.company_client()
    connections.close_all()
    return accounts, client


def _tell(ports: Ports, accounts: list[tuple[str, str, str]], seconds: float) -> None:
    places = [
        ("residents", f"http://localhost:{ports.web}/", "the city's pages"),
        ("staff", f"http://localhost:{ports.web}/desk/", "the desk"),
        ("mail", f"http://localhost:{ports.mail_page}/", "every mail that the city sends"),
        ("companies", f"http://localhost:{ports.utility}/", "what residents have handed over to companies"),
    ]
    print(f"\n  Ready after {seconds:.0f} s. Everything below is invented and stays on this machine.\n")
    rows = [*places, *accounts]
    first, second = (max(_columns(row[place]) for row in rows) for place in (0, 1))
    for who, where, what in rows:
        print(f"  {who}{' ' * (first - _columns(who))}  {where}{' ' * (second - _columns(where))}  {what}")
    print("\n  Ctrl-C stops all of it.\n", flush=True)


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes: a Japanese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in text)


@contextmanager
def _alone() -> Iterator[None]:
    """One demo per checkout."""
    var().mkdir(parents=True, exist_ok=True)
    with (var() / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            who = lock.read().strip()
            raise CannotStart(f"The demo of this checkout is already running (process {who}). Stop it first.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _check_ports(ports: Ports) -> None:
    options = {"web": "--port", "identity": "--identity-port", "mail_page": "--mail-port", "smtp": "--smtp-port"}
    options |= {"payments": "--payments-port", "utility": "--utility-port"}
    for name, option in options.items():
        port = getattr(ports, name)
        who = taken_by(port)
        if who:
            free = next(other for other in range(port + 10, port + 1000, 10) if taken_by(other) is None)
            raise CannotStart(
                f"Port {port} is taken by {who}.\n"
                f"Stop that program, or choose another port:\n    make demo OPTIONS='{option} {free}'"
            )


# -- tables that changed before the first release ------------------------------------------------------------------


def _migrations() -> dict[str, str]:
    """Every migration of ours and its digest."""
    files = sorted((ROOT / "madoguchi").glob("*/migrations/[0-9]*.py"))
    return {str(one.relative_to(ROOT)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def _remember_tables() -> None:
    (var() / "pg" / "tables.json").write_text(json.dumps(_migrations(), indent=1))


def _begin_anew_if_tables_changed() -> None:
    """Until the first release a migration may be rewritten; a demo database made by the old one is set aside."""
    path = var() / "pg" / "tables.json"
    if not path.exists():
        return
    applied, now = json.loads(path.read_text()), _migrations()
    if all(now.get(name) == digest for name, digest in applied.items()):
        return
    import psycopg

    aside = time.strftime("madoguchi_%Y%m%d_%H%M%S")
    say(f"the tables changed since the demo's database was made: it is kept as {aside}, a new one begins")
    server = os.environ["DATABASE_URL"].replace("/madoguchi?", "/postgres?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE madoguchi RENAME TO "{aside}"')
        connection.execute("CREATE DATABASE madoguchi")
    path.unlink()
