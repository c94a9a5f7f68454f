"""The token engine: what a run does, and what no run ever does (a state machine over random flows)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from madoguchi.ground.errors import Invalid, Stale
from madoguchi.procedures.rules import engine
from madoguchi.procedures.rules.engine import ENDED_COMPLETED, ENDED_WITHDRAWN, Moves, State, Token
from madoguchi.procedures.rules.flow import Graph
from madoguchi.procedures.tests.builders import APPROVE, EXAMINE, NOTIFY, flows, graph, scopes

SCOPE: dict[str, Any] = {"decision": {"granted": True}}


def at(moves: Moves) -> list[str]:
    return sorted(moves.state.tokens.values())


def only(state: State) -> int:
    (token,) = state.tokens
    return token


def test_from_receipt_to_the_end() -> None:
    flow = graph([EXAMINE, APPROVE, NOTIFY])
    moves = engine.start(flow, SCOPE)
    assert moves.opened == (Token(1, "examine"),)
    moves = engine.complete(flow, moves.state, 1, "accept", SCOPE)
    assert (moves.closed, moves.opened, moves.ended) == ((Token(1, "examine"),), (Token(2, "approve"),), None)
    moves = engine.complete(flow, moves.state, 2, "approve", SCOPE)
    moves = engine.complete(flow, moves.state, 3, "", SCOPE)
    assert (moves.opened, moves.ended, moves.state.ended) == ((), ENDED_COMPLETED, ENDED_COMPLETED)


def test_two_clerks_click_at_once_and_the_second_is_told() -> None:
    flow = graph([EXAMINE, NOTIFY])
    before = engine.start(flow, SCOPE).state
    after = engine.complete(flow, before, 1, "accept", SCOPE).state
    with pytest.raises(Stale):
        engine.complete(flow, after, 1, "refuse", SCOPE)
    assert before.tokens == {1: "examine"}


def test_a_correction_comes_back_to_the_examination_as_often_as_needed() -> None:
    flow = graph([EXAMINE, NOTIFY])
    state = engine.start(flow, SCOPE).state
    for _ in range(3):
        state = engine.complete(flow, state, only(state), "return", SCOPE).state
        assert list(state.tokens.values()) == ["examine-correction"]
        state = engine.complete(flow, state, only(state), "", SCOPE).state
    assert list(state.tokens.values()) == ["examine"]


def test_conditions_are_asked_when_the_token_comes_by() -> None:
    flow = graph([EXAMINE, {"issue": {"letter": "decision", "when": "decision.granted"}}, NOTIFY])
    state = engine.start(flow, {}).state
    refused = {"decision": {"granted": False}}
    assert at(engine.complete(flow, state, 1, "refuse", refused)) == ["notify-decided"]
    assert at(engine.complete(flow, state, 1, "accept", SCOPE)) == ["issue-decision"]
    assert at(engine.complete(flow, state, 1, "accept", {})) == ["notify-decided"]


def test_branches_run_side_by_side_and_meet() -> None:
    inner = {"parallel": [[{"consult": {"id": "a", "by": "tax"}}], [{"consult": {"id": "b", "by": "school"}}]]}
    flow = graph([{"parallel": [[inner, EXAMINE], [{"consult": {"id": "c", "by": "police"}}]]}, NOTIFY])
    moves = engine.start(flow, SCOPE)
    assert at(moves) == ["a", "b", "c"]
    tokens = {node: token for token, node in moves.state.tokens.items()}
    moves = engine.complete(flow, moves.state, tokens["c"], "", SCOPE)
    assert moves.state.joins == {"parallel-join": 1}
    moves = engine.complete(flow, moves.state, tokens["b"], "", SCOPE)
    moves = engine.complete(flow, moves.state, tokens["a"], "", SCOPE)
    assert at(moves) == ["examine"]
    moves = engine.complete(flow, moves.state, only(moves.state), "accept", SCOPE)
    assert at(moves) == ["notify-decided"]
    assert moves.state.joins == {}


def test_a_loop_inside_a_branch_leaves_the_other_branch_alone() -> None:
    flow = graph([{"parallel": [[EXAMINE], [{"consult": {"by": "tax"}}]]}, NOTIFY])
    state = engine.start(flow, SCOPE).state
    state = engine.complete(flow, state, 2, "", SCOPE).state
    state = engine.complete(flow, state, 1, "return", SCOPE).state
    assert (list(state.tokens.values()), state.joins) == (["examine-correction"], {"parallel-join": 1})
    state = engine.complete(flow, state, only(state), "", SCOPE).state
    assert at(engine.complete(flow, state, only(state), "accept", SCOPE)) == ["notify-decided"]


def test_a_whole_parallel_runs_again_when_it_is_sent_back() -> None:
    flow = graph([{"parallel": [[EXAMINE], [{"consult": {"by": "tax"}}]]}, {"approve": {"by": "head-of-office"}}])
    state = engine.start(flow, SCOPE).state
    state = engine.complete(flow, state, 1, "accept", SCOPE).state
    state = engine.complete(flow, state, 2, "", SCOPE).state
    moves = engine.complete(flow, state, only(state), "send_back", SCOPE)
    assert at(moves) == ["consult-tax", "examine"]
    assert moves.state.joins == {}


def test_an_outcome_the_step_does_not_have_is_refused() -> None:
    flow = graph([EXAMINE, NOTIFY])
    state = engine.start(flow, SCOPE).state
    for outcome in ("", "approve", "Accept"):
        with pytest.raises(Invalid):
            engine.complete(flow, state, 1, outcome, SCOPE)


def test_an_applicant_withdraws_until_the_decision_is_issued() -> None:
    flow = graph([EXAMINE, {"issue": {"letter": "decision"}}, NOTIFY])
    state = engine.start(flow, SCOPE).state
    moves = engine.cancel(flow, state, ENDED_WITHDRAWN)
    assert (moves.closed, moves.state.tokens, moves.ended) == ((Token(1, "examine"),), {}, ENDED_WITHDRAWN)
    with pytest.raises(Stale):
        engine.cancel(flow, moves.state, ENDED_WITHDRAWN)
    with pytest.raises(Stale):
        engine.complete(flow, moves.state, 1, "accept", SCOPE)
    state = engine.complete(flow, state, 1, "accept", SCOPE).state
    assert engine.may_withdraw(state)
    state = State.load(engine.complete(flow, state, 2, "", SCOPE).state.dump())
    assert not engine.may_withdraw(state)
    with pytest.raises(Invalid):
        engine.cancel(flow, state, ENDED_WITHDRAWN)
    assert engine.cancel(flow, state, "void").ended == "void"


def test_a_flow_in_which_everything_is_skipped_ends_at_once() -> None:
    flow = graph([{"notify": {"template": "decided", "when": "decision.granted"}}])
    assert engine.start(flow, {}).ended == ENDED_COMPLETED


class Runs(RuleBasedStateMachine):
    """Random outcomes in random order, with a worker that may die (the state reloaded) after any call."""

    flow: Graph
    scope: dict[str, Any]
    state: State

    @initialize(flow=flows(), scope=scopes)
    def begin(self, flow: list[Any], scope: dict[str, Any]) -> None:
        self.flow, self.scope = graph(flow), scope
        self.inside = _branches(self.flow)
        self.gone: set[int] = set()
        self.seen: set[int] = set()
        self.take(engine.start(self.flow, scope), closed=None)

    def take(self, moves: Moves, closed: int | None) -> None:
        """What every call must do: close the one token, open new ones, and account for all."""
        before = dict(self.state.tokens) if closed is not None else {}
        assert [token.id for token in moves.closed] == ([] if closed is None else [closed])
        before = {token: node for token, node in before.items() if token != closed}
        opened = {token.id: token.node for token in moves.opened}
        assert not opened.keys() & self.seen, "an id is never given twice"
        assert moves.state.tokens == before | opened
        self.seen |= opened.keys()
        self.gone |= {token.id for token in moves.closed}
        self.state = moves.state

    @precondition(lambda self: self.state.tokens)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.state.tokens)))
        node = self.flow[self.state.tokens[token]]
        outcome = data.draw(st.sampled_from(sorted(node.next)))
        self.take(engine.complete(self.flow, self.state, token, outcome, self.scope), token)

    @rule()
    def the_worker_dies(self) -> None:
        self.state = State.load(self.state.dump())

    @rule(scope=scopes)
    def something_becomes_known(self, scope: dict[str, Any]) -> None:
        self.scope = scope

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def someone_is_late(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.gone)))
        with pytest.raises(Stale):
            engine.complete(self.flow, self.state, token, "", self.scope)

    @precondition(lambda self: self.state.ended is None)
    @rule(data=st.data())
    def someone_is_wrong(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.state.tokens)))
        with pytest.raises(Invalid):
            engine.complete(self.flow, self.state, token, "no such outcome", self.scope)

    @invariant()
    def a_step_is_open_once(self) -> None:
        nodes = list(self.state.tokens.values())
        assert len(set(nodes)) == len(nodes)
        assert all(self.flow[node].is_step for node in nodes)

    @invariant()
    def every_branch_is_running_or_has_arrived(self) -> None:
        """The heart of it: of a fork that is open, each branch holds tokens or is counted at the join, never both."""
        for fork in (node for node in self.flow.nodes.values() if node.kind == "fork"):
            running = {
                branch for node in self.state.tokens.values() for name, branch in self.inside[node] if name == fork.id
            }
            arrived = self.state.joins.get(fork.join or "", 0)
            assert len(running) + arrived in (0, len(fork.next))
            assert bool(running) or not arrived

    @invariant()
    def a_sequence_holds_one_token(self) -> None:
        places = [self.inside[node] for node in self.state.tokens.values()]
        assert len(set(places)) == len(places)

    @invariant()
    def it_ends_when_nothing_is_left(self) -> None:
        assert (self.state.ended == ENDED_COMPLETED) == (not self.state.tokens)
        assert self.state.tokens or not self.state.joins

    @invariant()
    def it_is_small(self) -> None:
        assert len(self.state.dump().encode()) < 1024
        assert State.load(self.state.dump()) == self.state

    @invariant()
    def it_can_still_end(self) -> None:
        """From here, people who only ever say yes come to the end, each step at most once."""
        state = self.state
        for _ in range(len(self.flow.nodes) + 1):
            if not state.tokens:
                break
            token, node = next(iter(state.tokens.items()))
            forward = next(o for o in self.flow[node].next if o not in ("return", "send_back"))
            state = engine.complete(self.flow, state, token, forward, self.scope).state
        assert state.ended == ENDED_COMPLETED

    def teardown(self) -> None:
        if hasattr(self, "state") and self.state.ended is None:
            moves = engine.cancel(self.flow, self.state, "void")
            assert {token.id for token in moves.closed} == set(self.state.tokens)
            assert (moves.state.tokens, moves.state.joins) == ({}, {})


def _branches(flow: Graph) -> dict[str, tuple[tuple[str, str], ...]]:
    """Node → the branches it lies in, found apart from the engine by following the graph."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}

    def follow(name: str, inside: tuple[tuple[str, str], ...]) -> None:
        node = flow[name]
        inside = inside[:-1] if node.kind == "join" else inside
        if name in found:
            assert found[name] == inside, "a node lies in one place only"
            return
        found[name] = inside
        for branch, target in node.next.items():
            follow(target, (*inside, (name, branch)) if node.kind == "fork" else inside)

    follow("start", ())
    return found


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=60, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow], deadline=None
)


