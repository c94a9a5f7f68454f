"""An agent begins a procedure for their principal: the case is about a real person, by a registered delegation."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from madoguchi.cases.models import Case, Mandate
from madoguchi.cases.queries.represented import no_delegation, relation_for
from madoguchi.cases.rules.permission import SIGNED_IN
from madoguchi.events import Actor, act, record
from madoguchi.facts.queries import known, standing
from madoguchi.facts.rules import Purpose
from madoguchi.facts.rules.delegating import Delegation
from madoguchi.ground.errors import Invalid, NotAllowed
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules import speaking


@act("case.open-for-principal", allow=(SIGNED_IN,))
def open_for_principal(procedure: Procedure, delegation: UUID, *, by: Actor, language: str = "ja") -> Case:
    """代理権による手続の開始: a draft about the principal, for an agent whose delegation stands and goes so far.

    One agent has one draft for each principal and procedure: it is handed back. Raises NotFound where no such
    delegation is the agent's today, Invalid where it does not cover the procedure, NotAllowed without the card.
    """
    if not by.level.startswith("card"):
        raise NotAllowed("level-too-low", "代理権を使うには、マイナンバーカードでサインインしてください。")
    one = standing(by.who, delegation)
    if one is None:
        raise no_delegation()
    package = procedures.package(procedure)
    relation = relation_for(package.procedure, one)
    if relation is None:
        raise Invalid("delegation-scope", "この手続きは、任された範囲に入っていません。")
    mine = _draft_of(procedure, one, by)
    if mine is not None:
        record(case=mine.pk, delegation=one.id, resident=one.principal, continued=True)
        return mine
    try:
        with transaction.atomic():  # noqa: TID251 -- a savepoint inside the act
            case = Case.objects.create(
                procedure=procedure,
                person_id=by.who,
                subject_id=one.principal,
                language=language,
                section=procedures.section_of(package.procedure).id,
                answers=_speaks(one, relation, procedure, by) if package.procedure.kind != "journey" else {},
            )
    except IntegrityError:  # two taps at once
        twin = _draft_of(procedure, one, by)
        if twin is None:
            raise
        return twin
    mandate = Mandate(case=case)
    mandate.take(one)
    mandate.save()
    record(case=case.pk, delegation=one.id, resident=one.principal, procedure=procedure.code,
           version=procedure.version, relation=relation)  # fmt: skip
    return case


def _draft_of(procedure: Procedure, one: Delegation, by: Actor) -> Case | None:
    """The draft that whoever acts now has for this principal; from now on it goes by this delegation."""
    drafts = Case.objects.filter(
        person_id=by.who, subject_id=one.principal, procedure__code=procedure.code, received_at=None,
        withdrawn_at=None,
    )  # fmt: skip
    found = drafts.first()
    if found is not None:
        mandate = Mandate.objects.get(case=found)
        mandate.take(one)
        mandate.save()
    return found


def _speaks(one: Delegation, relation: str, procedure: Procedure, by: Actor) -> dict[str, Any]:
    """Who speaks, as the agent's own card says, and that no mandate need be shown."""
    told = {"person.full_name": speaking.NAME, "person.full_name_kana": speaking.KANA, "person.phone": speaking.PHONE}
    own = known(by.who, list(told), Purpose("prefill", procedure.code), by=by)
    return {
        speaking.RELATION: relation,
        speaking.REGISTERED: True,
        **({speaking.OFFICE: one.office} if one.office and relation == "care_manager" else {}),
        **{told[key]: fact.value for key, fact in own.items()},
    }
