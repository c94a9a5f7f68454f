"""Many letters as one PDF for the printer, written letter by letter: one letter's memory, however many there are.

Only the pages go over, as they look. What proves a letter genuine (its signature) and what makes it accessible stay
with the letter itself; on paper neither is left.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    EncodedStreamObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
)

_CATALOG, _PAGES = 1, 2
#: What of a page is only for screens, or leads out of the page.
_NOT_FOR_PAPER: Final = frozenset({"/Parent", "/Annots", "/StructParents", "/Tabs", "/AA", "/B", "/Metadata"})
#: A4 in points.
_A4: Final = (595, 842)


def bind(letters: Iterable[bytes], *, duplex: bool = False) -> Iterator[bytes]:
    """The bytes of one PDF with the pages of all ``letters``, in their order. Each is read when its turn comes.

    ``duplex``: each letter begins on a sheet of its own also where sheets are printed on both sides.
    """
    book = _Book()
    yield book.begin()
    for letter in letters:
        if duplex and book.count % 2:
            yield book.blank()
        yield from book.add(letter)
    yield book.end()


class _Book:
    """A PDF (ISO 32000-1) as it grows: where each object begins, and which of them are pages."""

    def __init__(self) -> None:
        self.length = 0
        self.starts: dict[int, int] = {}
        self.pages: list[int] = []
        self.last = _PAGES

    @property
    def count(self) -> int:
        return len(self.pages)

    def begin(self) -> bytes:
        return self._passed(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, letter: bytes) -> Iterator[bytes]:
        """The objects of a letter's pages under new numbers."""
        taken: dict[tuple[int, int], int] = {}
        waiting: list[tuple[int, Any]] = []

        def moved(value: Any) -> Any:
            if isinstance(value, IndirectObject):
                key = (value.idnum, value.generation)
                if key not in taken:
                    taken[key] = self._next()
                    waiting.append((taken[key], value.get_object()))
                return _to(taken[key])
            if isinstance(value, StreamObject):
                made = EncodedStreamObject()
                made.update({name: moved(value.raw_get(name)) for name in value if name != "/Length"})
                made._data = value._data
                return made
            if isinstance(value, DictionaryObject):
                return DictionaryObject({name: moved(value.raw_get(name)) for name in value})
            return ArrayObject([moved(one) for one in value]) if isinstance(value, ArrayObject) else value

        reader = PdfReader(BytesIO(letter))
        for page in reader.pages:
            shown = DictionaryObject({name: moved(page.raw_get(name)) for name in page if name not in _NOT_FOR_PAPER})
            yield self._page(shown)
            while waiting:
                number, value = waiting.pop()
                yield self._object(number, moved(value))
        reader.close()
        # Its objects know it and each other: let go now, not when the collector comes.
        vars(reader).clear()

    def blank(self) -> bytes:
        """An empty page."""
        return self._page(DictionaryObject({NameObject("/MediaBox"): _numbers(0, 0, *_A4)}))

    def end(self) -> bytes:
        kids = ArrayObject([_to(one) for one in self.pages])
        pages = {"/Type": NameObject("/Pages"), "/Kids": kids, "/Count": NumberObject(self.count)}
        catalog = {"/Type": NameObject("/Catalog"), "/Pages": _to(_PAGES)}
        said = self._object(_PAGES, _named(pages)) + self._object(_CATALOG, _named(catalog))
        table = "".join(f"{self.starts[number]:010} 00000 n \n" for number in range(1, self.last + 1))
        size = self.last + 1
        tail = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root {_CATALOG} 0 R >>\n"
        return said + f"{tail}startxref\n{self.length}\n%%EOF\n".encode()

    def _page(self, page: DictionaryObject) -> bytes:
        page[NameObject("/Type")] = NameObject("/Page")
        page[NameObject("/Parent")] = _to(_PAGES)
        if "/Resources" not in page:
            page[NameObject("/Resources")] = DictionaryObject()
        number = self._next()
        self.pages.append(number)
        return self._object(number, page)

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _object(self, number: int, value: Any) -> bytes:
        self.starts[number] = self.length
        out = BytesIO()
        out.write(f"{number} 0 obj\n".encode())
        value.write_to_stream(out)
        out.write(b"\nendobj\n")
        return self._passed(out.getvalue())

    def _passed(self, said: bytes) -> bytes:
        self.length += len(said)
        return said


def _to(number: int) -> IndirectObject:
    return IndirectObject(number, 0, None)


def _numbers(*values: int) -> ArrayObject:
    return ArrayObject([NumberObject(one) for one in values])


def _named(values: dict[str, Any]) -> DictionaryObject:
    return DictionaryObject({NameObject(name): value for name, value in values.items()})
