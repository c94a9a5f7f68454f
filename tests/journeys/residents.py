"""What journeys of residents have in common: a signed-in browser, answers typed by name, axe, an office that acts."""

import datetime as dt
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from madoguchi.cases import actions
from madoguchi.cases.models import Case
from madoguchi.events import SYSTEM, Actor
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.people.actions import appoint, open_account, recognise
from madoguchi.people.models import Person
from madoguchi.people.queries import actor_of_account, actor_of_person
from tests.journeys.axe import BEST_PRACTICE, faults

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1366, "height": 768}
KNOWN = {
    "person.full_name": "見本　花子",
    "person.registered_address": "大阪府大東市谷川一丁目1番1号",
    "person.date_of_birth": "1990-04-12",
}


def session_of(person: UUID, level: str) -> str:
    """A session in which this person has just signed in."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["resident"] = {"person": str(person), "level": level}
    store.save()
    return str(store.session_key)


def a_resident(known: Mapping[str, Any] = KNOWN, level: str = "card") -> Actor:
    """Somebody whom the card has just introduced."""
    person: Person = recognise("https://idp.example", str(uuid7()), level, by=SYSTEM)
    by = actor_of_person(person.pk, level)
    if known:
        facts.state(person, {(key, ""): value for key, value in known.items()}, Source.CARD, by=by)
    return by


def a_clerk(section: str, post: str) -> Actor:
    """A member of staff who holds the post of the section."""
    account = open_account(f"{post}-{uuid7()}", "見本 職員", "correct horse battery staple", by=SYSTEM)
    appoint(account, post, section, clock.today(), by=SYSTEM)
    return actor_of_account(account)


class Visit:
    """A browser window of one person."""

    def __init__(self, page: Page, base: str, problems: list[str]) -> None:
        self.page, self.base, self.problems = page, base, problems

    def go(self, path: str) -> None:
        """Open an address of the site."""
        self.page.goto(self.base + path)

    def type(self, answers: Mapping[str, str]) -> None:
        """Fill in by name: text, ``radio:`` and ``tick:`` choices, a date as its three parts."""
        for name, value in answers.items():
            field = self.page.locator(f'[name="{name}"]')
            if name.endswith(".era"):
                field.select_option(value)
            elif field.first.get_attribute("type") in ("radio", "checkbox"):
                self.page.locator(f'[name="{name}"][value="{value}"]').check()
            elif field.first.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
                field.blur()

    def date(self, name: str, day: dt.date) -> None:
        """Type a day in 西暦."""
        self.type({f"{name}.year": str(day.year), f"{name}.month": str(day.month), f"{name}.day": str(day.day)})

    def next(self) -> None:
        """Press the one solid button of the page."""
        with self.page.expect_navigation():
            self.page.locator("main .actions .button.solid").last.click()

    def headed(self, words: str) -> None:
        """The page that is there, or comes, has this heading."""
        expect(self.page.locator("h1")).to_have_text(words)

    def check(self) -> None:
        """No axe violation, nothing sideways, nothing that the policy of the page blocked."""
        self.page.wait_for_load_state()  # a click may still be on its way to the next page
        width = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"{self.page.url} scrolls sideways: {width}"
        assert not self.problems, self.problems
        if not self.page.evaluate("document.documentElement.classList.contains('with-script')"):
            return
        found = faults(self.page, BEST_PRACTICE)
        assert not found, f"{self.page.url}\n" + "\n".join(found)


@contextmanager
def visiting(
    browser: Browser,
    base: str,
    by: Actor | None = None,
    *,
    viewport: Mapping[str, int] = PHONE,
    script: bool = True,
    **options: Any,
) -> Iterator[Visit]:
    """A window of the resident ``by`` (None: nobody is signed in)."""
    context = browser.new_context(
        viewport={"width": viewport["width"], "height": viewport["height"]},
        java_script_enabled=script,
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        **options,
    )
    if by is not None and by.id is not None:
        sign_in(context, base, by)
    page, problems = context.new_page(), []
    page.set_default_timeout(15000)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
    )
    try:
        yield Visit(page, base, problems)
    finally:
        context.close()


def sign_in(context: Any, base: str, by: Actor) -> None:
    """Put the cookie of a fresh session into a browser context."""
    assert by.id is not None
    key = session_of(by.id, by.level)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": base}])


def photo(colour: str = "#888", *, place: bool = True) -> bytes:
    """A photograph as a telephone makes it: JPEG, turned, with the place where it was taken."""
    picture, out, exif = Image.new("RGB", (640, 480), colour), io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    if place:
        exif[0x8825] = {1: "N", 2: (34.0, 42.0, 0.0), 3: "E", 4: (135.0, 37.0, 0.0)}
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def the_case(by: Actor) -> Case:
    """The only case of this person."""
    assert by.id is not None
    return Case.objects.get(person_id=by.id)


def open_step(case: Case, kind: str) -> Any:
    """The open step of this kind."""
    return case.steps.get(kind=kind, done_at=None)


def work(case: Case) -> None:
    """What the worker does for a case: make and sign the letters that are due."""
    for step in case.steps.filter(done_at=None, kind="issue"):
        actions.perform(step, by=SYSTEM)
