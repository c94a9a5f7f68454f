"""What a link chose beforehand, in the reader's words: on the page that begins, and beside the question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madoguchi.asking.kinds import KINDS
from madoguchi.cases.models import Case
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import Form
from madoguchi.procedures.rules.linking import Linked, linkable, value_of
from madoguchi.web.words import language, said


@dataclass(frozen=True, slots=True)
class Chosen:
    """An answer that a link chose: the question, how it is answered, and the inputs that say so."""

    name: str
    label: str
    shown: str
    values: Sequence[str]


def chosen(form: Form, link: Linked) -> list[Chosen]:
    """In the order of the form."""
    return [
        Chosen(name, said(one.label), KINDS.get(one.type).show(value, one, language()), link.raw[name])
        for name, one in linkable(form).items()
        if name in link.raw and (value := value_of(one, link.raw[name])) is not None
    ]


def standing(case: Case, raw: Mapping[str, Sequence[str]]) -> dict[str, bool]:
    """Of each field that a link chose, whether the draft says the same."""
    form = procedures.package(case.procedure).form
    return {
        name: forms.get(case.answers, name) == value_of(one, raw[name])
        for name, one in linkable(form).items()
        if name in raw
    }


def label_of(form: Form, name: str) -> str:
    """The question that a link answers."""
    return said(linkable(form)[name].label)
