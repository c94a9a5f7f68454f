"""What lists and searches know of a case without reading its answers: whose it is, of which town, and its search key.

Written when the answers are received or corrected, so that a list of 200,000 cases is a question to an index.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from madoguchi.cases.models import Case
from madoguchi.cases.models.case import PLACES
from madoguchi.ground.kana import search_key
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import speaking
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.rules.published import Published

#: Facts by which a case is looked for: whoever is named in it, and where they live.
_NAMES: Final = ("full_name", "full_name_kana")
_ADDRESS: Final = "address"


def label(case: Case, package: Published) -> None:
    """Set ``applicant``, ``kana``, ``town`` and ``search_key`` from the answers; the caller saves the case."""
    case.applicant = get(case.answers, "person.full_name") or get(case.answers, "applicant_name") or ""
    case.kana = get(case.answers, "person.full_name_kana") or ""
    address = get(case.answers, "person.registered_address") or ""
    case.town = (case.place.town if case.place else "") or procedures.town_of(address)
    number, speaker = case.number or "", case.answers.get(speaking.NAME) or ""
    names = [number, number.replace("-", ""), case.applicant, case.kana, speaker, *_names(case, package)]
    case.search_key = PLACES.join(" ".join(_keys(said)) for said in (names, _places(case, package)))


def _keys(said: Iterable[str]) -> list[str]:
    return list(filter(None, map(search_key, dict.fromkeys(said))))


def _names(case: Case, package: Published) -> Iterator[str]:
    for _, cell in package.form.shown(case.answers):
        if isinstance(cell.value, str) and (cell.field.fact or "").endswith(_NAMES):
            yield cell.value


def _places(case: Case, package: Published) -> Iterator[str]:
    for _, cell in package.form.shown(case.answers):
        if cell.field.type == "place" and cell.value:
            text = str(cell.value.get("text", ""))
            yield from (text, procedures.address_of(text))
        elif isinstance(cell.value, str) and (cell.field.fact or "").endswith(_ADDRESS):
            yield from (cell.value, procedures.address_of(cell.value))
