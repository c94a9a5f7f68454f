"""The language of clamd, spoken with a real one, and with things that only pretend to be one."""

import io
import socket
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from madoguchi.bridges.clamd.scanner import Clamd
from madoguchi.bridges.clamd.tests.daemon import FOUND_MARK, FOUND_WHOLE, MARK, WHOLE, Daemon, running
from madoguchi.cases.ports import ScannerDown


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    # Not pytest's own folder: the path of a local socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="clamd") as folder, running(Path(folder)) as one:
        yield one


def test_what_is_known_is_found_and_the_rest_is_clean(daemon: Daemon) -> None:
    scanner = Clamd(daemon.address)
    assert scanner.scan(b"nothing to see" * 1000) == ""
    assert scanner.scan(b"x" * 300_000 + MARK + b"y" * 300_000) == FOUND_MARK
    assert scanner.scan(WHOLE) == FOUND_WHOLE
    assert scanner.version().startswith("ClamAV ")


def test_it_looks_into_archives(daemon: Daemon) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letter.txt", b"a" * 5000 + MARK)
    assert MARK not in packed.getvalue()
    assert Clamd(daemon.address).scan(packed.getvalue()) == FOUND_MARK


def test_the_largest_file_goes_through_and_a_larger_one_is_not_called_clean(daemon: Daemon) -> None:
    scanner = Clamd(daemon.address)
    assert scanner.scan(b"\0" * 20 * 1024 * 1024) == ""
    with pytest.raises(ScannerDown):
        scanner.scan(b"\0" * 26 * 1024 * 1024)


@pytest.mark.parametrize("answer", [b"", b"stream: OK, or so\0", b"UNKNOWN COMMAND\0", b"\xff" * 9000])
def test_whoever_is_not_clamd_has_found_nothing_out(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line:
                line.recv(100_000)
                line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ScannerDown):
            Clamd(f"tcp://127.0.0.1:{listening.getsockname()[1]}").scan(b"x")
        thread.join()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", "unix:/nowhere/clamd.ctl"):
        with pytest.raises(ScannerDown):
            Clamd(address).scan(b"x")


@pytest.mark.parametrize("address", ["/run/clamd.ctl", "http://localhost:3310", "unix:", "tcp://"])
def test_a_wrong_address_is_said_at_once(address: str) -> None:
    with pytest.raises(ValueError, match="MADOGUCHI_CLAMD"):
        Clamd(address)
