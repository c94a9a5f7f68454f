"""What is asked about cases: the applicant's own, the desk's work list, where a case stands and what happened.

Every query takes the actor and answers only with what that actor may see; what is another's does not exist here.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from madoguchi.cases.models import Case, Correction, Decision, Document, DocumentContent, Step, Timer
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.ground.ids import parse_reference
from madoguchi.ground.kana import search_key
from madoguchi.ground.languages import LocalText
from madoguchi.messages.queries import letters_about, messages_about
from madoguchi.people.queries import staff_names
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.flow import TITLES, Graph, Node
from madoguchi.procedures.rules.outlook import ahead, following
from madoguchi.procedures.rules.picture import Progress
from madoguchi.procedures.rules.published import Published

Turn = Literal["office", "applicant", "machine", "nobody"]


def _unknown() -> NotFound:
    return NotFound("case-unknown", "この受付番号の手続は見つかりません。番号を確かめてください。")


# -- the applicant ----------------------------------------------------------------------------------------------------


def own_cases(by: Actor) -> QuerySet[Case]:
    """All cases of the resident, newest first; deleted drafts are left out."""
    cases = Case.objects.filter(person_id=by.who).exclude(received_at=None, withdrawn_at__isnull=False)
    return cases.select_related("procedure").order_by("-opened_at")


def own_case(number: str, by: Actor) -> Case:
    """The resident's case with this 受付番号, however typed. Raises NotFound for any other, existing or not."""
    try:
        canonical = parse_reference(number)
    except Invalid:
        raise _unknown() from None
    case = own_cases(by).filter(number=canonical).first() if by.kind == "resident" else None
    if case is None:
        raise _unknown()
    return case


def own_draft(case_id: UUID, by: Actor) -> Case:
    """The resident's draft or returned case by its id. Raises NotFound for any other."""
    case = own_cases(by).filter(pk=case_id).first() if by.kind == "resident" else None
    if case is None:
        raise NotFound("draft-unknown", "この入力は見つかりません。わたしの手続きから開き直してください。")
    return case


def draft_of(code: str, by: Actor) -> Case | None:
    """The unsubmitted draft that the resident has for this procedure: 続きから."""
    return own_cases(by).filter(procedure__code=code, received_at=None).first()


def open_corrections(case: Case) -> dict[str, Correction]:
    """What the applicant is asked to correct now, by path."""
    rows = Correction.objects.filter(step__case=case, answered_at=None).order_by("asked_at", "path")
    return {one.path: one for one in rows}


# -- the desk ---------------------------------------------------------------------------------------------------------

#: Lines that one list shows at most; whoever has more finds the rest by procedure and words.
MOST_LINES = 200
#: Cases among which words are looked for, newest promise first: names are compared folded, not in the database.
MOST_SEARCHED = 5000

View = Literal["mine", "late", "waiting", "elsewhere", "ended"]
VIEWS: tuple[View, ...] = ("mine", "late", "waiting", "elsewhere", "ended")


@dataclass(frozen=True, slots=True)
class Line:
    """One case of a list at the desk. ``days_left`` counts business days to the promised date; negative is late.

    ``now`` are the steps at which the case stands; ``since`` is when the first of them began, or when it all ended.
    """

    case: Case
    title: LocalText
    applicant: str
    kana: str
    days_left: int
    now: tuple[Node, ...]
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Work(Line):
    """A line with the step that this member of staff may do."""

    step: Step
    node: Node


def open_steps(by: Actor) -> QuerySet[Step]:
    """The steps whose turn it is and that this member of staff may do: of the sections and of the posts held."""
    steps = Step.objects.filter(_mine_to_do(by), done_at=None, case__withdrawn_at=None)
    return steps.select_related("case__procedure").order_by("case__due_on", "opened_at")


def work_list(by: Actor, *, code: str = "", words: str = "", limit: int = MOST_LINES) -> list[Work]:
    """What is to be done, overdue first, then by promised date; of one procedure and with these words, if given."""
    if by.kind != "staff":
        return []
    steps = open_steps(by).defer("case__answers", "case__typed", "case__procedure__data", "case__procedure__graph")
    if code:
        steps = steps.filter(case__procedure__code=code)
    if words:
        steps = steps.filter(case__in=_with_words(Case.objects.filter(pk__in=steps.values("case")), words))
    lines = []
    for step in _named(steps, "case__answers")[:limit]:
        package = procedures.package(step.case.procedure)
        node = package.graph[step.node]
        name, kana = _names_of(step)
        left = days_left(step.case)
        lines.append(
            Work(step.case, package.procedure.title, name, kana, left, (node,), step.opened_at, step=step, node=node)
        )
    return lines


