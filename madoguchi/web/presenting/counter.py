"""What a sitting at the counter asks of the resident now, as the tablet shows it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from madoguchi.asking import pages
from madoguchi.asking.identity import told_lines
from madoguchi.asking.pages import AnswerSection
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Document, Sitting
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import FormSection
from madoguchi.web.words import said


@dataclass(frozen=True, slots=True)
class CounterPage:
    """``step``: who, agree, wait, confirm, confirmed, received. ``state`` changes whenever the page would."""

    step: str
    state: str
    told: Sequence[tuple[str, str]]
    title: str
    sections: Sequence[AnswerSection]
    digest: str
    number: str


class _Tablet:
    """Fills ``asking.pages.Addresses``: nothing is changed here, it is said to the clerk."""

    def section(self, case: Case, section: FormSection) -> str:
        """None."""
        return ""

    def review(self, case: Case) -> str:
        """None."""
        return ""

    def document(self, case: Case, document: Document) -> str:
        """A photograph, as long as its case is shown."""
        return reverse("web:counter-document", args=(document.pk,))


def counter_page(sitting: Sitting) -> CounterPage:
    """The page of this moment."""
    asked = cases.to_confirm(sitting) if sitting.agreed_at is not None else None
    there = cases.sitting_cases(sitting)
    handed_in = [one for one in there if one.received_at is not None and one.returned_at is None]
    latest = handed_in[-1] if handed_in else None
    drafts = len(there) - len(handed_in)
    if sitting.identified_at is None:
        step = "who"
    elif sitting.agreed_at is None:
        step = "agree"
    elif asked is not None:
        step = "confirmed" if asked.confirmed_at is not None else "confirm"
    else:
        step = "received" if latest is not None and not drafts else "wait"
    draft = pages.Draft(asked.case, _Tablet()) if asked is not None and step == "confirm" else None
    shown = asked.case if asked is not None else latest
    mark = [
        sitting.pk,
        sitting.identified_at,
        step,
        asked.digest if asked else "",
        latest.number if latest else "",
        drafts,
    ]
    return CounterPage(
        step=step,
        state=hashlib.sha256(repr(mark).encode()).hexdigest()[:16],
        told=list(told_lines(sitting.told)) if step in ("agree", "confirm") else [],
        title=said(procedures.package(shown.procedure).procedure.title) if shown is not None else "",
        sections=draft.answers() if draft is not None else [],
        digest=asked.digest if asked is not None else "",
        number=latest.number or "" if latest is not None and step == "received" else "",
    )
