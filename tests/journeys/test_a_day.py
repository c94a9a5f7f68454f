"""A day at the city hall, in a minute: two residents, three clerks and a head work at once over HTTP, on the real
programs, while the web server and the worker are killed under them. Afterwards every case is whole.

Nobody here is told what broke: who gets no answer does what people do, looks again and goes on from what the page says.
"""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from lxml import html

from madoguchi.cases.models import Case, Decision
from madoguchi.desk.tests.staging import session_for
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.events.queries import verify
from madoguchi.messages.models import Letter, Message
from madoguchi.people.actions import appoint, open_account, recognise
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.tests.shipped import catalogue, publish
from madoguchi.site.demo import posted
from tests.journeys.residents import session_of
from tests.tools.test_mailbox import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]

ROOT = Path(__file__).resolve().parents[2]
#: The longest that the day may take: a job of a killed worker is taken over within three quarters of a minute, a mail
#: that it had in hand a minute later.
SECONDS = 300
DOG = ("dog-registration", "microchip-granted")
CHILD = ("child-allowance-claim", "two-children-granted")
FORMS = {"Content-Type": "application/x-www-form-urlencoded"}


class NoAnswer(Exception):
    """The server was not there, or went away in the middle."""


class Browser:
    """One person's browser without a window: one session, one page at a time."""

    def __init__(self, port: int, session: str) -> None:
        token = "d" * 32
        self.port, self.token = port, token
        self.cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}; language=ja"

    def ask(self, method: str, path: str, form: Mapping[str, list[str]] | None = None) -> tuple[int, str, str]:
        """Status, where to and page. Raises NoAnswer."""
        body = (
            urlencode({**(form or {}), "csrfmiddlewaretoken": [self.token]}, doseq=True) if method == "POST" else None
        )
        host = f"localhost:{self.port}"
        headers = {"Cookie": self.cookie, "Host": host, "Referer": f"http://{host}/", **(FORMS if body else {})}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, answer.getheader("Location") or "", answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer from error
        finally:
            line.close()

    def page(self, path: str) -> str:
        """A page, led on to where it is."""
        for _ in range(4):
            status, where, page = self.ask("GET", path)
            if status in (301, 302, 303):
                path = where
                continue
            assert status == 200, (path, status)
            return page
        raise AssertionError(f"{path} leads in circles")


# -- the programs -----------------------------------------------------------------------------------------------------


