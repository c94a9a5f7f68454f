"""Small procedures and random flows for tests."""

import json
from typing import Any

from hypothesis import strategies as st

from madoguchi.procedures.rules.flow import Graph, compile_flow
from madoguchi.procedures.rules.format import Procedure, Table

BASE: dict[str, Any] = {
    "code": "dog-registration",
    "version": "2026-04-01",
    "kind": "application",
    "title": "犬の登録",
    "law": {"class": "義務"},
    "office": "environment",
    "identity": "contact",
    "fee": "none",
    "asks": [],
}


def procedure(flow: list[Any], **more: Any) -> Procedure:
    return Procedure.model_validate_json(json.dumps({**BASE, **more, "flow": flow}))


def graph(flow: list[Any]) -> Graph:
    return compile_flow(procedure(flow))


def table(data: dict[str, Any]) -> Table:
    return Table.model_validate_json(json.dumps(data))


EXAMINE = {"examine": {"by": "office"}}
APPROVE = {"approve": {"by": "head-of-office", "outcomes": ["approve"]}}
NOTIFY = {"notify": {"template": "decided"}}

_conditions = st.sampled_from([None, None, "decision.granted", "not decision.granted", "x > 1", "x <= 1 and y"])


@st.composite
def _step(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["examine", "approve", "judge", "consult", "pay", "issue", "notify", "wait"]))
    bodies: dict[str, dict[str, Any]] = {
        "examine": {"by": "office"},
        "approve": {"by": "head-of-office", "outcomes": ["approve"]},
        "judge": {"table": "route"},
        "consult": {"by": "fire-brigade"},
        "pay": {},
        "issue": {"letter": "decision"},
        "notify": {"template": "decided"},
        "wait": {"days": 3},
    }
    body = bodies[kind]
    if kind == "examine":
        outcomes = draw(st.sampled_from([["accept"], ["accept", "return"], ["accept", "return", "refuse"]]))
        body["outcomes"] = outcomes
        if "return" in outcomes:
            then = draw(st.sampled_from(["remind", "withdraw", "refuse"]))
            body["correction"] = {"business_days": 5, "then": then}
    if kind == "pay" and (then := draw(st.sampled_from(["", "remind", "withdraw"]))):
        body["deadline"] = {"business_days": 5, "then": then}
    if condition := draw(_conditions):
        body["when"] = condition
    return {kind: body}


def _sequences(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    parallel = st.lists(inner, min_size=2, max_size=3).map(lambda branches: {"parallel": branches})
    return st.lists(_step() | parallel, min_size=1, max_size=4).map(_with_send_back)


def _with_send_back(steps: list[Any]) -> list[Any]:
    """Approvals after an examination of the same sequence may send back."""
    seen = False
    for step in steps:
        if seen and "approve" in step:
            step["approve"]["outcomes"] = ["approve", "send_back"]
        seen = seen or _examines(step)
    return steps


def _examines(step: dict[str, Any]) -> bool:
    return "examine" in step or any(_examines(inner) for branch in step.get("parallel", []) for inner in branch)


def flows() -> st.SearchStrategy[list[Any]]:
    """Random structured flows: conditions, nested parallels, corrections, approvals that send back."""
    plain = st.lists(_step(), min_size=1, max_size=3).map(_with_send_back)
    return st.recursive(plain, _sequences, max_leaves=6)


scopes = st.fixed_dictionaries(
    {"decision": st.fixed_dictionaries({"granted": st.booleans()})},
    optional={"x": st.integers(0, 3), "y": st.booleans()},
)
