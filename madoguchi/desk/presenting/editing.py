"""The draft of a decision in the examiner's hand: what may be decided otherwise, and what was, beside the table's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Decision, Departure, Step
from madoguchi.desk.presenting.words import decided_words, time_words
from madoguchi.ground.errors import Problem, Refused, fill
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.departing import REASONS, Draft, Wanted, depart, drafts, may_depart
from madoguchi.procedures.rules.published import Published

Posted = Mapping[str, Sequence[str]]

#: Inputs of the form: a value, why it departs, and of each reason its drafted sentence, its words and its place.
EDIT, WHY, OF, SAID, PLACE = "_edit.", "_why.", "_of.", "_said.", "_place."


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value that may be decided otherwise. ``options`` to choose among; without, a whole number is typed."""

    name: str
    label: str
    drafted: str
    options: Sequence[tuple[str, str]]
    low: int | str
    high: int | str
    value: str
    why: str
    problem: str
    why_problem: str


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A reason of the letter: the drafted sentence, and the words as they would be printed."""

    number: int
    of: str
    words: str
    problem: str

    @property
    def worded(self) -> bool:
        return self.of != self.words


@dataclass(frozen=True, slots=True)
class Editing:
    """What an examiner may do to the draft. ``lost`` are words that were typed for a sentence that is gone."""

    values: Sequence[ValueLine]
    reasons: Sequence[ReasonLine]
    why: str
    why_problem: str
    lost: Sequence[str]
    problem: str
    opened: bool


@dataclass(frozen=True, slots=True)
class DepartureLine:
    """What an examiner decided otherwise. ``sentences``: how each stands to the draft (same, gone, new)."""

    label: str
    was: str
    became: str
    sentences: Sequence[tuple[str, str]]
    why: str
    who: str


def wanted_of(posted: Posted) -> Wanted | None:
    """What the form says of the draft; None where it says nothing of it."""

    def said(start: str) -> dict[str, str]:
        return {name.removeprefix(start): values[-1] for name, values in posted.items() if name.startswith(start)}

    values, of, words, places, why = (said(one) for one in (EDIT, OF, SAID, PLACE, WHY))
    if not values and not of:
        return None

    def place(number: str) -> tuple[int, int]:
        typed = places.get(number, "")
        at = int(number) if number.isdecimal() else len(of)
        return (int(typed) if typed.isdecimal() else at + 1, at)

    ordered = sorted(of, key=place)
    return Wanted(values, [(of[one], _plain(words.get(one, of[one]))) for one in ordered], why)


def editing(
    case: Case,
    package: Published,
    step: Step,
    posted: Posted,
    refusal: Refused | None,
    departed: Sequence[Departure],
) -> Editing | None:
    """The draft as an examiner may change it at this step; None where there is nothing to change.

    ``departed``: what was departed from before, offered again with its reasons where the case was sent back.
    """
    if step.kind != "examine" or not may_depart(package.graph[step.node].outcomes):
        return None
    course = cases.course_of(case)
    given = cases.scope_of(case, package, course)
    wanted = wanted_of(posted)
    whys = {one.name: one.why for one in departed}
    if wanted is not None:
        whys |= dict(wanted.why)
        _try(package, course, given, wanted)
    problems = refusal.fields if refusal is not None else {}
    open_ = [one for one in drafts(package, course, given) if one.type != "month" or len(one.months) > 1]
    values = [_value(one, wanted, whys, problems) for one in open_]
    reasons, lost = _reasons(course, wanted, problems)
    if not values and not reasons:
        return None
    mine = [name for name in problems if name.partition(".")[0] in ("edit", "why", "reason", "edits")]
    return Editing(
        values=values,
        reasons=reasons,
        why=whys.get(REASONS, ""),
        why_problem=_words(problems.get(f"why.{REASONS}")),
        lost=lost,
        problem=_words(problems.get("edits")),
        opened=bool(mine or course.edits or course.wording or (wanted is not None and any(wanted.why.values()))),
    )


def departures(package: Published, decision: Decision | None, departed: Sequence[Departure]) -> list[DepartureLine]:
    """Where the decision departs from the tables now."""
    if decision is None:
        return []
    course = Course.from_json(decision.course)
    newest = {one.name: one for one in departed}
    return [
        departure_line(one, package)
        for name, one in newest.items()
        if name in course.edits or (name == REASONS and course.wording)
    ]


def departure_line(one: Departure, package: Published) -> DepartureLine:
    """One departure in words."""
    account = one.step.account
    who = " ".join([account.display_name if account else "", time_words(one.step.done_at) if one.step.done_at else ""])
    if one.name == REASONS:
        sentences = list(_sentences(one.was, one.became))
        return DepartureLine(gettext("通知書の理由"), "", "", sentences, one.why, who.strip())
    label, type_ = _named(package, one.name)
    return DepartureLine(
        label, decided_words(type_, one.was), decided_words(type_, one.became), (), one.why, who.strip()
    )


# -- within -----------------------------------------------------------------------------------------------------------


def _value(one: Draft, wanted: Wanted | None, whys: Mapping[str, str], problems: Mapping[str, Problem]) -> ValueLine:
    typed = wanted.values.get(one.name) if wanted is not None else None
    options = [(value, decided_words(one.type, value)) for value in one.months] if one.type == "month" else []
    return ValueLine(
        name=one.name,
        label=one.label["ja"],
        drafted=decided_words(one.type, one.drafted),
        options=options,
        low=one.low,
        high=one.high,
        value=str(one.decided) if typed is None else typed,
        why=whys.get(one.name, ""),
        problem=_words(problems.get(f"edit.{one.name}")),
        why_problem=_words(problems.get(f"why.{one.name}")),
    )


def _reasons(
    course: Course, wanted: Wanted | None, problems: Mapping[str, Problem]
) -> tuple[list[ReasonLine], list[str]]:
    drafted = [one["ja"] for one in course.drafted_reasons()]
    held = [(one["of"], one["ja"]) for one in course.wording] if wanted is None else list(wanted.reasons)
    said = [(of, words) for of, words in held if of in drafted]
    said += [(of, of) for of in drafted if of not in [one for one, _ in said]]
    lost = [words for of, words in held if of not in drafted and of != words]
    lines = [
        ReasonLine(number, of, words, _words(problems.get(f"reason.{number}")))
        for number, (of, words) in enumerate(said)
    ]
    return lines, lost


def _try(package: Published, course: Course, given: Mapping[str, Any], wanted: Wanted) -> None:
    """The values as typed, as far as they can be: the reasons follow from them."""
    try:
        depart(package, course, given, Wanted(wanted.values, (), dict.fromkeys(wanted.values, "…")))
    except Refused:
        return


def _sentences(was: Sequence[str], became: Sequence[str]) -> Iterator[tuple[str, str]]:
    for tag, a, b, c, d in SequenceMatcher(None, was, became, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (("same", one) for one in was[a:b])
        else:
            yield from (("gone", one) for one in was[a:b])
            yield from (("new", one) for one in became[c:d])


def _named(package: Published, name: str) -> tuple[str, str]:
    """What the value is called, and its type; a version that a case was moved to may no longer know it."""
    for table in package.tables.values():
        if name in table.editable:
            return table.labels[name]["ja"], table.editable[name].type
    return name, ""


def _plain(words: str) -> str:
    """As a browser posts several lines, so they are kept."""
    return words.replace("\r\n", "\n").strip()


def _words(problem: Problem | None) -> str:
    return fill(gettext(problem.message), problem.params) if problem is not None else ""
