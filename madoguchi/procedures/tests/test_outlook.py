"""The letters ahead: what can be said of them now, and what somebody has yet to find out."""

from pathlib import Path
from typing import Any

from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.load import load_catalogue
from madoguchi.procedures.rules.outlook import letters_ahead
from madoguchi.procedures.rules.published import published
from madoguchi.procedures.tests.packages import Files, write


def ahead(folder: Path, flow: Any = lambda steps: steps) -> list[str] | None:
    def spoil(files: Files) -> None:
        files["procedure.yaml"]["flow"] = flow(files["procedure.yaml"]["flow"])

    package = load_catalogue(write(folder, spoil)).packages["mihon"]
    whole = published(package.as_json() | {"facts": {}} | {"procedure": _without_facts(package)}, package.graph)
    course = Course()
    course.examine("examine", "accept")
    return letters_ahead(whole, course, "examine", "accept", {"size": 3, **course.scope()})


def _without_facts(package: Any) -> Any:
    data = package.as_json()["procedure"]
    data["asks"][0]["ask"] = [one for one in data["asks"][0]["ask"] if "fact" not in one]
    return data


def test_a_letter_that_follows_is_named(tmp_path: Path) -> None:
    assert ahead(tmp_path) == ["decision"]


def test_a_letter_behind_a_look_up_is_not_told_before_it(tmp_path: Path) -> None:
    look_up = {"look_up": {"facts": ["permit.mihon"], "basis": "law"}}
    assert ahead(tmp_path, lambda steps: [*steps[:2], look_up, *steps[2:]]) is None
    assert ahead(tmp_path / "before", lambda steps: [look_up, *steps]) == ["decision"]
