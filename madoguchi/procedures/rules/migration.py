"""Migration of running cases from one version of a procedure to another, by an explicit map.

A case is pinned to the version it began under. Only where the law says that running cases follow the new version does
someone write a map: from node to node. It must be total over the steps and joins at which a case can stand, and it must
keep the structure of parallel branches, so that no token is lost or doubled by it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from madoguchi.ground.errors import Invalid
from madoguchi.procedures.rules.engine import State
from madoguchi.procedures.rules.flow import Graph, Node
from madoguchi.procedures.rules.format import Kebab, Model


class MigrationMap(Model):
    """A file migrations/<from>--<to>.yaml of a package. Nodes that keep their id need no line."""

    code: Kebab
    from_version: date
    to_version: date
    reason: str
    """附則 or decision that makes running cases follow: 令和6年法律第47号附則第3条."""
    nodes: dict[str, str] = {}
    """Old node → new node, where the id changed or the step is gone."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a map does not fit its two graphs."""

    node: str
    message: str
    instead: str


def check(map_: MigrationMap, old: Graph, new: Graph) -> list[Mismatch]:
    """Everything that is wrong with the map; empty means that :func:`migrate` never fails on a state of ``old``."""
    found = list(_wrong_graphs(map_, old, new))
    if found:
        return found
    old_branches, new_branches = _branches(old), _branches(new)
    forks: dict[str, str] = {}
    found += [
        Mismatch(name, f"{name} は移行元の流れにありません", "行を消します")
        for name in map_.nodes
        if name not in old.nodes
    ]
    for node in old.steps:
        target = map_.nodes.get(node.id, node.id)
        if target not in new.nodes or not new.nodes[target].is_step:
            instead = f"{node.id}: <移行先の手順> を書きます"
            found.append(Mismatch(node.id, f"{node.id} の移る先（{target}）がありません", instead))
            continue
        if not _does_alike(node, new.nodes[target]):
            kinds = f"{node.kind} から {new.nodes[target].kind} へ"
            found.append(Mismatch(node.id, f"{node.id} を {kinds}は移せません", "同じ種類の手順に移します"))
            continue
        here, there = old_branches[node.id], new_branches[target]
        if len(here) != len(there) or any(a[1] != b[1] for a, b in zip(here, there, strict=True)):
            found.append(_crosses(node.id, target))
            continue
        for (fork, _), (new_fork, _) in zip(here, there, strict=True):
            if forks.setdefault(fork, new_fork) != new_fork:
                found.append(_crosses(node.id, target))
    for fork, new_fork in forks.items():
        if len(old.nodes[fork].next) != len(new.nodes[new_fork].next):
            instead = "枝の数が同じ並行にだけ移せます"
            found.append(Mismatch(fork, f"並行 {fork} と {new_fork} の枝の数が違います", instead))
    if len(set(forks.values())) < len(forks):
        instead = "並行どうしを一つずつ対応させます"
        found.append(Mismatch(next(iter(forks)), "二つの並行が一つの並行に移ります", instead))
    return found


def _wrong_graphs(map_: MigrationMap, old: Graph, new: Graph) -> Iterator[Mismatch]:
    for graph, version in ((old, map_.from_version), (new, map_.to_version)):
        if graph.code != map_.code or graph.version != version.isoformat():
            yield Mismatch("", f"この対応表は {graph.code} {graph.version} のものではありません", "版を確かめます")


def _does_alike(old: Node, new: Node) -> bool:
    """What waits for the applicant, a clerk, the clock or the worker goes on waiting for the same."""
    return old.kind == new.kind or {old.kind, new.kind} <= {"examine", "consult", "approve"}


def _crosses(node: str, target: str) -> Mismatch:
    return Mismatch(node, f"{node} から {target} へは、並行の枝をまたぎます", "同じ並行の同じ枝の手順に移します")


def migrate(state: State, map_: MigrationMap, old: Graph, new: Graph) -> State:
    """The same case on the new graph: every token at its mapped step, joins with what has arrived.

    Token ids stay. Raises Invalid where the map does not fit the graphs (then nothing has been migrated).
    """
    if check(map_, old, new):
        raise Invalid("migration-map", "移行の対応表が流れに合っていません。")
    old_branches, new_branches = _branches(old), _branches(new)
    joins: dict[str, int] = {}
    tokens = {token: map_.nodes.get(node, node) for token, node in state.tokens.items()}
    for token, target in tokens.items():
        for (fork, _), (new_fork, _) in zip(old_branches[state.tokens[token]], new_branches[target], strict=True):
            old_join, new_join = old.nodes[fork].join, new.nodes[new_fork].join
            assert old_join is not None
            assert new_join is not None
            if old_join in state.joins:
                joins[new_join] = state.joins[old_join]
    return State(tokens, joins, state.next_id, state.issued, state.ended)


def steps_between(old: Graph, new: Graph) -> Mapping[str, str | None]:
    """For whoever writes a map: every old step with the new one of the same id, None where there is none."""
    return {node.id: node.id if node.id in new.nodes else None for node in old.steps}


def _branches(graph: Graph) -> dict[str, tuple[tuple[str, str], ...]]:
    """Node → the (fork, branch) pairs it lies in, outermost first."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    open_: list[tuple[str, tuple[tuple[str, str], ...]]] = [("start", ())]
    while open_:
        name, inside = open_.pop()
        if name in found:
            continue
        node = graph.nodes[name]
        if node.kind == "join":
            inside = inside[:-1]
        found[name] = inside
        for branch, target in node.next.items():
            open_.append((target, (*inside, (name, branch)) if node.kind == "fork" else inside))
    return found
