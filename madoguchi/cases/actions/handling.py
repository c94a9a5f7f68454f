"""What the office does with a case: read, examine, return for correction, consult, do what is not digital."""

from collections.abc import Mapping, Sequence
from typing import Any

from madoguchi.cases.actions import consulting, driving
from madoguchi.cases.actions.reasons import AT_COUNTER, CONSULTED, IN_CASE
from madoguchi.cases.models import Case, Correction, Departure, Step, Submission, Use
from madoguchi.cases.queries.phrases import translations
from madoguchi.cases.rules.permission import (
    PARTNER_DECIDES,
    PARTNER_READS,
    POST_OF_STEP,
    SECTION_OF_CASE,
    SECTION_OF_STEP,
)
from madoguchi.events import Actor, act, record
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.text import clean
from madoguchi.procedures.rules import departing
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.departing import Wanted
from madoguchi.procedures.rules.published import Published

MAX_NOTE = 2000


@act("case.read", allow=(SECTION_OF_CASE, IN_CASE, CONSULTED, AT_COUNTER, PARTNER_READS))
def read(case: Case, *, by: Actor) -> Case:
    """閲覧: a member of staff, or a partner that may, opens the case and sees its personal data."""
    return case


@act("case.examine", allow=(SECTION_OF_STEP, POST_OF_STEP, PARTNER_DECIDES))
def examine(
    step: Step,
    outcome: str,
    *,
    by: Actor,
    note: str = "",
    corrections: Mapping[str, str] | None = None,
    reasons: Sequence[str] = (),
    findings: forms.Raw | None = None,
    wanted: Wanted | None = None,
) -> Case:
    """審査: accept, return for correction, or refuse.

    ``corrections`` maps paths of answers to what the applicant should do there (needed to return), ``reasons`` are
    the examiner's sentences for the letter (needed to refuse where no table gives one), ``findings`` the posted
    inputs of what the step asks the office to find out, ``wanted`` what is decided otherwise than the tables drafted
    (each departure says why, and is kept). Raises Stale where a colleague was faster.
    """
    case, fresh = open_step(step, "examine", by)
    drive = driving.Drive(case)
    if outcome == "return" and outcome in drive.package.graph[fresh.node].outcomes:
        _return(case, fresh, corrections or {}, drive.package.form, by)
    elif outcome != "return":
        consulting.none_open(case)
    departures = find(
        drive.package,
        drive.course,
        fresh.node,
        outcome,
        given=drive.scope(),
        reasons=reasons,
        findings=findings,
        wanted=wanted,
    )
    own = drive.course.reasons[fresh.node]
    told = translations(case, by, Use.REASON, [one["ja"] for one in own]) if own else []
    drive.course.reasons[fresh.node] = [{**more, **one} for one, more in zip(own, told, strict=True)]
    Departure.objects.bulk_create(
        Departure(step=fresh, name=one.name, was=one.was, became=one.became, why=one.why) for one in departures
    )
    driving.complete(case, fresh, outcome, by=by, note=clean(note, multiline=True, max_length=MAX_NOTE), drive=drive)
    fields = {"fields": sorted(corrections or {}), "departs": sorted(one.name for one in departures)}
    record(step=fresh.node, outcome=outcome, case=case.pk, **fields)
    return case


@act("case.consult", allow=(SECTION_OF_STEP, POST_OF_STEP))
def consult(step: Step, *, by: Actor, note: str) -> Case:
    """合議: the section that was asked gives its opinion."""
    case, fresh = open_step(step, "consult", by)
    said = clean(note, multiline=True, max_length=MAX_NOTE)
    if not said:
        raise Invalid(
            "note-missing", "意見を書いてください。", fields={"note": Problem("note-missing", "意見を書いてください。")}
        )
    driving.complete(case, fresh, "done", by=by, note=said)
    record(step=fresh.node, case=case.pk)
    return case


@act("case.do", allow=(SECTION_OF_STEP, POST_OF_STEP))
def do(step: Step, *, by: Actor, note: str = "") -> Case:
    """画面の外で行った段階の記録: something was sent by post, handed over, visited; the digital break is counted."""
    case, fresh = open_step(step, None, by)
    driving.complete(case, fresh, "done", by=by, note=clean(note, multiline=True, max_length=MAX_NOTE))
    record(step=fresh.node, channel=fresh.channel, case=case.pk)
    return case