class Programs:
    """Mail catcher, web and worker of this database, each with its children."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        smtp = free_port()
        parts = urlsplit(os.environ["DATABASE_URL"])
        self.environment = os.environ | {
            "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
            "MADOGUCHI_BASE_URL": f"http://localhost:{self.port}",
            "MADOGUCHI_SMTP": f"smtp://127.0.0.1:{smtp}",
            "MADOGUCHI_SECRET_KEY": str(settings.SECRET_KEY),
            "MADOGUCHI_VAR": str(folder),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._start(
            "mail", "tools.mailbox", "--smtp-port", smtp, "--http-port", free_port(), "--folder", folder / "mail"
        )

    def _start(self, name: str, module: str, *arguments: object) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", module, *map(str, arguments)]
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def web(self) -> None:
        self._start("web", "madoguchi.site.cli", "web", "--port", self.port, "--workers", 2)

    def worker(self) -> None:
        self._start("worker", "madoguchi.site.cli", "worker")

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """End a program and its children."""
        program = self.running.pop(name)
        os.killpg(program.pid, how)
        try:
            program.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)

    def said(self) -> str:
        return "\n".join(f"{one.name}: {one.read_text()[-3000:]}" for one in sorted(self.folder.glob("*.log")))

    def mails(self) -> list[str]:
        """Address and id of each mail that was caught."""
        caught = [
            message_from_bytes(one.read_bytes(), policy=policy.default) for one in (self.folder / "mail").glob("*.eml")
        ]
        return [f"{one['To']} {one['Message-ID']}" for one in caught]


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    running = Programs(tmp_path)
    yield running
    for name in list(running.running):
        running.kill(name, signal.SIGTERM)


# -- the people -------------------------------------------------------------------------------------------------------


def apply(browser: Browser, example: tuple[str, str], mail: str) -> None:
    """Fill in what an example says, section by section as the pages lead, and send it.

    Begun again from the first page, it goes on where it was: what was saved is there, and what was sent stays sent.
    """
    code, told = example
    answers = posted(answers_of(catalogue().packages[code].examples[told]))
    _, where, _ = browser.ask("GET", f"/procedures/{code}/begin/")
    key = where.rstrip("/").rpartition("/")[2]
    page = browser.page(f"/cases/{key}/")
    for _ in range(40):
        section = re.search(rf'action="(/cases/{key}/sections/[a-z0-9-]+/)"', page)
        if section is None:
            break
        seen = re.search(r'name="_seen" value="([^"]*)"', page)
        form = {**answers, "_do": ["next"], "_seen": [seen[1] if seen else ""]}
        status, where, page = browser.ask("POST", section[1], form)
        assert status in (302, 303), (section[1], status, re.findall(r'class="problem"[^>]*>([^<]*)', page)[:3])
        page = browser.page(where)
    status, where, page = browser.ask("POST", f"/cases/{key}/submit/", {"email": [mail]})
    assert status == 302, (status, re.findall(r'class="problem"[^>]*>([^<]*)', page)[:3])


def decide(browser: Browser, kind: str) -> bool:
    """Open what waits and do the step that this post may do; whether anything waited."""
    page = browser.page("/desk/?view=section")
    numbers = re.findall(r'href="/desk/cases/(\d\d-\d{4}-\d{4}-\d)/', page)
    for number in dict.fromkeys(numbers):
        one = browser.page(f"/desk/cases/{number}/")
        for form in html.fromstring(one).iterfind(".//form"):
            action = form.get("action", "")
            ways = {x.get("value") for x in form.iterfind(".//*[@name='_outcome']")}
            if not re.fullmatch(r"/desk/cases/[^/]+/steps/[0-9a-f-]{36}/", action) or kind not in ways:
                continue
            hidden = {x.get("name", ""): [x.get("value", "")] for x in form.iterfind(".//input[@type='hidden']")}
            status, _, _ = browser.ask("POST", action, {**hidden, "_outcome": [kind]})
            assert status in (302, 404, 409, 422, 403), (action, status)
    return bool(numbers)


class Person(threading.Thread):
    """Somebody who goes on until they have done what they came for; what went wrong is kept in ``problem``."""

    def __init__(self, name: str, turn: Callable[[], bool], until: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.turn, self.until = turn, until
        self.problem: Exception | None = None
        self.without_answer = 0

    def run(self) -> None:
        while not self.until.is_set():
            try:
                if self.turn():
                    return
            except NoAnswer:
                self.without_answer += 1
            except Exception as problem:  # noqa: BLE001 -- told by the test, which waits in another thread
                self.problem = problem
                return
            self.until.wait(0.5)


def resident(port: int, mail: str) -> tuple[UUID, Callable[[], bool]]:
    """A resident with two requests, one after the other; a turn is a try."""
    person = recognise("https://idp.example", mail, "card", by=SYSTEM)
    assert actor_of_person(person.pk, "card").id == person.pk
    browser = Browser(port, session_of(person.pk, "card"))
    todo = [DOG, CHILD]

    def turn() -> bool:
        code = todo[0][0]
        if f"/procedures/{code}/" in sent:
            todo.pop(0)
            return not todo
        apply(browser, todo[0], mail)
        sent.add(f"/procedures/{code}/")
        return False

    sent: set[str] = set()
    return person.pk, turn


def member(port: int, section: str, post: str, name: str, kind: str) -> Callable[[], bool]:
    """A member of staff who works off the list, for as long as the day lasts."""
    account = open_account(name, "見本 職員", "correct horse battery staple", by=SYSTEM)
    row = procedures.current(DOG[0])
    assert row is not None
    appoint(account, post, section, row.version, by=SYSTEM)
    browser = Browser(port, session_for(account))

    def turn() -> bool:
        decide(browser, kind)
        return False

    return turn


# -- the day ----------------------------------------------------------------------------------------------------------


def test_two_residents_three_clerks_and_a_head_while_web_and_worker_are_killed(programs: Programs) -> None:
    publish()
    until = threading.Event()
    one, first = resident(programs.port, "one@example.jp")
    two, second = resident(programs.port, "two@example.jp")
    residents = [Person("resident one", first, until), Person("resident two", second, until)]
    staff = [
        Person(name, member(programs.port, section, post, name, kind), until)
        for section, post, name, kind in (
            ("children", "children-clerk", "clerk-a", "accept"),
            ("children", "children-clerk", "clerk-b", "accept"),
            ("environment", "environment-clerk", "clerk-c", "accept"),
            ("children", "children-head", "head", "approve"),
        )
    ]
    people = [*residents, *staff]

    def ours() -> int:
        return Case.objects.filter(person_id__in=(one, two)).count()

    def ended() -> int:
        return Case.objects.filter(person_id__in=(one, two), closed_at__isnull=False).count()

    def told(person: UUID) -> set[str]:
        return set(Message.objects.filter(person_id=person, about__isnull=False).values_list("template", flat=True))

    def jobs(*states: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status::text = ANY(%s)", [list(states)])
            return int(cursor.fetchone()[0])

    def wait(what: str, true: Callable[[], bool]) -> None:
        while not true():
            problems = {one.name: repr(one.problem) for one in people if one.problem is not None}
            assert not problems, (problems, programs.said())
            assert time.monotonic() < end, (f"no {what} in time", ours(), ended(), programs.said())
            time.sleep(0.02)

    programs.web()
    programs.worker()
    end = time.monotonic() + SECONDS
    for person in people:
        person.start()
    wait("first case", lambda: ours() > 0)
    programs.kill("web")  # somebody is filling in
    wait("outage", lambda: all(person.without_answer for person in residents if person.is_alive()))
    programs.web()
    wait("job in hand", lambda: jobs("doing") > 0)
    programs.kill("worker")
    wait("last submission", lambda: Event.objects.filter(verb="case.submit", outcome="done").count() == 4)
    left = jobs("doing")
    programs.worker()
    wait("end of all", lambda: ended() == 4)
    wait("word to each", lambda: {"received", "decided"} <= told(one) & told(two))
    wait(
        "last mail",
        lambda: not Message.objects.filter(channel="mail", state="waiting").exists() and not jobs("todo", "doing"),
    )
    until.set()
    for person in people:
        person.join(60)
        assert person.problem is None, (person.name, person.problem)
        assert not person.is_alive()
    assert sum(person.without_answer for person in people) > 0, "nobody noticed that the server was away"

    assert left, "the worker had nothing in hand when it was killed"
    cases = list(Case.objects.filter(person_id__in=(one, two)))
    assert len(cases) == 4, "each asked for each thing once, however often they pressed"
    assert {case.decision.granted for case in cases} == {True}
    assert Decision.objects.filter(case__in=cases).count() == 4
    for case in cases:
        done = Event.objects.filter(outcome="done", subject_id__in=[case.pk, *case.steps.values_list("pk", flat=True)])
        verbs = list(done.values_list("verb", flat=True))
        assert verbs.count("case.submit") == 1
        assert verbs.count("case.examine") == case.steps.filter(kind="examine").count() == 1
        assert not case.steps.filter(done_at=None).exists()
        assert Letter.objects.filter(about=case.pk).count() == case.steps.filter(kind="issue", channel="screen").count()
        received = Message.objects.filter(about=case.pk, template="received")
        assert received.count() == 1
    refused = Event.objects.filter(outcome="refused").exclude(reason__in=("step-done", "step-kind"))
    assert not refused.exists(), list(refused.values_list("verb", "reason"))
    caught = programs.mails()
    sent = Message.objects.filter(channel="mail").exclude(sent_at=None)
    assert len(caught) == len(set(caught)) == sent.count() > 0, "each mail once"
    assert verify().first is None
