"""The exported BPMN: valid, well drawn, and run by another engine on the same path as ours."""

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations, pairwise, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules import bpmn, engine, examples
from madoguchi.procedures.rules.bpmn import export
from madoguchi.procedures.rules.engine import ENDED_WITHDRAWN, Moves, State
from madoguchi.procedures.rules.flow import Graph
from madoguchi.procedures.rules.layout import Point, Rect
from madoguchi.procedures.tests.builders import APPROVE, EXAMINE, NOTIFY, flows, graph, scopes
from madoguchi.procedures.tests.shipped import catalogue, daito
from madoguchi.procedures.tests.spiff import SCHEMA, Run

ROOT = Path(__file__).parents[3]
CATALOGUE = catalogue()
PACKAGES = sorted(CATALOGUE.packages)
EXAMPLES = [(code, name) for code in PACKAGES for name in CATALOGUE.packages[code].examples]
NAMES = {"bpmn": bpmn.BPMN, "bpmndi": bpmn.BPMNDI, "dc": bpmn.DC, "di": bpmn.DI, "madoguchi": bpmn.MADOGUCHI}

# The same flows every time: a drawing is best effort (a way of its own for every line), not a law.
drawn = settings(deadline=None, max_examples=25, suppress_health_check=[*HealthCheck], derandomize=True)
slow = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def parse(document: bytes) -> etree._Element:
    return etree.fromstring(document)


def find(root: etree._Element, path: str) -> list[Any]:
    found = root.xpath(path, namespaces=NAMES)
    assert isinstance(found, list)
    return found


def exported(code: str) -> bytes:
    package = CATALOGUE.packages[code]
    return export(package.graph, package.procedure.title)


# -- the document -----------------------------------------------------------------------------------------------------


def check_document(document: bytes) -> etree._Element:
    root = parse(document)
    assert SCHEMA.validate(root), SCHEMA.error_log
    ids = find(root, "//@id")
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", id_) for id_ in ids)
    assert not {"Start", "End", "Root"} & set(ids), "names that SpiffWorkflow gives to its own tasks"
    return root


@pytest.mark.parametrize("code", PACKAGES)
def test_every_package_is_valid_by_the_schema_of_the_omg(code: str) -> None:
    root = check_document(exported(code))
    steps = {node.id for node in CATALOGUE.packages[code].graph.steps}
    assert steps <= set(find(root, "//bpmn:process//@id"))


@pytest.mark.parametrize("code", PACKAGES)
def test_the_same_graph_gives_the_same_text(code: str) -> None:
    graph = CATALOGUE.packages[code].graph
    title = CATALOGUE.packages[code].procedure.title
    assert export(Graph.from_json(graph.as_json()), title) == export(graph, title)


def test_names_come_in_the_language_asked_for() -> None:
    graph = CATALOGUE.packages["dog-registration"].graph
    lanes = find(parse(export(graph, language="en")), "//bpmn:lane/@name")
    assert lanes == ["Applicant", "Office", "Automatic"]
    named = export(graph, roles={"office": LocalText({"ja": "環境課"})})
    assert "環境課" in find(parse(named), "//bpmn:lane/@name")


def test_the_city_names_the_lanes() -> None:
    city = daito()
    package = CATALOGUE.packages["disaster-certificate"]
    document = export(package.graph, roles=city.role_names(package.procedure))
    lanes = find(parse(document), "//bpmn:lane/@name")
    assert lanes == ["申請者", "課税課", "課税課（surveyors）", "決裁者", "自動処理"]


# -- what the notation says -------------------------------------------------------------------------------------------

BREAK = {
    "clause": "条例第3条",
    "level": "条例",
    "reason": {"ja": "紙の証紙", "ja-simple": "紙", "en": "a paper stamp"},
    "substitute": {"ja": "電子納付", "ja-simple": "カード", "en": "card"},
}
FLOW: list[Any] = [
    {"look_up": {"facts": ["person.address"], "basis": "internal-use"}},
    {
        "examine": {
            "by": "office",
            "deadline": {"business_days": 7},
            "correction": {"business_days": 14, "then": "withdraw"},
        }
    },
    {"examine": {"id": "stamp", "by": "office", "channel": "paper", "outcomes": ["accept"], "digital_break": BREAK}},
    {"approve": {"by": "head-of-office"}},
    {"issue": {"letter": "decision"}},
    NOTIFY,
]  # fmt: skip


def tag_of(root: etree._Element, id_: str) -> str:
    (found,) = find(root, f"//*[@id='{id_}']")
    return str(etree.QName(found).localname)