def find(
    package: Published,
    course: Course,
    node: str,
    outcome: str,
    *,
    given: Mapping[str, Any],
    reasons: Sequence[str] = (),
    findings: forms.Raw | None = None,
    wanted: Wanted | None = None,
) -> list[departing.Departure]:
    """Write an examination into the course: for the act, and for the draft of the letter that it would lead to.

    ``given`` is what tables see. Returns where it departs from them.
    """
    outcomes = package.graph[node].outcomes
    check_outcome(outcomes, outcome)
    said = [clean(reason, multiline=True, max_length=MAX_NOTE) for reason in reasons if reason.strip()]
    found: Mapping[str, Any] = {}
    if outcome == "accept":
        found = _findings(package.findings.get(node, ()), findings or {})
    elif outcome == "refuse" and not said and not any(one["granted"] is False for one in course.judged.values()):
        raise Invalid(
            "reason-missing",
            "認めない理由を書いてください。決定通知書に記載されます（行政手続法8条）。",
            fields={"reasons": Problem("reason-missing", "理由を書いてください。")},
        )
    course.examine(node, outcome, found, said)
    departures: list[departing.Departure] = []
    if wanted is not None and departing.may_depart(outcomes):
        edits, wording = course.edits, course.wording
        departures = departing.depart(package, course, given, wanted)
        added = any(value != edits.get(name) for name, value in course.edits.items())
        if (outcome != "accept" and added) or (outcome == "return" and course.wording != wording):
            raise Invalid(
                "edit-unsent",
                "決定の案が直されています。「認める」を選ぶか、案を元に戻してください。",
                fields={"edits": Problem("edit-unsent", "この結果では、この直しは使われません。")},
            )
    if outcome == "refuse" and course.edits:  # where nothing is granted there is no value to decide
        course.edits = {}
        course.judge_again(package, given)
        departures = [one for one in departures if one.name == departing.REASONS]
    return departures if outcome != "return" else []


# -- within -----------------------------------------------------------------------------------------------------------


def open_step(step: Step, kind: str | None, by: Actor) -> tuple[Case, Step]:
    """The case, locked, and the open step as it is now. Raises Stale where it is done, Invalid for another kind."""
    case = driving.locked(step.case)
    fresh = Step.objects.get(pk=step.pk)
    if fresh.done_at is not None:
        raise Stale(
            "step-done", "この段階は、ほかの職員がすでに処理したか、取り下げられました。画面を読み込み直してください。"
        )
    allowed = fresh.kind == kind if kind else fresh.kind not in {"examine", "approve", "consult"}
    if not allowed:
        raise Invalid("step-kind", "この段階では行えない操作です。")
    if fresh.taken_by_id in by.covers:
        record(cover_for=fresh.taken_by_id)
    return case, fresh


def check_outcome(outcomes: Sequence[str], outcome: str) -> None:
    """Raises Invalid where a step cannot end so."""
    if outcome not in outcomes:
        raise Invalid("outcome-unknown", "この段階では選べない結果です。")


def _return(case: Case, step: Step, corrections: Mapping[str, str], form: forms.Form, by: Actor) -> None:
    said = {
        path: clean(words, multiline=True, max_length=MAX_NOTE) for path, words in corrections.items() if words.strip()
    }
    if not said:
        raise Invalid(
            "correction-missing",
            "どの項目をどう直してほしいかを、1つ以上書いてください。",
            fields={"corrections": Problem("correction-missing", "直してほしい項目を書いてください。")},
        )
    if any(form.field_at(path) is None for path in said):
        raise Invalid("correction-path", "この手続にない項目が含まれています。")
    Submission.objects.create(case=case, answers=case.answers)
    told = translations(case, by, Use.CORRECTION, said.values())
    Correction.objects.bulk_create(
        Correction(step=step, path=path, message=words, translated=more)
        for (path, words), more in zip(said.items(), told, strict=True)
    )


def _findings(fields: Sequence[forms.FormField], raw: forms.Raw) -> dict[str, Any]:
    found: dict[str, Any] = {}
    problems: dict[str, Problem] = {}
    for one in fields:
        typed: Any = list(raw.get(one.name, ()))
        typed = typed if one.type == "choices" else (typed[-1] if typed else "")
        parts = {part: raw[f"{one.name}.{part}"][-1] for part in one.parts() if raw.get(f"{one.name}.{part}")}
        try:
            value = forms.read_value(one, parts or typed)
        except Invalid as refusal:
            problems[one.name] = refusal.as_problem()
            continue
        if value is None and one.required:
            problems[one.name] = Problem("required", "入力してください。")
        found[one.name] = value
    if problems:
        raise Invalid("finding-missing", "調べた結果を入力してください。", fields=problems)
    return found
