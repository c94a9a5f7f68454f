"""The check of life events: what they name exists, what they ask is used, and nothing is asked twice in one go."""

import shutil
from pathlib import Path

import pytest

from madoguchi.procedures.rules.flow import step_places
from madoguchi.procedures.rules.lint import RULES
from madoguchi.procedures.rules.lint_rules import Found, Subject
from madoguchi.procedures.rules.load import load_catalogue
from madoguchi.procedures.tests.packages import CATALOGUE

#: The parts of 引越し, and nothing else of the catalogue.
PARTS = (
    "change-of-address", "moving-out", "child-allowance-claim", "care-need-transfer", "pregnancy-notification",
    "dog-registration", "resident-record-copy",
)  # fmt: skip

ELSEWHERE = """elsewhere:
  - title: {ja: 年金, ja-simple: 年金, en: Pension}
    because: {ja: 住所が変わるため, ja-simple: 住所が 変わるから, en: The address changes}
    where: {ja: 年金事務所, ja-simple: 年金事務所, en: The pension office}
"""


def look(rule: str, folder: Path, old: str = "", new: str = "") -> list[Found]:
    """What the rule says of 引越し in which ``old`` is replaced by ``new``."""
    for name in ("facts.yaml", "laws.yaml"):
        shutil.copy(CATALOGUE / name, folder / name)
    shutil.copytree(CATALOGUE / "messages", folder / "messages")
    for code in ("moving", *PARTS):
        shutil.copytree(CATALOGUE / "procedures" / code, folder / "procedures" / code)
    file = folder / "procedures" / "moving" / "procedure.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else text, "utf-8")
    catalogue = load_catalogue(folder)
    assert not catalogue.problems, catalogue.problems
    package, found = catalogue.packages["moving"], RULES[rule].look
    assert found is not None
    return list(found(Subject(package, catalogue, None, step_places(package.procedure))))


@pytest.mark.parametrize("rule", ["P01", "P02", "P03", "P04"])
def test_the_life_event_that_ships_is_sound(rule: str, tmp_path: Path) -> None:
    assert look(rule, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("procedure: dog-registration", "procedure: cat-registration", "カタログにありません"),
        ('moves_on: "moved_on"', 'moves_at: "moved_on"', "moves_at をたずねません"),
        ("moved_from: \"'within'\"", "moved_from: \"'abroad'\"", "選択肢に abroad はありません"),
        ("identity: card", "identity: contact", "より強い本人確認"),
        (
            "keeps: [person.registered_address]",
            "keeps: [person.old_address]",
            "person.old_address は facts.yaml にありません",
        ),
        ("field: new_address,", "field: new_home,", "new_home をたずねません"),
        ("becomes: {person.registered_address:", "becomes: {person.phone:", "ほかの手続きと同じ意味のまま"),
    ],
)
def test_what_it_names_must_exist(old: str, new: str, words: str, tmp_path: Path) -> None:
    found = look("P01", tmp_path, old, new)
    assert any(words in one.message for one in found), found


@pytest.mark.parametrize(
    ("code", "words"), [("cat-registration", "カタログにありません"), ("dog-registration", "まとめて申し込めます")]
)
def test_what_is_done_elsewhere_exists_and_is_no_part(code: str, words: str, tmp_path: Path) -> None:
    found = look("P01", tmp_path, "\nasks:\n", f"\n{ELSEWHERE}    procedure: {code}\n\nasks:\n")
    assert any(words in one.message and one.path[:2] == ("elsewhere", 0) for one in found), found


def test_only_a_life_event_names_what_is_done_elsewhere(tmp_path: Path) -> None:
    shutil.copytree(CATALOGUE, tmp_path / "all")
    file = tmp_path / "all" / "procedures" / "dog-registration" / "procedure.yaml"
    file.write_text(file.read_text("utf-8").replace("\nasks:\n", f"\n{ELSEWHERE}\nasks:\n", 1), "utf-8")
    problems = load_catalogue(tmp_path / "all").problems
    assert any("elsewhere は、ライフイベント" in one.message for one in problems)


def test_parts_that_wait_for_each_other_are_found(tmp_path: Path) -> None:
    old = "            procedure: change-of-address\n"
    found = look("P01", tmp_path, old, old + "            after: [resident-record-copy]\n")
    assert any("互いの結果を待つ" in one.message for one in found)


def test_a_question_that_nothing_uses_is_found(tmp_path: Path) -> None:
    found = look("P02", tmp_path, "when: direction <> 'leaving' and new_dog", "when: direction <> 'leaving'")
    assert [one.at for one in found] == ["new_dog"]


def test_what_two_parts_ask_is_found(tmp_path: Path) -> None:
    """The same words in two of its procedures: once each when they stand alone, twice in one go."""
    twice = tmp_path / "twice"
    shutil.copytree(CATALOGUE, twice)
    label = "label: {ja: 毛色, ja-simple: 毛の 色, en: Coat colour}"
    other = twice / "procedures" / "pregnancy-notification" / "procedure.yaml"
    text = other.read_text("utf-8")
    asked = f"      - ask: colour\n        type: text\n        max_length: 40\n        {label}\n"
    other.write_text(text.replace("      - ask: diagnosed\n", asked + "      - ask: diagnosed\n", 1), "utf-8")
    catalogue = load_catalogue(twice)
    package, rule = catalogue.packages["moving"], RULES["P03"].look
    assert rule is not None
    found = list(rule(Subject(package, catalogue, None, step_places(package.procedure))))
    assert [one.at for one in found] == ["dog-registration"]
    assert "毛色" in found[0].message


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("happens_on: [moved_on]", "happens_on: [moves_at]", "moves_at"),
        ("[change-of-address.new_address,", "[change-of-address.address,", "change-of-address.address"),
        ("full_name: [person.full_name]", "full_name: [person.name]", "person.name"),
    ],
)  # fmt: skip
def test_what_is_handed_over_stands_somewhere(old: str, new: str, at: str, tmp_path: Path) -> None:
    assert [one.at for one in look("P04", tmp_path, old, new)] == [at]
