"""The virtual environment from a lock file: dev.txt to develop, test and show, run.txt for a city in service."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.setup.console import ROOT, VENV, run, say

LOCKS = ROOT / "requirements"
STAMP = VENV / "lock.sha256"


def make(lock: str) -> None:
    """Make an empty environment where there is none that could be brought up to this lock file."""
    if stamp_matches(lock):
        return
    # The stamp of pip's existence: an environment whose making was interrupted has a Python, but no pip.
    if not (VENV / "bin" / "pip").exists() or not _same_python():
        say(f"making a virtual environment (.venv) with Python {sys.version.split()[0]}")
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", VENV], "the virtual environment could not be made")
    STAMP.unlink(missing_ok=True)


def install(lock: str) -> None:
    """Bring the environment up to this lock file, every package checked against its hash."""
    if stamp_matches(lock):
        return
    python = VENV / "bin" / "python"
    say(f"installing {_count(lock)} Python packages from requirements/{lock} (a minute or two the first time)")
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip.append("--no-compile")
    run([*pip, "--require-hashes", "--requirement", LOCKS / lock], "the Python packages could not be installed")
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT], "madoguchi itself could not be installed")
    _compile(python)
    STAMP.write_text(_wanted(lock))


def _compile(python: Path) -> None:
    """Compile what was installed, on every core: pip does it on one; and our own programs, a third of whose start it
    is. As with pip, a file that does not compile is left: packages bring some that nobody imports.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = VENV / "lib" / version / "site-packages"
    folders = [packages, ROOT / "madoguchi", ROOT / "tools"]
    subprocess.run([python, "-m", "compileall", "-qq", "-j", "0", *folders], stdin=subprocess.DEVNULL, check=False)


def stamp_matches(lock: str) -> bool:
    """Whether the environment is whole and made from this very lock file."""
    return STAMP.exists() and STAMP.read_text() == _wanted(lock) and (VENV / "bin" / "madoguchi").exists()


def _wanted(lock: str) -> str:
    digest = hashlib.sha256()
    for file in (LOCKS / lock, ROOT / "pyproject.toml"):
        digest.update(file.read_bytes())
    # An editable install and the scripts in bin/ hold absolute paths: a checkout that was moved is set up again.
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def _same_python() -> bool:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (VENV / "lib" / version).is_dir() and (VENV / "bin" / "python").exists()


def _count(lock: str) -> int:
    return sum(
        1 for line in (LOCKS / lock).read_text().splitlines() if "==" in line and not line.startswith((" ", "#"))
    )
