"""The compiled graph: what leads where, stable names, what cannot be compiled, and the ways through."""

import json
from typing import Any

import pytest
from hypothesis import given

from madoguchi.procedures.rules.flow import END, START, FlowError, Graph, compile_flow, step_places
from madoguchi.procedures.tests.builders import APPROVE, EXAMINE, NOTIFY, flows, graph, procedure

SIMPLE: list[Any] = [
    {"look_up": {"facts": ["person.address"], "basis": "internal-use"}},
    {"judge": {"table": "eligibility"}},
    EXAMINE,
    {"approve": {"by": "head-of-office"}},
    {"issue": {"letter": "decision", "when": "decision.granted"}},
    {"issue": {"letter": "refusal", "when": "not decision.granted"}},
    NOTIFY,
]


def test_steps_follow_each_other_under_names_that_say_what_they_are() -> None:
    assert list(graph(SIMPLE).nodes) == [
        "start",
        "look-up",
        "judge-eligibility",
        "examine",
        "examine-correction",
        "approve",
        "issue-decision-if",
        "issue-decision",
        "issue-refusal-if",
        "issue-refusal",
        "notify-decided",
        "end",
    ]


def test_an_examination_accepts_returns_and_refuses() -> None:
    examine = graph(SIMPLE)["examine"]
    assert examine.outcomes == ("accept", "return", "refuse")
    assert dict(examine.next) == {"accept": "approve", "return": "examine-correction", "refuse": "approve"}


def test_a_correction_leads_back_through_what_was_looked_up_and_judged() -> None:
    correction = graph(SIMPLE)["examine-correction"]
    assert (correction.kind, correction.by, dict(correction.next)) == ("correction", "applicant", {"": "look-up"})
    assert correction.deadline == {"business_days": 10, "then": "remind"}


def test_a_correction_that_is_overdue_may_be_refused() -> None:
    step = {"examine": {"by": "office", "correction": {"business_days": 14, "then": "refuse"}}}
    correction = graph([step, NOTIFY])["examine-correction"]
    assert dict(correction.next) == {"": "examine", "refuse": "notify-decided"}
    assert correction.outcomes == ("refuse",)


def test_an_approval_sends_back_to_the_examination() -> None:
    assert graph(SIMPLE)["approve"].next["send_back"] == "examine"


def test_an_approval_sends_back_to_the_whole_parallel_that_examines() -> None:
    compiled = graph([{"parallel": [[EXAMINE], [{"consult": {"by": "tax"}}]]}, {"approve": {"by": "head-of-office"}}])
    assert compiled["approve"].next["send_back"] == "parallel"
    assert compiled["parallel"].join == "parallel-join"
    assert compiled["parallel-join"].waits_for == 2


def test_an_approval_sends_back_to_the_examination_right_before_or_to_the_one_it_names() -> None:
    survey = {"examine": {"id": "survey", "by": "surveyors", "when": "x > 1", "outcomes": ["accept"]}}
    assert graph([EXAMINE, survey, {"approve": {"by": "head"}}])["approve"].next["send_back"] == "survey"
    named = {"approve": {"by": "head", "back_to": "examine"}}
    assert graph([EXAMINE, survey, named])["approve"].next["send_back"] == "examine"
    with pytest.raises(FlowError, match="examine"):
        graph([survey, named])


def test_a_loop_never_leaves_its_branch() -> None:
    flow = [EXAMINE, {"parallel": [[{"approve": {"by": "head-of-office"}}], [NOTIFY]]}]
    with pytest.raises(FlowError, match="差し戻す先") as caught:
        graph(flow)
    assert caught.value.path == ("flow", 1, "parallel", 0, 0, "approve")


@pytest.mark.parametrize("name", [START, END, "examine", "examine-correction"])
def test_a_name_is_given_once(name: str) -> None:
    with pytest.raises(FlowError):
        graph([EXAMINE, {"notify": {"id": name, "template": "decided"}}])


def test_steps_of_one_kind_are_numbered() -> None:
    assert {"examine", "examine-2"} <= set(graph([EXAMINE, EXAMINE, NOTIFY]).nodes)


def test_an_id_stays_when_another_step_is_put_before() -> None:
    later = graph([{"notify": {"template": "received"}}, *SIMPLE])
    assert set(graph(SIMPLE).nodes) <= set(later.nodes)


def test_where_a_node_stands_in_the_document() -> None:
    places = step_places(procedure(SIMPLE))
    assert places["approve"] == ("flow", 3, "approve")
    assert places["issue-decision-if"] == places["issue-decision"] == ("flow", 4, "issue")


def test_ways_do_not_contradict_themselves() -> None:
    ways = set(graph(SIMPLE).paths())
    for way in ways:
        steps = [step for step, _ in way]
        assert ("issue-decision" in steps) != ("issue-refusal" in steps)
    refused = [way for way in ways if way[-4:-2] and ("examine", "refuse") in way and ("examine", "accept") not in way]
    assert refused
    assert all("issue-decision" not in dict(way) for way in refused)


def test_ways_are_limited() -> None:
    many = [{"notify": {"template": f"t{i}", "when": f"x > {i}"}} for i in range(20)]
    assert len(list(graph(many).paths(limit=100))) == 100


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(FlowError, match="多すぎます"):
        graph([APPROVE] * 301)


@given(flows())
def test_every_node_can_be_reached_and_ends(flow: list[Any]) -> None:
    compiled = graph(flow)
    assert compiled.reachable() == compiled.ending() == set(compiled.nodes)


@given(flows())
def test_the_graph_survives_json(flow: list[Any]) -> None:
    compiled = graph(flow)
    again = Graph.from_json(json.loads(json.dumps(compiled.as_json())))
    assert (again.code, again.version, again.nodes) == (compiled.code, compiled.version, compiled.nodes)
    assert list(again.nodes) == list(compiled.nodes)
    assert again.digest == compiled.digest == compile_flow(procedure(flow)).digest


@given(flows())
def test_every_way_is_made_of_edges(flow: list[Any]) -> None:
    compiled = graph(flow)
    for way in compiled.paths(limit=50):
        assert all(outcome in compiled[step].next for step, outcome in way)
