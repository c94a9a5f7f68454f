"""The work list as its template shows it: views with figures, filters, one line a case, what can be done to many."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.queries import Filters, Line, Sort, View
from madoguchi.desk.presenting.panels import CHANNELS
from madoguchi.desk.presenting.words import day_words, last_day, promised_words, section_names
from madoguchi.events import Actor
from madoguchi.events.composing import Asked
from madoguchi.ground.languages import LocalText
from madoguchi.people import queries as people
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import TITLES

#: Business days to the promise within which a line is marked as pressing.
SOON = 2
#: The columns that a list can be put in order by.
ORDERS: Final[Mapping[Sort, str]] = {
    "due": gettext_noop("期限"),
    "name": gettext_noop("申請者"),
    "received": gettext_noop("受付"),
    "changed": gettext_noop("変更"),
    "ended": gettext_noop("終わった日"),
}
OUTCOMES: Final = {
    "granted": gettext_noop("認めた"),
    "refused": gettext_noop("認めなかった"),
    "withdrawn": gettext_noop("取下げ"),
}
#: Views that most never need: they are there when something is in them.
SELDOM: Final = frozenset({"asked", "review", "asking"})
#: Kinds of steps that people do, in the order in which a case meets them.
KINDS: Final = ("cosign", "examine", "consult", "approve", "allot", "pay", "issue", "correction", "wait")


@dataclass(frozen=True, slots=True)
class Tab:
    """A view with its figure, which leads to the cases behind it. None: it is not counted."""

    name: str
    title: str
    count: str | None
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class ListLine:
    """One case of the list. ``tone``: late, soon or empty; ``mark``: what is new since one last looked."""

    key: str
    url: str
    number: str
    applicant: str
    kana: str
    procedure: str
    step: str
    received: str
    promised: str
    days: str
    tone: str
    note: str
    mark: str
    taken: str
    own: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a filter or of the deeds."""

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on; the address leads to the list without it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: where a click puts the list in its order, and which way it stands now."""

    title: str
    url: str = ""
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class WorkPage:
    """All that ``desk/work.html`` shows."""

    title: str
    where: str
    view: str
    tabs: Sequence[Tab]
    heads: Mapping[str, Head]
    lines: Sequence[ListLine]
    waiting: Sequence[ListLine]
    waiting_url: str
    procedures: Sequence[Choice]
    narrow: Mapping[str, Sequence[Choice]]
    days: Mapping[str, str]
    chips: Sequence[Chip]
    hidden: Sequence[tuple[str, str]]
    clear_url: str
    words: str
    more: str
    more_url: str
    deeds: Sequence[Choice]
    colleagues: Sequence[Choice]
    empty: str
    leads: bool
    export_url: str
    map_url: str
    is_by_place: bool


def titles() -> dict[View, str]:
    """The views in the order in which they are worked through."""
    return {
        "mine": gettext("わたしの番"),
        "taken": gettext("わたしの担当"),
        "free": gettext("担当なし"),
        "asked": gettext("合議の求め"),
        "review": gettext("後閲"),
        "section": gettext("課の案件"),
        "late": gettext("おくれ"),
        "waiting": gettext("補正待ち"),
        "asking": gettext("合議の回答待ち"),
        "elsewhere": gettext("ほかの人の番"),
        "ended": gettext("終わった案件"),
    }


def deed_titles() -> dict[str, str]:
    """What can be done to many cases at once, in words."""
    return {
        "claim": gettext("担当する"),
        "assign": gettext("担当を決める"),
        "release": gettext("担当を外す"),
        "accept": gettext("審査して認める"),
        "approve": gettext("決裁する"),
        "do": gettext("郵送・手渡しなどの済みを記録する"),
        "remind": gettext("補正のお願いをもう一度送る"),
        "print": gettext("通知書を印刷する"),
        "post": gettext("通知書を発送した日を記録する"),
    }


def asked_of(given: Mapping[str, str]) -> tuple[View, Filters]:
    """View and filters as an address or a form names them; what cannot be read does not narrow."""

    def text(name: str) -> str:
        return given.get(name, "").replace("\0", "").strip()[:100]

    view, sort, outcome = text("view"), text("sort"), text("outcome")
    order = {"up": False, "down": True}.get(text("order"))
    filters = Filters(
        code=text("code"),
        kind=text("kind"),
        node=text("node"),
        channel=text("channel"),
        town=text("town"),
        taken=_key(text("taken")),
        received_from=_day(text("from")),
        received_until=_day(text("until")),
        due_until=_day(text("due")),
        outcome=outcome if outcome in OUTCOMES else None,  # type: ignore[arg-type]  # one of them
        words=text("q"),
        sort=sort if sort in ORDERS else None,  # type: ignore[arg-type]  # one of them
        newest_first=order,
    )
    return (view if view in cases.VIEWS else "mine"), filters


def named(view: View, filters: Filters) -> dict[str, str]:
    """The same as an address names it: never the words, which are names of people."""
    order = {False: "up", True: "down"}.get(filters.newest_first, "") if filters.newest_first is not None else ""
    said = {
        "view": view if view != "mine" else "",
        "code": filters.code,
        "kind": filters.kind,
        "node": filters.node,
        "channel": filters.channel,
        "town": filters.town,
        "taken": str(filters.taken or ""),
        "from": filters.received_from.isoformat() if filters.received_from else "",
        "until": filters.received_until.isoformat() if filters.received_until else "",
        "due": filters.due_until.isoformat() if filters.due_until else "",
        "outcome": filters.outcome or "",
        "sort": filters.sort or "",
        "order": order,
    }
    return {name: value for name, value in said.items() if value}


def url_of(view: View, filters: Filters, **more: str) -> str:
    """The list at this view and with these filters."""
    return _work_url() + query_of(view, filters, **more)


def query_of(view: View, filters: Filters, **more: str) -> str:
    """View and filters as the end of an address."""
    query = urlencode(named(view, filters) | more)
    return f"?{query}" if query else ""


def work_page(
    by: Actor, view: View = "mine", filters: Filters = cases.NO_FILTERS, after: UUID | None = None
) -> WorkPage:
    """The list that was asked for."""
    views = titles()
    offered = cases.procedures_at(by)
    on = chips(view, filters, offered)
    plain = _is_plain(view, filters, after)
    if (wanted := _wanted(view, filters, after)) is not None:
        figures, pages = cases.first_pages(wanted, by, filters)
        found, waiting = pages[view], pages["waiting"] if plain else []
    else:
        figures = cases.counts(by, replace(filters, outcome=None))
        found = cases.listing(view, by, filters, after=after, limit=cases.PAGE + 1)
        waiting = cases.listing("waiting", by, filters, limit=8) if plain else []
    lines, more = found[: cases.PAGE], len(found) > cases.PAGE
    names = people.staff_names({key for one in lines for key in one.taken_by})
    last = str(lines[-1].case.pk) if lines and more else ""
    return WorkPage(
        title=views[view],
        where=section_names(by.sections),
        view=view,
        tabs=[
            Tab(one, title, f"{figures[one]:,}" if one in figures else None, _tab_url(one, filters), one == view)
            for one, title in views.items()
            if figures.get(one) or one == view or one not in SELDOM
        ],
        heads={sort: _head(sort, view, filters) for sort in ORDERS},
        lines=[_line(one, view, by, names, one.mark or "") for one in lines],
        waiting=[_line(one, "waiting", by, {}, "") for one in waiting],
        waiting_url=url_of("waiting", Filters(code=filters.code)),
        procedures=[Choice(key, title["ja"], key == filters.code) for key, title in offered],
        narrow=narrow(view, filters, by),
        days={name: value for name, value in named(view, filters).items() if name in ("from", "until", "due")},
        chips=on,
        hidden=[*named(view, filters).items()],
        clear_url=url_of(view, Filters()),
        words=filters.words,
        more=last,
        more_url=url_of(view, filters, after=last),
        deeds=_deeds(view, by),
        colleagues=_colleagues(by),
        leads=bool(cases.led_sections(by)),
        export_url=reverse("desk:export") + query_of(view, filters),
        is_by_place=bool(filters.town),
        map_url=reverse("desk:map") + query_of(view, replace(filters, town="", sort=None, newest_first=None)),
        empty=_empty(view, filters != Filters(sort=filters.sort, newest_first=filters.newest_first)),
    )


def work_asked(by: Actor, view: View, filters: Filters, after: UUID | None = None) -> list[Asked]:
    """What :func:`work_page` asks at first."""
    wanted = _wanted(view, filters, after)
    return [
        cases.procedures_asked(),
        *(cases.first_pages_asked(wanted, by, filters) if wanted is not None else ()),
        *([people.colleagues_asked(by.sections)] if view != "ended" else ()),
    ]


# -- within -----------------------------------------------------------------------------------------------------------


def _is_plain(view: View, filters: Filters, after: UUID | None) -> bool:
    """Whether this is one's own list as it opens: with what waits beside it."""
    narrowed = replace(filters, words="", sort=None, newest_first=None)
    return view == "mine" and after is None and narrowed == cases.NO_FILTERS


