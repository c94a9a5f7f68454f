"""The desk and the residents' pages over a whole city: 200,000 cases and 10 million events, over HTTP.

    python tests/bench/city.py [cases] [events]

The city is the one of ``madoguchi sample``, in a database of its own, made once for each state of the tables and kept
(``DROP DATABASE`` by its printed name forgets it). The server is granian as ``madoguchi web`` starts it; the clients
run on the same cores. A peer that serves the same kind of lists publishes 200 ms at one user and 320–430 ms at 16, for
one million cases on ten pods. Aimed at are medians under 50 ms at one user, and under 150 ms for 16 who turn a page
every two seconds each; 16 who never pause measure how many pages a second two cores give.
"""

import hashlib
import http.client
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
PORT = 18_321
SECONDS = 8.0
MOST = 150
#: How often somebody who works without looking up turns a page.
PAUSE = 2.0

Page = Callable[[random.Random], tuple[str, str, str]]
"""Makes (method, path, body) of a request; each time another case where there is a choice."""


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in: the cookies and the token of the forms."""

    cookie: str
    token: str


# -- the city -----------------------------------------------------------------------------------------------------


def city(cases: int, events: int) -> str:
    """The URL of a database that holds it, made where it is not there or was made for other tables."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    state = hashlib.sha256()
    for file in sorted([*ROOT.glob("madoguchi/*/migrations/*.py"), *ROOT.glob("madoguchi/site/sample/*.py")]):
        state.update(file.read_bytes())
    name = f"bench_city_{cases}_{events}_{state.hexdigest()[:10]}"
    url = urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as server:
        server.execute("SELECT 1")
        old = [row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench_city_%'")]
        done = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if done and done[0]:
            print(f"database {name}: {done[0]} (made by an earlier run)")
            return url
        for one in old:
            server.execute(f'DROP DATABASE "{one}" WITH (FORCE)')  # our own name
        server.execute(f'CREATE DATABASE "{name}"')  # our own name
        command = [sys.executable, "-m", "madoguchi.site.cli", "sample", "--cases", str(cases), "--events", str(events)]
        environ = os.environ | {"DATABASE_URL": url, "MADOGUCHI_DEMO": "1"}
        told = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
        line = told.stdout.strip().splitlines()[-1]
        with psycopg.connect(url, autocommit=True) as filled:  # else PostgreSQL tidies up while pages are measured
            filled.execute("VACUUM (ANALYZE)")
            filled.execute("CHECKPOINT")
        server.execute(f"COMMENT ON DATABASE \"{name}\" IS '{line}'")  # what our own program said
    print(f"database {name}: {line}")
    return url


@contextmanager
def served() -> Iterator[list[int]]:
    """The web server of the product, on loopback; yields the ids of its processes."""
    command = [sys.executable, "-m", "madoguchi.site.cli", "web", "--port", str(PORT)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(300):
            try:
                if fetch(http.client.HTTPConnection("127.0.0.1", PORT, timeout=30), None, "GET", "/robots.txt", "")[0]:
                    break
            except OSError:
                time.sleep(0.2)
        yield [server.pid, *children(server.pid)]
    finally:
        server.terminate()
        server.wait(30)


def children(pid: int) -> list[int]:
    """The processes that this one started (Linux)."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_bytes(pids: list[int]) -> int:
    """Memory that these processes hold, shared pages counted for each."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGESIZE")


# -- one request ----------------------------------------------------------------------------------------------------


def fetch(
    connection: http.client.HTTPConnection, who: Visitor | None, method: str, path: str, body: str
) -> tuple[int, int]:
    """Status and bytes of an answer, read to its end."""
    headers = {"Accept-Language": "ja", "Host": f"localhost:{PORT}"}
    if who is not None:
        headers["Cookie"] = who.cookie
    if method == "POST" and who is not None:
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://localhost:{PORT}/"}
        body += f"&csrfmiddlewaretoken={who.token}"
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    size = 0
    while part := answer.read(1 << 16):
        size += len(part)
    return answer.status, size


def measure(page: Page, who: Visitor, users: int, pause: float = 0.0) -> list[float]:
    """Milliseconds of each answer, ``users`` asking one after the other, each a page every ``pause`` seconds."""
    times: list[float] = []
    stop = time.perf_counter() + SECONDS
    wrong: list[int] = []

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        time.sleep(pause * rng.random())  # they do not begin together
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        for _ in range(MOST if users == 1 else 10_000):
            if time.perf_counter() > stop:
                return
            began = time.perf_counter()
            status, _ = fetch(connection, who, *page(rng))
            took = time.perf_counter() - began
            times.append(took * 1000)
            time.sleep(max(0.0, pause - took))
            if status != 200:
                wrong.append(status)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"answers that are no page: {sorted(set(wrong))}")
    return times


# -- who asks for what ------------------------------------------------------------------------------------------------


def staff_visitor(username: str) -> Visitor:
    from allauth.account.internal.flows.login import record_authentication
    from django.conf import settings
    from django.contrib.auth import login
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    from madoguchi.people.models import Account

    request = HttpRequest()
    request.session = SessionStore()
    account = Account.objects.get(username=username)
    login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, account, "password")
    record_authentication(request, account, "mfa", type="totp")
    request.session.save()
    return _visitor(str(request.session.session_key))


