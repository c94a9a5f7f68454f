"""Procedures of the catalogue from the phone to the letter, each by its own example: a resident asks on a phone, clerks
examine on a tablet, a head approves on a desktop, the resident reads what was decided. axe looks at every page.

Nothing here names a field: the answers are those of the example, typed where the form asks for them. Played are those
packages that between them use all that the format has (``shipped.telling``); a package that is the first to use
something is played by itself. The city lives on the days that the example tells.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from madoguchi.bridges.stripe.tests.harness import KEY, SECRET, world
from madoguchi.cases import actions, jobs, ports
from madoguchi.cases.models import Case, Decision, Step, Timer
from madoguchi.cases.tests.conftest import Staff, named, staff
from madoguchi.cases.tests.test_examples import Players
from madoguchi.events import SYSTEM, Actor
from madoguchi.facts.actions import state
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.messages import queries as said_of
from madoguchi.messages.rules import letters
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import UPLOADED, Cell, FormField, form_of, get
from madoguchi.procedures.rules.format import Example
from madoguchi.procedures.tests.shipped import catalogue, publish, telling
from tests.journeys.residents import PHONE, Visit, a_resident, photo, sign_in, visiting
from tests.journeys.signing import app_of, sign_in_app
from tests.journeys.test_desk import Desk, desk, quick_passwords, sound

__all__ = ["desk", "quick_passwords", "staff"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Ways of an example that lead straight to what was asked for.
GOOD: Final = {"accept", "approve", "confirm"}
#: Fields that are answered in parts: the parts that a person types.
PARTS: Final = {"place": ("text",), "bank_account": ("bank", "branch", "kind", "number", "holder")}


def main_example(code: str) -> Example:
    """The example that a package is explained by: granted without a detour, best one that says what is asked."""
    straight = [
        one
        for _, one in sorted(catalogue().packages[code].examples.items())
        if (one.decision or {}).get("granted")
        and not (one.edits or one.reworded)
        and {step.partition(":")[2] for step in one.path} <= GOOD | {""}
    ]
    assert straight, f"{code} has no example that is granted as its tables say, without a detour"
    return min(straight, key=lambda one: one.asked is None)


class Days:
    """What day it is in the city, for every thread: the server's, too. Stands in for the clock's own variable."""

    def __init__(self, travelled: ContextVar[dt.datetime | None]) -> None:
        self._travelled, self._shift = travelled, dt.timedelta()
        self.set, self.reset = travelled.set, travelled.reset

    def get(self) -> dt.datetime:
        return self._travelled.get() or dt.datetime.now(dt.UTC) + self._shift  # noqa: TID251 -- it is the clock here

    def go(self, day: dt.date) -> None:
        """Ten in the morning of that day; from then on time passes."""
        at = dt.datetime.combine(day, dt.time(10), clock.TOKYO)
        self._shift = at - dt.datetime.now(dt.UTC)  # noqa: TID251 -- it is the clock here


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Days:
    there = Days(clock._travelled)
    monkeypatch.setattr(clock, "_travelled", there)
    return there


@pytest.fixture
def bank(settings: Any) -> Iterator[str]:
    """The payment provider of this city is the sandbox, with a page that can be paid on."""
    with world() as there:
        settings.STRIPE_URL, settings.STRIPE_KEY, settings.STRIPE_WEBHOOK_SECRET = there.sandbox.url, KEY, SECRET
        ports.provider.cache_clear()
        yield there.sandbox.url
    ports.provider.cache_clear()


WAYS = [pytest.param(code, True, id=code) for code in telling()]


@pytest.mark.parametrize(
    ("code", "script"), [*WAYS, pytest.param("resident-record-copy", False, id="resident-record-copy-without-script")]
)
def test_a_procedure_from_the_phone_to_the_letter(
    code: str,
    script: bool,
    browser: Browser,
    live_server: LiveServer,
    days: Days,
    bank: str,
    desk: Desk,
    staff: Staff,
    settings: Any,
    tmp_path: Path,
) -> None:
    example, settings.BASE_URL = main_example(code), str(live_server.url)
    days.go(example.on)
    publish(code)
    facts = {f"{who}.{key}": one for who, said in known(example).items() for key, one in said.items()}
    chosen = {
        fact
        for one in form_of(catalogue().packages[code].procedure, catalogue().facts).sections
        for fact in one.of_one().values()
    }
    by = a_resident({fact: one for fact, one in facts.items() if fact not in chosen})
    told = {(fact, EARLIER): one for fact, one in facts.items() if fact in chosen}
    if told:
        state(Person(pk=by.who), told, Source.SELF, by=by)
    with visiting(browser, str(live_server.url), by, viewport=PHONE, script=script) as visit:
        case = hand_in(visit, code, example, tmp_path, script=script)
        days.go(example.on + dt.timedelta(days=7))
        sign_in(visit.page.context, visit.base, by)  # a week later, as people do
        office = Office(desk, Players(by, staff), case, example, script=script)
        while case.closed_at is None:
            step = Step.objects.select_related("case").filter(case=case, done_at=None).order_by("token").first()
            assert step is not None, f"{case.state}, and nobody's turn"
            if step.kind == "issue" and step.channel == "screen":
                actions.perform(step, by=SYSTEM)  # as the worker does
            elif step.kind == "cosign":
                confirm(browser, str(live_server.url), case, script=script)
            elif step.kind == "pay":
                pay(visit, case, bank)
            elif step.kind == "wait":
                over = clock.day_of(Timer.objects.get(step=step, fired_at=None).due_at)
                days.go(over + dt.timedelta(days=1))
                jobs.fire_due()
            elif step.kind == "allot":
                days.go(closing_day(case, step) + dt.timedelta(days=1))
                office.allot(step)
            else:
                office.do(step)
            case.refresh_from_db()
        office.look()
        sign_in(visit.page.context, visit.base, by)
        read_the_result(visit, case, example)


# -- the resident -----------------------------------------------------------------------------------------------------


#: The row of a child who was told of in an earlier case.
EARLIER: Final = f"{UUID(int=1)}:0"


def known(example: Example) -> dict[str, dict[str, Any]]:
    """What the city knows of the applicant. Rows (each child) are typed anew."""
    return {who: facts for who, facts in example.known.items() if isinstance(facts, dict)}


def hand_in(visit: Visit, code: str, example: Example, folder: Path, *, script: bool) -> Case:
    """From the list of procedures to the number under which it was received."""
    page, answers, asked = visit.page, answers_of(example), set[str]()
    visit.go("/procedures/")
    page.locator(f'a[href="/procedures/{code}/"]').first.click()
    visit.check()
    page.get_by_role("button", name="始める").click()
    row = procedures.current(code)
    assert row is not None
    form = procedures.package(row).form
    for section in form.visible_sections(answers):
        page.wait_for_url(f"**/sections/{section.id}/")
        rows = len(answers.get(section.each) or []) if section.each else 0
        while page.locator(".rows-card").count() < rows:
            with page.expect_navigation():
                page.locator('button[value="add"]').click()
        if section.of_one() and get(known(example), section.id):
            with page.expect_navigation():
                page.locator('button[value^="one:"]').click()
            expect(page.get_by_text("この方を選んでいます")).to_be_visible()
        rows_known = example.known.get(section.each or "")  # here typed: the register of the test has no household
        named = rows_known if isinstance(rows_known, list) else []
        registered = {name for one in named if isinstance(one, dict) for name in one}
        for cell in list(form.cells(section, answers)):
            if get(known(example), cell.path) is None:
                if cell.field.name not in registered:
                    asked.add(f"{section.each}.{cell.field.name}" if section.each else cell.field.name)
                put(visit, cell, get(answers, cell.path), script=script)
            elif not section.of_one():
                expect(page.locator(f'[name="{cell.path}.known"][value="keep"]')).to_be_checked()
        visit.check()
        visit.next()
    assert example.asked is None or asked == set(example.asked), "asked for what the example does not say"
    visit.headed("内容を確かめてください")
    visit.check()
    page.fill("#email", "hanako@example.jp")
    if row.identity == "card-signature":
        facts = {f"{who}.{key}": one for who, told in known(example).items() for key, one in told.items()}
        with app_of(facts, visit.base, folder):
            visit.next()
            sign_in_app(visit)
            visit.headed("受け付けました")
    else:
        visit.next()
    visit.headed("受け付けました")
    visit.check()
    case = Case.objects.get(number=page.locator(".reference").inner_text())
    page.get_by_role("link", name="進みぐあいを見る").click()
    visit.check()
    return case


def put(visit: Visit, cell: Cell, value: Any, *, script: bool) -> None:
    """Answer one question. It may come only once another was answered; without scripts, on the page that follows."""
    page, field = visit.page, cell.field
    place = page.locator(f'[name="{cell.path}"], [name^="{cell.path}."]').first
    if not script and place.count() == 0:
        visit.next()
    place.wait_for(state="attached")
    if value is None:
        assert not field.required, f"the example does not answer {cell.path}"
    elif field.type in UPLOADED:
        files: list[FilePayload] = [
            {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": photo(f"#{number + 3}58")}
            for number, _ in enumerate(value)
        ]
        place.set_input_files(files)
        if not script:
            page.locator('button[value="upload"]').first.click()
        question = page.locator("[data-question]", has=page.locator(f'[name="{cell.path}"]'))
        expect(question.locator(".files li")).to_have_count(len(files))
    else:
        visit.type(typed(page, cell.path, field, value))


def typed(page: Page | Locator, path: str, field: FormField, value: Any) -> Mapping[str, str]:
    """The inputs of a question and what is typed into each. Of several ticks all but the last are set at once."""
    if field.type == "date":
        day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
        return {f"{path}.year": str(day.year), f"{path}.month": str(day.month), f"{path}.day": str(day.day)}
    if field.type in PARTS:
        return {f"{path}.{part}": str(value[part]) for part in PARTS[field.type] if part in value}
    if field.type == "choices":
        for one in value[:-1]:
            page.locator(f'[name="{path}"][value="{one}"]').check()
        return {path: str(value[-1])}
    return {path: ("yes" if value else "no") if isinstance(value, bool) else str(value)}


def confirm(browser: Browser, base: str, case: Case, *, script: bool) -> None:
    """Those whom the applicant has named read their part on their own phones, and confirm it."""
    for one in list(case.cosigners.filter(over_at=None, confirmed_at=None)):
        with visiting(browser, base, named(one), viewport=PHONE, script=script) as visit:
            visit.go(f"/cosign/{one.pk}/")
            visit.check()
            visit.page.get_by_role("button", name="この内容を確認し、同意する").click()
            expect(visit.page.get_by_role("heading", name="確認しました")).to_be_visible()
            visit.check()


def pay(visit: Visit, case: Case, bank: str) -> None:
    """From the bill to the provider's page and back."""
    page = visit.page
    visit.go(f"/cases/{case.number}/")
    visit.check()
    page.get_by_role("link", name="お支払いへ進む").click()
    visit.check()
    page.get_by_role("button", name="支払いの手続きを始める").click()
    visit.check()
    page.get_by_role("link", name="支払いのページを開く").click()
    page.wait_for_url(f"{bank}/pay/**")
    page.locator('button[value="card"]').click()
    page.wait_for_url(f"**/cases/{case.number}/")
    expect(page.get_by_text("お支払いを確かめました。")).to_be_visible()
    visit.check()


