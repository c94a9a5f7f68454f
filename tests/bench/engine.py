"""Our engine beside SpiffWorkflow on the exported BPMN of the same flow, with the same save points.

A case of 8 steps goes from receipt to decision and is saved as JSON and loaded again after every step, as a server that
may be stopped anywhere must do. Both see the same conditions, evaluated by our expressions; parsing the document is not
counted. Rounds alternate, so that other work on the machine slows both alike; ``cpu`` is processor time, which it does
not change. Nothing here is a test.

    python tests/bench/engine.py [rounds]
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lxml import etree  # noqa: E402  # after the path
from SpiffWorkflow.bpmn import BpmnWorkflow  # noqa: E402
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer  # noqa: E402

from madoguchi.procedures.rules import engine  # noqa: E402
from madoguchi.procedures.rules.bpmn import export  # noqa: E402
from madoguchi.procedures.rules.engine import State  # noqa: E402
from madoguchi.procedures.rules.flow import Graph, compile_flow  # noqa: E402
from madoguchi.procedures.rules.format import Procedure  # noqa: E402
from madoguchi.procedures.tests.spiff import OurExpressions, Parser, Run  # noqa: E402

SCOPE: Mapping[str, Any] = {"decision": {"granted": True}}
OURS_PER_ROUND = 20
Save = Literal["at each", "at people", "never"]
EIGHT_STEPS: list[dict[str, Any]] = [
    {"look_up": {"facts": ["person.address"], "basis": "internal-use"}},
    {"judge": {"table": "eligibility"}},
    {"examine": {"by": "office"}},
    {"parallel": [[{"consult": {"by": "tax"}}], [{"consult": {"by": "school"}}]]},
    {"approve": {"by": "head-of-office"}},
    {"issue": {"letter": "granted", "when": "decision.granted"}},
    {"issue": {"letter": "refused", "when": "not decision.granted"}},
    {"notify": {"template": "decided"}},
]


def graph(flow: list[dict[str, Any]]) -> Graph:
    """The flow of a small procedure."""
    about = {"code": "bench", "version": "2026-04-01", "kind": "application", "title": "測定", "office": "office"}
    about |= {"identity": "contact", "fee": "none"}
    data = {**about, "law": {"class": "義務"}, "asks": [], "flow": flow}
    return compile_flow(Procedure.model_validate_json(json.dumps(data)))


def forward(flow: Graph, step: str) -> str:
    """The outcome that leads on."""
    return next(iter(flow[step].next))


@dataclass(slots=True)
class Times:
    """What some runs of one kind took, in milliseconds, and the largest state saved, in bytes."""

    wall: list[float] = field(default_factory=list)
    cpu: float = 0.0
    size: int = 0

    def take(self, run: Callable[[], int]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.size = max(self.size, run())
        self.cpu += (time.process_time() - cpu) * 1000
        self.wall.append((time.perf_counter() - wall) * 1000)

    @property
    def mean_cpu(self) -> float:
        return self.cpu / len(self.wall)


def is_saved(save: Save, flow: Graph, steps: Iterable[str]) -> bool:
    """Whether a server would save here: everywhere, or where a person has to go on."""
    return save == "at each" or (save == "at people" and any(flow[step].is_human for step in steps))


def ours(flow: Graph, save: Save) -> int:
    """One case on our engine; the size of the largest state."""
    state, size = engine.start(flow, SCOPE).state, 0
    while True:
        if is_saved(save, flow, state.tokens.values()):
            text = state.dump()
            size = max(size, len(text.encode()))
            state = State.load(text)
        if not state.tokens:
            return size
        token, step = min(state.tokens.items())
        state = engine.complete(flow, state, token, forward(flow, step), SCOPE).state


class Theirs(Run):
    """One case on SpiffWorkflow, from specifications that were parsed once."""

    def __init__(self, specs: tuple[Any, Any]) -> None:
        self.expressions = OurExpressions()
        self.outcomes = {}
        self._see(SCOPE)
        self.workflow = BpmnWorkflow(*specs, script_engine=self.expressions)
        self.workflow.do_engine_steps()

    def save_and_load(self, serializer: Any) -> int:
        text = serializer.serialize_json(self.workflow)
        self.workflow = serializer.deserialize_json(text)
        self.workflow.script_engine = self.expressions
        return len(text.encode())


def specs_of(flow: Graph) -> tuple[Any, Any]:
    """The specifications that SpiffWorkflow reads from the exported document."""
    parser = Parser()
    parser.add_bpmn_xml(etree.fromstring(export(flow)))
    (process,) = (id_ for id_ in parser.get_process_ids() if id_.startswith("process_"))
    return parser.get_spec(process), parser.get_subprocess_specs(process)


def theirs(flow: Graph, specs: tuple[Any, Any], serializer: Any, save: Save) -> int:
    """One case on SpiffWorkflow; the size of the largest state."""
    run, size = Theirs(specs), 0
    while True:
        steps = run.steps
        if is_saved(save, flow, steps):
            size = max(size, run.save_and_load(serializer))
        if not steps:
            return size
        step = steps[0]
        run.complete(step, forward(flow, step), SCOPE)


def compare(what: str, flow: Graph, rounds: int, save: Save = "at each") -> None:
    """One row of the table."""
    specs = specs_of(flow)
    serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure())
    a, b = Times(), Times()
    ours(flow, save)
    theirs(flow, specs, serializer, save)
    for _ in range(rounds):
        b.take(lambda: theirs(flow, specs, serializer, save))
        for _ in range(OURS_PER_ROUND):
            a.take(lambda: ours(flow, save))
    wall_a, wall_b = statistics.median(a.wall), statistics.median(b.wall)
    print(
        f"{what:<34} {wall_a:>8.3f} {a.mean_cpu:>8.3f} {a.size:>7} {wall_b:>9.1f} {b.mean_cpu:>9.1f} {b.size:>8}"
        f" {wall_b / wall_a:>7.0f} {b.mean_cpu / a.mean_cpu:>7.0f}",
        flush=True,
    )


def main(rounds: int) -> None:
    print("The engine alone, milliseconds a case; state in bytes")
    print(f"{'':<34} {'ours':>8} {'cpu':>8} {'state':>7} {'Spiff':>9} {'cpu':>9} {'state':>8} {'times':>7} {'cpu':>7}")
    compare("8 steps, saved at each", graph(EIGHT_STEPS), rounds)
    compare("8 steps, saved at those of people", graph(EIGHT_STEPS), rounds, "at people")
    compare("8 steps, never saved", graph(EIGHT_STEPS), rounds, "never")
    for count in (10, 30, 100):
        steps = [{"consult": {"id": f"step-{number}", "by": "office"}} for number in range(count)]
        compare(f"{count} steps in a row, saved at each", graph(steps), max(2, rounds * 3 // count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