def resident_visitor(person: object) -> Visitor:
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session["resident"] = {"person": str(person), "level": "card"}
    session.save()
    return _visitor(str(session.session_key))


def _visitor(key: str) -> Visitor:
    from django.conf import settings

    token = "b" * 32
    return Visitor(f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={token}; language=ja", token)


def pages() -> list[tuple[str, Page, Visitor]]:
    """What is measured: name, request, who asks."""
    from madoguchi.cases.models import Case

    clerk = staff_visitor("children-clerk")
    code = "child-allowance-claim"
    cases = Case.objects.filter(procedure__code=code, section="children").exclude(number=None)
    numbers = list(cases.order_by("-received_at").values_list("number", flat=True)[:3000])
    names = [one.split() for one in cases.values_list("answers__person__full_name", flat=True)[:3000] if one]
    person = cases.filter(closed_at__isnull=False).order_by("-received_at").values_list("person_id", flat=True)[0]
    own = list(Case.objects.filter(person=person).exclude(number=None).values_list("number", flat=True))

    def search(rng: random.Random) -> tuple[str, str, str]:
        return "POST", "/desk/", urlencode({"q": " ".join(rng.choice(names))})

    return [
        ("work list (mine)", lambda _: ("GET", "/desk/", ""), clerk),
        ("filtered list (late)", lambda _: ("GET", f"/desk/?view=late&code={code}", ""), clerk),
        ("filtered list (ended)", lambda _: ("GET", f"/desk/?view=ended&code={code}", ""), clerk),
        ("search by name", search, clerk),
        ("case page", lambda rng: ("GET", f"/desk/cases/{rng.choice(numbers)}/", ""), clerk),
        ("status page", lambda rng: ("GET", f"/cases/{rng.choice(own)}/", ""), resident_visitor(person)),
        ("my cases", lambda _: ("GET", "/cases/", ""), resident_visitor(person)),
        ("first page", lambda _: ("GET", "/", ""), resident_visitor(person)),
    ]


def export(pids: list[int], count: int) -> None:
    """A list of ``count`` cases as CSV and as JSON lines: seconds, bytes, and what the server holds meanwhile."""
    from madoguchi.cases.models import Case

    clerk, section = staff_visitor("residents-clerk"), "residents"
    ended = Case.objects.filter(section=section, ended_at__isnull=False, received_at__isnull=False)
    newest = ended.order_by("-received_at").values_list("received_at__date", flat=True)
    since = str(newest[min(count, newest.count()) - 1])
    print(f"\n{'export':24}{'cases':>11}{'seconds':>11}{'first byte':>12}{'MB':>11}{'memory, MB':>22}")
    for form in ("csv", "jsonl"):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
        said = {"view": "ended", "from": since, "form": form, "purpose": "statistics"}
        body = urlencode(said | {"csrfmiddlewaretoken": clerk.token})
        headers = {"Cookie": clerk.cookie, "Host": f"localhost:{PORT}", "Referer": f"http://localhost:{PORT}/"}
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "ja"}
        before = most = resident_bytes(pids)
        began = time.perf_counter()
        connection.request("POST", "/desk/export/", body, headers)
        answer = connection.getresponse()
        first, size, lines = 0.0, 0, 0
        while part := answer.read1(1 << 16):
            first = first or time.perf_counter() - began
            size += len(part)
            lines += part.count(b"\n")
            most = max(most, resident_bytes(pids))
        seconds = time.perf_counter() - began
        if answer.status != 200 or "attachment" not in (answer.getheader("Content-Disposition") or ""):
            raise SystemExit(f"no file came: {answer.status}")
        memory = f"{before / 1e6:.0f} → {most / 1e6:.0f}"
        print(f"{form:24}{lines:11,}{seconds:11.1f}{first * 1000:9.0f} ms{size / 1e6:11.1f}{memory:>22}")


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def main(cases: int, events: int) -> None:
    url = city(cases, events)
    os.environ |= {
        "DATABASE_URL": url,
        "MADOGUCHI_DEMO": "1",
        "MADOGUCHI_BASE_URL": f"http://localhost:{PORT}",
        "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings",
    }
    import django

    django.setup()
    from django.db import connection

    asked = pages()
    connection.close()
    print(f"\n{'':24}{'1 user':>22}{'16, a page every 2 s':>23}{'16 without a pause':>34}")
    print(
        f"{'page':24}{'median':>11}{'p95':>11}{'median':>12}{'p95':>11}{'median':>12}{'p95':>11}{'a second':>11}   (ms)"
    )
    with served() as pids:
        for name, page, who in asked:
            measure(page, who, 2)  # both processes have loaded the catalogue
            alone = measure(page, who, 1)
            people = measure(page, who, 16, PAUSE)
            together = measure(page, who, 16)
            print(
                f"{name:24}{statistics.median(alone):11.1f}{p95(alone):11.1f}"
                f"{statistics.median(people):12.1f}{p95(people):11.1f}"
                f"{statistics.median(together):12.1f}{p95(together):11.1f}{len(together) / SECONDS:11.0f}",
                flush=True,
            )

        export(pids, 24_000)


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*given, *(200_000, 10_000_000)[len(given) :])
