"""Where a member of staff is signed in, as the page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.desk.presenting.words import time_words
from madoguchi.people.models import Account
from madoguchi.people.queries import sign_ins


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One browser. ``here``: the one that asks."""

    key: str
    browser: str
    since: str
    seen: str
    here: bool


def session_lines(account: Account, here: str) -> Sequence[SessionLine]:
    """The browsers in which the account is signed in; this one first, then the one used last."""
    lines = [
        SessionLine(
            key=str(one.pk),
            browser=one.browser or gettext("わからない端末"),
            since=time_words(one.since),
            seen=time_words(one.seen_at),
            here=str(one.pk) == here,
        )
        for one in sign_ins(account=account.pk)
    ]
    return sorted(lines, key=lambda one: not one.here)


@dataclass(frozen=True, slots=True)
class KioskLine:
    """A device that residents share. ``code``: what makes a device this one, while it is good."""

    key: str
    name: str
    browser: str
    since: str
    by: str
    code: str


def kiosk_lines() -> Sequence[KioskLine]:
    """All of this city hall."""
    return [
        KioskLine(
            key=str(one.pk),
            name=one.name,
            browser=one.browser,
            since=time_words(one.joined_at) if one.joined_at else "",
            by=one.made_by.display_name,
            code=cases.kiosk_code(one),
        )
        for one in cases.kiosks()
    ]
