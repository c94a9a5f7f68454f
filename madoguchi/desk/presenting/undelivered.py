"""What could not be told to other systems, as its page shows it: to whom, of what, why, since when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.queries import Told
from madoguchi.desk.presenting.companies import STANDS, CompanyLine, company_lines, company_name
from madoguchi.desk.presenting.words import time_words
from madoguchi.events import Actor
from madoguchi.ground.errors import Refused, fill
from madoguchi.people.models import Delivery
from madoguchi.people.queries import webhooks
from madoguchi.people.rules import WEBHOOK_TYPES

#: So many stand on the page, the oldest first; the rest comes up as these are dealt with.
MOST: Final = 200
#: Why the last try failed, in words that can be read out to the other side.
TROUBLES: Final[Mapping[str, str]] = {
    "dns": gettext_noop("アドレスの名前が見つからない"),
    "address": gettext_noop("送ってはいけない場所（庁内のネットワークなど）のアドレスになっている"),
    "tls": gettext_noop("相手の証明書を確かめられない"),
    "timeout": gettext_noop("時間内に返事がない"),
    "connection": gettext_noop("つながらない"),
}


@dataclass(frozen=True, slots=True)
class UntoldLine:
    """One telling. ``about``: the company, if it is one; ``number``, ``url``: the case, where the reader may open it.
    ``stands``: what has become of it meanwhile. ``open``: somebody still listens, so that it can be sent again.
    ``ends_service``: given up, the person has to tell the company."""

    id: str
    what: str
    about: str
    number: str
    url: str
    stands: str
    trouble: str
    since: str
    tries: int
    open: bool
    ends_service: bool
    typed: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class UntoldGroup:
    """A system, and what it could not be told."""

    id: str
    name: str
    lines: Sequence[UntoldLine]
    open: bool


@dataclass(frozen=True, slots=True)
class DroppedLine:
    """What nobody is told of any more, and why not."""

    what: str
    about: str
    system: str
    when: str
    because: str


@dataclass(frozen=True, slots=True)
class UndeliveredPage:
    """All that ``desk/undelivered.html`` shows. ``more``: so many do not stand on it."""

    groups: Sequence[UntoldGroup]
    dropped: Sequence[DroppedLine] = field(default_factory=tuple)
    companies: Sequence[CompanyLine] = field(default_factory=tuple)
    more: int = 0
    problem: str = ""


def undelivered_page(
    by: Actor, *, refused: Delivery | None = None, typed: str = "", refusal: Refused | None = None
) -> UndeliveredPage:
    """The dead letters of the reader's sections; ``typed`` is the reason that was written for ``refused``."""
    rows = webhooks.dead_letters_of(by)
    found = sorted(rows[:MOST], key=lambda one: (one.subscription.partner.name, str(one.subscription.partner_id)))
    dropped = webhooks.dropped_of(by)
    told = cases.told_of([*found, *dropped], by)
    problem = fill(gettext(refusal.message), refusal.params) if refusal else ""
    groups = []
    for key, ones in groupby(found, key=attrgetter("subscription.partner_id")):
        letters = list(ones)
        lines = [
            _line(one, told, typed, problem) if refused is not None and one.pk == refused.pk else _line(one, told)
            for one in letters
        ]
        name = letters[0].subscription.partner.name
        groups.append(UntoldGroup(str(key), name, lines, any(one.open for one in lines)))
    return UndeliveredPage(
        groups, list(_dropped(dropped, told)), company_lines(by), max(rows.count() - MOST, 0), problem
    )


def _line(one: Delivery, told: Mapping[UUID, Told], typed: str = "", problem: str = "") -> UntoldLine:
    about = told.get(one.about)
    waits = about is not None and about.state in ("sent", "called-off")
    return UntoldLine(
        id=str(one.pk),
        what=gettext(WEBHOOK_TYPES.get(one.type, one.type)),
        about=_about(about),
        number=about.number if about else "",
        url=reverse("desk:case", args=(about.number,)) if about and about.may_open else "",
        stands=gettext(STANDS[about.state]) if about and about.state in STANDS else "",
        trouble=trouble_words(one.trouble),
        since=time_words(one.happened_at),
        tries=one.tries,
        open=one.subscription.closed_at is None and one.subscription.partner.closed_at is None,
        ends_service=waits,
        typed=typed,
        problem=problem,
    )


def _about(told: Told | None) -> str:
    if told is None:
        return gettext("（記録は廃棄ずみ）")
    return company_name(told.company) if told.company else ""


def _dropped(rows: Sequence[Delivery], told: Mapping[UUID, Told]) -> Iterator[DroppedLine]:
    for one in rows:
        about = told.get(one.about)
        yield DroppedLine(
            gettext(WEBHOOK_TYPES.get(one.type, one.type)),
            "　".join(filter(None, (_about(about), about.number if about else ""))),
            one.subscription.partner.name,
            time_words(one.dropped_at) if one.dropped_at else "",
            one.dropped_because,
        )


def trouble_words(code: str) -> str:
    """「相手が 503 と答えた」「つながらない」."""
    if code.startswith("status-"):
        return gettext("相手が %(status)s と答えた") % {"status": code.removeprefix("status-")}
    return gettext(TROUBLES.get(code, code))
