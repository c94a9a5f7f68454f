"""Examples: the shipped ones hold, and whatever differs from the story is told at its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from madoguchi.ground import clock
from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.examples import answers_of, check_example, in_memory, play, reader
from madoguchi.procedures.rules.load import Problem, load_catalogue
from madoguchi.procedures.tests.packages import Files, write
from madoguchi.procedures.tests.shipped import catalogue as shipped
from madoguchi.procedures.tests.shipped import daito

SHIPPED = shipped()
DAITO = daito()
PACKAGES = {code: DAITO.localise(package) for code, package in SHIPPED.packages.items()}


@pytest.mark.parametrize(
    ("code", "name"), [(code, name) for code, package in PACKAGES.items() for name in package.examples]
)
def test_a_shipped_example_holds(code: str, name: str) -> None:
    """Its letter is set and read back where the whole catalogue is checked (test_lint)."""
    problems = list(check_example(PACKAGES[code], name, SHIPPED.facts, DAITO))
    assert not problems, "\n".join(map(str, problems))


# -- what is told when an example and the package differ --------------------------------------------------------------

Change = Callable[[dict[str, Any]], None]


def _told(tmp_path: Path, change: Change, *, name: str = "granted", letters: bool = False) -> list[Problem]:
    def spoil(files: Files) -> None:
        change(files[f"examples/{name}.yaml"])

    catalogue = load_catalogue(write(tmp_path, spoil))
    assert not catalogue.problems
    package = catalogue.packages["mihon"]
    return list(check_example(package, name, catalogue.facts, None, reader(package) if letters else None))


def _put(key: str, value: Any) -> Change:
    return lambda example: example.__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        (_put("path", ["judge", "examine:accept", "issue", "notify"]), "E02", "次は record（record）"),
        (_put("path", ["judge", "examine:accept"]), "E02", "まだ終わっていません"),
        (_put("path", ["judge", "examine"]), "E02", "examine:accept"),
        (_put("path", ["judge", "examine:approve"]), "E02", "という結果はありません"),
        (_put("path", ["judge", "examine:accept", "record", "issue", "withdrawn"]), "E02", "取り下げられません"),
        (_put("decision", {"granted": False}), "E03", "granted は false ではなく true"),
        (_put("decision", {"fits": None}), "E03", "fits は なし ではなく true"),
        (_put("asked", ["size", "person.full_name"]), "E05", "person.full_name はたずねませんでした"),
        (_put("asked", []), "E05", "size をたずねました"),
        (_put("digital", False), "E06", "すべてデジタルで終わりました"),
        (_put("given", {"size": 3, "colour": "red"}), "E01", "colour という項目はこの手続きにありません"),
        (_put("given", {"size": "three"}), "E01", "整数で書きます"),
        (_put("given", {}), "E01", "size: 入力してください"),
    ],
)
def test_a_difference_is_told(change: Change, rule: str, says: str, tmp_path: Path) -> None:
    problems = _told(tmp_path, change)
    assert [problem.rule for problem in problems] == [rule]
    assert says in problems[0].message
    assert problems[0].line > 1


def test_what_the_letter_says_is_compared(tmp_path: Path) -> None:
    letter = {"name": "decision", "contains": ["手数料"], "lacks": ["許可しました"]}
    problems = _told(tmp_path / "words", _put("letter", letter), letters=True)
    assert [problem.rule for problem in problems] == ["E04", "E04"]
    (other,) = _told(tmp_path / "name", _put("letter", {"name": "other"}), letters=True)
    assert "decision" in other.instead
    (none,) = _told(tmp_path / "none", _put("letter", {"contains": ["x"]}), name="withdrawn", letters=True)
    assert "文書が出ません" in none.message


def test_a_closed_gate_stops_an_example(tmp_path: Path) -> None:
    def gate(files: Files) -> None:
        text = {"ja": "大きい", "ja-simple": "大きい", "en": "big"}
        files["procedure.yaml"]["gates"] = [{"when": "size >= 9", "title": text, "text": text}]

    catalogue = load_catalogue(write(tmp_path, gate))
    package = catalogue.packages["mihon"]
    assert not list(check_example(package, "granted", catalogue.facts))
    (problem,) = check_example(package, "refused", catalogue.facts)
    assert problem.rule == "E01"
    assert "大きい" in problem.message


def test_a_refusal_gives_only_the_reasons_against() -> None:
    package = PACKAGES["child-allowance-claim"]
    story = play(package, package.examples["no-care-refused"], SHIPPED.facts, DAITO)
    assert [reason["ja"][:9] for reason in story.course.why()] == ["お子さんを監護し、"]


# -- gates of the shipped packages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "answers"),
    [
        ("child-allowance-claim", "two-children-granted", {"public_servant": True}),
        ("child-allowance-claim", "two-children-granted", {"higher_earner": "spouse"}),
        ("change-of-address", "whole-family-accepted", {"new_address": {"text": "大阪府大東市谷川一丁目1番1号"}}),
        ("disaster-certificate", "self-assessed-granted", {"disaster_kind": "fire"}),
        ("disaster-certificate", "self-assessed-granted", {"building_use": "not_dwelling"}),
        (
            "dog-registration",
            "microchip-granted",
            {"kept_at": {"text": "―", "map": {"towns": {"verdict": "does_not"}}}},
        ),
    ],
)
def test_the_wrong_person_is_led_elsewhere(code: str, name: str, answers: dict[str, Any]) -> None:
    package = PACKAGES[code]
    example = package.examples[name]
    form = in_memory(package, SHIPPED.facts).form
    with clock.travel(example.on):
        before, after = form.scope(answers_of(example)), form.scope(answers_of(example) | answers)
    gates = [Expression.parse(gate.when) for gate in package.procedure.gates]
    assert not any(gate.holds(before) for gate in gates)
    assert sum(gate.holds(after) for gate in gates) == 1
