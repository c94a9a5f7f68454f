"""A running case moves to another version of its procedure, by a map that was checked against both flows.

Cases keep the version they began under; this is for a law that says otherwise (附則). Nothing is decided anew: open
steps, findings and periods go on where they stand, under the names that the new flow has for them.
"""

from madoguchi.cases.actions import driving
from madoguchi.cases.models import Case, Decision
from madoguchi.cases.queries import course_of, scope_of
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import migration
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.engine import State
from madoguchi.procedures.rules.migration import MigrationMap


@act("case.migrate", allow=(BY_SYSTEM,))
def migrate(case: Case, map_: MigrationMap, to: Procedure, *, by: Actor = SYSTEM) -> Case:
    """版の移行: the case goes on under ``to``.

    Raises Stale where it does not run (not sent, ended, moved already), Invalid where the map does not fit.
    """
    case = driving.locked(case)
    before, old, new = case.procedure, procedures.package(case.procedure), procedures.package(to)
    state = State.load(case.engine) if case.engine else None
    if case.procedure_id == to.pk or state is None or state.ended is not None:
        raise Stale("case-not-running", "この手続きは移行の対象ではありません（受付前、終了、または移行ずみ）。")
    if (to.code, case.procedure.code) != (map_.code, map_.code):
        raise Invalid("migration-map", "移行の対応表が流れに合っていません。")
    moved = migration.migrate(state, map_, old.graph, new.graph)
    machine = []
    for step in case.steps.filter(done_at=None):
        node = new.graph[moved.tokens[step.token]]
        step.node, step.kind, step.channel = node.id, node.kind, node.channel
        if node.by and not node.is_applicants:
            holders = procedures.holders(node.by, new.procedure)
            step.section, step.posts = min(holders.sections, default=""), sorted(holders.posts)
            if node.kind == "approve":
                driving.lay_way(case, step, node, new.procedure, scope_of(case, new, course_of(case)))
            case.show_to(step.section, step.posts)
        step.save(update_fields=["node", "kind", "channel", "section", "posts", "route", "in_absence"])
        if driving.is_later(step):
            machine.append(step.pk)
    for one in case.cosigners.filter(node__in=map_.nodes):
        one.node = map_.nodes[one.node]
        one.save(update_fields=["node"])
    decision = Decision.objects.filter(case=case).first()
    if decision is not None:
        course = Course.from_json(decision.course)
        course.examined = {map_.nodes.get(node, node): outcome for node, outcome in course.examined.items()}
        course.reasons = {map_.nodes.get(node, node): said for node, said in course.reasons.items()}
        decision.course = course.as_json()
        decision.save(update_fields=["course"])
    case.procedure, case.engine = to, moved.dump()
    case.save(update_fields=["procedure", "engine", "seen_by"])
    record(before=before.pk, after=to.pk, because=map_.reason, machine=machine)
    return case
