"""The language of clamd (clamd(8)): ``zINSTREAM`` with the file in pieces, over TCP or a local socket.

One connection for each file: clamd closes it after its answer. The file never touches a disk on our side.
"""

import re
import socket
import struct
from urllib.parse import urlsplit

from madoguchi.cases.ports import Scanner, ScannerDown

#: Seconds for one answer: 20 MB of nested archives take clamd a few.
PATIENCE_SECONDS = 30
CONNECT_SECONDS = 3
PIECE = 64 * 1024
#: Longest answer that is believed; clamd's own are one line.
LONGEST_ANSWER = 4096


class Clamd:
    """clamd at an address: ``tcp://host:3310`` or ``unix:/run/clamav/clamd.ctl``."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme == "unix" and parts.path:
            self._target: str | tuple[str, int] = parts.path
        elif parts.scheme == "tcp" and parts.hostname:
            self._target = (parts.hostname, parts.port or 3310)
        else:
            raise ValueError("MADOGUCHI_CLAMD is tcp://host:port or unix:/path/to/clamd.ctl")

    def scan(self, content: bytes) -> str:
        """The signature that clamd found, empty for none. Raises ScannerDown, also where clamd could not look."""
        pieces = (content[at : at + PIECE] for at in range(0, len(content), PIECE))
        stream = b"".join(struct.pack(">I", len(piece)) + piece for piece in pieces)
        answer = self._ask(b"zINSTREAM\0" + stream + struct.pack(">I", 0))
        if answer == "stream: OK":
            return ""
        if found := re.fullmatch(r"stream: (\S{1,200}) FOUND", answer):
            return found[1]
        raise ScannerDown("clamd could not look")  # «INSTREAM size limit exceeded. ERROR» and the like

    def version(self) -> str:
        """Version of clamd, number and date of its signatures."""
        return self._ask(b"zVERSION\0")

    def _ask(self, sent: bytes) -> str:
        try:
            with self._connected() as line:
                line.settimeout(PATIENCE_SECONDS)
                line.sendall(sent)
                answer = b""
                while b"\0" not in answer and len(answer) < LONGEST_ANSWER:
                    more = line.recv(1024)
                    if not more:
                        break
                    answer += more
        except OSError as error:
            raise ScannerDown("clamd does not answer") from error
        return answer.partition(b"\0")[0].decode(errors="replace").strip()

    def _connected(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target, timeout=CONNECT_SECONDS)
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(CONNECT_SECONDS)
            line.connect(self._target)
        except OSError:
            line.close()
            raise
        return line


def open_scanner(address: str) -> Scanner:
    """The scanner at this address; nothing is asked of it yet."""
    return Clamd(address)