@given(flow=flows(), scope=scopes, data=st.data())
def test_the_order_of_independent_branches_does_not_matter(
    flow: list[Any], scope: dict[str, Any], data: st.DataObject
) -> None:
    """Two orders of the same answers (per step, always forward) visit the same steps."""
    compiled = graph(flow)

    def visited(orders: st.SearchStrategy[int]) -> list[str]:
        state, steps = engine.start(compiled, scope).state, []
        while state.tokens:
            tokens = sorted(state.tokens)
            token = tokens[data.draw(orders) % len(tokens)]
            node = compiled[state.tokens[token]]
            steps.append(node.id)
            state = engine.complete(compiled, state, token, next(iter(node.next)), scope).state
        return sorted(steps)

    assert visited(st.just(0)) == visited(st.integers(0, 5))


def test_the_cost_of_a_step_does_not_grow_with_the_steps_before() -> None:
    """Counted, not timed: the state after 100 steps is as small as after one."""
    flow = graph([{"notify": {"id": f"n{i}", "template": "decided"}} for i in range(100)])
    state = engine.start(flow, SCOPE).state
    sizes = []
    for _ in range(100):
        sizes.append(len(state.dump()))
        state = engine.complete(flow, state, only(state), "", SCOPE).state
    assert state.ended == ENDED_COMPLETED
    assert max(sizes) < 40
