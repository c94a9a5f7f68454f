"""The flow of a procedure as BPMN 2.0 with its diagram, for editors, process libraries and other engines.

The compiled graph is what runs; this is the same graph in the world's notation. Conditions stay in the catalogue's
expression language, and the outcome of step ``fee-check`` is the variable ``fee_check_outcome`` in them. What BPMN has
no word for is in extension elements: the law's reasons, the letters, the business days (its own durations are calendar
time). Until the decision has certainly been issued the flow runs in a sub-process, which a message of the applicant
(取下げ) ends. Ids hold an underscore wherever they are not a node's own, so the two can never meet.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

from madoguchi.ground.expressions import Expression, ExpressionError
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules import layout
from madoguchi.procedures.rules.flow import END, START, TITLES, Graph, Node
from madoguchi.procedures.rules.layout import Box, Line, Point, Rect

MADOGUCHI = "urn:madoguchi:bpmn:1"
"""The namespace of the extension elements."""
EXPRESSIONS = "urn:madoguchi:expression:1"
"""The language of conditions, as ``expressionLanguage`` names it."""
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "di": DI, "xsi": XSI, "madoguchi": MADOGUCHI}

MACHINE = "machine"
"""The lane of what happens by itself."""
ROLES: Mapping[str, LocalText] = MappingProxyType(
    {
        "applicant": LocalText({"ja": "申請者", "ja-simple": "申し込む 人", "en": "Applicant"}),
        "cosigner": LocalText({"ja": "連署する方", "ja-simple": "確認する 人", "en": "Cosigner"}),
        "office": LocalText({"ja": "担当課", "ja-simple": "係の 人", "en": "Office"}),
        "head-of-office": LocalText({"ja": "決裁者", "ja-simple": "責任者", "en": "Head of office"}),
        MACHINE: LocalText({"ja": "自動処理", "ja-simple": "コンピューター", "en": "Automatic"}),
    }
)
"""Names of the roles that every procedure knows."""

_OUTCOMES: Mapping[str, LocalText] = MappingProxyType(
    {
        "accept": LocalText({"ja": "認める", "ja-simple": "よい", "en": "Accept"}),
        "refuse": LocalText({"ja": "認めない", "ja-simple": "よくない", "en": "Refuse"}),
        "return": LocalText({"ja": "補正", "ja-simple": "直す", "en": "Return"}),
        "approve": LocalText({"ja": "決裁", "ja-simple": "決める", "en": "Approve"}),
        "send_back": LocalText({"ja": "差戻し", "ja-simple": "もどす", "en": "Send back"}),
        "confirm": LocalText({"ja": "確認", "ja-simple": "確認する", "en": "Confirm"}),
        "decline": LocalText({"ja": "確認しない", "ja-simple": "確認しない", "en": "Decline"}),
        "yes": LocalText({"ja": "行う", "ja-simple": "する", "en": "Yes"}),
        "no": LocalText({"ja": "省く", "ja-simple": "しない", "en": "No"}),
    }
)
_WORDS: Mapping[str, LocalText] = MappingProxyType(
    {
        "withdrawal": LocalText({"ja": "取下げ", "ja-simple": "やめる", "en": "Withdrawal"}),
        "withdrawn": LocalText({"ja": "取り下げた", "ja-simple": "やめた", "en": "Withdrawn"}),
        "overdue": LocalText({"ja": "期限切れ", "ja-simple": "日を すぎた", "en": "Overdue"}),
        "lapsed": LocalText({"ja": "期限切れによる取下げ", "ja-simple": "日を すぎて やめた", "en": "Lapsed"}),
        "reminder": LocalText({"ja": "督促", "ja-simple": "お知らせ", "en": "Reminder"}),
        "until-issue": LocalText(
            {
                "ja": "決定を通知するまで（取下げができる間）",
                "ja-simple": "決まった ことを 知らせるまで（やめる ことが できる）",
                "en": "Until the decision is issued (may be withdrawn)",
            }
        ),
        "days": LocalText({"ja": "{}開庁日", "ja-simple": "{}日（役所が 開く日）", "en": "{} business days"}),
    }
)

# Kinds of steps as BPMN knows them; what leaves the digital path is a manual task, whatever its kind.
_TASKS = {
    "apply": "receiveTask",  # it waits for the case that it has become
    "tell": "sendTask",
    "look_up": "serviceTask",
    "record": "serviceTask",
    "judge": "businessRuleTask",
    "issue": "sendTask",
    "notify": "sendTask",
    "wait": "intermediateCatchEvent",
}

_TASK, _GATEWAY, _EVENT = (120.0, 80.0), (50.0, 50.0), (36.0, 36.0)
_LANE_HEAD, _POOL_HEAD, _MARGIN = 30.0, 34.0, 12.0
_CHARACTER, _LINE_HEIGHT, _SLACK = 12.0, 15.0, 10.0


def export(
    graph: Graph,
    title: LocalText | None = None,
    roles: Mapping[str, LocalText] = MappingProxyType({}),
    language: str = "ja",
    *,
    diagram: bool = True,
) -> bytes:
    """The graph as a BPMN 2.0 document (UTF-8). ``roles`` names those lanes that are not of every procedure.

    Without ``diagram`` it is only good for running.

    The same graph always gives the same text. Steps keep their ids, so that a running case can be found on it.
    """
    return _Writer(graph, _Model(graph, {**ROLES, **roles}, language), title).write(diagram)


def outcome_variable(node: str) -> str:
    """The name under which conditions of the exported process know the outcome of a step."""
    return f"{node.replace('-', '_')}_outcome"


def calendar_duration(business_days: int) -> str:
    """ISO 8601 for engines that know no business days: weeks of five days. The exact number is in the extension."""
    return f"P{ceil(business_days * 7 / 5)}D"


# -- the model: what stands in the document, before it is XML or has a place -------------------------------------------


@dataclass(frozen=True, slots=True)
class _Element:
    """A flow node of BPMN."""

    id: str
    tag: str
    name: str = ""
    lane: str | None = None
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class _Boundary:
    """An event at the edge of an activity, with the end event it leads to or, for a refusal, a flow of its own."""

    id: str
    host: str
    definition: str
    """timer, message or error"""
    name: str
    interrupting: bool
    end: _Element | None = None
    end_definition: str = ""
    """How that end ends: message, error, terminate, or not at all."""
    business_days: int = 0
    then: str = ""


@dataclass(frozen=True, slots=True)
class _Flow:
    source: str
    target: str
    name: str = ""
    condition: str = ""
    default: bool = False

    @property
    def id(self) -> str:
        return f"{self.source}_to_{self.target}"


@dataclass(slots=True)
class _Scope:
    """What one process or sub-process holds."""

    elements: list[_Element] = field(default_factory=list)
    flows: list[_Flow] = field(default_factory=list)
    boundaries: list[_Boundary] = field(default_factory=list)


SUB, SUB_START, SUB_END = "until_issue", "until_issue_start", "until_issue_end"
OVERDUE, WITHDRAWAL, REMINDER = "error_overdue", "message_withdrawal", "message_reminder"


class _Model:
    """The graph in the words of BPMN: gateways wherever ways part and meet, and what is inside until the issue."""

    def __init__(self, graph: Graph, roles: Mapping[str, LocalText], language: str) -> None:
        self.graph, self.roles, self.language = graph, roles, language
        self.inside = _until_issue(graph)
        self.withdraws_inside = False
        whole = _Scope()
        self._steps(whole)
        self._merge(whole)
        self.inner, self.outer = self._split(whole)

    def say(self, text: LocalText) -> str:
        return text.get_for(self.language)

    def role(self, name: str) -> str:
        return self.say(self.roles[name]) if name in self.roles else name

    def lane_of(self, id_: str) -> str:
        """Whose work a node is; of routing nodes, that of the step they stand before."""
        node = self.graph[id_]
        while not node.is_step and node.kind not in ("join", "start", "end"):
            node = self.graph[next(iter(node.next.values()))]
        if node.kind == "join":
            fork = next(one for one in self.graph.nodes.values() if one.join == node.id)
            return self.lane_of(fork.id)
        if not node.is_step:
            return MACHINE
        return node.by or MACHINE

    # Steps with what follows them. Ways that lead to the same place are one flow.
    def _steps(self, scope: _Scope) -> None:
        for node in self.graph.nodes.values():
            match node.kind:
                case "start" | "end":
                    scope.elements.append(_Element(node.id, f"{node.kind}Event", self._title(node), MACHINE, node))
                case "gateway":
                    step = self.graph[node.next["yes"]]
                    name = f"{self._title(step)}？"
                    scope.elements.append(_Element(node.id, "exclusiveGateway", name, self.lane_of(node.id), node))
                    scope.flows += [
                        _Flow(node.id, node.next["yes"], self.say(_OUTCOMES["yes"]), node.when or ""),
                        _Flow(node.id, node.next["no"], self.say(_OUTCOMES["no"]), default=True),
                    ]
                    continue
                case "fork" | "join":
                    scope.elements.append(_Element(node.id, "parallelGateway", "", self.lane_of(node.id), node))
                case _:
                    self._step(node, scope)
                    continue
            scope.flows += [_Flow(node.id, target) for target in node.next.values()]

    def _step(self, node: Node, scope: _Scope) -> None:
        lane = self.lane_of(node.id)
        tag = _TASKS.get(node.kind, "userTask") if node.is_digital else "manualTask"
        scope.elements.append(_Element(node.id, tag, self._title(node), lane, node))
        ways: dict[str, list[str]] = {}
        for outcome, target in node.next.items():
            if node.kind != "correction" or not outcome:
                ways.setdefault(target, []).append(outcome)
        if len(ways) == 1:
            scope.flows.append(_Flow(node.id, next(iter(ways))))
        else:
            way = f"{node.id}_way"
            scope.elements.append(_Element(way, "exclusiveGateway", "", lane))
            scope.flows.append(_Flow(node.id, way))
            for target, outcomes in ways.items():
                name = "・".join(self.say(_OUTCOMES[outcome]) for outcome in outcomes)
                scope.flows.append(_Flow(way, target, name, _is_one_of(node.id, outcomes)))
        if node.deadline:
            self._deadline(node, scope)

    def _deadline(self, node: Node, scope: _Scope) -> None:
        assert node.deadline is not None
        days, then, id_ = int(node.deadline["business_days"]), str(node.deadline["then"]), f"{node.id}_deadline"
        name = self.say(_WORDS["days"]).format(days)
        end, definition = None, ""
        if then == "remind":
            end, definition = _Element(f"{node.id}_reminder", "endEvent", self.say(_WORDS["reminder"])), "message"
        elif then == "withdraw":
            definition = "error" if node.id in self.inside else "terminate"
            self.withdraws_inside = self.withdraws_inside or definition == "error"
            end = _Element(f"{node.id}_lapsed", "endEvent", self.say(_WORDS["overdue"]))
        else:
            scope.flows.append(_Flow(id_, node.next[then]))
        scope.boundaries.append(_Boundary(id_, node.id, "timer", name, then != "remind", end, definition, days, then))

    def _title(self, node: Node) -> str:
        return self.say(node.title or TITLES[node.kind])

    # A gateway wherever ways meet. Before a join, one for each branch: it waits for every flow that enters it.
    def _merge(self, scope: _Scope) -> None:
        entering: dict[str, list[_Flow]] = {}
        for flow in scope.flows:
            entering.setdefault(flow.target, []).append(flow)
        moved: dict[str, str] = {}
        merges: dict[str, list[_Element]] = {}
        for target, flows in entering.items():
            join = target in self.graph.nodes and self.graph[target].kind == "join"
            groups = self._by_branch(target, flows) if join else [("", flows)]
            for suffix, group in groups:
                if len(group) > 1:
                    merge = _Element(f"{target}_merge{suffix}", "exclusiveGateway", "", self.lane_of(target))
                    merges.setdefault(target, []).append(merge)
                    moved.update({flow.id: merge.id for flow in group})
        scope.flows = [
            *(replace(flow, target=moved.get(flow.id, flow.target)) for flow in scope.flows),
            *(_Flow(merge.id, target) for target, ones in merges.items() for merge in ones),
        ]
        scope.elements = [one for element in scope.elements for one in (*merges.get(element.id, ()), element)]

    def _by_branch(self, join: str, flows: Sequence[_Flow]) -> list[tuple[str, list[_Flow]]]:
        fork = next(node for node in self.graph.nodes.values() if node.join == join)
        found: list[tuple[str, list[_Flow]]] = []
        for number, entry in fork.next.items():
            branch, running = {entry}, [entry]
            while running:
                new = set(self.graph[running.pop()].next.values()) - branch - {join}
                branch |= new
                running += new
            sources = branch | {f"{id_}_way" for id_ in branch} | {f"{id_}_deadline" for id_ in branch}
            found.append((f"_{number}", [flow for flow in flows if flow.source in sources]))
        return found

    # Inside and outside. Every flow that leaves the inside goes to one place, where the outside begins.
    def _split(self, whole: _Scope) -> tuple[_Scope, _Scope]:
        owner = {element.id: self._owner(element.id) for element in whole.elements}
        owner.update({boundary.id: boundary.host for boundary in whole.boundaries})
        inner, outer = _Scope(), _Scope()
        inner.elements = [_Element(SUB_START, "startEvent", "", self._entry_lane())]
        outer.elements = [next(element for element in whole.elements if element.id == START)]
        outer.elements.append(_Element(SUB, "subProcess", self.say(_WORDS["until-issue"])))
        for element in whole.elements:
            if element.id != START:
                (inner if owner[element.id] in self.inside else outer).elements.append(element)
        inner.elements.append(_Element(SUB_END, "endEvent"))
        for boundary in whole.boundaries:
            (inner if boundary.host in self.inside else outer).boundaries.append(boundary)
        leaving: list[_Flow] = []
        for flow in whole.flows:
            source, target = owner[flow.source] in self.inside, owner[flow.target] in self.inside
            if source and target:
                inner.flows.append(flow)
            elif source:
                leaving.append(flow)
            elif target:
                inner.flows.append(_Flow(SUB_START, flow.target))
                outer.flows.append(_Flow(flow.source, SUB))
            else:
                outer.flows.append(flow)
        self._leave(leaving, inner, outer)
        outer.boundaries += self._withdrawals()
        return inner, outer

    def _owner(self, id_: str) -> str:
        """The node that an element was made for. A merge stands where its target stands."""
        return id_.partition("_")[0]

    def _leave(self, leaving: Sequence[_Flow], inner: _Scope, outer: _Scope) -> None:
        """To the end of the inside, through a merge where several ways lead there; the merge outside is then empty."""
        target = leaving[0].target
        end = SUB_END
        lanes = {element.id: element.lane for element in inner.elements}
        hosts = {boundary.id: boundary.host for boundary in inner.boundaries}
        last = leaving[-1].source
        inner.elements[-1] = replace(inner.elements[-1], lane=lanes[hosts.get(last, last)])
        if len(leaving) > 1:
            end = f"{SUB_END}_merge"
            inner.elements.insert(-1, _Element(end, "exclusiveGateway", "", inner.elements[-1].lane))
            inner.flows.append(_Flow(end, SUB_END))
        inner.flows += [replace(flow, target=end) for flow in leaving]
        if target.endswith("_merge") and not any(flow.target == target for flow in outer.flows):
            following = next(flow for flow in outer.flows if flow.source == target)
            outer.flows.remove(following)
            outer.elements = [element for element in outer.elements if element.id != target]
            target = following.target
        outer.flows.append(_Flow(SUB, target))

    def _withdrawals(self) -> Iterator[_Boundary]:
        yield _Boundary(
            "withdrawal", SUB, "message", self.say(_WORDS["withdrawal"]), True,
            _Element("withdrawal_end", "endEvent", self.say(_WORDS["withdrawn"])),
        )  # fmt: skip
        if self.withdraws_inside:
            yield _Boundary(
                "withdrawal_lapse", SUB, "error", self.say(_WORDS["overdue"]), True,
                _Element("withdrawal_lapse_end", "endEvent", self.say(_WORDS["lapsed"])),
            )  # fmt: skip

    def _entry_lane(self) -> str:
        return self.lane_of(self.graph[START].next[""])


def _is_one_of(node: str, outcomes: Sequence[str]) -> str:
    variable = outcome_variable(node)
    if len(outcomes) == 1:
        return f"{variable} = '{outcomes[0]}'"
    return f"{variable} in ({', '.join(repr(outcome) for outcome in outcomes)})"


def _until_issue(graph: Graph) -> frozenset[str]:
    """The nodes up to the point at which the decision has certainly been issued, and every loop that reaches back.

    Certain is an issue without condition, or issues directly after one another of which one always happens: if granted
    and if not, or as data and on paper. Where the flow never comes to such a point, all of it may be withdrawn from.
    """
    parts = list(_sequence(graph))
    certain = len(parts) - 1
    conditions: set[str] = set()
    for index, (entry, _) in enumerate(parts):
        node = graph[entry]
        step = graph[node.next["yes"]] if node.kind == "gateway" else node
        if step.kind != "issue":
            conditions.clear()
            continue
        conditions.add(node.when or "")
        if node.kind == "issue" or _one_always_holds(conditions):
            certain = index
            break
    place = {id_: index for index, (_, nodes) in enumerate(parts) for id_ in nodes}
    while reaching := [
        index
        for index, (_, nodes) in enumerate(parts)
        if index > certain
        and any(place.get(target, index) <= certain for id_ in nodes for target in graph[id_].next.values())
    ]:
        certain = max(reaching)
    return frozenset(id_ for _, nodes in parts[: certain + 1] for id_ in nodes)


def _one_always_holds(conditions: Iterable[str]) -> bool:
    """Whether one of them holds however the yes and no that they name come out. Other questions may be left open."""
    parsed = [Expression.parse(one) for one in conditions]
    names = sorted({name for one in parsed for name in one.names})
    if len(names) > 6:
        return False
    try:
        return all(
            any(one.holds(dict(zip(names, values, strict=True))) for one in parsed)
            for values in itertools.product((True, False), repeat=len(names))
        )
    except ExpressionError:
        return False


def _sequence(graph: Graph) -> Iterator[tuple[str, frozenset[str]]]:
    """The outermost steps in order: where each is entered, and all its nodes."""
    at = graph[START].next[""]
    while at != END:
        node = graph[at]
        nodes, step = {at}, node
        if node.kind == "fork":
            assert node.join is not None
            running = [*node.next.values()]
            while running:
                id_ = running.pop()
                if id_ not in nodes:
                    nodes.add(id_)
                    running += [] if id_ == node.join else graph[id_].next.values()
            step = graph[node.join]
        elif node.kind == "gateway":
            step = graph[node.next["yes"]]
            nodes.add(step.id)
        nodes.update(step.next[way] for way in ("return", "decline") if way in step.next)
        yield at, frozenset(nodes)
        at = next(step.next[way] for way in ("accept", "approve", "confirm", "") if way in step.next)


# -- the document ------------------------------------------------------------------------------------------------------


class _Writer:
    """Places the model and writes it as XML."""

    def __init__(self, graph: Graph, model: _Model, title: LocalText | None) -> None:
        self.graph, self.model, self.title = graph, model, title
        used = [element.lane for element in model.inner.elements if element.lane]
        self.lanes = sorted(dict.fromkeys(used), key=lambda lane: (lane != "applicant", lane == MACHINE))
        self.shapes: dict[str, Rect] = {}
        self.labels: dict[str, Rect] = {}
        self.edges: dict[str, tuple[Point, ...]] = {}

    # Where things are: the inside first, because the outside has to make room for it.
    def _place(self) -> None:
        model = self.model
        inner = self._draw(model.inner, len(self.lanes))
        width = inner.width + _LANE_HEAD + 2 * _MARGIN
        height = inner.height + _POOL_HEAD + _MARGIN
        outer = self._draw(model.outer, 1, width)
        sub = Rect(outer.boxes[SUB].x, outer.boxes[SUB].centre.y - height / 2, width, height)
        outer = replace(outer, boxes={**outer.boxes, SUB: sub})
        self._take(model.outer, outer, _MARGIN, max(_MARGIN, _MARGIN - sub.y))
        sub = self.shapes[SUB]
        x, y = sub.x + _MARGIN + _LANE_HEAD, sub.y + _POOL_HEAD
        self._take(model.inner, inner, x, y)
        for lane, rect in zip(self.lanes, inner.lanes, strict=True):
            self.shapes[f"lane_{_ncname(lane)}"] = Rect(
                x - _LANE_HEAD, rect.y + y, rect.width + _LANE_HEAD, rect.height
            )

    def _draw(self, scope: _Scope, lanes: int, sub_width: float = 0) -> layout.Drawing:
        hung = {boundary.host: boundary for boundary in scope.boundaries}
        named = {flow.source: flow.name for flow in scope.flows if flow.name}
        boxes = []
        for element in scope.elements:
            lane = self.lanes.index(element.lane) if element.lane and lanes > 1 else 0
            box = _box(element, lane, sub_width)
            if element.id in hung:
                box = replace(box, below=_HANGING if hung[element.id].end else _EVENT[1] / 2)
            if element.id in named:
                width = max(_size_of(flow.name, _FLOW_WORDS)[0] for flow in scope.flows if flow.source == element.id)
                beside = box.beside if element.name else 2 * width + 8 - box.width
                box = replace(box, after=width + 10, beside=beside)
            boxes.append(box)
        hosts = {boundary.id: boundary.host for boundary in scope.boundaries}
        lines = [
            Line(flow.id, hosts.get(flow.source, flow.source), flow.target, ("bottom",) if flow.source in hosts else ())
            for flow in scope.flows
        ]
        return layout.draw(boxes, lines, lanes)

    def _take(self, scope: _Scope, drawing: layout.Drawing, x: float, y: float) -> None:
        for element in scope.elements:
            shape = self.shapes[element.id] = drawing.boxes[element.id].moved(x, y)
            if element.name and not _is_activity(element.tag):
                width, height = _size_of(element.name, _WORDS_WIDE)
                top = shape.y - height - 3 if element.tag == "exclusiveGateway" else shape.bottom + 3
                self.labels[element.id] = Rect(shape.centre.x - width / 2, top, width, height)
        offsets: dict[str, int] = {}
        for boundary in scope.boundaries:
            host = self.shapes[boundary.host]
            number = offsets[boundary.host] = offsets.get(boundary.host, -1) + 1
            at = host.centre.x if boundary.end is None else host.x + 30 + 130 * number
            half = _EVENT[0] / 2
            shape = self.shapes[boundary.id] = Rect(at - half, host.bottom - half, *_EVENT)
            self._label_beside(boundary.id, boundary.name, shape.moved(0, half / 2))
            if boundary.end:
                end = self.shapes[boundary.end.id] = Rect(at - half, shape.bottom + 22, *_EVENT)
                self._label_beside(boundary.end.id, boundary.end.name, end)
                flow = _Flow(boundary.id, boundary.end.id)
                self.edges[flow.id] = (Point(at, shape.bottom), Point(at, end.y))
        for flow in scope.flows:
            points = [Point(point.x + x, point.y + y) for point in drawing.lines[flow.id]]
            points[0] = _edge_of(self.shapes[flow.source], points[0], points[1])
            points[-1] = _edge_of(self.shapes[flow.target], points[-1], points[-2])
            self.edges[flow.id] = tuple(points)
            if flow.name:
                self.labels[flow.id] = _beside(points[0], points[1], *_size_of(flow.name, _FLOW_WORDS))

    def _label_beside(self, id_: str, name: str, shape: Rect) -> None:
        width, height = _size_of(name, _BESIDE_WORDS)
        self.labels[id_] = Rect(shape.right + 3, shape.centre.y - height / 2, width, height)

    # The XML. The order of children is the schema's.
    def write(self, diagram: bool) -> bytes:
        for prefix, uri in PREFIXES.items():
            ET.register_namespace(prefix, uri)
        graph, model = self.graph, self.model
        title = model.say(self.title) if self.title else graph.code
        root = ET.Element(
            _q(BPMN, "definitions"),
            {
                "id": "definitions_1",
                "name": title,
                "targetNamespace": f"urn:madoguchi:procedure:{graph.code}",
                "expressionLanguage": EXPRESSIONS,
                "exporter": "Madoguchi",
            },
        )
        ET.SubElement(root, _q(BPMN, "message"), {"id": WITHDRAWAL, "name": model.say(_WORDS["withdrawal"])})
        boundaries = [*model.inner.boundaries, *model.outer.boundaries]
        if any(boundary.end_definition == "message" for boundary in boundaries):
            ET.SubElement(root, _q(BPMN, "message"), {"id": REMINDER, "name": model.say(_WORDS["reminder"])})
        if model.withdraws_inside:
            ET.SubElement(
                root,
                _q(BPMN, "error"),
                {"id": OVERDUE, "name": model.say(_WORDS["overdue"]), "errorCode": "overdue"},
            )
        process = ET.SubElement(
            root,
            _q(BPMN, "process"),
            {"id": f"process_{_ncname(graph.code)}", "name": title, "isExecutable": "true"},
        )
        extension = ET.SubElement(process, _q(BPMN, "extensionElements"))
        ET.SubElement(
            extension,
            _q(MADOGUCHI, "procedure"),
            {"code": graph.code, "version": graph.version, "digest": graph.digest},
        )
        self._scope(process, model.outer)
        if diagram:
            self._place()
            self._diagram(root, f"process_{_ncname(graph.code)}")
        ET.indent(root)
        document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return document + b"\n"

    def _scope(self, parent: ET.Element, scope: _Scope) -> None:
        ends = [boundary.end for boundary in scope.boundaries if boundary.end]
        flows = [
            *scope.flows,
            *(_Flow(boundary.id, boundary.end.id) for boundary in scope.boundaries if boundary.end),
        ]
        for element in scope.elements:
            made = self._element(parent, element, flows)
            if element.id == SUB:
                self._lane_set(made)
                self._scope(made, self.model.inner)
        for boundary in scope.boundaries:
            self._boundary(parent, boundary, flows)
        for end in ends:
            made = self._element(parent, end, flows)
            self._end(made, next(boundary for boundary in scope.boundaries if boundary.end is end))
        for flow in flows:
            made = ET.SubElement(
                parent,
                _q(BPMN, "sequenceFlow"),
                _given({"id": flow.id, "name": flow.name, "sourceRef": flow.source, "targetRef": flow.target}),
            )
            if flow.condition:
                condition = ET.SubElement(
                    made, _q(BPMN, "conditionExpression"), {_q(XSI, "type"): "bpmn:tFormalExpression"}
                )
                condition.text = flow.condition

    def _element(self, parent: ET.Element, element: _Element, flows: Iterable[_Flow]) -> ET.Element:
        attributes = {"id": element.id, "name": element.name}
        leaving = [flow for flow in flows if flow.source == element.id]
        entering = [flow for flow in flows if flow.target == element.id]
        if element.tag.endswith("Gateway"):
            ways = {(True, False): "Converging", (False, True): "Diverging"}
            attributes["gatewayDirection"] = ways.get((len(entering) > 1, len(leaving) > 1), "Unspecified")
            attributes["default"] = next((flow.id for flow in leaving if flow.default), "")
        made = ET.SubElement(parent, _q(BPMN, element.tag), _given(attributes))
        if element.node is not None and element.node.is_step:
            self._extension(made, element.node)
        for tag, ones in (("incoming", entering), ("outgoing", leaving)):
            for flow in ones:
                ET.SubElement(made, _q(BPMN, tag)).text = flow.id
        if element.node is not None and element.tag == "intermediateCatchEvent":
            self._wait(made, element.node)
        return made

    def _extension(self, made: ET.Element, node: Node) -> None:
        """All that the graph knows of a step, so that nothing is lost on the way to another tool and back."""
        extension = ET.SubElement(made, _q(BPMN, "extensionElements"))
        attributes = {"kind": node.kind, "channel": node.channel, "role": node.by or ""}
        step = ET.SubElement(extension, _q(MADOGUCHI, "step"), _given(attributes))
        for language, text in (node.title or TITLES[node.kind]).items():
            ET.SubElement(step, _q(MADOGUCHI, "title"), {"language": language}).text = text
        if node.deadline:
            deadline = {name: str(value) for name, value in node.deadline.items()}
            ET.SubElement(step, _q(MADOGUCHI, "deadline"), deadline)
        for name, value in node.arguments.items():
            if name == "digital_break":
                self._break(step, value)
                continue
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
            ET.SubElement(step, _q(MADOGUCHI, "argument"), {"name": name}).text = text

    @staticmethod
    def _break(step: ET.Element, value: Mapping[str, Any]) -> None:
        found = ET.SubElement(step, _q(MADOGUCHI, "digitalBreak"), {"clause": value["clause"], "level": value["level"]})
        for name in ("reason", "substitute"):
            for language, text in value[name].items():
                ET.SubElement(found, _q(MADOGUCHI, name), {"language": language}).text = text

    def _boundary(self, parent: ET.Element, boundary: _Boundary, flows: Iterable[_Flow]) -> None:
        made = ET.SubElement(
            parent,
            _q(BPMN, "boundaryEvent"),
            {
                "id": boundary.id,
                "name": boundary.name,
                "attachedToRef": boundary.host,
                "cancelActivity": "true" if boundary.interrupting else "false",
            },
        )
        if boundary.business_days:
            extension = ET.SubElement(made, _q(BPMN, "extensionElements"))
            given = {"business_days": str(boundary.business_days), "then": boundary.then}
            ET.SubElement(extension, _q(MADOGUCHI, "deadline"), given)
        for flow in flows:
            if flow.source == boundary.id:
                ET.SubElement(made, _q(BPMN, "outgoing")).text = flow.id
        match boundary.definition:
            case "timer":
                _timer(made, "timeDuration", calendar_duration(boundary.business_days))
            case "message":
                ET.SubElement(made, _q(BPMN, "messageEventDefinition"), {"messageRef": WITHDRAWAL})
            case _:
                ET.SubElement(made, _q(BPMN, "errorEventDefinition"), {"errorRef": OVERDUE})

    @staticmethod
    def _end(made: ET.Element, boundary: _Boundary) -> None:
        match boundary.end_definition:
            case "message":
                ET.SubElement(made, _q(BPMN, "messageEventDefinition"), {"messageRef": REMINDER})
            case "error":
                ET.SubElement(made, _q(BPMN, "errorEventDefinition"), {"errorRef": OVERDUE})
            case "terminate":
                ET.SubElement(made, _q(BPMN, "terminateEventDefinition"))

    @staticmethod
    def _wait(made: ET.Element, node: Node) -> None:
        said = node.arguments
        if "until" in said:
            _timer(made, "timeDate", str(said["until"]))
        elif "business_days" in said:
            _timer(made, "timeDuration", calendar_duration(int(said["business_days"])))
        else:
            _timer(made, "timeDuration", f"P{said['days']}D")

    def _lane_set(self, parent: ET.Element) -> None:
        lane_set = ET.SubElement(parent, _q(BPMN, "laneSet"), {"id": "lane_set"})
        inner = self.model.inner
        lane_of = {element.id: element.lane for element in inner.elements}
        for boundary in inner.boundaries:
            lane_of[boundary.id] = lane_of[boundary.host]
            if boundary.end:
                lane_of[boundary.end.id] = lane_of[boundary.host]
        for lane in self.lanes:
            given = {"id": f"lane_{_ncname(lane)}", "name": self.model.role(lane)}
            made = ET.SubElement(lane_set, _q(BPMN, "lane"), given)
            for id_, at in lane_of.items():
                if at == lane:
                    ET.SubElement(made, _q(BPMN, "flowNodeRef")).text = id_

    def _diagram(self, root: ET.Element, process: str) -> None:
        diagram = ET.SubElement(root, _q(BPMNDI, "BPMNDiagram"), {"id": "diagram_1"})
        plane = ET.SubElement(diagram, _q(BPMNDI, "BPMNPlane"), {"id": "plane_1", "bpmnElement": process})
        for id_, rect in self.shapes.items():
            attributes = {"id": f"{id_}_di", "bpmnElement": id_}
            if id_.startswith("lane_"):
                attributes["isHorizontal"] = "true"
            if id_ == SUB:
                attributes["isExpanded"] = "true"
            shape = ET.SubElement(plane, _q(BPMNDI, "BPMNShape"), attributes)
            _bounds(shape, rect)
            self._label(shape, id_)
        for id_, points in self.edges.items():
            edge = ET.SubElement(plane, _q(BPMNDI, "BPMNEdge"), {"id": f"{id_}_di", "bpmnElement": id_})
            for point in points:
                ET.SubElement(edge, _q(DI, "waypoint"), {"x": _number(point.x), "y": _number(point.y)})
            self._label(edge, id_)

    def _label(self, shape: ET.Element, id_: str) -> None:
        if id_ in self.labels:
            _bounds(ET.SubElement(shape, _q(BPMNDI, "BPMNLabel")), self.labels[id_])


_FLOW_WORDS, _BESIDE_WORDS, _WORDS_WIDE = 4, 6, 8
"""Characters in a line of words: on a flow, beside an event, above a gateway."""
_HANGING = _EVENT[1] / 2 + 22 + _EVENT[1] + 6
"""How far an event with its end hangs below its activity."""


def _box(element: _Element, lane: int, sub_width: float) -> Box:
    """Its size, what has to be kept free around it, and where lines may meet it.

    The sub-process stands alone in its column, so its height is given only after the lines have been drawn.
    """
    if element.id == SUB:
        return Box(element.id, sub_width, _TASK[1], lane)
    if _is_activity(element.tag):
        exits: tuple[layout.Side, ...] = ("right",)
        if element.node is not None and element.node.kind == "correction":
            exits = ("top", "right")
        return Box(element.id, *_TASK, lane, exits=exits)
    width, height = _size_of(element.name, _WORDS_WIDE)
    if element.tag.endswith("Gateway"):
        beside = max(0.0, width - _GATEWAY[0])
        if element.name:
            return Box(element.id, *_GATEWAY, lane, height, beside=beside, exits=("right", "bottom"))
        return Box(
            element.id,
            *_GATEWAY,
            lane,
            exits=("right", "top", "bottom") if element.tag == "exclusiveGateway" else ("right", "bottom", "top"),
            entries=("left", "top", "bottom") if element.tag == "exclusiveGateway" else ("left", "bottom", "top"),
        )
    return Box(element.id, *_EVENT, lane, below=height, beside=max(0.0, width - _EVENT[0]))


def _is_activity(tag: str) -> bool:
    return tag.endswith("Task") or tag == "subProcess"


def _size_of(text: str, characters: int) -> tuple[float, float]:
    """Room for words in lines of about the same length, of so many characters at most."""
    if not text:
        return 0.0, 0.0
    lines = ceil(len(text) / characters)
    return ceil(len(text) / lines) * _CHARACTER + _SLACK, lines * _LINE_HEIGHT


def _edge_of(rect: Rect, centre: Point, towards: Point) -> Point:
    """Where a line from the centre meets the shape: rectangles, diamonds and circles agree on their four ends."""
    if towards.x != centre.x:
        return Point(rect.right if towards.x > centre.x else rect.x, centre.y)
    return Point(centre.x, rect.bottom if towards.y > centre.y else rect.y)


def _beside(start: Point, towards: Point, width: float, height: float) -> Rect:
    """A place for words where a line leaves: above it, or beside it where it runs up (left) or down (right)."""
    if start.y == towards.y:
        return Rect(start.x + 4, start.y - height - 2, width, height)
    if towards.y < start.y:
        return Rect(start.x - 2 - width, start.y - height - 1, width, height)
    return Rect(start.x + 8, start.y + 1, width, height)


def _timer(parent: ET.Element, tag: str, text: str) -> None:
    timer = ET.SubElement(parent, _q(BPMN, "timerEventDefinition"))
    ET.SubElement(timer, _q(BPMN, tag), {_q(XSI, "type"): "bpmn:tFormalExpression"}).text = text


def _bounds(parent: ET.Element, rect: Rect) -> None:
    attributes = {name: _number(getattr(rect, name)) for name in ("x", "y", "width", "height")}
    ET.SubElement(parent, _q(DC, "Bounds"), attributes)


def _number(value: float) -> str:
    return f"{round(value, 1):g}"


def _ncname(name: str) -> str:
    return name.replace(".", "_")


def _given(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}


def _q(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}"
