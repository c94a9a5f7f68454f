"""A life event (kind ``journey``): which procedures apply, in which order they rest on each other, what is asked once.

Every part keeps its own form. What makes them one is here: an answer under a fact key is that of every part, and what
the journey itself has asked goes where its ``gives`` sends it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.form import UPLOADED, Form, FormSection, fits, get
from madoguchi.procedures.rules.format import Apply, Procedure


def applying(procedure: Procedure, scope: Mapping[str, Any]) -> tuple[Apply, ...]:
    """The parts that apply to these answers of the journey (``scope`` as its form gives it), in the order written."""
    return tuple(one for one in procedure.parts if one.when is None or Expression.parse(one.when).holds(scope))


def in_order(parts: Iterable[Apply]) -> list[Apply]:
    """Each part after those whose result it rests on, otherwise as written. Raises ValueError where they go round."""
    left: list[Apply] = list(parts)
    done: list[Apply] = []
    there = {one.procedure for one in left}
    while left:
        held = {one.procedure for one in done}
        ready = next((one for one in left if set(one.after) & there <= held), None)
        if ready is None:
            raise ValueError("、".join(one.procedure for one in left))
        left.remove(ready)
        done.append(ready)
    return done


@dataclass(slots=True)
class Told:
    """What was answered under fact keys: of the person by key, and of rows by group (``child``) row by row."""

    facts: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def over(self, other: "Told") -> "Told":
        """This, and of the other what is not in it."""
        return Told({**other.facts, **self.facts}, {**other.rows, **self.rows})


def told(form: Form, answers: Mapping[str, Any]) -> Told:
    """What these answers say under fact keys."""
    result = Told()
    for section in form.visible_sections(answers):
        if section.each is None:
            for cell in form.cells(section, answers):
                if cell.field.fact and not _is_empty(cell.value) and cell.field.type not in UPLOADED:
                    result.facts[cell.field.fact] = cell.value
            continue
        rows = [_row(section, row) for row in answers.get(section.each) or []]
        if any(rows):
            result.rows[section.each] = rows
    return result


def filled(form: Form, answers: Mapping[str, Any], given: Told) -> dict[str, Any]:
    """Path → value: what stands in ``given`` and is not answered here yet. A group is taken over whole, or not."""
    return {
        path: value
        for path, value in _places(form, answers, given)
        if _is_empty(get(answers, path)) and value is not None
    }


def changed(form: Form, answers: Mapping[str, Any], given: Told) -> dict[str, Any]:
    """Path → value: what stands in ``given`` and is answered otherwise here, rows of the same number included."""
    return {path: value for path, value in _places(form, answers, given) if get(answers, path) != value}


def given_by(part: Apply, form: Form, scope: Mapping[str, Any]) -> dict[str, Any]:
    """Path of the part's form → value, of what the journey has answered for it, as JSON says it; what could not be an
    answer there (a day that lies ahead) is left to be asked."""
    given: dict[str, Any] = {}
    for path, text in part.gives.items():
        value, found = _plain(Expression.parse(text).evaluate(scope)), form.field_at(path)
        if found is not None and not _is_empty(value) and fits(found[1], value):
            given[path] = value
    return given


def asks_something(form: Form, section: FormSection, answers: Mapping[str, Any], typed: Mapping[str, Any]) -> bool:
    """Whether this section still has something to ask: an empty field, rows that nobody has told of, input not read."""
    if section.each is not None and not answers.get(section.each):
        return True
    return any(_is_empty(one.value) or one.typed is not None for one in form.cells(section, answers, typed))


def _places(form: Form, answers: Mapping[str, Any], given: Told) -> Iterator[tuple[str, Any]]:
    for section in form.sections:
        if section.each is None:
            for one in section.fields:
                if one.fact in given.facts and fits(one, given.facts[one.fact]):
                    yield one.name, given.facts[one.fact]
            continue
        rows, there = given.rows.get(section.each, []), answers.get(section.each) or []
        if len(rows) > section.at_most or (there and len(there) != len(rows)):
            continue  # other rows than those that were told of: whose is whose is the applicant's to say
        for number, row in enumerate(rows):
            for one in section.fields:
                if one.fact in row and fits(one, row[one.fact]):
                    yield f"{section.each}.{number}.{one.name}", row[one.fact]


def _row(section: FormSection, row: Mapping[str, Any]) -> dict[str, Any]:
    found = {one.fact: get(row, one.name) for one in section.fields if one.fact}
    return {fact: value for fact, value in found.items() if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