def test_each_kind_of_step_is_the_task_that_fits() -> None:
    root = parse(export(graph(FLOW)))
    assert {
        id_: tag_of(root, id_) for id_ in ("look-up", "examine", "stamp", "issue-decision", "examine-correction")
    } == {
        "look-up": "serviceTask",
        "examine": "userTask",
        "stamp": "manualTask",
        "issue-decision": "sendTask",
        "examine-correction": "userTask",
    }
    (found,) = find(root, "//*[@id='stamp']//madoguchi:digitalBreak")
    assert (found.get("clause"), found.get("level")) == ("条例第3条", "条例")


def test_outcomes_are_conditions_in_our_language() -> None:
    root = parse(export(graph(FLOW)))
    conditions = find(root, "//bpmn:sequenceFlow[@sourceRef='examine_way']/bpmn:conditionExpression/text()")
    assert conditions == ["examine_outcome in ('accept', 'refuse')", "examine_outcome = 'return'"]


def test_deadlines_are_timers_at_the_edge() -> None:
    root = parse(export(graph(FLOW)))
    remind, lapse = find(root, "//bpmn:boundaryEvent[bpmn:timerEventDefinition]")
    assert (remind.get("attachedToRef"), remind.get("cancelActivity")) == ("examine", "false")
    assert (lapse.get("attachedToRef"), lapse.get("cancelActivity")) == ("examine-correction", "true")
    assert find(lapse, ".//bpmn:timeDuration/text()") == ["P20D"]
    assert find(lapse, ".//madoguchi:deadline/@business_days") == ["14"]


def inside(flow: Iterable[Any]) -> set[str]:
    root = parse(export(graph([*flow])))
    return {id_ for id_ in find(root, "//bpmn:subProcess//@id") if id_ in graph([*flow]).nodes}


def test_withdrawal_ends_what_runs_until_the_decision_is_issued() -> None:
    root = parse(export(graph(FLOW)))
    (event,) = find(root, "//bpmn:boundaryEvent[bpmn:messageEventDefinition]")
    assert (event.get("attachedToRef"), event.get("cancelActivity")) == ("until_issue", "true")
    assert "issue-decision" in inside(FLOW)
    assert "notify-decided" not in inside(FLOW)


def test_one_of_two_issues_happens_for_certain() -> None:
    yes = {"issue": {"letter": "yes", "when": "decision.granted"}}
    no = {"issue": {"letter": "no", "when": "not decision.granted"}}
    assert "notify-decided" in inside([EXAMINE, yes, NOTIFY])
    assert "notify-decided" in inside([EXAMINE, yes, {"record": {"fact": "dog.registration"}}, no, NOTIFY])
    assert "issue-no" in inside([EXAMINE, yes, no, NOTIFY])
    assert "notify-decided" not in inside([EXAMINE, yes, no, NOTIFY])


def test_one_of_three_issues_happens_for_certain() -> None:
    data = {"issue": {"letter": "data", "when": "decision.granted and verdict.electronic"}}
    paper = {"issue": {"letter": "paper", "when": "decision.granted and not verdict.electronic"}}
    no = {"issue": {"letter": "no", "when": "not decision.granted"}}
    assert "notify-decided" not in inside([EXAMINE, data, paper, no, NOTIFY])
    assert "notify-decided" in inside([EXAMINE, data, no, NOTIFY])
    assert "notify-decided" in inside([EXAMINE, data, paper, NOTIFY])
    grade = {"issue": {"letter": "grade", "when": "decision.granted and verdict.grade = 'total'"}}
    assert "notify-decided" in inside([EXAMINE, grade, no, NOTIFY])


def test_a_loop_that_reaches_back_stays_inside() -> None:
    found = inside([EXAMINE, {"issue": {"letter": "draft"}}, {"approve": {"by": "head-of-office"}}, NOTIFY])
    assert "approve" in found
    assert "notify-decided" not in found


# -- the drawing ------------------------------------------------------------------------------------------------------


def rect(bounds: Any) -> Rect:
    return Rect(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))


