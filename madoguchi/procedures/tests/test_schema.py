"""The published JSON Schema is what the models say."""

from pathlib import Path

import pytest

from madoguchi.procedures.rules.schema import schemas

FOLDER = Path(__file__).resolve().parents[1] / "schema"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_committed_schema_is_current(name: str) -> None:
    assert (FOLDER / name).read_text() == schemas()[name], (
        "the models have changed: run `python -m madoguchi.procedures.schema`"
    )


def test_nothing_else_is_published() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(schemas())
