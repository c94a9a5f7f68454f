"""Which turn of a case is told, by which template, and how: in the applicant's language, in the words of the section.

Not an act of its own: whoever tells is an act or a job, and ``message.send`` is what happens.
"""

from collections.abc import Iterator
from uuid import UUID

from madoguchi.cases.actions import writing
from madoguchi.cases.models import Case
from madoguchi.cases.queries.represented import reader_of
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.messages import actions as messages
from madoguchi.messages.models import Message
from madoguchi.messages.queries import messages_about
from madoguchi.people.queries import confirmed_address
from madoguchi.procedures import queries as procedures

#: Told on the way; none of them says that the case is at its end.
TURNS = (
    "received",
    "corrected",
    "cosign-asked",
    "cosigned",
    "returned",
    "reminded",
    "answered",
    "payment-asked",
    "payment-received",
    "payment-refunded",
    "company-answered",
    "company-unreached",
)


def templates(event: Event, case: Case) -> Iterator[str]:
    """What the applicant is told of an event of the case, in order."""
    data = event.data
    if event.verb == "case.submit" and not data.get("again"):
        if data.get("corrected"):
            yield "corrected"
        elif case.part_of_id is None:  # of all that was received in one go, one word is said
            yield "received"
    elif (event.verb == "case.examine" and data.get("outcome") == "return") or (
        event.verb == "case.decline-cosigning" and not data.get("again")
    ):
        yield "returned"
    elif event.verb == "case.cosign" and data.get("complete"):
        yield "cosigned"
    elif event.verb == "case.withdraw":
        yield "lapsed" if event.actor_kind == "system" else "withdrawn"
    if case.closed_at is not None and not _has_heard(case):
        yield "closed"


def _has_heard(case: Case) -> bool:
    """Whether the end goes without saying: the flow has told the decision the same day, or the end was told before."""
    told = messages_about(case.pk).exclude(template__in=TURNS)
    end = clock.day_of(case.closed_at or clock.now())
    return any(one.template == "closed" or clock.day_of(one.created_at) == end for one in told)


def tell(case: Case, template: str, *, event: UUID, by: Actor, in_portal: bool = True, address: str = "") -> Message:
    """Write the message; ``event`` is what gave rise to it. ``in_portal`` is False where the portal says it anyway.

    ``address`` where the case has none of its own (a draft). Once an agent speaks for their principal no more, the
    principal is told.
    """
    reader = reader_of(case)
    if reader != case.person_id:
        in_portal, address = True, confirmed_address(reader)
    return messages.send(
        template,
        event=event,
        values=writing.message_values(case, procedures.package(case.procedure)),
        person=reader if in_portal else None,
        address=address if reader != case.person_id else address or case.email,
        about=case.pk,
        language=case.language,
        section=case.section,
        by=by,
    )
