"""What a resident signs: the application as plain text, the same bytes whenever it is made of the same answers.

It is written for people (a court reads it without this program), in Japanese, as what was asked and what was answered;
of a photograph or file it holds name, size and SHA-256. A line that begins with 「  | 」 goes on the answer above:
nothing typed can pass for another question. A life event is signed once over a cover that holds the digests of its
texts: each section then has the text that is its own, the cover and the signature, and nothing of the others.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from madoguchi.procedures.rules.form import UPLOADED, Cell
from madoguchi.procedures.rules.published import Published

#: The first line of each text. A change of what follows gets a new number.
FORMAT: Final = "madoguchi-application/1"
#: The identity that a package asks for where it wants a signature.
CARD_SIGNATURE: Final = "card-signature"


class Attached(NamedTuple):
    """A photograph or file of an answer. ``size`` in bytes, ``sha256`` of what is kept."""

    name: str
    size: int
    sha256: str


def text(
    package: Published, case: UUID, answers: Mapping[str, Any], files: Mapping[str, Attached], *, city: str
) -> bytes:
    """The application: who it is addressed to, which procedure, and all that is asked of these answers. ``files`` are
    by id. The id of the case makes the text, and its digest, one that nobody can guess."""
    lines = [*_head(package, case, city)]
    for section in package.form.visible_sections(answers):
        title, row = section.title["ja"], object()
        for cell in package.form.cells(section, answers):
            if cell.row != row:
                row = cell.row
                lines += ["", f"［{title if cell.row is None else f'{title} {cell.row + 1}'}］"]
            lines += _answer(cell, files)
    return _bytes(lines)


def cover(package: Published, case: UUID, digests: Sequence[str], *, city: str) -> bytes:
    """What is signed of a life event: the SHA-256 of each of its texts, its own questions first."""
    lines = [*_head(package, case, city), "", f"次の{len(digests)}件の書面からなる申請です。書面のSHA-256："]
    return _bytes([*lines, *(f"{number}. {one}" for number, one in enumerate(digests, 1))])


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal, as the cover and a signature's row name what was signed."""
    return hashlib.sha256(content).hexdigest()


def _head(package: Published, case: UUID, city: str) -> Iterator[str]:
    one = package.procedure
    yield f"電子申請（{FORMAT}）"
    yield f"あて先: {city}"
    yield f"手続: {one.title['ja']}（{one.code} {one.version}）"
    yield f"申請の識別番号: {case}"


def _answer(cell: Cell, files: Mapping[str, Attached]) -> Iterator[str]:
    label = " ".join(cell.field.label["ja"].split())
    if cell.field.type in UPLOADED:
        there = [files[one] for one in cell.value or [] if one in files]
        yield f"{label}: {len(there)}件"
        for one in there:
            yield f"  | {' '.join(one.name.split())}（{one.size}バイト、SHA-256 {one.sha256}）"
        return
    first, *more = _shown(cell).split("\n")
    yield f"{label}: {first}"
    yield from (f"  | {line}" for line in more)


def _shown(cell: Cell) -> str:
    value, options = cell.value, cell.field.options
    if value in (None, "", []):
        return "（入力なし）"
    if cell.field.type == "consent":
        return "同意します"
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, Mapping):
        return "\n".join(["", *(f"{part}: {value[part]}" for part in cell.field.parts() if value.get(part))])
    chosen = [options[str(one)]["ja"] if str(one) in options else str(one) for one in _many(value)]
    return "、".join(chosen)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _bytes(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