def case_list(view: View, by: Actor, *, code: str = "", words: str = "", limit: int = MOST_LINES) -> list[Line]:
    """The cases of a view, most pressing first (ended ones: newest first)."""
    if by.kind != "staff":
        return []
    cases = _viewed(view, by).select_related("procedure").prefetch_related("steps")
    if code:
        cases = cases.filter(procedure__code=code)
    if words:
        cases = cases.filter(pk__in=_with_words(cases, words))
    cases = cases.defer("answers", "typed", "procedure__data", "procedure__graph")
    if view == "ended":
        cases = cases.order_by(Coalesce("closed_at", "withdrawn_at").desc())
    else:
        cases = cases.order_by("returned_at" if view == "waiting" else "due_on", "received_at")
    lines = []
    for case in _named(cases, "answers")[:limit]:
        package = procedures.package(case.procedure)
        steps = sorted((one for one in case.steps.all() if one.done_at is None), key=lambda one: one.token)
        name, kana = _names_of(case)
        ended = case.withdrawn_at or case.closed_at
        lines.append(
            Line(
                case,
                package.procedure.title,
                name,
                kana,
                days_left(case),
                tuple(package.graph[one.node] for one in steps),
                ended or (steps[0].opened_at if steps else None),
            )
        )
    return lines


def counts(by: Actor, *, code: str = "") -> dict[View, int]:
    """How many cases each view holds; every figure is a list that can be opened."""
    if by.kind != "staff":
        return dict.fromkeys(VIEWS, 0)
    of_code = Q(procedure__code=code) if code else Q()
    return {view: _viewed(view, by).filter(of_code).count() for view in VIEWS}


def procedures_at(by: Actor) -> list[tuple[str, LocalText]]:
    """The procedures of which this member of staff may see a case, by code."""
    if by.kind != "staff":
        return []
    rows = Case.objects.filter(_visible(by), received_at__isnull=False).order_by("procedure__code", "-received_at")
    newest = rows.distinct("procedure__code").select_related("procedure")
    return [
        (one.procedure.code, procedures.package(one.procedure).procedure.title)
        for one in newest.defer("answers", "typed", "procedure__data", "procedure__graph")
    ]


def _mine_to_do(by: Actor) -> Q:
    return Q(section__in=by.sections) | Q(posts__overlap=sorted(by.posts) or ["-"])


def _visible(by: Actor) -> Q:
    """The cases that a member of staff may see: of the sections, and those with a step of section or post."""
    return Q(section__in=by.sections) | Q(Exists(Step.objects.filter(_mine_to_do(by), case=OuterRef("pk"))))


def _viewed(view: View, by: Actor) -> QuerySet[Case]:
    cases = Case.objects.filter(_visible(by), received_at__isnull=False)
    mine = Exists(Step.objects.filter(_mine_to_do(by), case=OuterRef("pk"), done_at=None))
    ended = Q(closed_at__isnull=False) | Q(withdrawn_at__isnull=False)
    if view == "ended":
        return cases.filter(ended)
    cases = cases.exclude(ended)
    if view == "waiting":
        return cases.filter(returned_at__isnull=False)
    if view == "late":
        return cases.filter(due_on__lt=clock.today(), decided_at=None)
    return cases.filter(mine) if view == "mine" else cases.exclude(mine).filter(returned_at=None)


def days_left(case: Case) -> int:
    """Business days to the promised date; negative is late."""
    today = clock.today()
    return procedures.calendar().between(today, case.due_on or today)


def _named(rows: QuerySet[Any], answers: str) -> QuerySet[Any]:
    """With the applicant's name and reading out of the answers, so that the answers need not be read."""
    named: QuerySet[Any] = rows.annotate(
        applicant=KeyTextTransform("full_name", KeyTextTransform("person", answers)),
        applicant_kana=KeyTextTransform("full_name_kana", KeyTextTransform("person", answers)),
        signed=KeyTextTransform("applicant_name", answers),
    )
    return named


def _names_of(row: Any) -> tuple[str, str]:
    return row.applicant or row.signed or "", row.applicant_kana or ""


