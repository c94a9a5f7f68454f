"""A life event (kind ``journey``): which procedures apply, in which order they rest on each other, what is asked once.

Every part keeps its own form. What makes them one is here: an answer under a fact key is that of every part, and what
the journey itself has asked goes where its ``gives`` sends it.
"""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.form import UPLOADED, Form, FormSection, fits, get, put
from madoguchi.procedures.rules.format import Apply, Elsewhere, Procedure, Tell


def scope_of(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of a journey as expressions see them, without those to questions that are not asked (any more):
    whoever first says yes and then that it is none of theirs is offered nothing for it."""
    seen = copy.deepcopy(dict(answers))
    while True:
        asked = {cell.path for _, cell in form.shown(seen)}
        alone = (section for section in form.sections if section.each is None)
        cells = [cell for section in alone for cell in form.cells(section, seen, hidden=True)]
        hidden = [cell.path for cell in cells if cell.path not in asked and cell.value is not None]
        if not hidden:
            return form.scope(seen)
        for path in hidden:
            put(seen, path, None)


def applying(procedure: Procedure, scope: Mapping[str, Any]) -> tuple[Apply, ...]:
    """The parts that apply to these answers of the journey (``scope_of``), in the order written."""
    return tuple(one for one in procedure.parts if one.when is None or Expression.parse(one.when).holds(scope))


def elsewhere(procedure: Procedure, scope: Mapping[str, Any]) -> tuple[Elsewhere, ...]:
    """What else has to be done by these answers, elsewhere or by itself, in the order written."""
    return tuple(one for one in procedure.elsewhere if one.when is None or Expression.parse(one.when).holds(scope))


def telling(procedure: Procedure, scope: Mapping[str, Any]) -> tuple[Tell, ...]:
    """The services that may be told, given these answers of the journey, in the order written."""
    return tuple(one for one in procedure.tells if one.when is None or Expression.parse(one.when).holds(scope))


def handed(
    tell: Tell,
    journey: tuple[Form, Mapping[str, Any]],
    parts: Mapping[str, tuple[Form, Mapping[str, Any]]],
    bodies: Mapping[str, Apply],
) -> dict[str, str]:
    """What a company would get: name → text, in the order written. ``parts``: form and answers of each part by code,
    ``bodies``: by code, how the life event speaks of it. What has no answer is not in it."""
    facts: dict[str, Any] = {}
    for code, (form, answers) in parts.items():
        facts = told(form, answers, bodies.get(code)) | facts
    facts |= told(*journey)
    found: dict[str, str] = {}
    for name, places in tell.hands.items():
        values = (_standing(place, journey, parts, facts) for place in places)
        value = next((one for one in values if not _is_empty(one)), None)
        text = value.get("text") if isinstance(value, Mapping) else value
        if not _is_empty(text):
            found[name] = str(text)
    return found


def _standing(
    place: str,
    journey: tuple[Form, Mapping[str, Any]],
    parts: Mapping[str, tuple[Form, Mapping[str, Any]]],
    facts: Mapping[str, Any],
) -> Any:
    """The answer that stands at a place of ``hands``, as far as it is asked at all."""
    code, _, path = place.partition(".")
    if place in facts:
        return facts[place]
    form, answers = parts[code] if path and code in parts else journey
    at = path if path and code in parts else place
    return get(answers, at) if any(cell.path == at for _, cell in form.shown(answers)) else None


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


def told(form: Form, answers: Mapping[str, Any], body: Apply | None = None) -> dict[str, Any]:
    """What these answers say under fact keys, of the person; of a part (``body``) what it tells the others. Rows are
    not shared: whose row is whose is not known."""
    keeps = body.keeps if body else ()
    becomes = dict(_becoming(form, answers, body)) if body and body.becomes else {}
    found: dict[str, Any] = {}
    for section, cell in form.shown(answers):
        if section.each is not None:
            continue
        fact = None if cell.field.fact in keeps else cell.field.fact
        fact = becomes.get(cell.path, fact)
        if fact and not _is_empty(cell.value) and cell.field.type not in UPLOADED:
            found[fact] = cell.value.get("text") if cell.field.type == "place" else cell.value
    return found


def _becoming(form: Form, answers: Mapping[str, Any], body: Apply) -> Iterator[tuple[str, str]]:
    """Path → the fact that its answer is for the others."""
    scope = form.scope(answers)
    for fact, one in body.becomes.items():
        if one.when is None or Expression.parse(one.when).holds(scope):
            yield one.field, fact


def changed(
    form: Form, before: Mapping[str, Any], after: Mapping[str, Any], body: Apply | None = None
) -> dict[str, Any]:
    """Fact → what it says now, of those answered otherwise ``before``; None where an answer was taken away."""
    moved = {name.lower() for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if not moved & _decides(form, body):
        return {}
    old, new = told(form, before, body), told(form, after, body)
    return {key: new.get(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _decides(form: Form, body: Apply | None) -> set[str]:
    """The answers (of a nested one the first part of its name) that say something under fact keys, or by which it is
    asked for."""
    becomes = tuple(body.becomes.values()) if body else ()
    fields = {one.field for one in becomes}
    names = {name for one in becomes if one.when is not None for name in Expression.parse(one.when).names}
    for section in form.sections:
        for one in section.fields if section.each is None else ():
            if one.fact or one.name in fields:
                names |= {one.name.lower(), *(name for when in (section.when, one.when) if when for name in when.names)}
    return {name.partition(".")[0] for name in names}


def taken(
    form: Form, answers: Mapping[str, Any], news: Mapping[str, Any], keeps: Collection[str] = (), *, fill: bool = False
) -> dict[str, Any]:
    """Path → value (None: taken away) of what becomes another answer here; with ``fill`` only where there is none."""
    found: dict[str, Any] = {}
    for section in form.sections:
        for one in section.fields if section.each is None else ():
            if one.fact is None or one.fact not in news or one.fact in keeps or one.type in UPLOADED:
                continue
            value, held = news[one.fact], get(answers, one.name)
            if held != value and not (fill and not _is_empty(held)) and (value is None or fits(one, value)):
                found[one.name] = value
    return found


def given_anew(
    part: Apply, form: Form, answers: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Path → value of what the journey gives now and did not ``before`` (both its scopes); None: not any more.

    What the applicant has answered otherwise in the part stays.
    """
    old, new = given_by(part, form, before), given_by(part, form, after)
    return {
        path: new.get(path)
        for path in old.keys() | new.keys()
        if get(answers, path) in (None, old.get(path)) and get(answers, path) != new.get(path)
    }


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
    if section.each is not None and section.each not in answers:
        return True
    return any(_is_empty(one.value) or one.typed is not None for one in form.cells(section, answers, typed))


def _is_empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
