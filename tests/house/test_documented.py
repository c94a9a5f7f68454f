"""What can be done and what can be set is written down, or the build fails."""

import re
from pathlib import Path

import pytest

from madoguchi.events.rules import ACTS, ActSpec
from madoguchi.site import cli

ROOT = Path(__file__).resolve().parents[2]
OPERATING = ROOT / "docs" / "operating.md"
#: Set by the house's own programs for each other, or known to tests alone.
INNER = {"MADOGUCHI_TEST_DATABASE"}
#: Hot acts whose guard, record and answer are one SQL function, and which are asked: they live in the queries.
IN_SQL = {"facts.read", "facts.find", "facts.count"}


def our_acts() -> list[ActSpec]:
    return [spec for spec in ACTS.values() if ".tests." not in spec.where]


@pytest.mark.parametrize("spec", our_acts(), ids=lambda spec: spec.verb)
def test_every_act_is_documented(spec: ActSpec) -> None:
    """The list of acts is shown to people (history, assembly, audit): a Japanese name, then what it means."""
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+([-_][a-z]+)*", spec.verb), "noun.verb"
    assert re.match(r"[^\x00-\x7f][^:：]*: \S", spec.title), f"「{spec.title}」: write 「受付: what it means.」"
    assert ".actions" in spec.where or spec.verb in IN_SQL, "acts live in the actions of their noun"
    assert spec.allow, "an act that nobody may do is dead; name at least one reason"
    for reason in spec.allow:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", reason.code)
        assert re.search(r"[^\x00-\x7f]", reason.title), "a reason is a Japanese sentence one can say aloud"


def test_there_are_acts() -> None:
    assert len(our_acts()) > 10


def settings_read() -> set[str]:
    found: set[str] = set()
    for folder, pattern in (("madoguchi", "*.py"), ("tools", "*.py"), ("tools", "*.mjs")):
        for source in (ROOT / folder).rglob(pattern):
            if not {"tests", "node_modules"} & {*source.relative_to(ROOT).parts}:
                found |= set(re.findall(r"\bMADOGUCHI_[A-Z_]+[A-Z]\b", source.read_text()))
    return found - INNER


def test_every_setting_is_documented() -> None:
    text = OPERATING.read_text()
    assert sorted(name for name in settings_read() | {"DATABASE_URL"} if f"`{name}`" not in text) == []


def test_no_setting_is_documented_that_nobody_reads() -> None:
    documented = set(re.findall(r"`(MADOGUCHI_[A-Z_]+)`", OPERATING.read_text()))
    assert sorted(documented - settings_read() - {"MADOGUCHI_CHROMIUM"}) == []


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    one = cli.COMMANDS[name]
    assert 10 < len(one.summary) <= 105, "one line that fits beside the name"
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert one.summary in capsys.readouterr().out


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    shown = capsys.readouterr().out
    assert [name for name in cli.COMMANDS if f"\n  {name} " not in shown] == []


def test_a_mistyped_command_is_answered_with_the_likely_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["wrker"]) == 2
    assert "Did you mean `madoguchi worker`?" in capsys.readouterr().err


def test_links_between_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "tools").rglob("README.md")]
    links = [(one, link) for one in documents for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", one.read_text())]
    near = [(one, link) for one, link in links if "://" not in link and not link.startswith("mailto:")]
    assert [f"{one.relative_to(ROOT)}: {link}" for one, link in near if not (one.parent / link).exists()] == []
