"""Findings as SARIF 2.1.0: what its schema demands of the parts that we write."""

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from madoguchi.procedures.rules.lint import RULES, Finding
from madoguchi.procedures.rules.sarif import as_sarif

_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
_findings = st.builds(
    Finding,
    file=st.sampled_from(["catalogue/procedures/mihon/procedure.yaml", "cities/daito/offers.yaml"]),
    line=st.integers(0, 5000),
    column=st.integers(0, 200),
    rule=st.sampled_from([*RULES, "Z99"]),
    message=_words,
    instead=st.just("") | _words,
    severity=st.sampled_from(["error", "warning", "note"]),
    waived=st.just("") | _words,
)


def _valid(log: Any) -> None:
    """The demands of sarif-schema-2.1.0.json on log, run, tool, reportingDescriptor, result, location, suppression."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    assert set(run) <= {"tool", "columnKind", "results"}
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert re.fullmatch(r"[a-zA-Z]{2}(-[a-zA-Z]{2})?", driver["language"])
    rules = driver["rules"]
    assert len({one["id"] for one in rules}) == len(rules)
    for one in rules:
        assert {"id"} <= set(one) <= {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"}
        assert one["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert all(one[part]["text"] for part in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert {"message", "ruleId", "level", "locations"} <= set(result)
        assert set(result) <= {"message", "ruleId", "ruleIndex", "level", "locations", "suppressions"}
        assert result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        if "ruleIndex" in result:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            physical = location["physicalLocation"]
            assert "\\" not in physical["artifactLocation"]["uri"]
            assert physical["region"]["startLine"] >= 1
            assert physical["region"]["startColumn"] >= 1
        for suppression in result.get("suppressions", []):
            assert suppression["kind"] in ("inSource", "external")
            assert suppression["status"] in ("accepted", "underReview", "rejected")
            assert suppression["justification"]


@given(st.lists(_findings, max_size=8))
def test_any_findings_are_valid_sarif(findings: list[Finding]) -> None:
    log = json.loads(as_sarif(findings, version="1.2.3"))
    _valid(log)
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == [one.rule for one in findings]


def test_a_waived_finding_is_suppressed_with_its_reason() -> None:
    finding = Finding("a/procedure.yaml", 3, 1, "L07", "手数料", "用意します", "error", waived="まだ備えていません")
    (result,) = json.loads(as_sarif([finding]))["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "まだ備えていません"}]
    assert result["message"]["text"] == "手数料\n→ 用意します"


def test_every_rule_can_be_looked_up() -> None:
    rules = json.loads(as_sarif([]))["runs"][0]["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == list(RULES)
