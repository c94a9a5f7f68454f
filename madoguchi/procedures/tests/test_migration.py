"""Migration maps: total, structure-keeping, and a run that was migrated anywhere still ends."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.errors import Invalid
from madoguchi.procedures.rules import engine
from madoguchi.procedures.rules.engine import State
from madoguchi.procedures.rules.flow import Graph, compile_flow
from madoguchi.procedures.rules.migration import MigrationMap, check, migrate, steps_between
from madoguchi.procedures.tests.builders import EXAMINE, NOTIFY, flows, procedure, scopes

CONSULT = {"consult": {"by": "tax"}}


def compiled(flow: list[Any], version: str) -> Graph:
    return compile_flow(procedure(flow, version=version))


def map_(**nodes: str) -> MigrationMap:
    return MigrationMap(
        code="dog-registration",
        from_version=date(2026, 4, 1),
        to_version=date(2027, 4, 1),
        reason="附則第3条",
        nodes={name.replace("_", "-"): target for name, target in nodes.items()},
    )


def messages(nodes: MigrationMap, old: list[Any], new: list[Any]) -> str:
    return "\n".join(
        mismatch.message for mismatch in check(nodes, compiled(old, "2026-04-01"), compiled(new, "2027-04-01"))
    )


def test_steps_that_keep_their_name_need_no_line() -> None:
    old, new = compiled([EXAMINE, NOTIFY], "2026-04-01"), compiled([CONSULT, EXAMINE, NOTIFY], "2027-04-01")
    assert check(map_(), old, new) == []
    state = engine.start(old, {}).state
    assert migrate(state, map_(), old, new) == state
    assert steps_between(old, new)["examine"] == "examine"


def test_a_step_that_is_gone_must_be_mapped() -> None:
    old, new = [CONSULT, EXAMINE, NOTIFY], [EXAMINE, NOTIFY]
    assert "consult-tax の移る先" in messages(map_(), old, new)
    assert messages(map_(consult_tax="examine"), old, new) == ""
    before, after = compiled(old, "2026-04-01"), compiled(new, "2027-04-01")
    state = migrate(engine.start(before, {}).state, map_(consult_tax="examine"), before, after)
    assert state.tokens == {1: "examine"}
    with pytest.raises(Invalid):
        migrate(engine.start(before, {}).state, map_(), before, after)


def test_a_map_of_other_versions_or_unknown_steps_does_not_fit() -> None:
    old = compiled([EXAMINE], "2026-04-01")
    assert check(map_(), old, old)[0].message.startswith("この対応表は")
    assert "nowhere は移行元" in messages(map_(nowhere="examine"), [EXAMINE], [EXAMINE])
    assert "移る先（examine-if）" in messages(map_(examine="examine-if"), [EXAMINE], [EXAMINE])


def test_what_waits_for_a_person_goes_on_waiting_for_one() -> None:
    assert "examine から notify へは移せません" in messages(
        map_(examine="notify-decided"), [EXAMINE], [EXAMINE, NOTIFY]
    )
    assert "correction から examine へ" in messages(map_(examine_correction="examine"), [EXAMINE], [EXAMINE])


def test_no_token_crosses_into_a_branch_or_out_of_one() -> None:
    parallel = [{"parallel": [[EXAMINE], [CONSULT]]}, NOTIFY]
    assert "枝をまたぎます" in messages(map_(), [EXAMINE, CONSULT, NOTIFY], parallel)
    assert "枝をまたぎます" in messages(map_(), parallel, [EXAMINE, CONSULT, NOTIFY])
    swapped = [{"parallel": [[CONSULT], [EXAMINE]]}, NOTIFY]
    assert "枝をまたぎます" in messages(map_(), parallel, swapped)
    third = [{"parallel": [[EXAMINE], [CONSULT], [{"consult": {"by": "police"}}]]}, NOTIFY]
    assert "枝の数" in messages(map_(), parallel, third)


def test_what_has_arrived_at_a_join_stays_counted() -> None:
    named = {"parallel": [[EXAMINE], [CONSULT]]}
    old, new = compiled([named, NOTIFY], "2026-04-01"), compiled([CONSULT, named, NOTIFY], "2027-04-01")
    moved = map_(consult_tax="consult-tax-2")
    state = engine.start(old, {}).state
    state = engine.complete(old, state, 2, "", {}).state
    state = migrate(state, moved, old, new)
    assert (state.tokens, state.joins) == ({1: "examine"}, {"parallel-join": 1})
    assert list(engine.complete(new, state, 1, "accept", {}).state.tokens.values()) == ["notify-decided"]


@given(flow=flows(), scope=scopes, data=st.data())
def test_a_run_migrated_anywhere_still_ends(flow: list[Any], scope: dict[str, Any], data: st.DataObject) -> None:
    """The new version puts a step before and one after; every state of the old one goes on in it."""
    old = compiled(flow, "2026-04-01")
    before = {"notify": {"id": "news-before", "template": "news"}}
    new = compiled([before, *flow, {"notify": {"id": "news-after", "template": "news"}}], "2027-04-01")
    assert check(map_(), old, new) == []
    state = engine.start(old, scope).state
    for _ in range(data.draw(st.integers(0, 8))):
        if state.tokens:
            token = data.draw(st.sampled_from(sorted(state.tokens)))
            outcome = data.draw(st.sampled_from(sorted(old[state.tokens[token]].next)))
            state = engine.complete(old, state, token, outcome, scope).state
    moved = migrate(state, map_(), old, new)
    assert (moved.tokens, moved.joins, moved.ended) == (state.tokens, state.joins, state.ended)
    for _ in range(len(new.nodes) + 1):
        if moved.tokens:
            token, node = next(iter(moved.tokens.items()))
            moved = engine.complete(new, moved, token, next(iter(new[node].next)), scope).state
    assert State.load(moved.dump()).ended == "completed"
