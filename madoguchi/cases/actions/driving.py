"""The machine's part: moves a case along its flow. The only caller of the engine on real cases.

What needs neither a person nor time (照会, 判定, 記録, お知らせ) is done at once, in the transaction of the act that
led there. Making and signing letters is left to the worker: its open step *is* the job, so a worker may die anywhere.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from madoguchi.cases.actions import asking, refunding, storing, telling, writing
from madoguchi.cases.models import Case, Cosigner, Decision, Service, Step, Timer, Why
from madoguchi.cases.queries import course_of, kept_until, letters_go_to, scope_of
from madoguchi.cases.queries.sealing import turn_of
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.acting import current_event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.facts.queries import Known, NoBasis, place_row, read, row_named, shared
from madoguchi.facts.rules import Purpose, shared_by
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.messages import actions as messages
from madoguchi.messages.models import Letter
from madoguchi.people import actions as people
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import engine, fees
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.rules.format import Procedure as Format
from madoguchi.procedures.rules.format.retention import Outcome

#: What a look-up reads: the city's records and what was proven, not what somebody has said of themselves.
RECORDS: Final = (Source.CARD, Source.REGISTER, Source.STAFF, Source.DOCUMENT)
#: Steps that the worker does on its own, outside the act that led to them.
LATER = frozenset({"issue"})
#: Steps that end with time: a period is over, or the round has closed and is allotted.
WAITING = frozenset({"wait", "allot"})
#: Steps of people that pass by themselves where there is nothing to pay and nobody to ask, and as what.
PASSED: Final = {"pay": "free", "cosign": "confirm"}
#: With the first of these a case has been decided: what follows only carries the decision out.
AFTER_DECISION = frozenset({"issue", "record", "notify"})


def locked(case: Case) -> Case:
    """The case as it is now, locked until the act ends: two clerks, two windows, two workers go one after the other."""
    fresh = next(iter(storing.locked("id = %s", case.pk)), None)
    if fresh is None:
        raise NotFound("case-unknown", "この受付番号の手続は見つかりません。")
    return fresh


def locked_with_its_whole(part: Case) -> tuple[Case | None, Case]:
    """The life event that a draft is part of (None where it is none's), and the draft; locked in this order."""
    if part.part_of_id is None or part.received_at is not None:
        return None, locked(part)
    both = storing.locked("id IN (%s, %s) ORDER BY part_of_id IS NOT NULL", part.part_of_id, part.pk)
    found = {one.pk: one for one in both}
    if part.pk not in found:
        raise NotFound("case-unknown", "この受付番号の手続は見つかりません。")
    return found.get(part.part_of_id), found[part.pk]


def locked_parts(journey: Case, *, but: Case | None = None) -> list[Case]:
    """The parts of a life event, but drafts that were withdrawn; locked, in the order in which they were opened.

    Without the one that the caller holds (``but``).
    """
    alive = "(received_at IS NOT NULL OR withdrawn_at IS NULL) AND erased_at IS NULL"
    parts = storing.locked(f"part_of_id = %s AND {alive} AND id <> %s ORDER BY id", journey.pk, (but or journey).pk)
    for one in parts:
        one.part_of = journey
    return parts


def begin(case: Case, parts: Iterable[Case] = ()) -> "Drive":
    """Received: start the flow. ``parts`` are those of a life event. The caller writes what the drive has changed."""
    drive = Drive(case, how_they_stand(parts))
    if drive.package.procedure.kind != "journey":  # its answers are for the parts: no section needs them all
        case.show_to(case.section)
    drive.apply(engine.start(drive.package.graph, drive.scope()))
    return drive


def complete(
    case: Case,
    step: Step,
    outcome: str,
    *,
    drive: "Drive | None" = None,
    by: Actor | None = None,
    note: str = "",
    letter: Letter | None = None,
) -> None:
    """A step is done with ``outcome``; move on until a person, the clock or the worker is needed.

    ``drive`` is the one that the caller has opened to change the course, if it has.
    """
    drive = drive or Drive(case)
    graph = drive.package.graph
    # ``done`` and ``issued`` are ours, for a step that has only one way on.
    way = outcome if outcome in graph[step.node].next else ""
    drive.done(step, outcome, by, note, letter)
    drive.apply(engine.complete(graph, drive.state(), step.token, way, drive.scope()))
    drive.save()


def cancel(case: Case, reason: str) -> None:
    """End the flow from outside: open steps are closed as cancelled."""
    if not case.engine:
        return
    drive = Drive(case)
    moves = engine.cancel(drive.package.graph, drive.state(), reason)
    case.engine, case.payable_at, case.cosigning_at = moves.state.dump(), None, None
    case.changed_at = now = clock.now()
    Timer.objects.filter(step__case=case, fired_at=None).update(fired_at=now)
    case.steps.filter(done_at=None).update(done_at=now, outcome="cancelled")
    if reason == engine.ENDED_WITHDRAWN:
        refunding.give_back(case, drive.package, Why.WITHDRAWN)


def is_later(step: Step) -> bool:
    """Whether the worker does it: a letter, unless it goes by post or over the counter, which a person does."""
    return step.kind in LATER and step.channel == "screen"


def lay_way(case: Case, step: Step, node: Node, procedure: Format, scope: dict[str, Any]) -> None:
    """The way of an approval (決裁) that begins, and whose seal is first."""
    way = procedures.route(node.by or "", procedure, scope, case.section)
    step.route = list(way.posts)
    step.in_absence = list(way.in_absence) if node.arguments.get("may_be_delegated") else []
    case.show_to(posts=step.route)
    seat(case, step)


def seat(case: Case, step: Step) -> bool:
    """Let an approval wait for the post whose seal is next (nobody has taken it then). Whether that is another."""
    now = turn_of(step)
    if now is None or step.posts == [now.post]:
        return False
    step.posts, step.taken_by, step.taken_at = [now.post], None, None
    case.show_to(posts=step.posts)
    return True


def go_on_to_next_seal(case: Case, step: Step) -> None:
    """A seal on the way was given: the next post sees the case as its own."""
    seat(case, step)
    step.save(update_fields=["posts", "taken_by", "taken_at"])
    case.changed_at = clock.now()
    case.save(update_fields=["changed_at", "seen_by"])


#: How a part of a life event stands, for the step that waits for it.
GOES_ON: Final = "goes-on"
LEFT_OUT: Final = "left-out"


def received_parts(journey: Case) -> list[Case]:
    """The parts of a life event that were submitted, with their decisions."""
    parts = Case.objects.filter(part_of=journey, received_at__isnull=False).select_related("procedure", "decision")
    return list(parts.defer("procedure__data", "procedure__graph"))


def how_they_stand(parts: Iterable[Case]) -> dict[str, str]:
    """By code of the procedure: granted, refused or withdrawn where the part has ended, else that it goes on."""
    return {one.procedure.code: _how(one) for one in parts}


def _how(part: Case) -> str:
    if part.withdrawn_at is not None:
        return "withdrawn"
    if part.closed_at is None:
        return GOES_ON
    decision: Decision | None = getattr(part, "decision", None)
    return "granted" if decision is None or decision.granted else "refused"


def tell_journey(part: Case) -> None:
    """A part has ended: where it belongs to a life event, its step there is done."""
    if part.part_of_id is not None:
        end_part(Case(pk=part.part_of_id), part, by=SYSTEM)


@act("case.end-part", allow=(BY_SYSTEM,))
def end_part(journey: Case, part: Case, *, by: Actor) -> Case:
    """手続の一つの終わり: the step of a life event that stands for it is done, however it ended; the others go on."""
    fresh = locked(journey)
    graph = procedures.package(fresh.procedure).graph
    for step in fresh.steps.filter(kind="apply", done_at=None):
        if graph[step.node].arguments["procedure"] == part.procedure.code:
            how = how_they_stand(received_parts(fresh))[part.procedure.code]
            complete(fresh, step, how)
            record(part=part.pk, how=how)
    return fresh


class Drive:
    """One run of the machine over one locked case; everything is written by :meth:`save`."""

    def __init__(self, case: Case, parts: Mapping[str, str] | None = None) -> None:
        self.case = case
        self.package = procedures.package(case.procedure)
        # Before the flow began nothing can have been found: a query saved in every submission.
        self.decision = Decision.objects.filter(case=case).first() if case.engine else None
        self.course = Course.from_json(self.decision.course) if self.decision else Course()
        self.drafted_by: UUID | None = None
        self.steps: dict[int, Step] = {}
        self.timers: list[Timer] = []
        self.last_account: Any = None
        self.asks_payment = False
        self.asks: list[Cosigner] = []
        self.now = clock.now()
        is_journey = self.package.procedure.kind == "journey"
        if parts is None:
            parts = how_they_stand(received_parts(case)) if is_journey else {}
        self.parts = parts
        self.told = set(Service.objects.filter(case=case).values_list("service", flat=True)) if is_journey else set()

    def rejudge(self) -> None:
        """The answers have changed: what is known of the place that they name is looked up again, and every table that
        has judged is asked again, before the flow goes on."""
        of_places = [one for one in self.package.graph.steps if one.kind == "look_up" and "place" in one.arguments]
        done = set(self.case.steps.values_list("node", flat=True)) if of_places else set()
        for node in of_places:
            if node.id in done:
                self._look_up(node.arguments)
        self.course.rejudge(self.package, self.scope())

    def state(self) -> engine.State:
        return engine.State.load(self.case.engine)

    def scope(self) -> dict[str, Any]:
        return scope_of(self.case, self.package, self.course)

    def done(self, step: Step, outcome: str, by: Actor | None, note: str, letter: Letter | None) -> None:
        """Close the row of a step that somebody has done."""
        step.done_at, step.outcome, step.note, step.letter = self.now, outcome, note, letter
        step.account_id = by.id if by is not None and by.kind == "staff" else None
        self.last_account = step.account_id
        if step.kind == "examine" and outcome != "return":
            self.drafted_by = step.account_id
        step.save(update_fields=["done_at", "outcome", "note", "letter", "account"])
        if step.due_at is not None:
            Timer.objects.filter(step=step, fired_at=None).update(fired_at=self.now)

    def apply(self, moves: engine.Moves) -> None:
        """Take over what the engine opened, do at once what can be done, and go on from there."""
        graph = self.package.graph
        waiting = list(moves.opened)
        state = moves.state
        while waiting:
            token = waiting.pop(0)
            node = graph[token.node]
            step = self._open(token, node)
            owes = node.kind == "pay" and fees.amount(self.package.procedure, node, self.scope()) > 0
            if owes:
                self.case.payable_at, self.asks_payment = self.now, True
            awaited = asking.prepare(self.case, node, self.package) if node.kind == "cosign" else []
            if awaited:
                self.case.cosigning_at = self.case.cosigning_at or self.now
                self.asks += awaited
            by_hand = owes or awaited or (node.is_human and node.kind not in PASSED)
            part = self.parts.get(node.arguments["procedure"], LEFT_OUT) if node.kind == "apply" else ""
            if by_hand or node.kind in LATER or node.kind in WAITING or part == GOES_ON:
                continue
            self._perform(node)
            if node.kind == "tell" and node.arguments["service"] not in self.told:
                part = LEFT_OUT
            step.done_at, step.outcome = self.now, part or PASSED.get(node.kind, "done")
            way = step.outcome if step.outcome in node.next else ""
            following = engine.complete(graph, state, token.id, way, self.scope())
            state = following.state
            waiting = [*following.opened, *waiting]
        self.case.engine = state.dump()
        if state.ended is not None:
            self._decide()
            self.case.closed_at = self.now
            outcome: Outcome = "granted" if self.course.granted else "refused"
            self.case.keep_until = kept_until(self.case, outcome, self.now)

    def save(self) -> None:
        """Write the case, its new steps and timers, and the decision as it stands; and tell whom it concerns."""
        write([self])
        self.follow()

    @property
    def is_followed(self) -> bool:
        """Whether something follows that reads what was written."""
        refused = self.case.decided_at is not None and not self.course.granted
        return bool(refused or self.case.closed_at is not None or self.asks_payment or self.asks)

    def follow(self) -> None:
        """What follows from what was written."""
        if self.case.closed_at is not None:
            tell_journey(self.case)
        if self.asks_payment:
            self._notify("payment-asked")
        for one in self.asks:
            asking.ask(one, by=SYSTEM)
        if self.case.decided_at is not None and not self.course.granted:
            refunding.give_back(self.case, self.package, Why.REFUSED)
        machine = [one.pk for one in self.steps.values() if one.done_at is None and is_later(one)]
        if machine:
            record(machine=machine)

    def settle(self) -> Decision | None:
        """The decision as it stands, to be written; None before any table or examiner has said something."""
        if not (self.course.judged or self.course.examined or self.course.looked_up):
            return None
        decision = self.decision = self.decision or Decision(case=self.case)
        decision.granted, decision.values = self.course.granted, self.course.values
        decision.reasons, decision.course = self.course.why(), self.course.as_json()
        if self.case.decided_at is not None and decision.made_at is None:
            decision.made_at, decision.made_by_id = self.case.decided_at, self.last_account
        decision.drafted_by_id = self.drafted_by or decision.drafted_by_id
        return decision

    def _open(self, token: engine.Token, node: Node) -> Step:
        if node.kind in AFTER_DECISION:
            self._decide()
        step = Step(
            case=self.case, token=token.id, node=node.id, kind=node.kind, channel=node.channel, opened_at=self.now
        )
        if node.is_human and not node.is_applicants and node.by:
            holders = procedures.holders(node.by, self.package.procedure)
            step.section = self._section(min(holders.sections, default=""))
            step.posts = sorted(holders.posts)
            if node.kind == "approve":
                lay_way(self.case, step, node, self.package.procedure, self.scope())
            self.case.show_to(step.section, step.posts)
        if node.kind == "correction":
            self.case.returned_at = self.now
        if node.deadline:
            self._timer(step, int(node.deadline["business_days"]), str(node.deadline["then"]))
        elif node.kind == "wait":
            self._wait(step, node)
        self.steps[token.id] = step
        return step

    def _section(self, section: str) -> str:
        """What the procedure gives to its own office is done by the section that has the case (引継ぎ)."""
        own = procedures.section_of(self.package.procedure).id
        return self.case.section if section == own else section

    def _decide(self) -> None:
        if self.case.decided_at is None:
            self.case.decided_at = self.now

    def _timer(self, step: Step, business_days: int, then: str) -> None:
        self._due(step, procedures.calendar().add(clock.day_of(self.now), business_days), then)

    def _due(self, step: Step, day: dt.date, then: str) -> None:
        """The end of ``day`` in Japan."""
        step.due_at = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), clock.TOKYO)
        self.timers.append(Timer(step=step, due_at=step.due_at, then=then))

    def _wait(self, step: Step, node: Node) -> None:
        said = node.arguments
        if "business_days" in said:
            return self._timer(step, said["business_days"], "done")
        if "days" in said:
            return self._due(step, clock.day_of(self.now) + dt.timedelta(days=said["days"] - 1), "done")
        until = procedures.expression(said["until"]).evaluate(self.scope())
        if isinstance(until, str):
            until = dt.date.fromisoformat(until)  # a choice of days
        return self._due(step, until if isinstance(until, dt.date) else clock.today(), "done")

    def _perform(self, node: Node) -> None:
        said = node.arguments
        if node.kind == "judge":
            self.course.judge(self.package, said["table"], self.scope())
        elif node.kind == "look_up":
            self._look_up(said)
        elif node.kind == "record":
            self._record(said)
        elif node.kind == "notify":
            self._notify(said["template"])

    def _look_up(self, said: Any) -> None:
        """What the city knows. Where no law permits it, nothing is read, the log says so, and the case goes on."""
        case = self.case
        purpose = Purpose("look_up", case.procedure.code, case.section, case.pk)
        found, refused = list[Known](), list[str]()
        for subject, keys in groupby(sorted(said["facts"], key=_about), _about):
            try:
                if subject == "person":
                    found += read(case.about_id, keys, purpose, by=SYSTEM, sources=RECORDS)
                elif subject == "household":
                    found += shared(case.about_id, list(keys), purpose, by=SYSTEM).values()
                elif place := self._place_row(said):
                    found += shared(case.about_id, list(keys), purpose, by=SYSTEM, place=place).values()
            except NoBasis as refusal:
                refused += refusal.keys
        if refused:
            record(not_permitted=refused, basis=said["basis"])
        rows = {one.each for one in self.package.form.sections}
        held: dict[str, list[Known]] = {}
        for one in found:
            if one.key.partition(".")[0] not in rows:  # of which child is not known
                held.setdefault(one.key, []).append(one)
        earlier = {key: one for key, one in self.course.looked_up.items() if key not in said["facts"]}
        self.course.looked_up = earlier | {key: _as_found(key, several) for key, several in held.items()}
        if held or not refused:
            record(looked_up=sorted(held), basis=said["basis"])

    def _record(self, said: Any) -> None:
        if said.get("corrected"):
            self._correct()
            return
        case = self.case
        value = self.course.recorded(said, self.scope())
        if "business" in said:
            number = case.answers.get(said["business"])
            if number and value:  # of the business, and not of the case: it stays when the record ends
                business = people.enter_business(number, by=SYSTEM)
                facts.state(business, {(said["fact"], ""): value}, Source.STAFF, by=SYSTEM)
            return
        names = [get(case.answers, name) for name in said.get("of", ())]
        row = row_named(case.about_id, names) if any(names) else ""
        if "place" in said:
            row = self._place_row(said) or row
        facts.state(Person(pk=case.about_id), {(said["fact"], row): value}, Source.STAFF, by=SYSTEM, case_id=case.pk)

    def _place_row(self, said: Any) -> str:
        """The row of what is known of the place that an answer names; empty where it names no lot."""
        answer = self.case.answers.get(said["place"])
        names = [get(self.case.answers, name) for name in said.get("of", ())]
        city = procedures.city().file
        within = (city.prefecture["ja"], city.name["ja"])
        return place_row(answer["text"], within, names) if isinstance(answer, dict) else ""

    def _correct(self) -> None:
        """What the office has found to be wrong (訂正): its own record says from now on what was asked for. What a
        register or a card says comes right with the register's next file, and is stated by nobody else."""
        asked = self.case.corrects
        if asked is None or asked["source"] not in (Source.STAFF, Source.DOCUMENT):
            return
        shown = self.case.documents.filter(removed_at=None).order_by("added_at", "pk").first()
        said = {(asked["key"], asked["row"]): asked["value"]}
        evidence = shown.sha256 if shown is not None else ""
        person = Person(pk=self.case.about_id)
        # As long as the record that it corrects: with this case alone it would go first, and leave the wrong one.
        kept_with = UUID(asked["case"]) if asked["case"] else None
        facts.state(person, said, Source.STAFF, by=SYSTEM, case_id=kept_with, evidence=evidence)

    def _notify(self, template: str) -> None:
        telling.tell(self.case, template, event=current_event(), by=SYSTEM)


