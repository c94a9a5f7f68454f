"""The flow of a procedure compiled to a graph: immutable, versioned, the same for all who read it.

The engine runs this graph, the check reads it, the picture draws it and the programme measures it, so they cannot
disagree. The flow is structured: a fork always meets its join, a loop never leaves its branch. Therefore a token can
neither be lost nor doubled, and a fork is never open twice at once.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.document import Path_
from madoguchi.procedures.rules.format import DIGITAL_CHANNELS, AnyBody, Fee, Pay, Procedure, Step, walk

START, END = "start", "end"
MAX_STEPS = 300
ROUTING = frozenset({"start", "end", "gateway", "fork", "join"})
"""Kinds that the engine passes by itself; a token of every other kind stops and is a step."""
HUMAN = frozenset({"cosign", "examine", "consult", "approve", "correction", "pay"})
APPLICANT = "applicant"
"""Who does corrections and payments; not a role of the organisation."""
COSIGNER = "cosigner"
"""Whoever the applicant has named to confirm their part."""

TITLES: Mapping[str, LocalText] = MappingProxyType(
    {
        "start": LocalText({"ja": "受付", "ja-simple": "受付", "en": "Received"}),
        "end": LocalText({"ja": "完了", "ja-simple": "終わり", "en": "Done"}),
        "apply": LocalText({"ja": "手続き", "ja-simple": "手続き", "en": "Procedure"}),
        "tell": LocalText({"ja": "連絡", "ja-simple": "知らせる", "en": "Told"}),
        "cosign": LocalText({"ja": "連署", "ja-simple": "ほかの 人の 確認", "en": "Confirmation by others"}),
        "examine": LocalText({"ja": "審査", "ja-simple": "内容を 調べる", "en": "Examination"}),
        "correction": LocalText({"ja": "補正", "ja-simple": "直して もらう", "en": "Correction by the applicant"}),
        "look_up": LocalText({"ja": "照会", "ja-simple": "記録を 見る", "en": "Look-up"}),
        "judge": LocalText({"ja": "要件の判定", "ja-simple": "条件を 調べる", "en": "Check of the requirements"}),
        "consult": LocalText({"ja": "合議", "ja-simple": "ほかの 課に 聞く", "en": "Consultation"}),
        "approve": LocalText({"ja": "決裁", "ja-simple": "責任者が 決める", "en": "Approval"}),
        "allot": LocalText({"ja": "選考", "ja-simple": "順番を 決める", "en": "Allotment of places"}),
        "pay": LocalText({"ja": "納付", "ja-simple": "お金を 払う", "en": "Payment"}),
        "issue": LocalText({"ja": "通知書の交付", "ja-simple": "お知らせの 手紙を 出す", "en": "Letter issued"}),
        "record": LocalText({"ja": "記録", "ja-simple": "記録する", "en": "Record kept"}),
        "wait": LocalText({"ja": "待機", "ja-simple": "待つ", "en": "Waiting"}),
        "notify": LocalText({"ja": "お知らせ", "ja-simple": "お知らせ", "en": "Notice"}),
    }
)

# What of a step's body is already a field of its node, or only of interest before compiling.
_NOT_ARGUMENTS = {"id", "title", "when", "by", "channel", "deadline", "outcomes", "correction", "back_to"}


class FlowError(Exception):
    """A flow that cannot be compiled; ``path`` leads to the step in the document."""

    def __init__(self, path: Path_, message: str, instead: str) -> None:
        super().__init__(message)
        self.path, self.message, self.instead = path, message, instead


@dataclass(frozen=True, slots=True)
class Node:
    """A place a token can be at. ``next`` maps an outcome ("" where there is only one way on) to the next node."""

    id: str
    kind: str
    next: Mapping[str, str]
    title: LocalText | None = None
    by: str | None = None
    """A role; ``applicant`` at a correction and a payment, ``cosigner`` where somebody else confirms."""
    channel: str = "screen"
    when: str | None = None
    """Of a gateway: the condition between the ways ``yes`` and ``no``."""
    join: str | None = None
    """Of a fork: where its branches meet."""
    waits_for: int = 0
    """Of a join: how many branches."""
    deadline: Mapping[str, Any] | None = None
    """{business_days, then: remind | withdraw | refuse}"""
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What the kind needs: letter, signed, table, facts, basis, fact, value, template, to, checks, …"""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes to choose from; empty where there is only one way on."""
        return tuple(outcome for outcome in self.next if outcome)

    @property
    def is_step(self) -> bool:
        return self.kind not in ROUTING

    @property
    def is_human(self) -> bool:
        """Whether a person must do it: by its nature, or because it leaves the digital path."""
        return self.kind in HUMAN or not self.is_digital

    @property
    def is_applicants(self) -> bool:
        """Whether it is up to the applicant, or to those whom the applicant has named, and not to the office."""
        return self.by in (APPLICANT, COSIGNER)

    @property
    def is_digital(self) -> bool:
        return self.channel in DIGITAL_CHANNELS

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"id": self.id, "kind": self.kind, "next": dict(self.next)}
        if self.title is not None:
            data["title"] = dict(self.title)
        if self.channel != "screen":
            data["channel"] = self.channel
        for name in ("by", "when", "join", "waits_for"):
            if value := getattr(self, name):
                data[name] = value
        if self.deadline:
            data["deadline"] = dict(self.deadline)
        if self.arguments:
            data["arguments"] = dict(self.arguments)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Node":
        return cls(
            id=data["id"],
            kind=data["kind"],
            next=MappingProxyType(dict(data["next"])),
            title=LocalText(data["title"]) if "title" in data else None,
            by=data.get("by"),
            channel=data.get("channel", "screen"),
            when=data.get("when"),
            join=data.get("join"),
            waits_for=data.get("waits_for", 0),
            deadline=MappingProxyType(dict(data["deadline"])) if "deadline" in data else None,
            arguments=MappingProxyType(dict(data.get("arguments", {}))),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """The compiled flow of one version of a procedure. Each is one of its own: what is drawn of it is kept with it."""

    code: str
    version: str
    """YYYY-MM-DD"""
    nodes: Mapping[str, Node]
    """By id, in the order of the document; ``start`` first, ``end`` last."""

    def __getitem__(self, id_: str) -> Node:
        return self.nodes[id_]

    @property
    def steps(self) -> tuple[Node, ...]:
        """The nodes at which a token stops, in the order of the document."""
        return tuple(node for node in self.nodes.values() if node.is_step)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "version": self.version, "nodes": [node.as_json() for node in self.nodes.values()]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Graph":
        nodes = [Node.from_json(node) for node in data["nodes"]]
        return cls(data["code"], data["version"], MappingProxyType({node.id: node for node in nodes}))

    @property
    def digest(self) -> str:
        """See :func:`digest`."""
        return digest(self.as_json())

    def reachable(self) -> frozenset[str]:
        """The nodes that can be reached from the start by some choice of outcomes."""
        return self._closure(START, {node.id: frozenset(node.next.values()) for node in self.nodes.values()})

    def ending(self) -> frozenset[str]:
        """The nodes from which the end can be reached."""
        back: dict[str, set[str]] = {id_: set() for id_ in self.nodes}
        for node in self.nodes.values():
            for target in node.next.values():
                back[target].add(node.id)
        return self._closure(END, {id_: frozenset(ids) for id_, ids in back.items()})

    @staticmethod
    def _closure(first: str, edges: Mapping[str, frozenset[str]]) -> frozenset[str]:
        seen, open_ = {first}, [first]
        while open_:
            new = edges[open_.pop()] - seen
            seen |= new
            open_ += new
        return frozenset(seen)

    def paths(self, limit: int = 2000, *, conditions: bool = False) -> Iterator[tuple[tuple[str, str], ...]]:
        """Ways through the flow as (step, outcome) pairs: every loop at most once, branches in the order written.

        A condition keeps its value along a way until a step could have changed it, and a refusal makes
        ``decision.granted`` false; so contradictory ways are left out. With ``conditions`` the gateways are in the
        ways, too. Stops after ``limit`` ways.
        """
        for count, (way, _) in enumerate(self._ways(START, END, _Known())):
            if count >= limit:
                return
            yield way if conditions else tuple(one for one in way if self.nodes[one[0]].is_step)

    def _ways(self, at: str, stop: str, known: "_Known") -> Iterator[tuple[tuple[tuple[str, str], ...], "_Known"]]:
        node = self.nodes[at]
        if at == stop:
            yield (), known
            return
        if node.kind == "fork":
            assert node.join is not None
            for way, after in self._branches(tuple(node.next.values()), node.join, known):
                for rest, last in self._ways(self.nodes[node.join].next[""], stop, after):
                    yield way + rest, last
            return
        for outcome, target in node.next.items():
            then = None if (at, outcome) in known.loops else known.after(node, outcome)
            if then is None:
                continue
            here = ((at, outcome),) if node.is_step or node.kind == "gateway" else ()
            for way, last in self._ways(target, stop, then):
                yield here + way, last

    def _branches(
        self, entries: tuple[str, ...], join: str, known: "_Known"
    ) -> Iterator[tuple[tuple[tuple[str, str], ...], "_Known"]]:
        if not entries:
            yield (), known
            return
        for way, after in self._ways(entries[0], join, known):
            for rest, last in self._branches(entries[1:], join, after):
                yield way + rest, last

    def branches(self) -> Mapping[str, Mapping[str, str]]:
        """Of every node within a parallel: fork → the branch of it in which it stands."""
        found: dict[str, dict[str, str]] = {id_: {} for id_ in self.nodes}
        for fork in self.nodes.values():
            for branch, first in fork.next.items() if fork.kind == "fork" else ():
                inside, open_ = {first}, [first]
                while open_:
                    new = {*self.nodes[open_.pop()].next.values()} - inside - {str(fork.join)}
                    inside |= new
                    open_ += new
                for id_ in inside - {str(fork.join)}:
                    found[id_][fork.id] = branch
        return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What one way through the flow has settled so far: values of conditions, and which loops were taken."""

    conditions: Mapping[str, bool] = field(default_factory=dict)
    loops: frozenset[tuple[str, str]] = frozenset()

    def after(self, node: Node, outcome: str) -> "_Known | None":
        """What is known when the node was left by this outcome; None where that contradicts what was known."""
        if node.kind == "gateway":
            text, value = _normal(node.when or "")
            holds = (outcome == "yes") == value
            if self.conditions.get(text, holds) != holds:
                return None
            return _Known({**self.conditions, text: holds}, self.loops)
        if not node.is_step:
            return self
        loops = self.loops | {(node.id, outcome)} if outcome in ("return", "send_back", "decline") else self.loops
        if node.kind == "examine":
            return _Known({"decision.granted": False} if outcome == "refuse" else {}, loops)
        if node.kind in ("judge", "allot", "look_up", "correction"):
            kept = {"decision.granted": False} if self.conditions.get("decision.granted") is False else {}
            return _Known(kept if node.kind in ("judge", "allot") else {}, loops)
        return _Known(self.conditions, loops)


