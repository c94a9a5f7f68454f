"""The token engine: pure functions from a graph and a state to the next state and what is to do now.

A token stops at every step and is handed back as opened; gateways, forks and joins are passed inside. Nothing is
remembered but the state, which is a few dozen bytes of JSON: save it after each call, and a worker may die anywhere.
Who does the steps (acts on a real case, the examples of a package) is the driver's business.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.flow import END, START, Graph

ENDED_COMPLETED = "completed"
ENDED_WITHDRAWN = "withdrawn"


class Token(NamedTuple):
    """A token at a step. Its id is never given again in the same run."""

    id: int
    node: str


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stands."""

    tokens: Mapping[int, str]
    """Token id → the step it is at."""
    joins: Mapping[str, int]
    """Join → how many of its branches have arrived; none waits there that is not counted here."""
    next_id: int
    issued: bool = False
    """A decision has gone out: from here on nobody withdraws."""
    ended: str | None = None
    """completed, or the reason of the cancellation."""

    def dump(self) -> str:
        """Canonical JSON, well under 1 KB."""
        data: dict[str, Any] = {"t": self.tokens, "n": self.next_id}
        if self.joins:
            data["j"] = self.joins
        if self.issued:
            data["i"] = 1
        if self.ended is not None:
            data["e"] = self.ended
        return _encode(data)

    @classmethod
    def load(cls, text: str) -> "State":
        data = json.loads(text)
        tokens = {int(id_): node for id_, node in data["t"].items()}
        return cls(tokens, data.get("j", {}), data["n"], bool(data.get("i")), data.get("e"))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Moves(NamedTuple):
    """What one call changed. The driver writes it in one transaction and then works on what was opened."""

    state: State
    closed: tuple[Token, ...]
    opened: tuple[Token, ...]
    ended: str | None


def start(graph: Graph, scope: Mapping[str, Any]) -> Moves:
    """Begin a run. ``scope`` is what conditions see (answers, decision, verdict, dates)."""
    return _run(graph, {}, {}, 1, False, graph.nodes[START].next[""], (), scope)


def complete(graph: Graph, state: State, token: int, outcome: str, scope: Mapping[str, Any]) -> Moves:
    """The step at which ``token`` stands is done, with this outcome ("" where there is only one way on).

    Raises Stale where the token is no longer there (someone else was faster, or the run has ended), Invalid where the
    step has no such outcome. The state given is never changed.
    """
    at = state.tokens.get(token)
    if at is None:
        raise Stale("step-is-done", "この手順はすでに終わっています。画面を開き直してください。")
    node = graph.nodes.get(at)
    if node is None:
        raise Invalid("step-is-unknown", "この手順は、この版の流れにありません。")
    target = node.next.get(outcome)
    if target is None:
        raise Invalid("outcome-is-unknown", "この手順では選べない結果です。")
    tokens = dict(state.tokens)
    del tokens[token]
    issued = state.issued or node.kind == "issue"
    return _run(graph, tokens, state.joins, state.next_id, issued, target, (Token(token, at),), scope)


def cancel(graph: Graph, state: State, reason: Literal["withdrawn"] | str) -> Moves:
    """End the run from outside: every token is closed. An applicant withdraws only until the decision is issued.

    Raises Stale where the run has ended, Invalid for a withdrawal after the issue.
    """
    if state.ended is not None:
        raise Stale("case-has-ended", "この手続きはすでに終わっています。")
    if reason == ENDED_WITHDRAWN and state.issued:
        raise Invalid("decision-is-issued", "決定の通知を出した後は取り下げられません。")
    closed = tuple(Token(id_, node) for id_, node in state.tokens.items())
    return Moves(State({}, {}, state.next_id, state.issued, reason), closed, (), reason)


def may_withdraw(state: State) -> bool:
    """Whether the applicant can still withdraw."""
    return state.ended is None and not state.issued


def _run(
    graph: Graph,
    tokens: dict[int, str],
    joins: Mapping[str, int],
    next_id: int,
    issued: bool,
    first: str,
    closed: tuple[Token, ...],
    scope: Mapping[str, Any],
) -> Moves:
    """Let what left a step run on to the next steps. Loops always hold a step, so this ends."""
    nodes = graph.nodes
    running = [first]
    opened: list[Token] = []
    while running:
        node = nodes[running.pop()]
        kind = node.kind
        if kind == "gateway":
            assert node.when is not None
            running.append(node.next["yes" if Expression.parse(node.when).holds(scope) else "no"])
        elif kind == "fork":
            running += reversed(tuple(node.next.values()))
        elif kind == "join":
            arrived = joins.get(node.id, 0) + 1
            joins = {name: count for name, count in joins.items() if name != node.id}
            if arrived == node.waits_for:
                running.append(node.next[""])
            else:
                joins[node.id] = arrived
        elif kind != "end":
            tokens[next_id] = node.id
            opened.append(Token(next_id, node.id))
            next_id += 1
    ended = None if tokens else ENDED_COMPLETED
    return Moves(State(tokens, joins, next_id, issued, ended), closed, tuple(opened), ended)


__all__ = [
    "END",
    "ENDED_COMPLETED",
    "ENDED_WITHDRAWN",
    "START",
    "Moves",
    "State",
    "Token",
    "cancel",
    "complete",
    "may_withdraw",
    "start",
]
