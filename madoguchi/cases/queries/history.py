"""What happened to a case, event by event."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from madoguchi.cases.models import Case, Timer
from madoguchi.events.composing import Asked, among, composed_once
from madoguchi.events.models import Event
from madoguchi.messages.models import Letter, Message
from madoguchi.messages.queries import letters_about, messages_about
from madoguchi.people.queries import partner_names, staff_names


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history: an event with the name of who did it (staff and partners; residents are 申請者).

    ``node`` is the step it was about, ``what`` the letter or message, by its title.
    """

    event: Event
    who: str
    node: str = ""
    what: str = ""


def history(
    case: Case, letters: Sequence[Letter] | None = None, messages: Sequence[Message] | None = None
) -> list[Happening]:
    """Everything that happened to the case, its steps, letters and messages, oldest first, refusals included.

    Whoever has read all letters and messages about the case already hands them in.
    """
    nodes = {one.pk: one.node for one in case.steps.all()}
    timers = {} if "timers" in case.lacks else dict(_timers(case.pk))
    payments = {one.pk: nodes[one.step_id] for one in case.payments.all()}
    titles = {
        one.pk: f"{one.title}（{one.number}）" for one in (letters_about(case.pk) if letters is None else letters)
    }
    titles |= {
        one.pk: f"{one.subject}（{one.get_channel_display()}）"
        for one in (messages_about(case.pk) if messages is None else messages)
    }
    asked = {one.pk: one.node for one in case.cosigners.all()}
    told = {one.pk: f"tell-{one.service}" for one in case.services.all()}
    steps = nodes | timers | payments | asked | told
    events = _events([case.pk, *steps, *titles])
    names = staff_names({one.actor_id for one in events if one.actor_kind == "staff" and one.actor_id})
    names |= partner_names({one.actor_id for one in events if one.actor_kind == "partner" and one.actor_id})
    return [Happening(one, _who(one, names), _of(steps, one.subject_id), _of(titles, one.subject_id)) for one in events]


def timers_asked(case: Case) -> Asked:
    """What :func:`history` asks beside the events, which it asks by what it has read before."""
    return _timers.of(case.pk)


@composed_once
def _timers(case: UUID) -> QuerySet[Timer, tuple[UUID, str]]:
    return Timer.objects.filter(step__case=case).values_list("pk", "step__node")


@composed_once
def _events(subjects: Collection[UUID]) -> QuerySet[Event]:
    about = Event.objects.filter(among("subject_id", subjects))
    return about.exclude(verb="message.take").order_by("at", "id")  # what became of the mail follows at once


#: What nobody but those does whom the applicant has named.
BY_COSIGNERS = frozenset({"case.cosign", "case.decline-cosigning"})


def _who(event: Event, names: Mapping[UUID, str]) -> str:
    if event.verb in BY_COSIGNERS:
        return "連署する方"
    words = {"resident": "申請者", "system": "システム", "visitor": "申請者"}
    return words.get(event.actor_kind) or _of(names, event.actor_id) or "職員"


def _of(words: Mapping[UUID, str], key: UUID | None) -> str:
    return words.get(key, "") if key is not None else ""
