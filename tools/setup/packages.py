"""What only the system can provide: PostgreSQL with PostGIS, fonts, gettext, and for the tests a browser.

A thing counts as present when it works, not when apt lists it, so that other distributions can bring it themselves.
Where this user may not install, the exact command is printed and set-up stops.
"""

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from madoguchi.site import cluster
from tools.setup.console import VENV, Stop, run, say

Purpose = Literal["demo", "test", "service"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclass(frozen=True)
class Need:
    """One thing of the system: how to see that it is there, and the package that brings it."""

    package: str
    why: str
    present: Callable[[], bool]


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _module(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _font(name: str) -> Callable[[], bool]:
    return lambda: any(Path("/usr/share/fonts").rglob(name))


def needs(purpose: Purpose) -> list[Need]:
    """All that must be there for the demo; the tests need more; a city in service has its database elsewhere."""
    wanted = [
        Need(f"python3.{sys.version_info.minor}-venv", "virtual environments", _module("ensurepip")),
        Need("gettext", "translations", _program("msgfmt")),
        Need("fonts-morisawa-bizud-gothic", "letters", _font("BIZUDPGothic-Regular.ttf")),
        Need("fonts-morisawa-bizud-mincho", "letters", _font("BIZUDPMincho-Regular.ttf")),
        Need("fonts-ipamj-mincho", "rare characters of names in letters", _font("ipamjm.ttf")),
    ]
    if os.environ.get("DATABASE_URL") or purpose == "service":
        wanted.append(Need("gdal-bin", "geometry", lambda: ctypes.util.find_library("gdal") is not None))
    else:
        wanted.append(Need("postgresql-postgis", "database with maps", lambda: bool(cluster.installed())))
    if purpose == "test":
        wanted.append(Need("poppler-utils", "reading letters back in tests", _program("pdftotext")))
        # Its tests bring a signature of their own; no list of viruses is fetched.
        wanted.append(Need("clamav-daemon", "tests of the virus scan", _program("clamd", "/usr/sbin/clamd")))
        if not _is_ubuntu():
            # Chromium without a window, at half the work for the processor; the whole one does as well.
            wanted.append(Need("chromium-headless-shell", "browser tests", has_chromium))
    return wanted


def install(purpose: Purpose) -> None:
    """Install what is missing, as root or with sudo that asks for no password."""
    missing = [need for need in needs(purpose) if not need.present()]
    if not missing:
        return
    names = [need.package for need in missing]
    for need in missing:
        say(f"missing: {need.package} ({need.why})")
    if not shutil.which("apt-get"):
        raise Stop(
            "This system has no apt. Please install with its own package manager what Debian calls\n"
            f"    {' '.join(names)}\nand start again."
        )
    prefix = _privilege()
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    if prefix is None:
        raise Stop(
            "This user may not install system packages. Please run\n"
            f"    sudo apt-get update && sudo {' '.join(apt)}\n"
            "and then start again."
        )
    say(f"installing with apt: {' '.join(names)}")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # Root may have no sudo; sudo drops the environment, hence env.
    quiet = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    try:
        run([*quiet, "apt-get", "update"], "apt-get update failed", environ)
    except Stop as stop:
        say(f"going on with the package lists of last time: {str(stop).splitlines()[0]}")
    run([*quiet, *apt], "apt-get install failed", environ)
    still = [need.package for need in missing if not need.present()]
    if still:
        raise Stop(f"Installed, but still not usable: {' '.join(still)}. Is this an unusual installation?")


def install_browser() -> None:
    """Ubuntu's chromium is a snap, which does not run everywhere: there Playwright brings its own."""
    if has_chromium() or not _is_ubuntu():
        return
    playwright = VENV / "bin" / "playwright"
    say("downloading Chromium with Playwright (Ubuntu has it only as a snap)")
    prefix = _privilege()
    if prefix is None:
        say("if the browser lacks libraries: sudo .venv/bin/playwright install-deps chromium")
    else:
        run([*prefix, playwright, "install-deps", "chromium"], "the browser's libraries could not be installed")
    run([playwright, "install", "chromium"], "Chromium could not be downloaded")


def has_chromium() -> bool:
    """A browser for the tests: MADOGUCHI_CHROMIUM, the system's, or the one that Playwright brought."""
    if os.environ.get("MADOGUCHI_CHROMIUM") or _program("chromium-headless-shell", "chromium", "chromium-browser")():
        return True
    return any((Path.home() / ".cache" / "ms-playwright").glob("chromium-*/INSTALLATION_COMPLETE"))


def _is_ubuntu() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "\nID=ubuntu\n" in "\n" + release.read_text()


def _privilege() -> list[str] | None:
    """The words before a command that make it root's; None where this user may not."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None
