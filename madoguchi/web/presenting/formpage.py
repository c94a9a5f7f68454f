"""A draft as pages of the residents' face: what ``asking`` shows, at this face's addresses."""

from django.urls import reverse

from madoguchi.asking import pages
from madoguchi.asking.pages import Answer, AnswerSection, StepMark, answer_of, asked_words
from madoguchi.cases.models import Case, Document
from madoguchi.procedures.rules.form import FormSection

__all__ = ["Answer", "AnswerSection", "Draft", "StepMark", "answer_of", "asked_words", "key_of", "section_url"]


def key_of(case: Case) -> str:
    """How addresses name a case: the 受付番号, before that its id."""
    return case.number or str(case.pk)


def section_url(case: Case, section: FormSection) -> str:
    """The address of a section's page."""
    return reverse("web:section", args=(key_of(case), section.id))


class _Here:
    """Fills ``asking.pages.Addresses``."""

    def section(self, case: Case, section: FormSection) -> str:
        """The page of a section."""
        return section_url(case, section)

    def review(self, case: Case) -> str:
        """Everything once more."""
        return reverse("web:review", args=(key_of(case),))

    def document(self, case: Case, document: Document) -> str:
        """A photograph or file."""
        return reverse("web:document", args=(key_of(case), document.pk))


class Draft(pages.Draft):
    """A case that its applicant is filling in or correcting, at this face's addresses."""

    def __init__(self, case: Case) -> None:
        super().__init__(case, _Here())
