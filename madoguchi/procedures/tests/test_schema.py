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


ROOT = FOLDER.parents[2]
WRITTEN_WITH = {
    "catalogue/procedures/*/procedure.yaml": "procedure.schema.json",
    "catalogue/procedures/*/rules.yaml": "rules.schema.json",
    "catalogue/procedures/*/examples/*.yaml": "example.schema.json",
    "catalogue/facts.yaml": "facts.schema.json",
    "catalogue/laws.yaml": "laws.schema.json",
    "catalogue/readings.yaml": "readings.schema.json",
    "cities/*/city.yaml": "city.schema.json",
    "cities/*/organisation.yaml": "organisation.schema.json",
    "cities/*/offers.yaml": "offers.schema.json",
    "cities/*/towns.yaml": "towns.schema.json",
    "cities/*/ordinances.yaml": "ordinances.schema.json",
    "cities/*/registers/*.yaml": "register.schema.json",
}


@pytest.mark.parametrize("pattern", WRITTEN_WITH)
def test_every_file_of_the_catalogue_names_its_schema(pattern: str) -> None:
    paths = sorted(ROOT.glob(pattern))
    assert paths
    for path in paths:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert schema != first, f"{path} begins with `# yaml-language-server: $schema=…`"
        assert (path.parent / schema).resolve() == FOLDER / WRITTEN_WITH[pattern]
