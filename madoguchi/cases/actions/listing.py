"""What lists and searches know of a case without reading its answers: whose it is, of which town, and its search key.

Written when the answers are received or corrected, so that a list of 200,000 cases is a question to an index.
"""

from collections.abc import Iterator

from madoguchi.cases.models import Case
from madoguchi.ground.kana import search_key
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import speaking
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.rules.published import Published

#: Facts by which a case is looked for: whoever is named in it, and where they live.
_SOUGHT = ("full_name", "full_name_kana", "address")


def label(case: Case, package: Published) -> None:
    """Set ``applicant``, ``kana``, ``town`` and ``search_key`` from the answers; the caller saves the case."""
    case.applicant = get(case.answers, "person.full_name") or get(case.answers, "applicant_name") or ""
    case.kana = get(case.answers, "person.full_name_kana") or ""
    address = get(case.answers, "person.registered_address") or ""
    case.town = (case.place.town if case.place else "") or procedures.town_of(address)
    number = case.number or ""
    said = dict.fromkeys(
        (
            number,
            number.replace("-", ""),
            case.applicant,
            case.kana,
            case.answers.get(speaking.NAME) or "",
            *_sought(case, package),
        )
    )
    case.search_key = " ".join(filter(None, map(search_key, said)))


def _sought(case: Case, package: Published) -> Iterator[str]:
    for _, cell in package.form.shown(case.answers):
        if cell.field.type == "place" and cell.value:
            text = str(cell.value.get("text", ""))
            yield from (text, procedures.address_of(text))
        elif isinstance(cell.value, str) and (cell.field.fact or "").endswith(_SOUGHT):
            yield from (cell.value, procedures.address_of(cell.value))
