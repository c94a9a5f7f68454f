"""What is asked of this member of staff now: one panel for each open step, with what each choice will lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Decision, Departure, Step
from madoguchi.desk.presenting import seals
from madoguchi.desk.presenting.editing import SAID, WHY, Editing, editing
from madoguchi.desk.presenting.evidence import Tick, label_of
from madoguchi.desk.presenting.words import day_words, days_words, holders_words, last_day
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.errors import Problem, Refused, fill
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.form import FormField
from madoguchi.procedures.rules.published import Published

Posted = Mapping[str, Sequence[str]]

#: The desk's own inputs begin with a line, so that no finding of a package can have their name.
OUTCOME, NOTE, REASONS, FIX = "_outcome", "_note", "_reasons", "_fix."
DRAFT, BECAUSE = "_draft", "_because"

CHANNELS: Final = {
    "paper": gettext_noop("紙で"),
    "post": gettext_noop("郵便で"),
    "fax": gettext_noop("ファクスで"),
    "counter": gettext_noop("窓口で"),
    "phone": gettext_noop("電話で"),
    "seal": gettext_noop("押印で"),
    "visit": gettext_noop("現地で"),
    "medium": gettext_noop("記録媒体で"),
}
LABELS: Final = {
    "accept": gettext_noop("認める"),
    "return": gettext_noop("補正を求める"),
    "refuse": gettext_noop("認めない"),
    "approve": gettext_noop("決裁する"),
    "send_back": gettext_noop("差し戻す"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An outcome, and what will happen if it is chosen."""

    value: str
    label: str
    follows: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of what the package says must be looked at."""

    words: str
    tick: Tick | None


@dataclass(frozen=True, slots=True)
class Panel:
    """One open step of mine. ``denied``: why this very person may not do it, in words.

    ``draft`` is the digest of the decision that the page shows; ``draft_url`` sets the letter as it would go out.
    ``stands_in``: the post for which this one decides (代決), ``because`` why.
    """

    step_id: str
    form_id: str
    url: str
    kind: str
    title: str
    lead: str
    deadline: str
    outside: str
    checks: Sequence[CheckLine]
    findings: Sequence[FormField]
    choices: Sequence[Choice]
    only: str
    follows: str
    button: str
    note: str
    reasons: str
    note_problem: str
    reasons_problem: str
    outcome_problem: str
    denied: str
    warning: str
    draft: str
    draft_url: str
    enclosure_url: str
    stands_in: str
    because: str
    because_problem: str
    editing: Editing | None
    typed: Posted
    problems: Mapping[str, Problem]

    @property
    def may_return(self) -> bool:
        return any(one.value == "return" for one in self.choices)

    @property
    def may_refuse(self) -> bool:
        return any(one.value == "refuse" for one in self.choices)


@dataclass(frozen=True, slots=True)
class Typed:
    """A post that was refused: what was typed is shown again beside what was wrong with it."""

    step: str
    posted: Posted
    refusal: Refused

    @property
    def message(self) -> str:
        return fill(gettext(self.refusal.message), self.refusal.params)

    @property
    def status(self) -> int:
        return self.refusal.status

    @property
    def notes(self) -> dict[str, str]:
        """The corrections that were typed, by path."""
        return {name.removeprefix(FIX): values[-1] for name, values in self.posted.items() if name.startswith(FIX)}

    def said(self, name: str) -> str:
        return (self.posted.get(name) or [""])[-1]

    def problem(self, name: str) -> str:
        one = self.refusal.fields.get(name)
        return fill(gettext(one.message), one.params) if one is not None else ""

    def notes_wrong(self) -> dict[str, str]:
        """Problems of single corrections, by path."""
        return {name.removeprefix(FIX): self.problem(name) for name in self.refusal.fields if name.startswith(FIX)}

    def summary(self, case: Case, package: Published, shown: Sequence[Panel]) -> list[tuple[str, str, str]]:
        """Anchor, label and message of every problem with a place on the page."""
        panel = next((one for one in shown if one.step_id == self.step), None)
        if panel is None:
            return []
        anchors = {
            "outcome": (f"{panel.form_id}-outcome", gettext("結果")),
            "note": (f"{panel.form_id}-note", gettext("理由・意見")),
            "because": (f"{panel.form_id}-because", gettext("代決する理由")),
            "reasons": (f"{panel.form_id}-reasons", gettext("認めない理由")),
            "corrections": ("answers", gettext("補正の内容")),
            "edits": (f"{panel.form_id}-editing", gettext("決定の案")),
        }
        found = []
        labels = {one.name: one.label["ja"] for one in panel.findings}
        for name in self.refusal.fields:
            if name.startswith(FIX):
                path = name.removeprefix(FIX)
                anchor, label = "f-" + path.replace(".", "-"), label_of(path, case, package)
            elif name in labels:
                anchor, label = "q-" + name.replace(".", "-").replace("_", "-"), labels[name]
            elif name.partition(".")[0] in ("edit", "why", "reason"):
                anchor, label = f"{panel.form_id}-{name.replace('.', '-')}", gettext("決定の案")
            else:
                anchor, label = anchors.get(name, ("main", name))
            found.append((anchor, label, self.problem(name)))
        return found

    def lost(self, case: Case, package: Published) -> list[tuple[str, str]]:
        """What was typed into a step that is no longer there: shown, so that it can be taken over."""
        named = {NOTE: gettext("書き添え"), REASONS: gettext("認めない理由"), BECAUSE: gettext("代決する理由")}
        texts = [(title, self.said(name)) for name, title in named.items()]
        texts += [
            (gettext("決定の案を直した文"), values[-1])
            for name, values in self.posted.items()
            if name.startswith((WHY, SAID))
        ]
        texts += [(label_of(path, case, package), words) for path, words in self.notes.items()]
        return [(title, words) for title, words in texts if words.strip()]


def panels(
    case: Case,
    package: Published,
    by: Actor,
    typed: Typed | None,
    ticked: Mapping[str, Tick],
    decision: Decision | None,
    departed: Sequence[Departure],
) -> list[Panel]:
    """The open steps of this case that this member of staff may do, in the order of the flow."""
    if all(one.done_at is not None for one in case.steps.all()):
        return []
    steps = cases.open_steps(by).filter(case=case).order_by("token")
    return [
        _panel(
            case, package, one, by, typed if typed and typed.step == str(one.pk) else None, ticked, decision, departed
        )
        for one in steps
    ]


def _panel(
    case: Case,
    package: Published,
    step: Step,
    by: Actor,
    typed: Typed | None,
    ticked: Mapping[str, Tick],
    decision: Decision | None,
    departed: Sequence[Departure],
) -> Panel:
    node = package.graph[step.node]
    findings = package.findings.get(step.node, ())
    chosen = typed.said(OUTCOME) if typed else ""
    kind = step.kind if step.kind in ("examine", "approve", "consult") else "do"
    outcomes = node.outcomes if kind in ("examine", "approve") else ()
    now = cases.turn_of(step) if kind == "approve" else None
    choices = [
        Choice(
            one,
            seals.label(now) if now and one == "approve" else _label(one, node, outcomes),
            seals.follows(step, now, by) + _follows(case, package, step, one)
            if now and now.decides and one == "approve"
            else seals.follows(step, now, by)
            if now and one == "approve"
            else _follows(case, package, step, one),
            one == chosen,
        )
        for one in outcomes
    ]
    break_ = node.arguments.get("digital_break") or {}
    return Panel(
        step_id=str(step.pk),
        form_id=f"step-{step.token}",
        url=reverse("desk:step", args=(case.number, step.pk)),
        kind=kind,
        title=node.title["ja"] if node.title else "",
        lead=seals.lead(now) if now else _lead(kind, node),
        deadline=deadline_words(step),
        outside=_local(break_.get("reason")),
        checks=[
            CheckLine(_local(one), ticked.get(cases.line_subject(step.node, number)))
            for number, one in enumerate(node.arguments.get("checks", ()))
        ],
        findings=findings,
        choices=choices if len(choices) > 1 else [],
        only=choices[0].value if len(choices) == 1 else "",
        follows=choices[0].follows if len(choices) == 1 else "" if choices else _follows(case, package, step, "done"),
        button=seals.button(now, len(choices)) if now else _button(kind, choices, node),
        note=typed.said(NOTE) if typed else "",
        reasons=typed.said(REASONS) if typed else "",
        note_problem=typed.problem("note") if typed else "",
        reasons_problem=typed.problem("reasons") if typed else "",
        outcome_problem=(typed.problem("outcome") or typed.problem("corrections")) if typed else "",
        denied=_denied(step, kind, by),
        warning=_warning(package, kind, by) or _departs(decision, kind),
        draft=decision.digest if decision is not None and kind == "approve" else "",
        draft_url=reverse("desk:draft", args=(case.number, step.pk)) if _may_draft(step, package) else "",
        enclosure_url=_enclosure_url(case, step, package),
        editing=editing(case, package, step, typed.posted if typed else {}, typed.refusal if typed else None, departed),
        stands_in=cases.post_title(now.seat) if now and now.stands_in else "",
        because=typed.said(BECAUSE) if typed else seals.why_not_there(step) if now and now.stands_in else "",
        because_problem=typed.problem("because") if typed else "",
        typed=typed.posted if typed else {},
        problems=typed.refusal.fields if typed else {},
    )


def _enclosure_url(case: Case, step: Step, package: Published) -> str:
    posted = step.kind == "issue" and step.channel != "screen" and package.graph[step.node].arguments.get("letter")
    return reverse("desk:enclosure", args=(case.number, step.pk)) if posted else ""


def _may_draft(step: Step, package: Published) -> bool:
    return step.kind in ("examine", "approve") and actions.may_draft(step, package)


def deadline_words(step: Step) -> str:
    """「11月27日（金）まで・あと4日」; empty where the step has no deadline of its own."""
    if step.due_at is None:
        return ""
    day = last_day(step.due_at)
    left = procedures.calendar().between(clock.today(), day)
    return gettext("%(day)sまで・%(left)s") % {"day": day_words(day), "left": days_words(left)}


def _local(text: object) -> str:
    return str(text["ja"]) if isinstance(text, Mapping) and "ja" in text else str(text or "")


def _lead(kind: str, node: Node) -> str:
    if kind == "approve":
        return gettext("審査の結果と決定の案を確かめて、決裁してください。")
    if kind == "consult":
        return gettext("意見を書いてください。")
    if not node.is_digital:
        how = gettext(CHANNELS.get(node.channel, "画面の外で"))
        return gettext("この段階は%(how)s行います。終わったら、ここに記録してください。") % {"how": how}
    return gettext("答えと書類を見て、次のことを確かめてください。")


def _label(outcome: str, node: Node, outcomes: Sequence[str]) -> str:
    if outcome == "accept" and node.arguments.get("findings"):
        return gettext("調べた結果を記録して進める")
    return gettext(LABELS.get(outcome, outcome))


def _button(kind: str, choices: Sequence[Choice], node: Node) -> str:
    if kind == "consult":
        return gettext("意見を付ける")
    if kind == "do":
        return gettext("行ったことを記録する")
    if len(choices) == 1:
        return gettext("確認したことを記録する")
    return gettext("決裁を確定する") if kind == "approve" else gettext("審査の結果を確定する")


def _denied(step: Step, kind: str, by: Actor) -> str:
    refusal = cases.why_not_seal(step, by) if kind == "approve" else None
    return fill(gettext(refusal.message), refusal.params) if refusal is not None else ""


def _warning(package: Published, kind: str, by: Actor) -> str:
    """Whoever has a part in the approval has none any more once they have examined it."""
    deciders = {
        post
        for node in package.graph.steps
        if node.kind == "approve" and node.by
        for post in procedures.holders(node.by, package.procedure).posts
    }
    if kind == "examine" and deciders & by.posts:
        return gettext("ご自分で審査すると、この案件の決裁に加われなくなります。")
    return ""


def _departs(decision: Decision | None, kind: str) -> str:
    """Whoever decides is told where it departs from the tables before anything is chosen."""
    if kind != "approve" or decision is None:
        return ""
    count = len(decision.course.get("edits", {})) + bool(decision.course.get("wording"))
    return gettext("審査で判定表と変えたところが%(count)s件あります。") % {"count": count} if count else ""


def _follows(case: Case, package: Published, step: Step, outcome: str) -> str:
    """「原簿への登録と登録通知書の発行を自動で行い、手続が終わります。」 before anything is chosen."""
    node = package.graph[step.node]
    if outcome == "return":
        return _return_words(package.graph[node.next["return"]])
    if outcome == "send_back":
        return gettext("理由を添えて「%(step)s」に戻します。") % {"step": _title(package.graph[node.next[outcome]])}
    if outcome == "accept" and node.arguments.get("findings"):
        return gettext("調べた結果に応じて、次の段階へ進みます。")
    ahead = cases.after(case, step, outcome)
    machine = [_title(one) for one in ahead if not one.is_human]
    people = [one for one in ahead if one.is_human]
    words = (
        gettext("%(steps)sを自動で行います。") % {"steps": "、".join(f"「{one}」" for one in machine)}
        if machine
        else ""
    )
    if people:
        scope = _decision_after(case, step, outcome) if any(one.kind == "approve" for one in people) else None
        named = "、".join(f"「{_title(one)}」（{holders_words(one, package, case.section, scope)}）" for one in people)
        return words + gettext("次は%(steps)sです。") % {"steps": named}
    return words + gettext("これで手続が終わります。")


def _decision_after(case: Case, step: Step, outcome: str) -> dict[str, Any]:
    """What would be drafted then: the way of its approval may depend on it."""
    course = cases.course_of(case)
    if step.kind == "examine":
        course.examine(step.node, outcome)
    return course.scope()


def _return_words(correction: Node) -> str:
    words = gettext("項目ごとに書いた文を申請者に送り、直してもらいます。")
    if not correction.deadline:
        return words
    then = {
        "withdraw": gettext("過ぎると取下げになります。"),
        "refuse": gettext("過ぎると認めないこととなります。"),
    }.get(str(correction.deadline["then"]), gettext("過ぎると、もう一度お知らせします。"))
    return words + gettext("期限は%(days)s開庁日で、%(then)s") % {
        "days": correction.deadline["business_days"],
        "then": then,
    }


def _title(node: Node) -> str:
    return node.title["ja"] if node.title is not None else ""


def done_words(kind: str, outcome: str) -> str:
    """What has just been done, and what follows from it."""
    return {
        "examine:accept": gettext("審査の結果を記録しました。"),
        "examine:return": gettext("補正を求めました。申請者にお知らせを送ります。"),
        "examine:refuse": gettext("認めないこととして記録しました。"),
        "approve:approve": gettext("決裁しました。"),
        "approve:seal": gettext("承認して、次の職へ回しました。"),
        "approve:stand-in": gettext("代決しました。不在だった職が、後で確かめます。"),
        "approve:send_back": gettext("差し戻しました。"),
        "consult": gettext("意見を付けました。"),
    }.get(f"{kind}:{outcome}" if outcome else kind, gettext("行ったことを記録しました。"))
