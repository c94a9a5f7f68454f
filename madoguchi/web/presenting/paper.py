"""The form of a procedure on paper: blank for who writes by hand, or with what was filled in so far.

In the languages that the letters' fonts can print; readers of another get the English one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext

from madoguchi.asking.kinds import KINDS
from madoguchi.cases.actions.writing import contact
from madoguchi.cases.models import Case
from madoguchi.ground.languages import LANGUAGES, tag
from madoguchi.messages import queries as messages
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.form import Cell, FormField, FormSection
from madoguchi.procedures.rules.published import Published
from madoguchi.web.words import language, said

#: How many blank rows a repeated section (お子さん) has at least, and how many lines of room an answer gets.
BLANK_ROWS: Final = 2
ROOM: Final = {"lines": 4, "place": 2}


def paper(row: Procedure, case: Case | None = None) -> bytes:
    """The form as PDF; of ``case``, with its answers."""
    here = language() if language() in LANGUAGES else "en"
    with translation.override(here):
        package = procedures.package(row)
        return messages.paper(_data(package, case, here), path=f"/procedures/{row.code}/")


def _data(package: Published, case: Case | None, here: str) -> dict[str, Any]:
    city = procedures.city()
    note = (
        gettext("入力の途中の内容です。この紙だけでは、まだ申し込まれていません。")
        if case is not None
        else gettext("手で書いて、下の窓口へ持っていくか、郵便で送ってください。写真や書類は、この紙に添えてください。")
    )
    return {
        "title": said(package.procedure.title),
        "city": city.name.get_for(here),
        "lang": tag(here),
        "note": note,
        "head": [gettext("うかがうこと"), gettext("お答え")],
        "asked": gettext("問い合わせ先"),
        "online": gettext("この手続きは、画面でもできます。"),
        "alt": gettext("手続きのページの二次元コード"),
        "contact": contact(package, here),
        "sections": list(_sections(package, case)),
    }


def _sections(package: Published, case: Case | None) -> Iterator[dict[str, Any]]:
    for section in package.form.sections if case is None else package.form.visible_sections(case.answers):
        rows: dict[int | None, list[dict[str, Any]]] = {}
        if case is None:
            times = max(BLANK_ROWS, section.at_least) if section.each else 1
            for blank in range(times):
                rows[blank if section.each else None] = [_question(one, "", section) for one in section.fields]
        else:
            for cell in package.form.cells(section, case.answers, case.typed):
                rows.setdefault(cell.row, []).append(_question(cell.field, _shown(cell), section))
        for number, questions in rows.items():
            title = said(section.title)
            yield {
                "title": title if number is None else f"{title} {number + 1}",
                "intro": said(section.intro) if number in (None, 0) else "",
                "questions": questions,
            }


def _shown(cell: Cell) -> str:
    if cell.field.type in forms.UPLOADED:
        return gettext("%(count)s件") % {"count": len(cell.value or [])}
    typed = cell.typed if isinstance(cell.typed, str) else ""
    return typed or KINDS.get(cell.field.type).show(cell.value, cell.field, language())


def _question(one: FormField, value: str, section: FormSection) -> dict[str, Any]:
    needs: Mapping[bool, str] = {True: gettext("※必須"), False: gettext("※任意")}
    return {
        "label": said(one.label),
        "help": said(one.help),
        "need": "" if one.type == "consent" else needs[one.required and one.when is None],
        "value": value,
        "options": [] if value else list(_options(one)),
        "pattern": gettext("　　　　　年　　　月　　　日") if one.type == "date" else "",
        "lines": ROOM.get(one.type, 1),
    }


def _options(one: FormField) -> Iterator[str]:
    if one.type == "yes_no":
        yield from (gettext("はい"), gettext("いいえ"))
    elif one.type == "consent":
        yield gettext("同意します")
    elif one.type in forms.UPLOADED:
        yield gettext("この紙に添えました")
    else:
        yield from (said(label) for label in one.options.values())
