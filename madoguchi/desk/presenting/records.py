"""What the city's own records said when a step looked them up (照会), beside what the applicant says."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext

from madoguchi.cases.models import Case, Decision
from madoguchi.desk.presenting.words import day_words
from madoguchi.events import Actor
from madoguchi.facts.models import Source
from madoguchi.ground.kana import search_key
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import Cell, field_of, get
from madoguchi.procedures.rules.format import FactField
from madoguchi.procedures.rules.published import Published


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One fact as it was looked up; ``cell`` is None where the records hold nothing. ``differs`` from the answer."""

    label: str
    cell: Cell | None
    source: str
    differs: bool


def records(case: Case, package: Published, decision: Decision | None, by: Actor) -> Iterator[RecordLine]:
    """Every fact that the steps so far have looked up, in the order of the flow, each once.

    For the section that handles the case and for whoever approves; for nobody who was only asked.
    """
    if case.section not in by.sections and not any(by.posts & set(one.route) for one in case.steps.all()):
        return
    done = {one.node for one in case.steps.all() if one.kind == "look_up" and one.done_at is not None}
    found = decision.course.get("looked_up", {}) if decision is not None else {}
    known = procedures.vocabulary()
    nodes = [one for one in package.graph.steps if one.kind == "look_up" and one.id in done]
    rows = {one.each for one in package.form.sections}
    for key in dict.fromkeys(key for node in nodes for key in node.arguments["facts"]):
        if key not in known or key.partition(".")[0] in rows:  # the vocabulary has changed since; of which child
            continue
        label, held = known[key].label["ja"], found.get(key)
        if held is None:
            yield RecordLine(label, None, "", differs=False)
            continue
        one, answer = field_of(FactField(fact=key), None, known), get(case.answers, key)
        several = held.get("several")
        for said in several or (held,):  # of several (two children's) none is set against the answer
            source = gettext("%(source)s・%(day)s現在") % {
                "source": Source(said["source"]).label,
                "day": day_words(dt.date.fromisoformat(said["as_of"])),
            }
            cell = Cell(key, one, said["value"], None, None)
            differs = not several and answer is not None and not _same(answer, said["value"])
            yield RecordLine(label, cell, source, differs=differs)


def _same(one: object, other: object) -> bool:
    """Whether two answers say the same, however they are written (width, spaces, old characters apart)."""
    if isinstance(one, str) and isinstance(other, str):
        return search_key(one) == search_key(other)
    return one == other