def _with_words(cases: QuerySet[Case], words: str) -> list[UUID]:
    """Of these cases, those whose 受付番号, name or reading holds every word, in any width, kana and old character."""
    wanted = [search_key(word) for word in words.split() if search_key(word)][:5]
    rows = _named(cases.order_by("-due_on"), "answers").values_list(
        "pk", "number", "applicant", "applicant_kana", "signed"
    )
    found = []
    for key, number, *names in rows[:MOST_SEARCHED]:
        text = search_key(" ".join(one for one in (number, *names) if one))
        plain = text.replace("-", "")
        if all(word in text or (word.replace("-", "") or word) in plain for word in wanted):
            found.append(key)
    return found


def staff_case(number: str, by: Actor) -> Case:
    """The case with this 受付番号 if it is of this member's section or post. Raises NotFound for any other."""
    try:
        canonical = parse_reference(number)
    except Invalid:
        raise _unknown() from None
    cases = Case.objects.filter(_visible(by), number=canonical).select_related("procedure")
    case = cases.first() if by.kind == "staff" else None
    if case is None:
        raise _unknown()
    return case


def staff_step(case: Case, step_id: UUID) -> Step:
    """A step of a case that the caller has already been allowed to see."""
    step = case.steps.filter(pk=step_id).first()
    if step is None:
        raise NotFound("step-unknown", "この段階は見つかりません。画面を読み込み直してください。")
    return step


def corrections(case: Case) -> dict[str, list[Correction]]:
    """Everything that the applicant was asked to correct, by path, oldest first."""
    result: dict[str, list[Correction]] = {}
    for one in Correction.objects.filter(step__case=case).order_by("asked_at", "path"):
        result.setdefault(one.path, []).append(one)
    return result


def decision_of(case: Case) -> Decision | None:
    """The decision as it was drafted or made, None before any table or examiner has said something."""
    return Decision.objects.select_related("drafted_by", "made_by").filter(case=case).first()


def notes(case: Case) -> list[Step]:
    """The done steps with what their doers wrote for the office, oldest first: why it was sent back, what was seen."""
    written = case.steps.filter(done_at__isnull=False).exclude(note="").select_related("account")
    return list(written.order_by("done_at", "token"))


def examined_by(case: Case, by: Actor) -> bool:
    """Whether this member of staff has examined the case, and so must not approve it."""
    return case.steps.filter(kind="examine", account_id=by.who, done_at__isnull=False).exists()


def after(case: Case, step: Step, outcome: str) -> list[Node]:
    """What would happen if this step ended so, up to the next that people do, as far as is known today."""
    package, course = procedures.package(case.procedure), course_of(case)
    if step.kind == "examine" and outcome in ("accept", "refuse"):
        course.examine(step.node, outcome)
    return following(package.graph, step.node, outcome, scope_of(case, package, course))


# -- documents --------------------------------------------------------------------------------------------------------


def documents(case: Case) -> dict[str, list[Document]]:
    """The documents that belong to the answers, by path, in the order given."""
    result: dict[str, list[Document]] = {}
    for one in case.documents.filter(removed_at=None).order_by("added_at"):
        result.setdefault(one.path, []).append(one)
    return result


def content(case: Case, document_id: UUID) -> tuple[Document, bytes]:
    """A document of a case that the caller may see, with its bytes."""
    document = case.documents.filter(pk=document_id).first()
    found = DocumentContent.objects.filter(document=document).first() if document else None
    if document is None or found is None:
        raise NotFound("document-unknown", "このファイルは見つかりません。")
    return document, bytes(found.content)