def read_the_result(visit: Visit, case: Case, example: Example) -> None:
    """The decision, its values and every letter, as the example tells them."""
    page = visit.page
    visit.go(f"/cases/{case.number}/")
    expect(page.get_by_role("heading", name="認められました")).to_be_visible()
    visit.check()
    made = Decision.objects.get(case=case)
    told = {"granted": made.granted, **made.values}
    assert {key: told.get(key) for key in example.decision or {}} == example.decision
    executed = case.steps.exclude(outcome="cancelled")
    assert example.digital == (not executed.exclude(channel="screen").exists())
    wanted = example.letter
    issued = {one.kind: one for one in said_of.letters_about(case.pk)}
    expect(page.get_by_role("link", name="（PDF）"), "the letters, and the receipt").to_have_count(len(issued) + 1)
    if wanted is None or (wanted.name or next(iter(issued), "")) not in issued:
        return
    letter = issued[wanted.name or next(iter(issued))]
    with page.expect_download() as download:
        page.locator(f'a[href$="/letters/{letter.pk}.pdf"]').click()
    text = letters.text_of(download.value.path().read_bytes())
    assert [words for words in wanted.contains if not letters.says(text, words)] == []
    assert [words for words in wanted.lacks if letters.says(text, words)] == []


# -- the office -------------------------------------------------------------------------------------------------------


