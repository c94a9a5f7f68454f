"""Who is away and who covers, as its page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.desk.presenting.words import day_words
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.people import queries as people


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """One absence, now or later."""

    key: str
    account: str
    who: str
    cover: str
    days: str
    now: bool


@dataclass(frozen=True, slots=True)
class AbsencePage:
    """All that ``desk/absence.html`` shows."""

    lines: Sequence[AbsenceLine]
    covering: Sequence[str]
    accounts: Sequence[tuple[str, str]]
    colleagues: Sequence[tuple[str, str]]
    own: str
    alone: bool
    given: Mapping[str, str]
    problem: str


def absence_page(by: Actor, problem: str = "", given: Mapping[str, str] | None = None) -> AbsencePage:
    """Of oneself, and of everybody whose work one gives out."""
    led = cases.led_sections(by)
    staff = {one.pk: one for one in people.colleagues(by.sections | led)}
    theirs = {one.pk for one in people.colleagues(led)} | {by.who}
    today = clock.today()
    return AbsencePage(
        lines=[
            AbsenceLine(
                key=str(one.pk),
                account=str(one.account_id),
                who=gettext("あなた") if one.account_id == by.who else one.account.display_name,
                cover=one.cover.display_name if one.cover else gettext("なし（代決の定めによる）"),
                days=f"{day_words(one.since)}〜{day_words(one.until)}",
                now=one.since <= today,
            )
            for one in people.absences_of(theirs)
        ],
        covering=list(people.staff_names(set(by.covers)).values()),
        accounts=[(str(key), one.display_name) for key, one in staff.items() if key in theirs and key != by.who],
        colleagues=[(str(key), one.display_name) for key, one in staff.items()],
        own=str(by.who),
        alone=not {one.pk for one in people.colleagues(by.sections)} - {by.who},
        given=given or {},
        problem=problem,
    )
