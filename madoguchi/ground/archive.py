"""A ZIP file as a stream of bytes: it is sent while it is made, and is never whole in memory or on disk."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, cast

from madoguchi.ground.clock import in_tokyo


class _Outlet(io.RawIOBase):
    """What the archive is written into: holds no more than was written since it was emptied, and cannot go back."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile gives bytes
        self.held += data
        return len(data)

    def empty(self) -> bytes:
        given = bytes(self.held)
        self.held.clear()
        return given


def zipped(entries: Iterable[tuple[str, Iterable[bytes]]], at: datetime) -> Iterator[bytes]:
    """The bytes of a ZIP of these files (name with ``/``, content in parts), as they come; every file is dated ``at``.

    Names are written in UTF-8. Memory: one part of one file, and about 100 bytes for each name.
    """
    outlet = _Outlet()
    dated = in_tokyo(at).timetuple()[:6]
    with zipfile.ZipFile(cast(IO[bytes], outlet), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in entries:
            one = zipfile.ZipInfo(name, dated)
            one.compress_type = zipfile.ZIP_DEFLATED
            one.external_attr = 0o600 << 16
            with archive.open(one, "w") as file:
                for part in parts:
                    file.write(part)
                    if outlet.held:
                        yield outlet.empty()
            yield outlet.empty()
    yield outlet.empty()
