"""What happens later with messages: a message that was written for an address is carried there."""

from uuid import UUID

from madoguchi.events import SYSTEM
from madoguchi.events.following import follows
from madoguchi.events.models import Event
from madoguchi.messages.actions import deliver
from madoguchi.messages.models import Message


@follows("message.send", name="messages.deliver")
def carry(event_id: UUID) -> None:
    """Deliver the message that the event wrote; TryLater reaches the worker, which tries again."""
    about = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    for message in Message.objects.filter(pk__in=[about], channel="mail", state="waiting"):
        deliver(message, by=SYSTEM)
