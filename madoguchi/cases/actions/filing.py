"""What a partner does for the person whom it has identified: file a case whole, or correct it.

One call is one act: everything that was given is accepted and the case stands, or nothing has happened. The same
form reads the answers as on the residents' pages.
"""

from madoguchi.cases.actions import drafting, driving, submitting
from madoguchi.cases.models import Case, Origin
from madoguchi.cases.queries.partner import version_of
from madoguchi.cases.rules.permission import PARTNER_FILED, PARTNER_FILES
from madoguchi.events import Actor, act, record
from madoguchi.ground.errors import Invalid, Problem, Refused, Stale
from madoguchi.ground.text import clean
from madoguchi.people.actions import recognise
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms


@act("case.file", allow=(PARTNER_FILES,))
def file(
    procedure: Procedure,
    person: str,
    raw: forms.Raw,
    *,
    by: Actor,
    submit: bool,
    language: str = "ja",
    email: str = "",
    reference: str = "",
) -> Case:
    """連携先からの提出: a case for a person whom the partner knows as ``person``, with ``raw`` as its answers.

    With ``submit`` it is received at once, else it waits for documents. Raises Invalid with every field that is
    wrong, Stale where the person has begun this procedure already or ``reference`` was used before.
    """
    if procedures.package(procedure).procedure.kind == "journey":
        raise Invalid(
            "journey-not-filed", "まとめて申し込む手続は、連携先からは提出できません。手続ごとに提出してください。"
        )
    key = clean(person, max_length=200)
    if not key:
        raise Invalid("person-missing", "どなたの手続かを示してください。")
    named = clean(reference, max_length=200)
    if named and Origin.objects.filter(partner_id=by.who, reference=named).exists():
        raise Stale("reference-used", "この参照番号の手続はすでにあります。")
    someone = recognise(f"partner:{by.who}", key, by.level, by=by)
    drafts = Case.objects.filter(person=someone, procedure__code=procedure.code, received_at=None, withdrawn_at=None)
    if drafts.exists():
        raise Stale("draft-exists", "この方の同じ手続が、まだ提出されないまま残っています。")
    package = procedures.package(procedure)
    case = Case.objects.create(
        procedure=procedure,
        person=someone,
        language=language,
        section=procedures.section_of(package.procedure).id,
    )
    Origin.objects.create(case=case, partner_id=by.who, reference=named)
    _save(case, raw, by)
    record(case=case.pk, procedure=procedure.code, version=procedure.version, submit=submit)
    return submitting.submit(case, by=by, email=email) if submit else case


@act("case.revise", allow=(PARTNER_FILED,))
def revise(case: Case, raw: forms.Raw, *, by: Actor, seen: str) -> Case:
    """連携先からの訂正: other answers in a draft, or in what was returned. ``seen`` is the version that was read.

    Raises Refused with status 412 where the case has changed since.
    """
    fresh = driving.locked(case)
    if version_of(fresh) != seen:
        raise Refused("version-changed", "読んだあとに、この手続は変わっています。読み直してください。", status=412)
    _save(fresh, raw, by)
    record(case=fresh.pk)
    return fresh


def _save(case: Case, raw: forms.Raw, by: Actor) -> None:
    problems: dict[str, Problem] = {}
    for section in procedures.package(case.procedure).form.sections:
        names = {one.name for one in section.fields}
        mine = {path: values for path, values in raw.items() if _is_in(path, section.each, names)}
        if mine:
            problems |= drafting.save_section(case, section.id, mine, by=by).problems
    if problems:
        raise Invalid(
            "answers-invalid", "内容に誤りが%(count)sか所あります。", {"count": len(problems)}, fields=problems
        )


def _is_in(path: str, each: str | None, names: set[str]) -> bool:
    """Whether a posted input belongs to a section: its field, or one part of it."""
    if each is not None:
        return path.startswith(f"{each}.") and path.split(".")[1].isdigit()
    return path in names or path.rpartition(".")[0] in names
