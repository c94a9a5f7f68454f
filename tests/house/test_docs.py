"""The documents say what is so: the clerk's example passes the check, commands exist, lists are complete."""

import re
import shutil
from pathlib import Path

import pytest

from madoguchi.procedures.rules import lint
from madoguchi.procedures.rules.city import check_offers, load_city
from madoguchi.procedures.rules.load import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CLERKS = (DOCS / "for-clerks.md").read_text()


# -- for clerks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    """Catalogue and city of somebody who has followed docs/for-clerks.md to the letter."""
    catalogue, city = tmp_path / "catalogue", tmp_path / "cities" / "daito"
    shutil.copytree(ROOT / "catalogue", catalogue)
    shutil.copytree(ROOT / "cities" / "daito", city)
    package = catalogue / "procedures" / "compost-subsidy"
    (package / "letters").mkdir(parents=True)
    (package / "examples").mkdir()
    for file, text in re.findall(r"^```(?:yaml|typst) (\S+)\n(.*?)^```$", CLERKS, re.MULTILINE | re.DOTALL):
        with (package / file).open("a") as out:
            out.write(text)
    organisation = city / "organisation.yaml"
    role = "  waste-reduction: {section: environment}\n"
    assert role in CLERKS
    organisation.write_text(organisation.read_text().replace("roles:\n", f"roles:\n{role}"))
    return catalogue, city


def test_who_follows_the_text_has_a_procedure_without_a_finding(written: tuple[Path, Path]) -> None:
    catalogue, city = written
    assert [str(one) for one in lint.check(["compost-subsidy"], catalogue, city) if one.severity != "note"] == []
    assert list(check_offers(load_city(city), load_catalogue(catalogue).packages)) == []


def test_messages_of_the_check_are_quoted_as_they_are(written: tuple[Path, Path]) -> None:
    """Each message that the text quotes comes from the mistake that the text tells."""
    catalogue, city = written
    quoted = set(re.findall(r"^(\S+:\d+  [A-Z]\d\d  .*\n    → .*)$", CLERKS, re.MULTILINE))
    assert len(quoted) == 3
    rules = catalogue / "procedures" / "compost-subsidy" / "rules.yaml"
    otherwise = re.search(r"^    - otherwise:.*?(?=^  decides)", rules.read_text(), re.MULTILINE | re.DOTALL)
    assert otherwise is not None
    rules.write_text(rules.read_text().replace(otherwise[0], ""))
    shutil.copy(ROOT / "catalogue" / "laws.yaml", catalogue)
    said = {str(one) for one in lint.check(["compost-subsidy"], catalogue, city)}
    shutil.copy(ROOT / "cities" / "daito" / "organisation.yaml", city)
    said |= {str(one) for one in check_offers(load_city(city), load_catalogue(catalogue).packages)}
    assert quoted - {one.replace(f"{catalogue.parent}/", "") for one in said} == set()


def test_every_rule_of_the_check_is_in_the_clerks_table() -> None:
    table = CLERKS[CLERKS.index("## 10.") :]
    assert sorted(set(lint.RULES) - set(re.findall(r"\b[A-Z]\d\d\b", table))) == []
