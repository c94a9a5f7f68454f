"""What happens later with messages: a message that was written for an address is carried there.

Taken in hand, carried, noted: three steps, and no row is locked while the mail server is spoken to. A worker that is
killed after the server took the mail and before that was noted leaves it in hand; when its time is up the mail is
carried once more, with the same Message-ID, by which mailboxes know it for the same mail. So a mail is never lost, and
twice only then.
"""

from uuid import UUID

from madoguchi.events import SYSTEM
from madoguchi.events.following import follows
from madoguchi.events.models import Event
from madoguchi.messages.actions import deliver, put_on_paper, take
from madoguchi.messages.models import Message, NoticeLetter
from madoguchi.messages.ports import Mail, TryLater, Undeliverable, carrier


@follows("message.send", name="messages.deliver")
def carry(event_id: UUID) -> None:
    """Deliver the message that the event wrote; TryLater reaches the worker, which tries again."""
    about = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    for message in Message.objects.filter(pk__in=[about], channel="mail", state="waiting"):
        _carry(message)


@follows("notice.send", name="messages.notices")
def carry_notice(event_id: UUID) -> None:
    """Deliver the mails of a notice and make its letters, one after the other; what waits does not hold up the rest."""
    later: TryLater | None = None
    for message in Message.objects.filter(event_id=event_id, channel="mail", state="waiting").iterator():
        try:
            _carry(message)
        except TryLater as trouble:
            later = trouble
    about = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    for one in NoticeLetter.objects.filter(notice=about, letter=None).order_by("id"):
        put_on_paper(one, by=SYSTEM)
    if later is not None:
        raise later


def _carry(message: Message) -> None:
    held = take(message, by=SYSTEM)
    if held is None:
        return
    try:
        carrier().send(Mail(str(held.id), held.address, held.subject, held.body, held.language))
    except Undeliverable as trouble:
        deliver(held, failure=trouble.code, by=SYSTEM)
    except TryLater as trouble:
        deliver(held, later=str(trouble) or "later", by=SYSTEM)
        raise
    else:
        deliver(held, by=SYSTEM)
