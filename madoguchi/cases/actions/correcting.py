"""訂正: a person corrects what is known of them. Their own word is replaced at once; a record is asked to be corrected,
as a case of the section that keeps it, and stays until that section has looked into it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from madoguchi.cases.actions.handing_out import too_weak
from madoguchi.cases.actions.reasons import OWN_PERSON
from madoguchi.cases.models import Case
from madoguchi.cases.queries import correcting as queries
from madoguchi.cases.queries.known import of_person, question
from madoguchi.cases.rules.permission import SIGNED_IN
from madoguchi.events import Actor, act, record
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.facts.queries import Known
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Problem, Stale
from madoguchi.people.models import Person
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import form as forms


@act("person.correct", allow=(OWN_PERSON,))
def correct(person: Person, fact_id: UUID, raw: forms.Raw, *, by: Actor, language: str = "ja") -> Case | None:
    """自分の情報の訂正: what was said is said anew; of a record a request is drafted, which is then to be submitted.

    ``raw`` is what was typed into :func:`queries.form_for`. Returns the draft, or None where nothing is left to do.
    Raises NotFound for a fact that is not the person's today, Invalid with the problems by field, Stale where a request
    for the same fact is with the office already.
    """
    if too_weak(person, by):
        raise NotAllowed("level-too-low", "訂正するには、マイナンバーカードでサインインし直してください。")
    known = of_person(by)
    fact = queries.own_fact(fact_id, known)
    value, why = _read(fact, raw)
    record(key=fact.key, row=fact.row, source=fact.source)
    if queries.is_word(fact):
        facts.state(person, {(fact.key, fact.row): value}, Source.SELF, by=by)
        return None
    row = procedures.current(queries.CODE)
    if row is None:
        raise NotFound("procedure-unknown", "この手続きは、いまは受け付けていません。")
    return open_correction(row, fact, value, why, _addressee(known), by=by, language=language)


@act("case.open-correction", allow=(SIGNED_IN,))
def open_correction(
    procedure: Procedure,
    fact: Known,
    value: object,
    why: str,
    addressee: Mapping[str, object],
    *,
    by: Actor,
    language: str = "ja",
) -> Case:
    """訂正の申出を始める: a draft that says which record is wrong and what is right, for the section that keeps it.

    A draft for the same fact that is there already is written anew.
    """
    Person.objects.select_for_update().get(pk=by.who)  # two windows at once have one request
    case = queries.draft_of(fact, by)
    if case is not None and case.received_at is not None:
        raise Stale("correction-open", "この情報の訂正は、すでに申し出ています。結果をお待ちください。")
    package = procedures.package(procedure)
    if case is None:
        section = queries.keeper_of(fact) or procedures.section_of(package.procedure).id
        case = Case(procedure=procedure, person_id=by.who, language=language, section=section)
    case.corrects = {
        "key": fact.key,
        "row": fact.row,
        "source": fact.source.value,
        "case": str(fact.case_id) if fact.case_id else None,
        "value": value,
    }
    asked = question(fact.key)
    case.answers = {
        "person": dict(addressee),
        queries.ITEM: asked.label["ja"],
        queries.STANDS: queries.plain(asked, fact.value)[:1000],
        queries.SHOULD_BE: queries.plain(asked, value)[:1000],
        "why": why,
    }
    case.typed = {}
    case.revision += 1
    case.save()
    record(case=case.pk, procedure=procedure.code, version=procedure.version, key=fact.key, section=case.section)
    return case


def _read(fact: Known, raw: forms.Raw) -> tuple[object, str]:
    """The value and the reason that were typed."""
    form = queries.form_for(fact)
    section = form.sections[0]
    read = form.read(section, raw)
    problems = form.missing_in(section, read.values, read.typed) | read.problems
    if not problems and read.values[queries.VALUE] == fact.value:
        problems[queries.VALUE] = Problem("correction-same", "いまの内容と同じです。正しい内容に直してください。")
    if problems:
        raise Invalid("incomplete", "入力を確かめてください。", fields=problems)
    return read.values[queries.VALUE], str(read.values.get(queries.WHY) or "")


def _addressee(known: Sequence[Known]) -> dict[str, object]:
    """Name and address of whoever asks (91条1項1号), as far as they are known, and as the records say them."""
    named = {"person.full_name": "full_name", "person.registered_address": "registered_address"}
    found: dict[str, object] = {}
    for one in known:
        if one.key in named and not one.row and isinstance(one.value, str):
            found.setdefault(named[one.key], one.value)
    return found
