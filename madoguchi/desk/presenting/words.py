"""Days, people and numbers in the words of the desk. Japanese only: staff read Japanese."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.ground import clock, wareki
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import COSIGNER, Node
from madoguchi.procedures.rules.published import Published

_WEEKDAYS = "月火水木金土日"


def promise_words(case: Case) -> str:
    """「2日おくれ」「期限が過ぎた」「きょうまで」「あと3日」 in business days; empty where no promise is open."""
    return promised_words(cases.days_left(case), cases.is_late(case))


def promised_words(left: int | None, late: bool) -> str:
    """The same of a case whose days are counted."""
    if left == 0 and late:  # on a day off just after it
        return gettext("期限が過ぎた")
    return days_words(left) if left is not None else ""


def days_words(days_left: int) -> str:
    """「2日おくれ」「きょうまで」「あと3日」: business days to the promised day."""
    if days_left < 0:
        return gettext("%(days)s日おくれ") % {"days": -days_left}
    return gettext("あと%(days)s日") % {"days": days_left} if days_left else gettext("きょうまで")


def day_words(moment: dt.datetime | dt.date) -> str:
    """「11月30日（月）」, with the year where it is not this one."""
    day = clock.day_of(moment) if isinstance(moment, dt.datetime) else moment
    year = "" if day.year == clock.today().year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def time_words(moment: dt.datetime) -> str:
    """「11月30日（月）14:03」, Asia/Tokyo."""
    return f"{day_words(moment)}{clock.in_tokyo(moment):%H:%M}"


def last_day(due_at: dt.datetime) -> dt.date:
    """A deadline ends with the last moment of a day; that day is what people say."""
    return clock.day_of(due_at - dt.timedelta(seconds=1))


def holders_words(node: Node, package: Published, section: str, scope: Mapping[str, Any] | None = None) -> str:
    """Who does a step: 「子ども室」「保健師」「申請者」「自動」, of an approval its way: 「子ども室係長→子ども室課長」.

    ``section`` is the one that has the case (引継ぎ, 訂正): it does what the procedure gives to its own office.
    ``scope`` tells of the decision, where the way depends on it.
    """
    if node.by == COSIGNER:
        return gettext("連署する方")
    if node.is_applicants:
        return gettext("申請者")
    if not (node.is_human or node.kind == "allot") or not node.by:
        return gettext("自動")
    organisation = procedures.city().organisation
    if node.kind == "approve" and (way := procedures.route(node.by, package.procedure, scope, section).posts):
        return "→".join(organisation.posts()[post][0].title["ja"] for post in way)
    held = procedures.holders(node.by, package.procedure)
    posts, own = organisation.posts(), procedures.section_of(package.procedure).id
    there = sorted(section if section and one == own else one for one in held.sections)
    names = [found.name["ja"] for one in there if (found := organisation.section(one))]
    # The order of the organisation is the order of rank.
    names += [posts[one][0].title["ja"] for one in posts if one in held.posts]
    return "・".join(names) or gettext("担当")


def section_names(sections: frozenset[str]) -> str:
    """「子ども室・課税課」."""
    organisation = procedures.city().organisation
    return "・".join(section.name["ja"] for one in sorted(sections) if (section := organisation.section(one)))


def value_words(value: Any) -> str:
    """A value of a table as a person reads it: 25,000, 2026年5月1日（令和8年5月1日）, はい."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return gettext("はい") if value else gettext("いいえ")
    if isinstance(value, int):
        return f"{value:,}"
    try:
        return wareki.format_both(dt.date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def decided_words(type_: str, value: Any) -> str:
    """The same of a value that may be decided otherwise; a month is kept as its first day: 2026年4月."""
    if type_ == "month":
        day = dt.date.fromisoformat(str(value))
        return f"{day.year}年{day.month}月"
    return value_words(value)
