"""Where an examiner departs from what the tables drafted: values within the bounds of the package, and the reasons.

What the tables say stays as it is, beside; every departure says why. Pure: the examples of a package depart by the
same lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from madoguchi.ground.errors import Invalid, Problem
from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import LocalText
from madoguchi.ground.text import clean
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.format import AskField, Editable
from madoguchi.procedures.rules.published import Published

#: The one name of a departure that is not a value: the reasons of the letter, all together.
REASONS: Final = "reasons"
#: Months that can be chosen among at most.
MOST_MONTHS: Final = 120
MAX_WORDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Draft:
    """A value that may be decided otherwise: what the table says, what is decided now, and between which bounds."""

    name: str
    label: LocalText
    type: str
    drafted: Any
    decided: Any
    low: int | str
    high: int | str

    @property
    def months(self) -> tuple[str, ...]:
        """The first days of the months to choose among (ISO 8601), what the table says included."""
        return tuple(sorted({*_months(str(self.low), str(self.high)), str(self.drafted)}))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an examiner wants in the draft. ``values`` as typed; ``reasons`` in the order of the letter, each as
    (drafted sentence, words); ``why`` by name of the value, or ``reasons``. What is not named stays as it is."""

    values: Mapping[str, str]
    reasons: Sequence[tuple[str, str]]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Departure:
    """One departure. ``was`` and ``became`` are a value, or the sentences of the reasons."""

    name: str
    was: Any
    became: Any
    why: str


def may_depart(outcomes: Sequence[str]) -> bool:
    """Whether a step of these outcomes decides about the draft: one that can only go on does not."""
    return "accept" in outcomes and len(outcomes) > 1


def drafts(package: Published, course: Course, given: Mapping[str, Any]) -> Iterator[Draft]:
    """The values that may be decided otherwise, of the tables that have judged. ``given``: what tables see."""
    scope = {**given, **course.scope()}
    for node in package.graph.steps:
        table = package.tables.get(node.arguments.get("table", "")) if node.kind == "judge" else None
        if table is None or node.arguments["table"] not in course.judged:
            continue
        for name, one in table.editable.items():
            drafted = course.judged[node.arguments["table"]]["values"].get(name)
            low, high = _bound(one, one.min, scope), _bound(one, one.max, scope)
            if drafted is not None and low is not None and high is not None:
                yield Draft(name, table.labels[name], one.type, drafted, course.edits.get(name, drafted), low, high)


def depart(package: Published, course: Course, given: Mapping[str, Any], wanted: Wanted) -> list[Departure]:
    """Write into the course what is wanted otherwise; returns the departures that are in force then.

    Raises Invalid with the fields ``edit.<name>``, ``reason.<number>`` and ``why.<name>``.
    """
    found: list[Departure] = []
    problems: dict[str, Problem] = {}
    for name in [one.name for one in drafts(package, course, given)]:
        one = next(one for one in drafts(package, course, given) if one.name == name)
        if name not in wanted.values:
            continue
        try:
            value = _value(one, wanted.values[name])
        except Invalid as refusal:
            problems[f"edit.{name}"] = refusal.as_problem()
            continue
        changed = value != one.decided
        course.edits = {key: held for key, held in course.edits.items() if key != name}
        if value != one.drafted:
            course.edits[name] = value
            found.append(Departure(name, one.drafted, value, _why(name, wanted, problems)))
        if changed:
            course.judge_again(package, given)
    if wanted.reasons:
        found += _reasons(course, wanted, problems)
    if problems:
        raise Invalid("edit-wrong", "決定の案の直しに、足りないところか誤りがあります。", fields=problems)
    return found


# -- within -----------------------------------------------------------------------------------------------------------


def _reasons(course: Course, wanted: Wanted, problems: dict[str, Problem]) -> Iterator[Departure]:
    before = [one["ja"] for one in course.drafted_reasons()]
    said: list[dict[str, str]] = []
    for number, (of, words) in enumerate(wanted.reasons):
        try:
            text = clean(words, multiline=True, max_length=MAX_WORDS).strip()
        except Invalid as refusal:
            problems[f"reason.{number}"] = refusal.as_problem()
            continue
        if not text:
            problem = Problem("reason-empty", "理由の文を空にはできません。判定表の文に戻すか、言い換えてください。")
            problems[f"reason.{number}"] = problem
        said.append({"of": of, "ja": text})
    gone = [one for one in said if one["of"] not in before]
    if any(one["of"] != one["ja"] for one in gone) and not problems:
        raise Invalid(
            "reasons-moved",
            "値や結果を変えたため、判定の理由が変わりました。いまの理由を確かめて、もう一度直してください。",
            fields={REASONS: Problem("reasons-moved", "いまの理由を確かめてください。")},
        )
    said = [one for one in said if one["of"] in before]
    known = [of for of in before if any(one["of"] == of for one in said)]
    same = [one["of"] for one in said] == known and all(one["of"] == one["ja"] for one in said)
    course.wording = [] if same else said
    if not same:
        yield Departure(REASONS, before, [one["ja"] for one in course.why()], _why(REASONS, wanted, problems))


def _why(name: str, wanted: Wanted, problems: dict[str, Problem]) -> str:
    try:
        why = clean(wanted.why.get(name, ""), multiline=True, max_length=MAX_WORDS).strip()
    except Invalid as refusal:
        problems[f"why.{name}"] = refusal.as_problem()
        return ""
    if not why:
        problems[f"why.{name}"] = Problem("edit-why", "判定表と異なる決定にするわけを書いてください。")
    return why


def _value(one: Draft, typed: str) -> Any:
    if one.type == "integer":
        asked = AskField(ask=one.name, type="integer", label=one.label, min=int(one.low), max=int(one.high))
        value = forms.read_value(forms.field_of(asked, None, {}), typed)
        if value is None:
            raise Invalid("required", "入力してください。")
        return value
    if typed not in one.months:
        raise Invalid("choice", "選択肢の中から選んでください。")
    return typed


def _bound(one: Editable, bound: int | str, scope: Mapping[str, Any]) -> int | str | None:
    value = Expression.parse(bound).evaluate(scope) if isinstance(bound, str) else bound
    if one.type == "month":
        return value.replace(day=1).isoformat() if isinstance(value, date) else None
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _months(low: str, high: str) -> Iterator[str]:
    day = date.fromisoformat(low)
    for _ in range(MOST_MONTHS):
        if day.isoformat() > high:
            return
        yield day.isoformat()
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
