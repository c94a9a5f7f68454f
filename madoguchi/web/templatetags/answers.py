"""Answers shown and questions asked by templates of any face: a birthday reads alike at home and at the desk."""

from collections.abc import Mapping, Sequence

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from madoguchi.asking.kinds import KINDS
from madoguchi.asking.questions import questions
from madoguchi.ground.errors import Problem
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.form import Cell, FormField, FormSection
from madoguchi.web.words import language

register = template.Library()


@register.filter
def shown(cell: Cell) -> str:
    """The answer as a person reads it; empty where there is none."""
    return KINDS.get(cell.field.type).show(cell.value, cell.field, language())


@register.simple_tag
def ask(fields: Sequence[FormField], typed: Mapping[str, Sequence[str]], problems: Mapping[str, Problem]) -> SafeString:
    """The inputs of fields that belong to no section of a form, with what was typed into them and what is wrong."""
    section = FormSection("", LocalText("質問"), None, None, 0, 0, None, tuple(fields))
    cells = (Cell(one.name, one, None, None, problems.get(one.name)) for one in fields)
    asked = questions(cells, section, language=language(), known={}, files={}, posted=typed)
    return SafeString("".join(render_to_string(one.template, {"q": one}) for one in asked))
