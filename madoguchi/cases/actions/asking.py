"""連署: opening the question to those who have to confirm, and sending them the link, so often and no more.

Whoever types an address makes the city write to it. Therefore an address gets few of these mails a day whoever asks,
an applicant may cause few, and a mail says nothing but the name of the procedure.
"""

import datetime as dt
from typing import Final

from django.conf import settings
from django.db.models import Sum

from madoguchi.cases.actions import writing
from madoguchi.cases.models import Case, Cosigner
from madoguchi.cases.queries.cosigning import part_of, parts_of
from madoguchi.cases.rules.permission import OWN_COSIGNER, SECTION_OF_COSIGNER
from madoguchi.events import SYSTEM, Actor, act, record
from madoguchi.events.acting import current_event
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Problem, Stale
from madoguchi.messages import actions as messages
from madoguchi.people.rules import normalise_address
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import form as forms
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.published import Published

#: Between two mails to the same address about the same part.
PAUSE: Final = dt.timedelta(days=1)
#: Mails about one part, whatever the address; to one address a day, whoever asks; that one applicant causes a day.
MOST_ABOUT_ONE: Final = 5
MOST_PER_ADDRESS: Final = 3
MOST_PER_APPLICANT: Final = 10
#: The code of a refusal of another mail.
MAILS: Final = "cosign-mails-too-many"


def prepare(case: Case, node: Node, package: Published) -> list[Cosigner]:
    """Who has to confirm now: whoever has confirmed the part as it still is stays, the others are asked anew.

    Returns those who have not confirmed; empty where the flow may go on.
    """
    now, awaited = clock.now(), []
    there = {one.row: one for one in case.cosigners.filter(node=node.id, over_at=None)}
    for part in parts_of(case, node, package):
        held = there.pop(part.row, None)
        if held is not None and held.confirmed_at is not None and held.digest == part.digest:
            continue
        if held is not None:
            there[part.row] = held
        awaited.append(Cosigner(case=case, node=node.id, row=part.row, digest=part.digest, address=part.email.lower()))
    for gone in there.values():
        gone.over_at = now
        gone.save(update_fields=["over_at"])
    return Cosigner.objects.bulk_create(awaited)


@act("case.ask-cosigner", allow=(OWN_COSIGNER, SECTION_OF_COSIGNER, BY_SYSTEM))
def ask(cosigner: Cosigner, *, by: Actor, address: str = "") -> Cosigner:
    """連署のお願い: the link goes to whoever has to confirm, where ``address`` is given to that one from now on.

    Raises Stale where they have answered, or where so many mails have gone out that another has to wait. The machine
    is not refused: what it may not send it leaves, and the applicant sees that nothing was sent.
    """
    case = Case.objects.select_related("procedure").select_for_update(of=("self",)).get(pk=cosigner.case_id)
    fresh = Cosigner.objects.select_for_update().get(pk=cosigner.pk)
    if not is_open(case, fresh):
        raise Stale("cosigner-answered", "この方への確認のお願いは、すでに終わっています。")
    wanted = normalise_address(address) if address else fresh.address
    changed = wanted != fresh.address
    late = _too_soon(case, fresh, wanted, changed)
    if late is not None and by.kind != "system":
        raise Stale(late.code, late.message, fields={"address": late})
    package = procedures.package(case.procedure)
    if changed:
        part = part_of(case, fresh, package)
        forms.put(case.answers, part.email_path, wanted)
        case.save(update_fields=["answers"])
        fresh.address = wanted
    if late is None:
        fresh.sent_at, fresh.sent = clock.now(), fresh.sent + 1
        messages.send(
            "cosign-asked",
            event=current_event(),
            values={
                **writing.message_values(case, package),
                "url": f"{settings.BASE_URL}{writing.cosign_path(fresh)}",
            },
            address=fresh.address,
            about=case.pk,
            language=case.language,
            section=case.section,
            by=SYSTEM,
        )
    fresh.save(update_fields=["address", "sent_at", "sent"])
    record(case=case.pk, step=fresh.node, sent=late is None, changed=changed)
    return fresh


def is_open(case: Case, cosigner: Cosigner) -> bool:
    """Whether an answer is still awaited."""
    answered = cosigner.confirmed_at or cosigner.declined_at or cosigner.over_at
    return not answered and case.steps.filter(node=cosigner.node, kind="cosign", done_at=None).exists()


def _too_soon(case: Case, cosigner: Cosigner, wanted: str, changed: bool) -> Problem | None:
    """Why no mail may go out now, in the applicant's words; None where one may."""
    since = clock.now() - PAUSE
    if not changed and cosigner.sent_at is not None and cosigner.sent_at > since:
        return Problem(MAILS, "きょうすでにお願いを送っています。1日たってから送り直してください。")
    if cosigner.sent >= MOST_ABOUT_ONE:
        return Problem(MAILS, "この方へのお願いは、これ以上送れません。担当課にご連絡ください。")
    lately = Cosigner.objects.filter(sent_at__gt=since)
    if lately.filter(address=wanted).count() >= MOST_PER_ADDRESS:
        return Problem(MAILS, "このメールアドレスには、きょうはこれ以上送れません。1日たってから送り直してください。")
    mine = lately.filter(case__person_id=case.person_id).aggregate(mails=Sum("sent"))["mails"] or 0
    if mine >= MOST_PER_APPLICANT:
        return Problem(MAILS, "きょうはこれ以上お願いを送れません。1日たってから送り直してください。")
    return None