def closing_day(case: Case, step: Step) -> dt.date:
    """The last day of the round that the applicant chose."""
    said = procedures.package(case.procedure).graph[step.node].arguments
    offer = procedures.city().offer(case.procedure.code, clock.today())
    round_ = offer.round(case.answers[said["round"]]) if offer else None
    assert round_ is not None
    return round_.closes


class Office:
    """Whoever may do a step, each in a window of their own: clerks have tablets, heads a desktop."""

    def __init__(self, open_window: Desk, players: Players, case: Case, example: Example, *, script: bool) -> None:
        self.open, self.players, self.case, self.example, self.script = open_window, players, case, example, script
        self.windows: dict[tuple[Actor, dt.date], Page] = {}

    def window(self, who: Actor, size: str) -> Page:
        today = who, clock.today()  # nobody stays signed in from one day to another
        if today not in self.windows:
            self.windows[today] = self.open(who, size, script=self.script)
        page = self.windows[today]
        page.goto("/desk/")
        return page

    def check(self, page: Page) -> None:
        if self.script:
            sound(page)

    def look(self) -> None:
        """Whoever worked on it sees the case as it ended, with its letters and what was paid."""
        page = list(self.windows.values())[-1]
        page.goto(f"/desk/cases/{self.case.number}/")
        expect(page.get_by_role("heading", name="履歴")).to_be_visible()
        expect(page.get_by_role("heading", name="手数料")).to_have_count(self.case.payments.count())
        self.check(page)

    def do(self, step: Step) -> None:
        """Find the case in the list, write down what is asked, come to the good outcome."""
        page = self.window(self.players.for_step(step), "desktop" if step.kind == "approve" else "tablet")
        page.locator(f'a[href="/desk/cases/{self.case.number}/"]').first.click()
        self.check(page)
        panel = page.locator(f'form[action$="/{step.pk}/"]', has=page.locator('[name="_note"]'))
        package = procedures.package(self.case.procedure)
        for field in package.findings.get(step.node, ()):
            value = self.example.findings.get(field.name)
            if value is not None:
                write(panel, field, value)
        good = "approve" if step.kind == "approve" else "accept"
        outcome = panel.locator(f'input[type=radio][name="_outcome"][value="{good}"]')
        if outcome.count():
            outcome.check()
        if step.kind == "consult":
            panel.locator('[name="_note"]').fill("意見はありません。")
        with page.expect_navigation():
            panel.locator("button.button").last.click()
        expect(page.get_by_role("alert")).to_have_text([])
        step.refresh_from_db()
        assert step.done_at is not None

    def allot(self, step: Step) -> None:
        """The round has closed: places are typed in, tried, and given out."""
        said = procedures.package(self.case.procedure).graph[step.node].arguments
        group = Decision.objects.get(case=self.case).values[said["group"]]
        page = self.window(self.players.for_round(self.case, step.node), "desktop")
        page.get_by_role("link", name="選考", exact=True).click()
        page.goto(f"/desk/rounds/{self.case.procedure.code}/{self.case.answers[said['round']]}/")
        page.fill(f'input[name="places.{self.example.findings["place"]}.{group}"]', "1")
        page.get_by_role("button", name="保存して試算する").click()
        self.check(page)
        page.get_by_role("button", name="結果を1件に書き込む").click()
        expect(page.get_by_text("1件の申込みに書き込みました")).to_be_visible()
        self.check(page)


def write(panel: Locator, field: FormField, value: Any) -> None:
    """What an examiner writes down."""
    for name, words in typed(panel, field.name, field, value).items():
        place = panel.locator(f'[name="{name}"]')
        if place.first.get_attribute("type") in ("radio", "checkbox"):
            panel.locator(f'[name="{name}"][value="{words}"]').check()
        elif place.evaluate("one => one.tagName") == "SELECT":
            place.select_option(words)
        else:
            place.fill(words)
