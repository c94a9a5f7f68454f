"""連署: which part somebody has to confirm, whether they are the one, and who has confirmed what of a case."""

from uuid import UUID

from madoguchi.cases.models import Case, Cosigner, Document, Step
from madoguchi.cases.queries.documents import opened
from madoguchi.cases.rules.permission import LEVELS, sign_in_level
from madoguchi.events import Actor
from madoguchi.facts.queries import VOUCHED, known
from madoguchi.facts.rules import Purpose
from madoguchi.ground.errors import NotFound, Stale
from madoguchi.people.queries import confirmed_address
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import cosigning
from madoguchi.procedures.rules.cosigning import Part
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.published import Published

#: By what a person is compared with what the applicant said of them.
COMPARED = ("person.full_name", "person.date_of_birth")


def parts_of(case: Case, node: Node, package: Published) -> list[Part]:
    """Everybody who has to confirm at this step, as the answers stand."""
    return cosigning.parts(package.form, node, case.answers)


def part_of(case: Case, cosigner: Cosigner, package: Published) -> Part:
    """The part of this one, as the answers stand. Raises Stale where the answers name them no more."""
    node = package.graph.nodes.get(cosigner.node)
    found = parts_of(case, node, package) if node is not None else []
    part = next((one for one in found if one.row == cosigner.row), None)
    if part is None:
        raise Stale("cosigner-answered", "この方への確認のお願いは、すでに終わっています。")
    return part


def level_for(cosigner: Cosigner) -> str:
    """How sure the city must be of whoever confirms: what the step says, else what the procedure asks of applicants."""
    package = procedures.package(cosigner.case.procedure)
    node = package.graph.nodes.get(cosigner.node)
    return sign_in_level((node.arguments.get("identity") if node else None) or package.procedure.identity)


def is_sure_enough(cosigner: Cosigner, by: Actor) -> bool:
    """Whether the present sign-in is as strong as confirming needs."""
    return LEVELS.index(by.level or "none") >= LEVELS.index(level_for(cosigner))


def agreement(cosigner: Cosigner, by: Actor) -> tuple[str, ...]:
    """What of the person signed in agrees with what the applicant said; empty where it is somebody else."""
    if by.kind != "resident" or by.id == cosigner.case.person_id:
        return ()
    part = part_of(cosigner.case, cosigner, procedures.package(cosigner.case.procedure))
    purpose = Purpose("confirm", cosigner.case.procedure.code, case=cosigner.case_id)
    vouched = {key: str(one.value) for key, one in known(by.who, COMPARED, purpose, by=by, sources=VOUCHED).items()}
    return cosigning.agreement(part, vouched, confirmed_address(by.who))


def asked_cosigner(cosigner_id: UUID) -> Cosigner | None:
    """Whoever a link leads to, known or not; for the choice of a sign-in only."""
    return (
        Cosigner.objects.select_related("case__procedure")
        .defer("case__procedure__data", "case__procedure__graph")
        .filter(pk=cosigner_id)
        .first()
    )


def own_part(cosigner_id: UUID, by: Actor) -> Cosigner:
    """What the one signed in was asked to confirm, or has answered. Raises NotFound for everybody else, and for what
    was withdrawn, replaced by a newer question or deleted."""
    one = asked_cosigner(cosigner_id)
    if one is None or one.over_at is not None or one.case.ended_at is not None:
        raise _unknown()
    if one.person_id is not None:
        if one.person_id != by.id:
            raise _unknown()
        return one
    try:
        if not agreement(one, by):
            raise _unknown()
    except Stale:
        raise _unknown() from None
    return one


def documents_of_part(cosigner: Cosigner, part: Part) -> list[Document]:
    """The photographs and files that belong to a part."""
    return list(cosigner.case.documents.filter(path__in=part.paths, removed_at=None).order_by("added_at"))


def content_of_part(cosigner: Cosigner, document_id: UUID) -> tuple[Document, bytes]:
    """A file of a part that the caller may see, with its bytes. Raises NotFound for any other file of the case."""
    part = part_of(cosigner.case, cosigner, procedures.package(cosigner.case.procedure))
    if document_id not in {one.pk for one in documents_of_part(cosigner, part)}:
        raise NotFound("document-unknown", "このファイルは見つかりません。")
    return opened(cosigner.case, document_id)


def cosigners(case: Case) -> list[Cosigner]:
    """Everybody who was asked and counts now, in the order of the flow and of the form."""
    order = list(procedures.package(case.procedure).graph.nodes)

    def place(one: Cosigner) -> tuple[object, ...]:
        at = order.index(one.node) if one.node in order else len(order)
        return at, one.asked_at, one.row is None, one.row or 0, one.pk

    return sorted((one for one in case.cosigners.all() if one.over_at is None), key=place)


def asked_before(case: Case) -> list[Cosigner]:
    """What was answered about a part that has changed since: the record of it, oldest first."""
    answered = [one for one in case.cosigners.all() if one.over_at is not None and one.person_id is not None]
    return sorted(answered, key=lambda one: one.asked_at)


def open_cosigning(case: Case) -> Step | None:
    """The step at which others are awaited, if the case stands there."""
    steps = sorted(case.steps.all(), key=lambda one: one.token)
    return next((one for one in steps if one.kind == "cosign" and one.done_at is None), None)


def own_parts(by: Actor) -> list[Cosigner]:
    """What this resident has confirmed for others, while those cases run."""
    rows = Cosigner.objects.filter(person_id=by.who, over_at=None, case__closed_at=None, case__withdrawn_at=None)
    return list(
        rows.select_related("case__procedure")
        .defer("case__procedure__data", "case__procedure__graph")
        .order_by("-asked_at")
    )


def _unknown() -> NotFound:
    return NotFound(
        "cosigning-unknown",
        "確認のお願いが見つかりません。お願いのメールを受け取った方は、ご本人としてサインインしているか確かめてください。"
        "それでも開けないときは、申し込んだ方に、氏名と生年月日が正しく入力されているかを確かめてください。",
    )
