"""A published version, whole: what a running case is pinned to, built again from the JSON that was published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from madoguchi.procedures.rules.flow import Graph
from madoguchi.procedures.rules.form import Form, FormField, field_of, form_of
from madoguchi.procedures.rules.format import AskField, Procedure, Table
from madoguchi.procedures.rules.vocabulary import Fact


@dataclass(frozen=True, slots=True)
class Published:
    """The procedure, its flow, its tables and its form. ``findings``: what the office fills in at a step, by node."""

    procedure: Procedure
    graph: Graph
    tables: Mapping[str, Table]
    form: Form
    findings: Mapping[str, tuple[FormField, ...]]


def published(data: Mapping[str, Any], graph: Graph) -> Published:
    """From ``{procedure, tables, facts}`` as published; ``facts`` holds the vocabulary that the package names."""
    procedure = Procedure.model_validate(data["procedure"], strict=False)
    facts = {key: Fact.model_validate(one, strict=False) for key, one in data["facts"].items()}
    findings = {
        node.id: tuple(
            field_of(AskField.model_validate(_said(one), strict=False), None, {}) for one in node.arguments["findings"]
        )
        for node in graph.steps
        if "findings" in node.arguments
    }
    tables = {name: Table.model_validate(one, strict=False) for name, one in data["tables"].items()}
    return Published(procedure, graph, tables, form_of(procedure, facts), findings)


def _said(one: Mapping[str, Any]) -> dict[str, Any]:
    """What was written of a field, without the defaults that its type of answer may not name."""
    return {name: value for name, value in one.items() if value not in ([], None)}