def check_drawing(root: etree._Element) -> None:
    """Everything drawn once; no shape on another, no line through a shape, every corner a right angle."""
    placed = find(root, "//@bpmnElement")
    flow_nodes = find(
        root, "//bpmn:process//*[self::bpmn:sequenceFlow or bpmn:incoming or bpmn:outgoing or self::bpmn:lane]/@id"
    )
    assert sorted(placed[1:]) == sorted(flow_nodes)
    shapes = {shape.get("bpmnElement"): rect(shape[0]) for shape in find(root, "//bpmndi:BPMNShape")}
    attached = set(find(root, "//bpmn:boundaryEvent/@id"))
    frames = {id_ for id_ in shapes if id_ == "until_issue" or id_.startswith("lane_")}
    solid = {id_: shape for id_, shape in shapes.items() if id_ not in frames | attached}
    for (a, one), (b, other) in combinations(solid.items(), 2):
        assert not one.overlaps(other), (a, b)
    for id_ in find(root, "//bpmn:subProcess/*[bpmn:incoming or bpmn:outgoing]/@id"):
        assert contains(shapes["until_issue"], shapes[id_])
    for lane in find(root, "//bpmn:lane"):
        for id_ in find(lane, "bpmn:flowNodeRef/text()"):
            assert contains(shapes[lane.get("id")], shapes[id_]), (lane.get("id"), id_)
    ends = {
        flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef")) for flow in find(root, "//bpmn:sequenceFlow")
    }
    pieces: list[tuple[str, Point, Point]] = []
    for edge in find(root, "//bpmndi:BPMNEdge"):
        id_ = edge.get("bpmnElement")
        points = [Point(float(one.get("x")), float(one.get("y"))) for one in find(edge, "di:waypoint")]
        source, target = ends[id_]
        assert touches(shapes[source], points[0])
        assert touches(shapes[target], points[-1])
        for a, b in pairwise(points):
            assert (a.x == b.x) != (a.y == b.y), id_
            pieces.append((id_, a, b))
            for other, shape in solid.items():
                assert other in (source, target) or not through(shape, a, b), (id_, other)
    for (one_id, a, b), (other_id, c, d) in combinations(pieces, 2):
        together = any(x == y for x, y in zip(ends[one_id], ends[other_id], strict=True))
        assert together or not on_each_other(a, b, c, d), (one_id, other_id)
    labels = {label.getparent().get("bpmnElement"): rect(label[0]) for label in find(root, "//bpmndi:BPMNLabel")}
    for (a_id, label), (b_id, shape) in ((a, b) for a in labels.items() for b in solid.items()):
        assert a_id == b_id or not label.overlaps(shape), (a_id, b_id)
    for (a_id, label), (b_id, other_label) in combinations(labels.items(), 2):
        assert not label.overlaps(other_label), (a_id, b_id)


def contains(outer: Rect, inner: Rect) -> bool:
    return outer.x <= inner.x and outer.y <= inner.y and inner.right <= outer.right and inner.bottom <= outer.bottom


def touches(shape: Rect, point: Point) -> bool:
    middle = shape.centre
    sides = ((shape.x, middle.y), (shape.right, middle.y), (middle.x, shape.y), (middle.x, shape.bottom))
    return any(abs(point.x - x) < 0.2 and abs(point.y - y) < 0.2 for x, y in sides)


def through(shape: Rect, a: Point, b: Point) -> bool:
    (left, right), (top, bottom) = sorted((a.x, b.x)), sorted((a.y, b.y))
    return left < shape.right and shape.x < right + 0.01 and top < shape.bottom and shape.y < bottom + 0.01


