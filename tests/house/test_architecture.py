"""The architecture as tests: what a review should never have to look for."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

import madoguchi
from madoguchi.cases.rules.keeping import ELSEWHERE, LIVES
from madoguchi.ground.sensitivity import Sensitivity, sensitivity_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "madoguchi"
#: Names under which a codebase collects what nobody wanted to give a place.
NOWHERE = {"utils", "util", "helpers", "helper", "services", "signals", "common", "misc", "enums", "constants"}


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("madoguchi.")]


def our_sources(*suffixes: str) -> list[Path]:
    folders = (PACKAGE, ROOT / "tools", ROOT / "tests", ROOT / "catalogue", ROOT / "cities")
    found = [one for folder in folders for one in folder.rglob("*") if one.suffix in suffixes]
    return [one for one in found if "node_modules" not in one.parts and "__pycache__" not in one.parts]


def test_import_contracts_are_kept() -> None:
    """`.importlinter` says what may lean on what, and why."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_of_code_is_a_package() -> None:
    """The import contracts do not see a folder without `__init__.py`, and would keep silent about it."""
    folders = {one.parent for one in PACKAGE.rglob("*.py") if "__pycache__" not in one.parts}
    assert sorted(str(one) for one in folders if not (one / "__init__.py").exists()) == []


def test_every_part_has_its_place() -> None:
    """No drawer for things without a place: each belongs to a noun or to the ground."""
    assert [str(one) for one in our_sources(".py") if one.stem in NOWHERE or one.parent.name in NOWHERE] == []


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_every_field_has_a_sensitivity_class(model: type[models.Model]) -> None:
    """Who may see it, log it, export it follows from the class: a field without one would be guessed at."""
    fields = {field.name for field in model._meta.concrete_fields} | {
        field.name for field in model._meta.local_many_to_many
    }
    classified = set(sensitivity_of(model))
    assert fields - classified == set(), "add them to @classified"
    assert classified - fields == set(), "these fields do not exist"


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_tables_are_named_by_us(model: type[models.Model]) -> None:
    """An explicit label and table, because moving a model between apps later is otherwise a data migration."""
    assert model._meta.app_label.startswith("madoguchi_")
    assert "db_table" in model._meta.original_attrs
    assert not model._meta.db_table.startswith("madoguchi_")


@pytest.mark.django_db
def test_migrations_say_what_the_models_say() -> None:
    """`madoguchi django makemigrations` would have nothing to do."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


def test_every_module_can_be_imported_by_itself() -> None:
    """No module works only because another one was imported before it (the contracts forbid most such cycles)."""
    names = [one.name for one in pkgutil.walk_packages(madoguchi.__path__, "madoguchi.")]
    for name in names:
        if ".migrations." not in name and ".tests" not in name:
            importlib.import_module(name)
    assert len(names) > 50


#: An address that a browser would load by itself: not a link that a person follows.
LOADED = re.compile(
    r"""(?:\bsrc=|<link[^>]+href=|url\(|@import\s+|\bfetch\(|\bimport\()\s*["']?(?:https?:)?//""", re.IGNORECASE
)


def test_pages_load_nothing_from_outside() -> None:
    """A city hall sits behind LGWAN, and a page that loads from elsewhere tells elsewhere who reads it."""
    faces = [one for one in our_sources(".html", ".css", ".js", ".svg", ".txt") if PACKAGE in one.parents]
    assert len(faces) > 10
    assert [str(one.relative_to(ROOT)) for one in faces if LOADED.search(one.read_text())] == []


def test_nothing_unfinished_lands() -> None:
    """What is not done is written on an issue, not into the code."""
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")
    sources = our_sources(".py", ".html", ".yaml", ".js", ".mjs", ".typ", ".css")
    assert [str(one.relative_to(ROOT)) for one in sources if marks.search(one.read_text())] == []


def _personal(model: type[models.Model]) -> set[str]:
    return {name for name, kind in sensitivity_of(model).items() if kind.at_least(Sensitivity.PERSONAL)}


@pytest.mark.parametrize(
    "model", [one for one in our_models() if _personal(one)], ids=lambda model: model._meta.db_table
)
def test_what_is_personal_is_deleted_and_handed_out_or_says_why_not(model: type[models.Model]) -> None:
    """``madoguchi/cases/rules/keeping.py`` names every table with personal data: a line in LIVES, or in ELSEWHERE."""
    table, fields = model._meta.db_table, {one.name: one for one in model._meta.concrete_fields}
    life = LIVES.get(table)
    assert (life is None) != (table not in ELSEWHERE), f"name {table} once: in LIVES, or in ELSEWHERE with the reason"
    if life is None:
        assert ELSEWHERE[table]
        return
    personal = _personal(model)
    if life.blank is not None and life.of_case:
        blanked = {name for name, one in fields.items() if {name, one.attname} & life.blank.keys()}
        assert personal <= blanked | life.stays.keys(), f"of {table} something personal would survive the case"
    assert life.withheld.keys() | life.stays.keys() <= fields.keys()
    assert all([*life.withheld.values(), *life.stays.values()]), "say why"