def _normal(condition: str) -> tuple[str, bool]:
    """The condition without a leading ``not``, and whether it is asked for as it stands."""
    text, value = " ".join(condition.split()), True
    while text.startswith("not "):
        text, value = text[4:].strip(), not value
        if text.startswith("(") and text.endswith(")") and "(" not in text[1:-1]:
            text = text[1:-1].strip()
    return text, value


def digest(data: Any) -> str:
    """sha256 in hex over compact JSON in UTF-8. Order counts: that of options and outcomes is what people see.

    Where order means nothing the models have theirs, so that a line moved in the YAML is no new version.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def compile_flow(procedure: Procedure) -> Graph:
    """Compile the flow. Raises FlowError where it is well-formed but cannot run."""
    return _Compiler(procedure).run()


def step_places(procedure: Procedure) -> dict[str, Path_]:
    """Node id → path of its step in procedure.yaml; routing nodes lead to the step they were made for."""
    return _Compiler(procedure).places()


class _Compiler:
    """Builds backwards, from the end: the way on from a step is known before the step itself."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.ids: dict[Path_, str] = {}
        self.nodes: dict[str, Node] = {}
        if sum(1 for _ in walk(procedure.flow)) > MAX_STEPS:
            raise FlowError(("flow",), f"手順が多すぎます（上限 {MAX_STEPS}）", "手続きを分けます")
        self._name(procedure.flow, ("flow",))

    def run(self) -> Graph:
        self._add(Node(END, "end", MappingProxyType({}), TITLES["end"]))
        first = self._sequence(self.procedure.flow, ("flow",), END)
        self._add(Node(START, "start", MappingProxyType({"": first}), TITLES["start"]))
        nodes = MappingProxyType(dict(reversed(self.nodes.items())))
        return Graph(self.procedure.code, self.procedure.version.isoformat(), nodes)

    def places(self) -> dict[str, Path_]:
        found: dict[str, Path_] = {}
        self.run()
        made = {"-if", "-correction", "-join"}
        for path, id_ in self.ids.items():
            found[id_] = path
            found.update({f"{id_}{suffix}": path for suffix in made if f"{id_}{suffix}" in self.nodes})
        return found

    # Ids: written, or from the kind and what it is about; the second of the same name gets -2. A kind's argument is in
    # the name so that a step keeps its id when another one of its kind is put before it.
    def _name(self, steps: tuple[Step, ...], at: Path_) -> None:
        for index, step in enumerate(steps):
            path: Path_ = (*at, index, step.kind)
            written = None if step.parallel else step.body.id
            wanted = written or self._natural_id(step)
            taken = set(self.ids.values())
            if written and (written in taken or written in (START, END)):
                why = "は始めと終わりの名前です" if written in (START, END) else "は使われています"
                raise FlowError((*path, "id"), f"id {written} {why}", "別の id にします")
            id_, number = wanted, 1
            while id_ in taken:
                number += 1
                id_ = f"{wanted}-{number}"
            self.ids[path] = id_
            for number, branch in enumerate(step.parallel or ()):
                self._name(branch, (*path, number))

    @staticmethod
    def _natural_id(step: Step) -> str:
        about = {
            "apply": step.apply and step.apply.procedure,
            "tell": step.tell and step.tell.service,
            "judge": step.judge and step.judge.table,
            "issue": step.issue and step.issue.letter,
            "record": step.record and step.record.fact,
            "notify": step.notify and step.notify.template,
            "consult": step.consult and step.consult.by,
        }.get(step.kind)
        words = (step.kind, about) if about else (step.kind,)
        return "-".join(words).replace("_", "-").replace(".", "-")

    def _sequence(self, steps: tuple[Step, ...], at: Path_, after: str) -> str:
        for index in reversed(range(len(steps))):
            after = self._step(steps, index, at, after)
        return after

    def _entry(self, step: Step, path: Path_) -> str:
        """Where a token arrives that is to do this step if its condition holds."""
        conditional = step.parallel is None and self._when(step.body) is not None
        return f"{self.ids[path]}-if" if conditional else self.ids[path]

    def _step(self, steps: tuple[Step, ...], index: int, at: Path_, after: str) -> str:
        step = steps[index]
        path: Path_ = (*at, index, step.kind)
        id_ = self.ids[path]
        if step.parallel is not None:
            return self._parallel(step.parallel, path, id_, after)
        body = step.body
        next_ = {"": after}
        if step.examine:
            next_ = dict.fromkeys(step.examine.outcomes, after)
            if "return" in next_:
                next_["return"] = f"{id_}-correction"
                self._correction(step.examine.correction.model_dump(), steps, index, at, after)
        elif step.cosign:
            next_ = {"confirm": after, "decline": f"{id_}-correction"}
            again = self._entry(step, path)
            self._add_correction(f"{id_}-correction", {"": again}, step.cosign.deadline.model_dump())
        elif step.approve:
            next_ = dict.fromkeys(step.approve.outcomes, after)
            if "send_back" in next_:
                next_["send_back"] = self._examine_before(steps, index, at, path)
        self._add(
            Node(
                id_,
                step.kind,
                MappingProxyType(next_),
                body.title or TITLES[step.kind],
                APPLICANT if step.pay else COSIGNER if step.cosign else body.by,
                body.channel,
                deadline=MappingProxyType(body.deadline.model_dump()) if body.deadline else None,
                arguments=MappingProxyType(_arguments(body)),
            )
        )
        when = self._when(body)
        if when is None:
            return id_
        gateway = f"{id_}-if"
        self._add(Node(gateway, "gateway", MappingProxyType({"yes": id_, "no": after}), when=when))
        return gateway

    def _when(self, body: AnyBody) -> str | None:
        """The condition of a step; of a payment that has none, that of the fee."""
        fee = self.procedure.fee
        if body.when is None and isinstance(body, Pay) and isinstance(fee, Fee):
            return fee.when
        return body.when

    def _parallel(self, branches: tuple[tuple[Step, ...], ...], path: Path_, id_: str, after: str) -> str:
        join = f"{id_}-join"
        self._add(Node(join, "join", MappingProxyType({"": after}), waits_for=len(branches)))
        entries = {
            str(number): self._sequence(branches[number], (*path, number), join)
            for number in reversed(range(len(branches)))
        }
        self._add(Node(id_, "fork", MappingProxyType(dict(reversed(entries.items()))), join=join))
        return id_

    def _correction(self, deadline: dict[str, Any], steps: tuple[Step, ...], index: int, at: Path_, after: str) -> None:
        """Back to the examination, through what stands right before it and rests on answers that may have changed."""
        while index > 0 and steps[index - 1].kind in ("look_up", "judge", "cosign"):
            index -= 1
        next_ = {"": self._entry(steps[index], (*at, index, steps[index].kind))}
        examine = next(i for i in range(index, len(steps)) if steps[i].kind == "examine")
        if deadline["then"] == "refuse":
            next_["refuse"] = after
        self._add_correction(f"{self.ids[(*at, examine, 'examine')]}-correction", next_, deadline)

    def _add_correction(self, id_: str, next_: dict[str, str], deadline: dict[str, Any]) -> None:
        self._add(
            Node(
                id_,
                "correction",
                MappingProxyType(next_),
                TITLES["correction"],
                APPLICANT,
                deadline=MappingProxyType(deadline),
            )
        )

    def _examine_before(self, steps: tuple[Step, ...], index: int, at: Path_, path: Path_) -> str:
        """Where a case is sent back to: the examination right before, or the whole parallel that holds one.

        A loop must not leave its branch, so only the same sequence is searched. A ``when`` is passed over: the approver
        wants someone to look again, also where the examination had been skipped.
        """
        approve = steps[index].approve
        wanted = approve.back_to if approve else None
        for before in reversed(range(index)):
            id_ = self.ids[(*at, before, steps[before].kind)]
            if _examines(steps[before]) and wanted in (None, id_):
                return id_
        if wanted is not None:
            message = f"差し戻す先の審査 {wanted} が同じ流れの前にありません"
            raise FlowError((*path, "back_to"), message, "前にある examine の id を書くか、行ごと消します")
        raise FlowError(
            path,
            "差し戻す先の審査（examine）が同じ流れの前にありません",
            "outcomes: [approve] とするか、前に examine を置きます（並行の枝の外へは戻せません）",
        )

    def _add(self, node: Node) -> None:
        if node.id in self.nodes:
            path = next((path for path, id_ in self.ids.items() if id_ == node.id), ("flow",))
            raise FlowError(path, f"id {node.id} は自動で付く名前と重なります", "別の id にします")
        self.nodes[node.id] = node


def _examines(step: Step) -> bool:
    return step.kind == "examine" or any(_examines(inner) for branch in step.parallel or () for inner in branch)


def _arguments(body: AnyBody) -> dict[str, Any]:
    data = body.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_NOT_ARGUMENTS)
    return {name: value for name, value in data.items() if value not in ([], {})}
