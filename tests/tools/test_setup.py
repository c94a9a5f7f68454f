"""Set-up says exactly what to type where it may not install, and does nothing twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from madoguchi.messages.rules.letters import FONTS
from tools.setup import console, node, packages, python
from tools.setup.console import Stop
from tools.setup.packages import Need

ABSENT = Need("postgresql-postgis", "database with maps", lambda: False)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands that would have run."""
    commands: list[str] = []
    monkeypatch.setattr(packages, "run", lambda command, *_: commands.append(" ".join(map(str, command))))
    return commands


def test_prints_the_exact_command_where_it_may_not_install(monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    monkeypatch.setattr(packages, "needs", lambda purpose: [ABSENT])
    monkeypatch.setattr(packages, "_privilege", lambda: None)
    with pytest.raises(Stop) as stop:
        packages.install("demo")
    wanted = "sudo apt-get update && sudo apt-get install --yes --no-install-recommends postgresql-postgis"
    assert wanted in str(stop.value)
    assert ran == []


def test_installs_what_is_missing_and_nothing_else(monkeypatch: pytest.MonkeyPatch, ran: list[str]) -> None:
    there: list[str] = []
    missing = Need("gettext", "translations", lambda: bool(there))
    present = Need("chromium", "browser tests", lambda: True)
    monkeypatch.setattr(packages, "needs", lambda purpose: [missing, present])
    monkeypatch.setattr(packages, "_privilege", lambda: ["sudo", "-n"])
    real: Callable[..., str] = vars(packages)["run"]

    def install(command: list[object], *rest: object) -> str:
        there.append("gettext")
        return real(command, *rest)

    monkeypatch.setattr(packages, "run", install)
    packages.install("test")
    env = "sudo -n env DEBIAN_FRONTEND=noninteractive"
    assert ran == [f"{env} apt-get update", f"{env} apt-get install --yes --no-install-recommends gettext"]


def test_names_what_other_distributions_must_bring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "needs", lambda purpose: [ABSENT])
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(Stop, match=r"no apt[\s\S]*postgresql-postgis"):
        packages.install("demo")


def test_every_font_that_letters_need_is_installed_by_set_up() -> None:
    """A machine that has a font by chance hides that set-up forgot it."""
    assert set(FONTS.values()) <= {need.package for need in packages.needs("service")}


def test_all_needs_of_this_machine_are_met() -> None:
    """The tests run here, so set-up has nothing to do: each need can see what it asks for."""
    assert [need.package for need in packages.needs("test") if not need.present()] == []


def test_a_failing_program_is_shown_with_its_end() -> None:
    with pytest.raises(Stop, match=r"it failed \(sh -c [\s\S]*exit code 3\):\n    last words"):
        console.run(["sh", "-c", "echo last words; exit 3"], "it failed")
    with pytest.raises(Stop, match="The disk is full"):
        console.run(["sh", "-c", "echo No space left on device; exit 1"], "it failed")


def test_an_old_node_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(folder: str, version: str) -> Path:
        (tmp_path / folder).mkdir()
        for name in ("node", "npm"):
            (tmp_path / folder / name).write_text(f"#!/bin/sh\necho {version}\n")
            (tmp_path / folder / name).chmod(0o755)
        return tmp_path / folder

    old, new = make("old", "v20.19.1"), make("new", "v22.4.0")
    monkeypatch.setattr(node, "VENV", tmp_path / "no-venv")
    monkeypatch.setenv("PATH", str(old))
    assert node._node_folder() is None
    monkeypatch.setenv("PATH", f"{old}:{new}")
    assert node._node_folder() == new


def test_a_changed_lock_is_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, stamp = tmp_path / "dev.txt", tmp_path / ".venv" / "lock.sha256"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "madoguchi").touch()
    lock.write_text("django==5.2.1\n")
    for name, value in (("LOCKS", tmp_path), ("STAMP", stamp), ("VENV", tmp_path / ".venv")):
        monkeypatch.setattr(python, name, value)
    assert not python.stamp_matches("dev.txt")
    stamp.write_text(python._wanted("dev.txt"))
    assert python.stamp_matches("dev.txt")
    lock.write_text("django==5.2.2\n")
    assert not python.stamp_matches("dev.txt")


@pytest.mark.parametrize("lock", ["requirements/dev.txt", "requirements/run.txt", "requirements/node.txt"])
def test_locks_carry_hashes_and_no_host(lock: str) -> None:
    text = (console.ROOT / lock).read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") > text.count("==") > 0
    assert '"resolved"' not in (console.ROOT / "package-lock.json").read_text()
