"""Findings as SARIF 2.1.0 (OASIS), the form in which code hosts show what a check found beside the line.

Apart from the check, because it is a format of others: rules become reportingDescriptors, waivers suppressions.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from madoguchi.procedures.rules.lint import RULES, Finding, Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(findings: Iterable[Finding], *, version: str = "0") -> str:
    """One run of the check. ``version`` is that of Madoguchi; columns count Unicode code points from 1."""
    rules = list(RULES.values())
    index = {one.id: number for number, one in enumerate(rules)}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "madoguchi check",
                        "semanticVersion": version,
                        "language": "ja",
                        "rules": [_rule(one) for one in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, index) for finding in findings],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _rule(one: Rule) -> dict[str, Any]:
    return {
        "id": one.id,
        "shortDescription": {"text": one.title},
        "fullDescription": {"text": one.why},
        "help": {"text": one.explain()},
        "defaultConfiguration": {"level": one.severity},
    }


def _result(finding: Finding, index: Mapping[str, int]) -> dict[str, Any]:
    text = f"{finding.message}\n→ {finding.instead}" if finding.instead else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": PurePath(finding.file).as_posix()},
                    "region": {"startLine": max(finding.line, 1), "startColumn": max(finding.column, 1)},
                }
            }
        ],
    }
    if finding.rule in index:
        result["ruleIndex"] = index[finding.rule]
    if finding.waived:
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": finding.waived}]
    return result