def _wanted(view: View, filters: Filters, after: UUID | None) -> dict[View, int] | None:
    """Of which views how many lines are read with the figures; None where they are asked for by themselves."""
    if view not in cases.RUNNING or after is not None or filters.words or filters.outcome:
        return None
    return {view: cases.PAGE + 1} | ({"waiting": 8} if _is_plain(view, filters, after) else {})


def _case_url(number: str) -> str:
    return _any_case_url().format(number)


@cache
def _work_url() -> str:
    return reverse("desk:work")


@cache
def _any_case_url() -> str:
    return reverse("desk:case", args=("0",)).replace("0", "{}")


def _key(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def _day(said: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(said)
    except ValueError:
        return None


def _tab_url(view: View, filters: Filters) -> str:
    """Another view keeps what it can be narrowed by; an order is a view's own."""
    kept = replace(filters, sort=None, newest_first=None)
    return url_of(view, kept if view == "ended" else replace(kept, outcome=None))


def _head(sort: Sort, view: View, filters: Filters) -> Head:
    title = gettext(ORDERS[sort])
    if sort not in cases.sorts_of(view):
        return Head(title)
    own: Sort = "ended" if view == "ended" else "due"
    current = (filters.sort or own) == sort and not (view == "waiting" and filters.sort is None)
    down = filters.newest_first if filters.newest_first is not None else sort in ("ended", "changed")
    turned = replace(filters, sort=sort, newest_first=not down if current else None)
    return Head(title, url_of(view, turned), ("descending" if down else "ascending") if current else "")


def narrow(view: View, filters: Filters, by: Actor) -> dict[str, Sequence[Choice]]:
    """The filters beside procedure and days, each with what can be chosen."""
    found: dict[str, Sequence[Choice]] = {
        "town": [Choice(one.id, one.name, one.id == filters.town) for one in procedures.city().towns],
    }
    if view == "ended":
        found["outcome"] = [Choice(key, gettext(word), key == filters.outcome) for key, word in OUTCOMES.items()]
        return found
    found["kind"] = [Choice(one, TITLES[one]["ja"], one == filters.kind) for one in KINDS if one in TITLES]
    found["channel"] = [
        Choice(key, gettext(word), key == filters.channel) for key, word in {"screen": _ON_SCREEN, **CHANNELS}.items()
    ]
    found["taken"] = [
        Choice(str(one.pk), one.display_name, one.pk == filters.taken) for one in people.colleagues(by.sections)
    ]
    return found


_ON_SCREEN: Final = gettext_noop("画面で")


def chips(view: View, filters: Filters, offered: Sequence[tuple[str, LocalText]]) -> list[Chip]:
    """The filters that are on, each with the way to take it off. ``offered``: the procedures by code."""
    titles_ = dict(offered)
    towns = {one.id: one.name for one in procedures.city().towns}
    names = people.staff_names({filters.taken}) if filters.taken else {}
    span = {"from": filters.received_from, "until": filters.received_until}
    days = {name: day_words(day) if day else "" for name, day in span.items()}
    due = filters.due_until
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("code", titles_[filters.code]["ja"] if filters.code in titles_ else filters.code, {"code": ""}),
        ("kind", TITLES[filters.kind]["ja"] if filters.kind in TITLES else filters.kind, {"kind": ""}),
        ("node", _node_title(filters), {"node": ""}),
        ("channel", gettext({"screen": _ON_SCREEN, **CHANNELS}.get(filters.channel, filters.channel)), {"channel": ""}),
        ("town", towns.get(filters.town, filters.town), {"town": ""}),
        ("taken", gettext("担当：%(who)s") % {"who": "・".join(names.values()) or "?"}, {"taken": None}),
        ("from", gettext("受付：%(from)s〜%(until)s") % days, {"received_from": None, "received_until": None}),
        ("due", gettext("期限：%(day)sまで") % {"day": day_words(due) if due else ""}, {"due_until": None}),
        ("outcome", gettext(OUTCOMES[filters.outcome]) if filters.outcome else "", {"outcome": None}),
    ]
    on = named(view, filters)
    on.setdefault("from", on.get("until", ""))
    return [Chip(label, url_of(view, replace(filters, **off))) for name, label, off in said if on.get(name) and label]


def _node_title(filters: Filters) -> str:
    """A step by its name in the procedure that is chosen, too."""
    title = cases.step_title(filters.code, filters.node) if filters.node else None
    return title["ja"] if title else filters.node


def _deeds(view: View, by: Actor) -> list[Choice]:
    """What makes sense for many cases of this view; what each case allows is said before it is done."""
    if view in ("asked", "review"):
        return []
    named_ = deed_titles()
    if not people.leads(by, by.sections):
        named_.pop("assign")
    own = {"waiting": ["remind"], "free": ["claim", "assign"], "ended": ["print", "post"]}
    wanted = own.get(
        view, [one for one in named_ if one != "remind" and (one not in ("print", "post") or view == "section")]
    )
    return [Choice(one, named_[one]) for one in wanted if one in named_]


def _colleagues(by: Actor) -> list[Choice]:
    """To whom a leader can give steps: everybody of the sections."""
    if not people.leads(by, by.sections):
        return []
    away = {one.account_id for one in people.absent_today()}
    return [
        Choice(str(one.pk), one.display_name + (gettext("（不在）") if one.pk in away else ""))
        for one in people.colleagues(by.sections)
    ]


def _line(line: Line, view: View, by: Actor, names: Mapping[UUID, str], mark: str) -> ListLine:
    case = line.case
    ended = view == "ended"
    left, late = line.days_left, cases.is_late(case)
    return ListLine(
        key=str(case.pk),
        url=_case_url(case.number or ""),
        number=case.number or "",
        applicant=line.applicant or gettext("（名前なし）"),
        kana=line.kana,
        procedure=line.title["ja"],
        step=_step(line, view),
        received=day_words(case.received_at) if case.received_at else "",
        promised=day_words(case.due_on) if case.due_on else "",
        days=promised_words(left, late) or ("" if ended else gettext("決定ずみ")),
        tone="late" if late else "soon" if left is not None and left <= SOON else "",
        note=_note(line, view),
        mark=gettext(_MARKS[mark]) if mark else "",
        taken=gettext("・").join(names.get(one, "") for one in line.taken_by) if line.taken_by else "",
        own=by.id in line.taken_by,
    )


_MARKS: Final = {"new": gettext_noop("未読"), "changed": gettext_noop("変更あり")}


def _step(line: Line, view: View) -> str:
    if view == "ended":
        return gettext("取下げ") if line.case.withdrawn_at else gettext("完了")
    return "、".join(node.title["ja"] for node in line.now if node.title is not None) or gettext("処理中")


def _note(line: Line, view: View) -> str:
    if view == "ended" and line.since:
        return day_words(line.since)
    if view in ("asked", "asking") and line.questions:
        return gettext("回答は%(day)sまで") % {"day": day_words(line.questions[0].due_on)}
    if line.questions:
        return gettext("合議の回答待ち（%(count)s課）") % {"count": len(line.questions)}
    if view == "waiting" and line.since:
        return gettext("%(day)sから") % {"day": day_words(line.since)}
    due = min((step.due_at for step in line.steps if step.due_at is not None), default=None)
    return gettext("この段階は%(day)sまで") % {"day": day_words(last_day(due))} if due else ""


def _empty(view: View, filtered: bool) -> str:
    if filtered:
        return gettext("この条件に合う案件はありません。")
    return {
        "mine": gettext("いま、あなたの番の案件はありません。"),
        "taken": gettext("あなたが担当している案件はありません。"),
        "free": gettext("担当の決まっていない案件はありません。"),
        "section": gettext("課の案件はいまありません。"),
        "late": gettext("おくれている案件はありません。"),
        "asked": gettext("あなたの課に合議が求められている案件はありません。"),
        "review": gettext("後閲する案件はありません。"),
        "asking": gettext("ほかの課の合議の回答を待っている案件はありません。"),
        "waiting": gettext("申請者の補正を待っている案件はありません。"),
        "elsewhere": gettext("ほかの人の番の案件はありません。"),
        "ended": gettext("終わった案件はまだありません。"),
    }[view]
