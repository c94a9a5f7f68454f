"""The documents say what is so: the clerk's example passes the check, commands exist, lists are complete."""

import argparse
import re
import shutil
from pathlib import Path

import pytest

from madoguchi.procedures.rules import lint
from madoguchi.procedures.rules.city import check_offers, load_city
from madoguchi.procedures.rules.load import load_catalogue
from madoguchi.site import cli
from tools import acts

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
    # Of the city's own file the line moves with every section that it gains: there only the words count.
    plain = [
        {re.sub(r"(organisation\.yaml):\d+", r"\1", one.replace(f"{catalogue.parent}/", "")) for one in ones}
        for ones in (quoted, said)
    ]
    assert plain[0] - plain[1] == set()


def test_every_rule_of_the_check_is_in_the_clerks_table() -> None:
    table = CLERKS[CLERKS.index("## 10.") :]
    assert sorted(set(lint.RULES) - set(re.findall(r"\b[A-Z]\d\d\b", table))) == []


# -- lists ------------------------------------------------------------------------------------------------------------


def test_the_list_of_acts_is_what_the_system_can_do() -> None:
    assert acts.FILE.read_text(encoding="utf-8") == acts.text(), "run `python -m tools.acts`"


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "tools").glob("*/README.md"))]


@pytest.mark.parametrize("document", documents(), ids=lambda one: str(one.relative_to(ROOT)))
def test_commands_in_documents_are_understood(document: Path) -> None:
    """Each `madoguchi …` in a block of commands or between backticks is a command with these options."""
    text = document.read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    said = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", text)
    for line in said:
        for call in re.split(r"&&|\|", line.partition("#")[0]):
            words = call.split()
            if not words or words[0].rpartition("/")[2] != "madoguchi" or len(words) < 2:
                continue
            name = words[1]
            assert name in cli.COMMANDS or name == "--help", f"there is no `{call.strip()}`"
            if name != "--help" and not cli.COMMANDS[name].passes_on:
                parser = argparse.ArgumentParser()
                cli.COMMANDS[name].arguments(parser)
                known = parser.format_help() + "".join(_help_of_parts(parser)) + "--help"
                assert [one for one in words[2:] if one.startswith("--") and one not in known] == [], call


def _help_of_parts(parser: argparse.ArgumentParser) -> list[str]:
    parts = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return [inner.format_help() for one in parts for inner in one.choices.values()]


@pytest.mark.parametrize("document", documents(), ids=lambda one: str(one.relative_to(ROOT)))
def test_paths_in_documents_exist(document: Path) -> None:
    """A file or folder of ours between backticks is there; `<…>`, `*` and `…` stand for something."""
    said = re.findall(
        r"`((?:madoguchi|catalogue|cities|tests|tools|docs|requirements|locale)/[^`\s]*)`", document.read_text()
    )
    invented = ("compost-subsidy",)  # the example of docs/for-clerks.md
    concrete = [one.partition("::")[0] for one in said if not any(mark in one for mark in ("<", "*", "…", *invented))]
    assert [one for one in concrete if not (ROOT / one).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    folder = DOCS / "adr"
    index = (folder / "README.md").read_text()
    assert [one.name for one in sorted(folder.glob("*.md")) if one.name != "README.md" and one.name not in index] == []


def test_code_in_where_does_it_go_is_the_code() -> None:
    """The running example is not a likeness: each block that names its file stands in that file, word for word."""
    text = (DOCS / "where-does-it-go.md").read_text()
    blocks = re.findall(r"^```python (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    for file, block in blocks:
        source = (ROOT / file).read_text()
        for part in re.split(r"^\s*\.\.\.\n", block, flags=re.MULTILINE):
            assert part in source, f"{file} has no longer:\n{part}"


@pytest.mark.parametrize("document", documents(), ids=lambda one: str(one.relative_to(ROOT)))
def test_tests_named_in_documents_exist(document: Path) -> None:
    for file, name in re.findall(r"`([\w/]+\.py)::(test_\w+)`", document.read_text()):
        assert re.search(rf"def {name}\b", (ROOT / file).read_text()), f"{file} has no {name}"
