"""The work list as its template shows it: views with their figures, and one line a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.queries import Line, View
from madoguchi.desk.presenting.words import day_words, days_words, last_day, section_names
from madoguchi.events import Actor

#: Business days to the promise within which a line is marked as pressing.
SOON = 2


@dataclass(frozen=True, slots=True)
class Tab:
    """A view with its figure; the figure leads to the cases behind it."""

    name: str
    title: str
    count: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class ListLine:
    """One case of the list. ``tone``: late, soon or empty."""

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


@dataclass(frozen=True, slots=True)
class WorkPage:
    """All that ``desk/work.html`` shows."""

    title: str
    where: str
    view: str
    tabs: Sequence[Tab]
    lines: Sequence[ListLine]
    waiting: Sequence[ListLine]
    waiting_url: str
    procedures: Sequence[tuple[str, str]]
    code: str
    words: str
    more: str
    empty: str


def titles() -> dict[View, str]:
    """The views in the order in which they are worked through."""
    return {
        "mine": gettext("わたしの番"),
        "taken": gettext("わたしの担当"),
        "free": gettext("担当なし"),
        "section": gettext("課の案件"),
        "late": gettext("おくれ"),
        "waiting": gettext("補正待ち"),
        "elsewhere": gettext("ほかの人の番"),
        "ended": gettext("終わった案件"),
    }


def work_page(by: Actor, *, view: str = "", code: str = "", q: str = "", after: UUID | None = None) -> WorkPage:
    """The list that was asked for; an unknown view is the first."""
    named = titles()
    chosen: View = view if view in named else "mine"
    figures = cases.counts(by, cases.Filters(code=code))
    filters = cases.Filters(code=code, words=q)
    lines = cases.listing(chosen, by, filters, after=after, limit=cases.PAGE + 1)
    waiting = cases.listing("waiting", by, filters, limit=8) if chosen == "mine" and after is None else []
    return WorkPage(
        title=named[chosen],
        where=section_names(by.sections),
        view=chosen,
        tabs=[Tab(one, title, _figure(figures[one]), _url(one, code), one == chosen) for one, title in named.items()],
        lines=[_line(one, chosen) for one in lines[: cases.PAGE]],
        waiting=[_line(one, "waiting") for one in waiting],
        waiting_url=_url("waiting", code),
        procedures=[(key, title["ja"]) for key, title in cases.procedures_at(by)],
        code=code,
        words=q,
        more=str(lines[cases.PAGE - 1].case.pk) if len(lines) > cases.PAGE else "",
        empty=_empty(chosen, bool(code or q)),
    )


def _url(view: str, code: str) -> str:
    given = {"view": view if view != "mine" else "", "code": code}
    query = urlencode({name: value for name, value in given.items() if value})
    return reverse("desk:work") + (f"?{query}" if query else "")


def _figure(count: int) -> str:
    """「0」 is empty, so that a template can ask; counting stops at some figure, and the words say so."""
    return f"{cases.COUNTED:,}+" if count > cases.COUNTED else str(count) if count else ""


def _line(line: Line, view: View) -> ListLine:
    case = line.case
    ended = view == "ended"
    late = line.days_left < 0 and not ended
    return ListLine(
        url=reverse("desk:case", args=(case.number,)),
        number=case.number or "",
        applicant=line.applicant or gettext("（名前なし）"),
        kana=line.kana,
        procedure=line.title["ja"],
        step=_step(line, view),
        received=day_words(case.received_at) if case.received_at else "",
        promised=day_words(case.due_on) if case.due_on else "",
        days="" if ended else days_words(line.days_left),
        tone="" if ended else "late" if late else "soon" if line.days_left <= SOON else "",
        note=_note(line, view),
    )


def _step(line: Line, view: View) -> str:
    if view == "ended":
        return gettext("取下げ") if line.case.withdrawn_at else gettext("完了")
    return "、".join(node.title["ja"] for node in line.now if node.title is not None) or gettext("処理中")


def _note(line: Line, view: View) -> str:
    if view == "ended" and line.since:
        return day_words(line.since)
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
        "waiting": gettext("申請者の補正を待っている案件はありません。"),
        "elsewhere": gettext("ほかの人の番の案件はありません。"),
        "ended": gettext("終わった案件はまだありません。"),
    }[view]
