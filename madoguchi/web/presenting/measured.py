"""The figures of procedures in words: shares, days, where cases leave the screen. Never one score made of several."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Figures
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures
from madoguchi.web.words import said

#: Fewer answers than this are not shown: one could tell whose they are.
FEWEST_ANSWERS: Final = 5

CHANNELS: Final = {
    "paper": gettext_noop("紙"),
    "post": gettext_noop("郵便"),
    "fax": gettext_noop("ファクス"),
    "counter": gettext_noop("窓口"),
    "phone": gettext_noop("電話"),
    "seal": gettext_noop("はんこ"),
    "visit": gettext_noop("訪問"),
    "medium": gettext_noop("記録媒体"),
}
#: Whom the city asks to change a law.
ADDRESSEES: Final = {
    "state": gettext_noop("国"),
    "prefecture": gettext_noop("都道府県"),
    "city": gettext_noop("市議会（条例の改正）"),
}
#: By which a case came in (``Case.channel``).
ENTRIES: Final = {
    "web": gettext_noop("オンライン"),
    "counter": gettext_noop("窓口で職員が入力"),
    "api": gettext_noop("連携するシステム"),
    "chat": gettext_noop("チャット"),
}
EASE: Final = (gettext_noop("たいへん"), gettext_noop("ふつう"), gettext_noop("かんたん"))


#: As many must have ended before 「10人に9人」 says anything about the next one.
ENOUGH: Final = 10


@dataclass(frozen=True, slots=True)
class Measured:
    """How it really went. ``share``: of the ended, digital in every executed step, in percent; ``median`` and ``slow``:
    business days in which half and nine in ten were done. None where fewer than `ENOUGH` have ended."""

    ended: int
    share: int | None
    median: int | None
    slow: int | None


@dataclass(frozen=True, slots=True)
class Level:
    """One line of the way from start to receipt: how many came so far, ``share`` of those that were started."""

    label: str
    count: int
    share: int


@dataclass(frozen=True, slots=True)
class Leak:
    """Where cases leave the screen or end before the end, and how many."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """One procedure on the public page. ``entries``: by which channel they came in, where not all did online.
    ``ease``: answers in percent, easiest first; empty where too few.

    ``known``: how many answers the city knew, ``retyped``: how many percent of them were typed once more (再入力率).
    """

    code: str
    title: str
    real: Measured
    promised: int | None
    levels: tuple[Level, ...]
    leaks: tuple[Leak, ...]
    entries: tuple[Leak, ...]
    ease: tuple[Level, ...]
    answers: int
    known: int
    retyped: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the city asks for because a law stands in the way (要望); title, law, why and answer as the city wrote them.

    ``laws``: by which it has come true.
    """

    title: str
    procedure: str
    to: str
    law: str
    why: str
    sent_on: dt.date
    answered_on: dt.date | None
    answer: str
    laws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """All procedures that are offered; ``counted_at`` is None before the first count."""

    counted_at: dt.datetime | None
    lines: tuple[Line, ...]
    asked: tuple[Asked, ...] = ()


def measured(figures: Figures | None) -> Measured | None:
    """The figures of one procedure for its page and its card."""
    if figures is None:
        return None
    if figures.ended < ENOUGH:
        return Measured(figures.ended, None, None, None)
    return Measured(figures.ended, figures.digital * 100 // figures.ended, figures.median_days, figures.slow_days)


def figures_page() -> FiguresPage:
    """The public page, procedures in the order of the city's file."""
    known, order = cases.figures(), {one.procedure: at for at, one in enumerate(procedures.city().offers)}
    rows = sorted(procedures.offered(), key=lambda row: order.get(row.code, len(order)))
    lines = []
    for row in rows:
        figures = known.get(row.code)
        real = measured(figures)
        if figures is None or real is None:
            continue
        package = procedures.package(row)
        known_ = figures.known_taken + figures.known_retyped
        one, answers = package.procedure, sum(figures.ease)
        titles = {node.id: said(node.title) for node in package.graph.steps}
        lines.append(
            Line(
                code=one.code,
                title=said(one.title),
                real=real,
                promised=one.standard_period.business_days if one.standard_period else None,
                levels=tuple(_levels(figures)),
                leaks=tuple(_leaks(figures, titles)),
                entries=tuple(_entries(figures)) if figures.channels.keys() - {"web"} else (),
                ease=tuple(_ease(figures, answers)) if answers >= FEWEST_ANSWERS else (),
                answers=answers,
                known=known_,
                retyped=-(-figures.known_retyped * 100 // known_) if known_ else 0,
            )
        )
    counted_at = max((one.counted_at for one in known.values()), default=None)
    return FiguresPage(counted_at, tuple(lines), tuple(_asked_for()))


def _asked_for() -> Iterator[Asked]:
    titles = {row.code: said(procedures.package(row).procedure.title) for row in procedures.offered()}
    for one in cases.public_wishes():
        if one.sent_on is not None:
            yield Asked(
                one.title,
                titles.get(one.procedure, ""),
                gettext(ADDRESSEES[one.to]),
                one.law,
                one.why,
                one.sent_on,
                one.answered_on,
                one.answer,
                tuple(dict.fromkeys(row.title for row in cases.came_true(one) if row.since <= clock.today())),
            )


def _levels(figures: Figures) -> Iterator[Level]:
    for label, count in (
        (gettext("入力を始めた"), figures.started),
        (gettext("申し込んだ"), figures.submitted),
        (gettext("決定した"), figures.decided),
        (gettext("終わった"), figures.ended),
        (gettext("最後までオンラインで終わった"), figures.digital),
        (gettext("そのうち、届いたものを本人が開いた"), figures.received),
    ):
        yield Level(label, count, count * 100 // figures.started if figures.started else 0)


def _leaks(figures: Figures, titles: dict[str, str]) -> Iterator[Leak]:
    for node, (channel, count) in figures.breaks.items():
        title = titles.get(node, node)
        yield Leak(f"{title}（{gettext(CHANNELS[channel])}）" if channel in CHANNELS else title, count)
    if figures.abandoned:
        yield Leak(gettext("入力の途中でやめた（30日以上そのまま）"), figures.abandoned)
    if figures.withdrawn:
        yield Leak(gettext("申し込んだあとで取り下げた"), figures.withdrawn)


def _entries(figures: Figures) -> Iterator[Leak]:
    for channel, count in figures.channels.items():
        yield Leak(gettext(ENTRIES.get(channel, channel)), count)


def _ease(figures: Figures, answers: int) -> Iterator[Level]:
    for label, count in reversed(list(zip(EASE, figures.ease, strict=True))):
        yield Level(gettext(label), count, count * 100 // answers)
