"""What is likely still to come: the steps ahead of a case if all goes well, for the status page and the promise."""

from collections.abc import Iterable, Mapping
from typing import Any

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.flow import Graph, Node
from madoguchi.procedures.rules.published import Published
from madoguchi.procedures.rules.tables import Undecided

#: Ways that lead back or away; the outlook takes the other one.
_DETOURS = frozenset({"return", "refuse", "send_back", "decline"})


def ahead(graph: Graph, at: Iterable[str], scope: Mapping[str, Any]) -> list[Node]:
    """The steps after the nodes ``at`` in the order of the document, with conditions as they stand now.

    Examinations are taken to accept and approvals to approve; both branches of a fork are ahead. With ``at`` empty
    (a draft) everything after the start is.
    """
    found: dict[str, Node] = {}
    seen: set[str] = set()
    running = [target for id_ in at for target in _ways(graph[id_], scope)] or [*graph["start"].next.values()]
    while running:
        id_ = running.pop()
        if id_ in seen:
            continue
        seen.add(id_)
        node = graph[id_]
        if node.is_step:
            found[id_] = node
        running += _ways(node, scope)
    return [node for node in graph.steps if node.id in found]


def following(graph: Graph, at: str, outcome: str, scope: Mapping[str, Any]) -> list[Node]:
    """What happens next if the step ``at`` ends with ``outcome``: the steps up to the next that people do.

    ``scope`` must already hold what the outcome changes (``decision.granted``).
    """
    found: list[Node] = []
    running = [graph[at].next[outcome if outcome in graph[at].next else ""]]
    seen: set[str] = set()
    while running:
        node = graph[running.pop(0)]
        if node.id in seen:
            continue
        seen.add(node.id)
        if node.is_step:
            found.append(node)
        if not node.is_human:
            running += _ways(node, scope)
    return found


def letters_ahead(
    package: Published, course: Course, at: str, outcome: str, given: Mapping[str, Any]
) -> list[str] | None:
    """The letters that go out if the step ``at`` ends with ``outcome`` and all goes well; tables on the way judge.

    ``course`` must already hold what the outcome changes, ``given`` is what conditions see beside it. None where
    somebody has yet to find out what the letter says: another examination, a round, a look-up, a table without its
    inputs.
    """
    letters: list[str] = []
    running = [package.graph[at].next[outcome if outcome in package.graph[at].next else ""]]
    seen: set[str] = set()
    while running:
        node = package.graph[running.pop(0)]
        if node.id in seen:
            continue
        seen.add(node.id)
        if node.kind in ("examine", "allot", "look_up"):
            return None
        if node.kind == "judge":
            try:
                course.judge(package, node.arguments["table"], {**given, **course.scope()})
            except Undecided:
                return None
        if node.kind == "issue" and "letter" in node.arguments:
            letters.append(node.arguments["letter"])
        running += _ways(node, {**given, **course.scope()})
    return letters


def _ways(node: Node, scope: Mapping[str, Any]) -> list[str]:
    if node.kind == "gateway":
        return [node.next["yes" if Expression.parse(node.when or "").holds(scope) else "no"]]
    if node.kind == "fork":
        return [*node.next.values()]
    good = [target for outcome, target in node.next.items() if outcome not in _DETOURS]
    return good[:1]
