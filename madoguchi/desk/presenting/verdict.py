"""What the rule tables say of a case, with what they looked at and why: the clerk must be able to check the machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from madoguchi.cases.models import Case, Decision
from madoguchi.desk.presenting.evidence import row_title
from madoguchi.desk.presenting.words import decided_words, value_words
from madoguchi.procedures.rules.format import Input, Table
from madoguchi.procedures.rules.published import Published


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What a table decides of one row (a child) or of the case: what it saw, what it gives, its reasons."""

    title: str
    seen: Sequence[tuple[str, str]]
    given: Sequence[tuple[str, str]]
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One table. ``granted`` in words; empty where it only computes."""

    title: str
    granted: str
    totals: Sequence[tuple[str, str]]
    rows: Sequence[VerdictRow]


def verdicts(case: Case, package: Published, decision: Decision | None) -> Iterator[Verdict]:
    """The tables that have judged, in their order."""
    judged: Mapping[str, Any] = decision.course.get("judged", {}) if decision is not None else {}
    for name, said in judged.items():
        table = package.tables[name]
        granted = {True: gettext("要件を満たす"), False: gettext("要件を満たさない")}.get(said["granted"], "")
        rows = [_row(case, package, table, one) for one in said["rows"]]
        several = len(rows) > 1 or table.for_each is not None
        totals = list(_values(table, said["values"])) if several else []
        yield Verdict(table.title["ja"] if table.title else name, granted, totals, rows)


def decided(package: Published, decision: Decision) -> Iterator[tuple[str, str]]:
    """What is decided, of all tables together, as far as it has a name that people say."""
    for table in package.tables.values():
        yield from _values(table, decision.values)


def _row(case: Case, package: Published, table: Table, said: Mapping[str, Any]) -> VerdictRow:
    section = next((one for one in package.form.sections if one.each and one.each == table.for_each), None)
    return VerdictRow(
        title=row_title(section, case, said["index"]) if section is not None else "",
        seen=[(label, value_words(value)) for name, value in said["inputs"].items() if (label := _label(table, name))],
        given=list(_values(table, said["values"])),
        reasons=[table.rows[hit].reason["ja"] for hit in said["hits"]],
    )


def _label(table: Table, name: str) -> str:
    """Inputs without a label are the answers themselves, which stand beside."""
    one = table.inputs[name]
    return one.label["ja"] if isinstance(one, Input) and one.label is not None else ""


def _values(table: Table, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Only values that have a name that people say."""
    for name, label in table.labels.items():
        if name in values:
            type_ = table.editable[name].type if name in table.editable else ""
            yield label["ja"], decided_words(type_, values[name])
