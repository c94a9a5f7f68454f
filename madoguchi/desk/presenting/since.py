"""What is new since the reader last looked: answers, documents, notes, messages, steps."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.queries import Happening
from madoguchi.desk.presenting.evidence import label_of
from madoguchi.desk.presenting.history import SMALL, HistoryLine, history_lines
from madoguchi.desk.presenting.words import time_words
from madoguchi.events import Actor
from madoguchi.procedures.rules.form import Cell, get
from madoguchi.procedures.rules.published import Published

#: What happens all the time and says nothing new about the case.
SILENT: Final = SMALL | {
    "case.read",
    "message.deliver",
    "message.read",
    "message.send",
    "thread.read",
    "payment.ask",
    "payment.present",
    "payment.hear",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """An answer that is another one now."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Since:
    """``at`` is the last look, None at the first. ``before`` holds the answers of before the last correction, by path;
    ``new`` the paths and documents that the reader has not seen yet."""

    at: dt.datetime | None
    when: str
    changed: Sequence[Changed]
    lines: Sequence[HistoryLine]
    before: Mapping[str, Cell]
    new: frozenset[str]


def since_last_look(case: Case, package: Published, by: Actor, happenings: Sequence[Happening]) -> Since:
    """What whoever looked before finds changed."""
    at = cases.last_look(case, by)
    corrected = cases.corrected(case)
    earlier = cases.answers_before(corrected)
    then = cases.answers_at(corrected, at) if at is not None else None
    changed = list(cases.differing(package.form, then, case.answers)) if then is not None else []
    told = [
        one
        for one in happenings
        if at is not None
        and one.event.at > at
        and one.event.actor_id != by.id
        and one.event.outcome == "done"
        and one.event.verb not in SILENT
    ]
    there = {cell.path for section in package.form.sections for cell in package.form.cells(section, case.answers)}
    new = {f"document:{key}" for path in changed for key in _added(get(then or {}, path), get(case.answers, path))}
    return Since(
        at=at,
        when=time_words(at) if at is not None else "",
        changed=[
            Changed("f-" + one.replace(".", "-"), label_of(one, case, package)) for one in changed if one in there
        ],
        lines=history_lines(told, package),
        before=_before(case, package, earlier),
        new=frozenset(changed) | frozenset(new),
    )


def _before(case: Case, package: Published, earlier: Mapping[str, object]) -> dict[str, Cell]:
    if not earlier:
        return {}
    cells = {
        cell.path: cell
        for section in package.form.sections
        for cell in package.form.cells(section, earlier, hidden=True)
    }
    return {path: cells[path] for path in cases.differing(package.form, earlier, case.answers) if path in cells}


def _added(then: object, now: object) -> list[str]:
    before = then if isinstance(then, list) else []
    return [str(one) for one in now if one not in before] if isinstance(now, list) else []
