"""Programs that run as one: nothing stays behind, and whoever ends first is named with its last words."""

import http.server
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from madoguchi.site.supervisor import ChildEnded, Program, Supervisor, answers_http, taken_by


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(path: Path) -> int:
    for _ in range(200):
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def test_output_carries_the_name() -> None:
    out = io.StringIO()
    with Supervisor(out) as supervisor:
        supervisor.start(Program("web", python("print('こんにちは')")))
        time.sleep(0.5)
    assert out.getvalue() == "web     | こんにちは\n"


def test_a_program_that_ends_is_named_with_its_last_lines() -> None:
    with Supervisor(io.StringIO()) as supervisor:
        supervisor.start(Program("worker", python("import sys; print('no table case'); sys.exit(3)")))
        with pytest.raises(ChildEnded, match=r"worker ended with exit code 3[^\n]*\n    no table case"):
            supervisor.watch()


def test_grandchildren_end_too_even_stubborn_ones(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    parent = f"import subprocess,sys,time; subprocess.Popen([sys.executable, '-c', {stubborn!r}]); time.sleep(60)"
    with Supervisor(io.StringIO()) as supervisor:
        supervisor.start(Program("web", python(parent)))
        pid = wait_for(note)
        assert alive(pid)
    time.sleep(0.2)
    assert not alive(pid)


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    child = f"import os,time; open({str(note)!r},'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import sys; from madoguchi.site.supervisor import *\n"
        f"s = Supervisor(); s.start(Program('web', [sys.executable, '-c', {child!r}])); s.watch()"
    )
    supervisor = subprocess.Popen(python(code))
    pid = wait_for(note)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()
    for _ in range(100):
        if not alive(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError("the child outlived its supervisor")


def test_ready_when_it_answers() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = f"import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
    with Supervisor(io.StringIO()) as supervisor:
        supervisor.start(Program("web", python(serve), answers_http(port)))
        supervisor.wait_until_ready()
        assert answers_http(port)()
    assert not answers_http(port)()


def test_says_who_holds_a_port() -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    assert f"process {os.getpid()} (" in str(taken_by(port))
    server.shutdown()
    server.server_close()
    assert taken_by(port) is None