def on_each_other(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Two pieces that run on the same track for a while."""
    for axis, other in ((0, 1), (1, 0)):
        if a[axis] == b[axis] == c[axis] == d[axis]:
            (low, high), (from_, to) = sorted((a[other], b[other])), sorted((c[other], d[other]))
            return min(high, to) - max(low, from_) > 0.2
    return False


@pytest.mark.parametrize("code", PACKAGES)
def test_every_package_is_drawn_without_a_collision(code: str) -> None:
    check_drawing(parse(exported(code)))


@drawn
@given(flows())
def test_every_flow_is_valid_and_drawn_without_a_collision(flow: list[Any]) -> None:
    check_drawing(check_document(export(graph(flow))))


# -- a second opinion -------------------------------------------------------------------------------------------------


class Beside:
    """Our engine with SpiffWorkflow beside it: every move is made by both, and both must stand at the same steps."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.path: list[str] = []

    def start(self, graph: Graph, scope: Mapping[str, Any]) -> Moves:
        self.run = Run(self.document, scope)
        return self.agree(engine.start(graph, scope))

    def complete(self, graph: Graph, state: State, token: int, outcome: str, scope: Mapping[str, Any]) -> Moves:
        node = graph[state.tokens[token]]
        moves = engine.complete(graph, state, token, outcome, scope)
        if node.kind == "correction" and outcome:
            self.run.expire(node.id, scope)
        else:
            self.run.complete(node.id, outcome, scope)
        self.path.append(f"{node.kind}:{outcome}" if outcome else node.kind)
        return self.agree(moves)

    def cancel(self, graph: Graph, state: State, reason: str) -> Moves:
        moves = engine.cancel(graph, state, reason)
        self.run.withdraw()
        self.path.append(reason)
        return self.agree(moves)

    def agree(self, moves: Moves) -> Moves:
        assert self.run.steps == sorted(moves.state.tokens.values())
        assert self.run.ended == moves.ended
        assert self.run.may_withdraw or not engine.may_withdraw(moves.state)
        return moves

    def as_module(self) -> SimpleNamespace:
        mine: dict[str, Callable[..., Moves]] = {"start": self.start, "complete": self.complete, "cancel": self.cancel}
        return SimpleNamespace(**{**vars(engine), **mine})


@pytest.mark.parametrize(("code", "name"), EXAMPLES)
def test_another_engine_takes_the_same_path_for_every_example(
    code: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = CATALOGUE.packages[code]
    example = package.examples[name]
    beside = Beside(exported(code))
    monkeypatch.setattr(examples, "engine", beside.as_module())
    story = examples.play(package, example, CATALOGUE.facts)
    assert story.stopped is None
    assert beside.path == [*example.path]
    assert beside.run.ended


#: A letter goes out on one way only, before another body decides: the export leaves withdrawing open until that is
#: told, the product closes it with the first letter.
TOLD_BEFORE = {"funeral-benefit-late-elderly": {"union", "benefit", "notice", "refusal"}}


@pytest.mark.parametrize("code", PACKAGES)
def test_withdrawal_is_open_exactly_as_long_as_the_law_has_it(code: str) -> None:
    """Of our own packages the sub-process ends with the issue, so that both engines offer it at the same steps."""
    flow = CATALOGUE.packages[code].graph
    for granted, electronic in product((True, False), repeat=2):
        verdict = {"tag": True, "survey": True, "electronic": electronic}
        scope = {"decision": {"granted": granted}, "verdict": verdict, "finding": {}}
        beside = Beside(exported(code))
        state = beside.start(flow, scope).state
        while state.tokens:
            longer = bool(TOLD_BEFORE.get(code, set()) & set(state.tokens.values()))
            assert beside.run.may_withdraw == (engine.may_withdraw(state) or longer), state.tokens
            token, node = next(iter(state.tokens.items()))
            forward = next(outcome for outcome in flow[node].next if outcome not in ("return", "send_back"))
            state = beside.complete(flow, state, token, forward, scope).state


@slow
@given(flows(), scopes, st.data())
def test_another_engine_takes_the_same_path_through_every_flow(
    flow: list[Any], scope: dict[str, Any], data: st.DataObject
) -> None:
    compiled = graph(flow)
    beside = Beside(export(compiled, diagram=False))
    state = beside.start(compiled, scope).state
    for _ in range(25):
        if not state.tokens:
            return
        if engine.may_withdraw(state) and data.draw(st.integers(0, 19)) == 0:
            assert beside.cancel(compiled, state, ENDED_WITHDRAWN).ended == ENDED_WITHDRAWN
            return
        token = data.draw(st.sampled_from(sorted(state.tokens)))
        outcome = data.draw(st.sampled_from(sorted(compiled[state.tokens[token]].next)))
        if outcome == "send_back" and any("parallel" in step for step in flow):
            # In its second round the other engine's join has let one branch through alone; ours waits for both, as a
            # parallel gateway does (BPMN 2.0, 13.4.1). So such a flow is followed until it is sent back.
            return
        state = beside.complete(compiled, state, token, outcome, scope).state


def test_a_correction_that_is_not_made_ends_the_case() -> None:
    flow = graph([{"parallel": [[FLOW[1]], [{"consult": {"by": "tax"}}]]}, APPROVE, NOTIFY])
    run = Run(export(flow), {})
    run.complete("examine", "return", {})
    assert run.steps == ["consult-tax", "examine-correction"]
    run.expire("examine-correction", {})
    assert (run.steps, run.ended) == ([], ENDED_WITHDRAWN)


def test_after_the_issue_too() -> None:
    flow = graph([{"issue": {"letter": "decision"}}, {"parallel": [[FLOW[1]], [{"consult": {"by": "tax"}}]]}, NOTIFY])
    run = Run(export(flow), {})
    run.complete("issue-decision", "", {})
    assert not run.may_withdraw
    run.complete("examine", "return", {})
    run.expire("examine-correction", {})
    assert (run.steps, run.ended) == ([], ENDED_WITHDRAWN)


def test_a_reminder_leaves_the_step_open() -> None:
    flow = graph(FLOW)
    run = Run(export(flow), {})
    run.complete("look-up", "", {})
    run.expire("examine", {})
    assert (run.steps, run.ended) == (["examine"], None)
    run.complete("examine", "accept", {})
    assert run.steps == ["stamp"]
