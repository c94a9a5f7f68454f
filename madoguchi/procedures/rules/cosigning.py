"""連署: who has to confirm which part of the answers, and whether the one who is here is the one who was named. Pure.

What is confirmed is bound to what was seen by a digest: a part that is changed later is another part, and is asked
about again; one that is not changed stays confirmed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from madoguchi.ground.kana import search_key
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.form import Cell, Form, FormSection

#: What can agree between whoever is signed in and what the applicant said of them, in the words that staff read.
AGREEMENTS: Final[Mapping[str, str]] = {"birthday": "生年月日", "name": "氏名", "address": "メールアドレス"}


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part as the answers stand: who it is, and what they are to see. ``row`` where they stand in rows."""

    row: int | None
    name: str
    birthday: str
    """YYYY-MM-DD, empty where it is not asked for."""
    email: str
    email_path: str
    cells: tuple[Cell, ...]
    digest: str
    """SHA-256 (hexadecimal) over the name, the birthday, the sentence and every answer shown. Files count by their
    id, under which the content never changes."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the answers of this part stand."""
        return tuple(one.path for one in self.cells)


def parts(form: Form, node: Node, answers: Mapping[str, Any]) -> list[Part]:
    """Everybody who has to confirm at this step, in the order of the form; nobody where no address is asked for."""
    said = node.arguments
    told = {
        name: list(_cells(form, said[name], answers)) if said.get(name) else []
        for name in ("name", "birthday", "email")
    }
    found = []
    for address in told["email"]:
        if not address.value:
            continue
        shown = tuple(
            cell for path in said["shows"] for cell in _cells(form, path, answers) if cell.row in (None, address.row)
        )
        name, birthday = _of(told["name"], address.row), _of(told["birthday"], address.row)
        stored = [name, birthday, said["states"]["ja"], [[cell.path, cell.value] for cell in shown]]
        digest = hashlib.sha256(json.dumps(stored, sort_keys=True, default=str).encode()).hexdigest()
        found.append(Part(address.row, name, birthday, str(address.value), address.path, shown, digest))
    return found


def agreement(part: Part, known: Mapping[str, str], address: str) -> tuple[str, ...]:
    """What agrees between a part and the person signed in; empty where that person is not the one who was named.

    ``known`` are facts that the person did not say of themselves (card, register), ``address`` is one that they have
    confirmed. A birthday that was named must be theirs. A name is compared as it sounds in print: width, spaces and
    variants of characters (髙, 高) make no difference; where the birthday agrees another name (a marriage) is noted and
    does no harm. An address alone does only where nothing else is known of the person.
    """
    agreed = []
    if part.birthday and known:
        if known.get("person.date_of_birth") != part.birthday:
            return ()
        agreed.append("birthday")
    if known.get("person.full_name"):
        if search_key(known["person.full_name"]) == search_key(part.name):
            agreed.append("name")
        elif not agreed:
            return ()
    if address and address.casefold() == part.email.casefold():
        agreed.append("address")
    return tuple(agreed)


def _cells(form: Form, named: str, answers: Mapping[str, Any]) -> Iterator[Cell]:
    """The visible cells of a field as conditions name it: one, or one for each row."""
    for section in form.visible_sections(answers):
        for cell in form.cells(section, answers):
            if name_of(section, cell.field.name) == named:
                yield cell


def name_of(section: FormSection, field: str) -> str:
    """A field as conditions name it: ``mover.full_name`` in rows."""
    return f"{section.each}.{field}" if section.each else field


def _of(cells: list[Cell], row: int | None) -> str:
    return next((str(cell.value) for cell in cells if cell.row in (None, row) and cell.value), "")
