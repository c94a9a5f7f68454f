"""What the handling of a case has found so far, and what follows from it: granted or not, values, reasons.

Pure, so that the examples of a package and a real case are decided by the same lines. Answers are not kept here:
when they change (補正), every table that has judged is asked again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules import tables
from madoguchi.procedures.rules.allotment import FINDINGS, Placing
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.published import Published


@dataclass(slots=True)
class Course:
    """The findings of tables and people, in the order in which they were made. JSON round trip by ``as_json``."""

    judged: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Table → what it said: {values, granted, rows, reasons}."""
    examined: dict[str, str] = field(default_factory=dict)
    """Node → the outcome of its last examination."""
    finding: dict[str, Any] = field(default_factory=dict)
    """What examiners and surveyors filled in."""
    reasons: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """Node → the examiner's own reasons."""
    edits: dict[str, Any] = field(default_factory=dict)
    """Value → what an examiner decided instead of what the table says (``rules.departing``)."""
    wording: list[dict[str, str]] = field(default_factory=list)
    """The reasons in the order of the letter, where an examiner ordered or worded them: {of, ja}."""
    looked_up: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fact → what the city's records said at the look-up (照会): {value, type, source, as_of}; where they hold it of
    several (children), ``value`` is None and ``several`` a list of {value, source, as_of}."""

    @property
    def granted(self) -> bool:
        """No table and no examiner speaks against it."""
        return (
            all(one["granted"] is not False for one in self.judged.values()) and "refuse" not in self.examined.values()
        )

    @property
    def values(self) -> dict[str, Any]:
        """What was decided, of all tables together: ``verdict.*`` of expressions and letters."""
        return {**self.drafted, **self.edits}

    @property
    def drafted(self) -> dict[str, Any]:
        """What the tables say themselves."""
        return {name: value for one in self.judged.values() for name, value in one["values"].items()}

    def why(self) -> list[dict[str, str]]:
        """The reasons for the letter, in the order and the words that an examiner gave them."""
        given = {reason["ja"]: reason for reason in self.drafted_reasons()}
        said = {one["of"]: one["ja"] for one in self.wording if one["of"] in given}
        worded = [given[of] if ja == of else {"ja": ja} for of, ja in said.items()]
        return [*worded, *(reason for of, reason in given.items() if of not in said)]

    def drafted_reasons(self) -> list[dict[str, str]]:
        """The reasons as drafted: of the tables, then of the people; each sentence once.

        A refusal gives the reasons that speak against (行政手続法8条), not those for what would have been granted.
        """
        granted = self.granted
        given = [
            reason for one in self.judged.values() if granted or one["granted"] is False for reason in one["reasons"]
        ]
        given += [
            reason
            for node, said in self.reasons.items()
            if node in self.examined and (granted or self.examined[node] == "refuse")
            for reason in said
        ]
        return list({reason["ja"]: reason for reason in given}.values())

    def judge(self, package: Published, table: str, scope: Mapping[str, Any]) -> None:
        """Ask a decision table, with what was found until now in view."""
        self.judged[table] = tables.judge(package.tables[table], self.within(scope)).as_json()

    def examine(
        self, node: str, outcome: str, findings: Mapping[str, Any] | None = None, reasons: Sequence[str] = ()
    ) -> None:
        """An examiner has come to an outcome."""
        self.examined[node] = outcome
        self.finding.update(findings or {})
        self.reasons[node] = [{"ja": reason} for reason in reasons]

    def allot(self, node: Node, placing: Placing, reasons: Sequence[Mapping[str, str]], name: str | None) -> None:
        """The round has been allotted: a place (of this ``name``), or none, which refuses. The points are told, too."""
        self.examined[node.id] = "refuse" if placing.place is None else "accept"
        found = (placing.place, name, placing.wish, placing.rank, placing.among)
        self.finding.update(zip(FINDINGS, found, strict=True))
        points = self.judged[node.arguments["table"]]["reasons"]
        self.reasons[node.id] = [dict(reason) for reason in (*points, *reasons)]

    def reopen(self) -> None:
        """Sent back by whoever decides (差戻し): what was refused is open again, until somebody examines it anew."""
        self.examined = {node: outcome for node, outcome in self.examined.items() if outcome != "refuse"}

    def rejudge(self, package: Published, scope: Mapping[str, Any]) -> None:
        """The answers have changed: ask again every table that has judged. What was decided otherwise was so of other
        answers, and is drafted anew."""
        self.edits, self.wording = {}, []
        self.judge_again(package, scope)

    def judge_again(self, package: Published, scope: Mapping[str, Any]) -> None:
        """Every table that has judged, in the order of the flow: each sees what is decided before it."""
        flow = [one.arguments["table"] for one in package.graph.steps if one.kind == "judge"]
        for table in sorted(self.judged, key=lambda one: flow.index(one) if one in flow else len(flow)):
            self.judge(package, table, scope)

    def within(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """The answers as expressions see them, with what the handling has found.

        What was looked up stands under the name of its fact where nothing was answered: what somebody says of
        themselves is not overwritten, but compared.
        """
        seen = {**scope, **self.scope()}
        for key, found in self.looked_up.items():
            subject, _, name = key.partition(".")
            held = seen.get(subject)
            if held is None or (isinstance(held, Mapping) and held.get(name) is None):
                value = found["value"]
                seen[subject] = {**(held or {}), name: date.fromisoformat(value) if found["type"] == "date" else value}
        return seen

    def recorded(self, said: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
        """What a record step keeps, as JSON data: an expression's value, an answer whole, or the decision itself.

        Raises ExpressionError where kinds do not fit.
        """
        value: Any = {"granted": self.granted, **self.values}
        if (text := said.get("value")) is not None:
            expression = Expression.parse(text)
            held = _under(scope, text.strip()) if expression.names == {text.strip()} else None
            # A name by itself is what stands under it: an account or a place is no value of an expression.
            value = dict(held) if isinstance(held, Mapping) else expression.evaluate(scope)
        return json.loads(json.dumps(value, default=str))

    def scope(self) -> dict[str, Any]:
        """What expressions see of the course."""
        return {"decision": {"granted": self.granted}, "verdict": self.values, "finding": self.finding}

    def as_json(self) -> dict[str, Any]:
        return {
            "judged": self.judged,
            "examined": self.examined,
            "finding": self.finding,
            "reasons": self.reasons,
            "edits": self.edits,
            "wording": self.wording,
            "looked_up": self.looked_up,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Course":
        held: dict[str, Any] = {key: value.copy() for key, value in data.items()}
        return cls(**held)


def _under(scope: Mapping[str, Any], name: str) -> Any:
    found: Any = scope
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