# -- where it stands --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the status page: past, present or still to come."""

    node: str
    kind: str
    title: LocalText
    state: Literal["done", "now", "ahead"]
    turn: Turn
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    outcome: str = ""
    digital: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands: its stages in order, whose turn it is, and the one thing that can be done next."""

    stages: tuple[Stage, ...]
    turn: Turn
    may_withdraw: bool
    corrections: tuple[Correction, ...] = ()
    decision: Decision | None = None
    letters: tuple[UUID, ...] = field(default=())

    def progress(self, graph: Graph) -> Progress:
        """The same for the picture of the flow."""
        done = {stage.node: stage.outcome for stage in self.stages if stage.state == "done"}
        return Progress(graph, done, frozenset(stage.node for stage in self.stages if stage.state == "now"))


def standing(case: Case) -> Standing:
    """The stages of a case as the applicant sees them: what was done, what is on, what the flow still holds."""
    package = procedures.package(case.procedure)
    steps = list(case.steps.order_by("token"))
    stages = [_past(package.graph.nodes.get(one.node), one) for one in steps if one.outcome != "cancelled"]
    if case.closed_at is None and case.withdrawn_at is None:
        now = [one.node for one in steps if one.done_at is None]
        scope = scope_of(case, package, course_of(case))
        stages += [
            Stage(node.id, node.kind, node.title or LocalText(node.kind), "ahead", _turn(node), digital=node.is_digital)
            for node in ahead(package.graph, now, scope)
            if node.id not in now
        ]
    turns = [stage.turn for stage in stages if stage.state == "now"]
    turn: Turn = "applicant" if "applicant" in turns else turns[0] if turns else "nobody"
    return Standing(
        stages=tuple(stages),
        turn=turn,
        may_withdraw=case.decided_at is None and case.closed_at is None and case.withdrawn_at is None,
        corrections=tuple(open_corrections(case).values()),
        decision=Decision.objects.filter(case=case, made_at__isnull=False).first(),
        letters=tuple(one.letter_id for one in steps if one.letter_id is not None),
    )


def _past(node: Node | None, step: Step) -> Stage:
    """A step that was or is; ``node`` is None where a newer version, to which the case was migrated, lacks it."""
    node = node or Node(step.node, step.kind, {}, channel=step.channel)
    return Stage(
        node=node.id,
        kind=node.kind,
        title=node.title or TITLES[node.kind],
        state="now" if step.done_at is None else "done",
        turn=_turn(node),
        since=step.opened_at,
        until=step.done_at,
        outcome=step.outcome,
        digital=node.is_digital,
    )


def _turn(node: Node) -> Turn:
    if node.kind == "correction":
        return "applicant"
    return "office" if node.is_human else "machine"


# -- what happened ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history: an event with the name of who did it (staff only; residents are 申請者).

    ``node`` is the step it was about, ``what`` the letter or message, by its title.
    """

    event: Event
    who: str
    node: str = ""
    what: str = ""


def history(case: Case) -> list[Happening]:
    """Everything that happened to the case, its steps, letters and messages, oldest first, refusals included."""
    nodes = dict(case.steps.values_list("pk", "node"))
    timers = dict(Timer.objects.filter(step__case=case).values_list("pk", "step__node"))
    letters = {one.pk: f"{one.title}（{one.number}）" for one in letters_about(case.pk)}
    notes = {one.pk: f"{one.subject}（{one.get_channel_display()}）" for one in messages_about(case.pk)}
    titles, steps = letters | notes, nodes | timers
    events = list(Event.objects.filter(subject_id__in=[case.pk, *steps, *titles]).order_by("at", "id"))
    names = staff_names({one.actor_id for one in events if one.actor_kind == "staff" and one.actor_id})
    return [Happening(one, _who(one, names), _of(steps, one.subject_id), _of(titles, one.subject_id)) for one in events]


def _who(event: Event, names: Mapping[UUID, str]) -> str:
    words = {"resident": "申請者", "system": "システム", "visitor": "申請者"}
    return words.get(event.actor_kind) or _of(names, event.actor_id) or "職員"


def _of(words: Mapping[UUID, str], key: UUID | None) -> str:
    return words.get(key, "") if key is not None else ""


def completed_digitally(code: str) -> tuple[int, int]:
    """Of all closed cases of a procedure: how many there are, and in how many every executed step was digital."""
    closed = Case.objects.filter(procedure__code=code, closed_at__isnull=False)
    broken = Step.objects.filter(case=OuterRef("pk")).exclude(channel="screen").exclude(outcome="cancelled")
    return closed.count(), closed.exclude(Exists(broken)).count()


def median_business_days(code: str) -> int | None:
    """How long the closed cases really took, receipt to end: the median in business days; None without any."""
    pairs = Case.objects.filter(procedure__code=code, closed_at__isnull=False).order_by("-closed_at")
    calendar = procedures.calendar()
    days = sorted(
        calendar.between(clock.day_of(received), clock.day_of(closed))
        for received, closed in pairs.values_list("received_at", F("closed_at"))[:500]
        if received is not None and closed is not None
    )
    return days[len(days) // 2] if days else None


# -- what a case has found --------------------------------------------------------------------------------------------


def course_of(case: Case) -> Course:
    """What has been found in the handling of this case so far."""
    decision = Decision.objects.filter(case=case).first()
    return Course.from_json(decision.course) if decision else Course()


def scope_of(case: Case, package: Published, course: Course) -> dict[str, Any]:
    """What conditions and tables see of a case."""
    received = clock.day_of(case.received_at) if case.received_at else clock.today()
    return {**package.form.scope(case.answers), "received_on": received, **course.scope()}
