"""Where a case stands: its stages, whose turn it is, what can be done next."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from madoguchi.cases.models import Case, Correction, Decision, Step
from madoguchi.cases.queries.found import course_of, decision_of, scope_of
from madoguchi.cases.queries.own import open_corrections
from madoguchi.ground.languages import LocalText
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.flow import APPLICANT, COSIGNER, TITLES, Graph, Node
from madoguchi.procedures.rules.outlook import ahead
from madoguchi.procedures.rules.picture import Progress

Turn = Literal["office", "applicant", "cosigner", "machine", "nobody"]


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
    steps = sorted(case.steps.all(), key=lambda one: one.token)
    decision = decision_of(case)
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
        decision=decision if decision is not None and decision.made_at is not None else None,
        letters=tuple(one.letter_id for one in steps if one.letter_id is not None),
    )


def _past(node: Node | None, step: Step) -> Stage:
    """A step that was or is; ``node`` is None where a newer version, to which the case was migrated, lacks it."""
    node = node or Node(step.node, step.kind, {}, by=_by(step), channel=step.channel)
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


def _by(step: Step) -> str | None:
    if step.kind == "cosign":
        return COSIGNER
    return APPLICANT if step.kind in ("correction", "pay") else None


def _turn(node: Node) -> Turn:
    if node.by == COSIGNER:
        return "cosigner"
    if node.is_applicants:
        return "applicant"
    return "office" if node.is_human else "machine"