def write(drives: Collection[Drive]) -> None:
    """Write what these drives have changed, of all in one go."""
    Step.objects.bulk_create([step for drive in drives for step in drive.steps.values()])
    Timer.objects.bulk_create([timer for drive in drives for timer in drive.timers])
    decisions = [decision for drive in drives if (decision := drive.settle()) is not None]
    known = [one for one in decisions if not one._state.adding]
    Decision.objects.bulk_create([one for one in decisions if one._state.adding])
    for one in known:
        one.save()
    for drive in drives:
        drive.case.changed_at = drive.now
    storing.write([drive.case for drive in drives])


def _about(key: str) -> str:
    """What a fact is about, as it is looked up: the person, their household, a place."""
    return shared_by(key) or "person"


def _as_found(key: str, several: list[Known]) -> dict[str, Any]:
    """A fact as it is kept with the case; of several (two children's) none is the one that a table may see."""
    said = [{"value": one.value, "source": one.source.value, "as_of": one.as_of.isoformat()} for one in several]
    type_ = procedures.vocabulary()[key].type
    if len(said) == 1:
        return {**said[0], "type": type_}
    return {"value": None, "type": type_, "source": said[0]["source"], "as_of": said[0]["as_of"], "several": said}


@act("case.perform", allow=(BY_SYSTEM,))
def perform(step: Step, *, by: Actor = SYSTEM) -> Step:
    """機械の段階の実行: make, sign and keep the letter of an open issue step, then go on. Twice is once."""
    case = locked(step.case)
    fresh = Step.objects.get(pk=step.pk)
    if fresh.done_at is not None or not is_later(fresh):
        record(already_done=True)
        return fresh
    package = procedures.package(case.procedure)
    said = package.graph[fresh.node].arguments
    letter = messages.issue_letter(
        case.pk,
        template=writing.template_of(case, said["letter"]),
        kind=said["letter"],
        symbol=writing.symbol(package, case.section),
        data=writing.letter_data(case, package, course_of(case)),
        person=letters_go_to(case),
        signed=said.get("signed", True),
        by=by,
    )
    complete(case, fresh, "issued", letter=letter)
    record(step=fresh.node, letter=letter.pk)
    return fresh
