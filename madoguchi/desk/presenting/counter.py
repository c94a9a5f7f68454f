"""書かない窓口 as the clerk sees it: the sitting, what is typed for its resident, whether they have confirmed it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext

from madoguchi.asking import pages
from madoguchi.asking.identity import told_lines
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Document, How, Sitting
from madoguchi.cases.rules.counter import CARD, SHOWN
from madoguchi.desk.presenting.words import time_words
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import FormSection

#: What can be begun here; a life event is many forms, an internal request no resident's.
KINDS: Final = ("application", "report")
MOST: Final = 12


class Here:
    """Fills ``asking.pages.Addresses`` with those of a sitting."""

    def __init__(self, sitting: Sitting) -> None:
        self.key = sitting.pk

    def section(self, case: Case, section: FormSection) -> str:
        """The page of a section."""
        return reverse("desk:counter-section", args=(self.key, case.pk, section.id))

    def review(self, case: Case) -> str:
        """Everything once more."""
        return reverse("desk:counter-review", args=(self.key, case.pk))

    def document(self, case: Case, document: Document) -> str:
        """A photograph or file."""
        return reverse("desk:counter-document", args=(self.key, case.pk, document.pk))


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What was begun in this sitting."""

    title: str
    url: str
    number: str
    receipt_url: str


@dataclass(frozen=True, slots=True)
class Offer:
    code: str
    title: str


@dataclass(slots=True)
class SittingPage:
    """All that ``desk/sitting.html`` shows. ``given``: what was typed and refused."""

    key: str
    since: str
    code: str
    tablet: str
    known: bool
    agreed: bool
    shown: str
    told: Sequence[tuple[str, str]]
    documents: Sequence[tuple[str, str]]
    cases: Sequence[CaseLine]
    returned: Sequence[tuple[str, str, str]]
    query: str
    offers: Sequence[Offer]
    state: str
    given: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def sitting_page(sitting: Sitting, query: str = "") -> SittingPage:
    """The sitting as it stands; ``query`` looks for a procedure."""
    here = Here(sitting)
    return SittingPage(
        key=str(sitting.pk),
        since=time_words(sitting.opened_at),
        code=cases.pairing_code(sitting),
        tablet=sitting.kiosk.name if sitting.kiosk is not None else "",
        known=sitting.identified_at is not None,
        agreed=sitting.agreed_at is not None,
        shown=shown_words(sitting.shown),
        told=told_lines(sitting.told),
        documents=[(key, gettext(words)) for key, words in SHOWN.items()],
        cases=[_line(one, here, sitting) for one in cases.sitting_cases(sitting)],
        returned=[(str(one.pk), _title(one), one.number or "") for one in cases.returned_to(sitting)]
        if sitting.agreed_at is not None
        else [],
        query=query,
        offers=_offers(query) if sitting.agreed_at is not None else [],
        state=state_of(sitting),
    )


def state_of(sitting: Sitting) -> str:
    """By what the clerk's page notices that the tablet has answered."""
    asked = cases.to_confirm(sitting)
    marks = [sitting.kiosk_id is not None, sitting.identified_at is not None, sitting.agreed_at is not None]
    return "".join(str(int(one)) for one in [*marks, asked is not None and asked.confirmed_at is not None])


def shown_words(shown: str) -> str:
    """By what the resident was identified."""
    if shown == CARD:
        return gettext("マイナンバーカード（端末で読み取り）")
    return gettext(SHOWN[shown]) if shown in SHOWN else ""


def confirmed_words(case: Case) -> str:
    """「窓口で職員が入力し、ご本人が確認（画面に署名）」; empty where nobody typed it at the counter."""
    found = cases.confirmation_of(case)
    if found is None:
        return ""
    how = gettext(How(found.how).label)
    return gettext("窓口で職員が入力し、ご本人が確認（%(how)s。本人確認：%(shown)s）") % {
        "how": how,
        "shown": shown_words(found.shown),
    }


def _line(case: Case, here: Here, sitting: Sitting) -> CaseLine:
    if case.received_at is not None and case.returned_at is None:
        receipt = reverse("desk:counter-receipt", args=(sitting.pk, case.pk))
        return CaseLine(_title(case), "", case.number or "", receipt)
    draft = pages.Draft(case, here)
    section = draft.first_open() if not draft.correcting else next(iter(draft.sections()), None)
    return CaseLine(_title(case), here.section(case, section) if section else here.review(case), case.number or "", "")


def _title(case: Case) -> str:
    return procedures.package(case.procedure).procedure.title["ja"]


def _offers(query: str) -> list[Offer]:
    rows = {one.code: one for one in procedures.offered()}
    if query:
        found = procedures.search(query)
        codes = [one for one in found.fit or found.near if one in rows]
    else:
        order = [one.procedure for one in procedures.city().offers]
        codes = sorted(rows, key=lambda code: order.index(code) if code in order else len(order))
    bodies = [(code, procedures.package(rows[code]).procedure) for code in codes]
    there = [Offer(code, body.title["ja"]) for code, body in bodies if body.kind in KINDS]
    return there[:MOST] if query else there
