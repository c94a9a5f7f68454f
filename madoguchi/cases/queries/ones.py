"""Those whom the city knows already, where a form asks about one of them: chosen with a tap, and not typed again."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from madoguchi.cases.models import Case
from madoguchi.cases.queries.known import same_one
from madoguchi.cases.queries.represented import shown_rows
from madoguchi.events import Actor
from madoguchi.facts.models import Source
from madoguchi.facts.queries import household_rows
from madoguchi.facts.rules import Purpose
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import FormSection


@dataclass(frozen=True, slots=True)
class One:
    """Somebody of the group (a child): ``values`` by fact, and who says so. ``key`` names them on this form alone."""

    key: str
    values: Mapping[str, Any]
    source: Source


def known_ones(case: Case, section: FormSection, by: Actor, *, before_alone: bool = False) -> Sequence[One]:
    """Whoever the section may be about, as far as the one who fills in may be shown them: entered in another draft of
    the same life event, told of before, then the others of the household. ``before_alone``: only those told of in what
    was received before. Empty where it asks about no one of several."""
    group, facts = section.one_of, section.of_one()
    if not facts:
        return []
    found: dict[tuple[str, str], One] = {}

    def add(values: dict[str, Any], source: Source) -> None:
        name, born = str(values.get(f"{group}.full_name", "")), str(values.get(f"{group}.date_of_birth", ""))
        if name and (source != Source.REGISTER or same_one(name, born) not in found):
            digest = hashlib.sha256(f"{case.pk}/{name}/{born}".encode()).hexdigest()[:16]
            found[same_one(name, born)] = One(digest, values, source)

    for values in () if before_alone else _entered_together(case, section, by):
        add(values, Source.SELF)
    for cells in shown_rows(case, facts.values(), by).values():
        told = {key: one.value for key, one in cells.items()}
        add(told, next(iter(cells.values())).source)
    if not before_alone and case.about_id == by.id and by.kind == "resident":
        names = [fact.removeprefix(f"{group}.") for fact in facts.values()]
        purpose = Purpose("household", case.procedure.code, case=case.pk)
        for row in household_rows(group, names, purpose, by=by):
            add({f"{group}.{name}": value for name, value in row.items()}, Source.REGISTER)
    return list(found.values())


def _entered_together(case: Case, section: FormSection, by: Actor) -> Iterator[dict[str, Any]]:
    """By fact, the rows (children) of the other drafts of the life event, shown to nobody but who fills them in."""
    if case.part_of_id is None or by.kind != "resident" or case.person_id != by.id:
        return
    wanted = set(section.of_one().values())
    drafts = Case.objects.filter(part_of=case.part_of_id, person=case.person_id, subject=case.subject_id)
    for draft in drafts.filter(received_at=None, withdrawn_at=None).exclude(pk=case.pk).order_by("pk"):
        rows: dict[tuple[str, int], dict[str, Any]] = {}
        for where, cell in procedures.package(draft.procedure).form.shown(draft.answers):
            if where.each and cell.row is not None and cell.field.fact in wanted and cell.value not in (None, ""):
                rows.setdefault((where.each, cell.row), {})[cell.field.fact] = cell.value
        yield from rows.values()
