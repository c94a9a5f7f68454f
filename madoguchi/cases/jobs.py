"""What follows the events of a case: letters are made, the applicant is told. Run by the worker, safe to run twice."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from madoguchi.cases import queries as cases
from madoguchi.cases.actions import (
    approving,
    batching,
    computing,
    connecting,
    counter,
    delegating,
    driving,
    keeping,
    rating,
    settling,
    showing,
    telling,
    timing,
)
from madoguchi.cases.actions.giving import scan_waiting
from madoguchi.cases.actions.uploading import forget_uploads
from madoguchi.cases.models import Batch, Case, Figures, Opinion, Origin, Payment, Service, ServiceState, Step, Timer
from madoguchi.cases.queries.sealing import turn_of
from madoguchi.events import SYSTEM
from madoguchi.events.following import follows
from madoguchi.events.models import Event
from madoguchi.facts.actions import forget_entry
from madoguchi.ground import clock
from madoguchi.messages import actions as messages
from madoguchi.messages import queries as said_of
from madoguchi.messages.models import Message
from madoguchi.people import queries as people
from madoguchi.people.actions.webhooks import drop as drop_webhook
from madoguchi.people.actions.webhooks import send_webhook
from madoguchi.people.models import Subscription
from madoguchi.people.queries import webhooks
from madoguchi.people.rules import VALID_FOR
from madoguchi.places.queries import TOWNS, newest
from madoguchi.procedures import queries as procedures

__all__ = ["fire_due", "forget_uploads", "perform_open_steps", "scan_waiting", "send_confirmation", "tell_applicant"]


@follows(
    "case.submit",
    "case.examine",
    "case.approve",
    "case.consult",
    "case.do",
    "case.perform",
    "case.fire",
    "case.migrate",
    "case.cosign",
    "payment.confirm",
    name="cases.perform",
)
def perform_open_steps(event_id: UUID) -> None:
    """Do the machine's open steps of the case, as long as one leads to the next."""
    case = _case(event_id)
    if case is None:
        return
    for step in Step.objects.filter(case=case, done_at=None, kind__in=driving.LATER, channel="screen").order_by(
        "token"
    ):
        driving.perform(step, by=SYSTEM)


@follows(
    "case.submit", "case.examine", "case.approve", "case.do", "case.perform", "case.fire", "case.withdraw",
    "case.cosign", "case.decline-cosigning", "case.end-part",
    name="cases.tell",
)  # fmt: skip
def tell_applicant(event_id: UUID) -> None:
    """Each turn of the case: to the portal, and by mail where there is an address. The decision is told by the flow."""
    event = Event.objects.get(pk=event_id)
    case = _case(event_id)
    if case is None or case.number is None:
        return
    for template in telling.templates(event, case):
        if not Message.objects.filter(event_id=event_id, template=template).exists():
            telling.tell(case, template, event=event_id, by=SYSTEM)


@follows("message.answer", name="cases.tell_answer")
def tell_answer(event_id: UUID) -> None:
    """That the office has written: by mail only, because the message itself stands in the portal."""
    event, case = Event.objects.get(pk=event_id), _case(event_id)
    heard = case is not None and cases.reader_of(case) == case.person_id  # else they see the thread no more
    if case is not None and heard and case.email and not event.data.get("again"):
        telling.tell(case, "answered", event=event_id, by=SYSTEM, in_portal=False)


@follows(
    "delegation.accept", "delegation.record", "delegation.end", "delegation.run-out", "case.open-for-principal",
    name="cases.tell_principal",
)  # fmt: skip
def tell_principal(event_id: UUID) -> None:
    """Whoever is spoken for is told of it: in the portal, and by mail where they have confirmed an address."""
    delegating.tell_principal(Event.objects.get(pk=event_id))


@follows(
    "account.set_absence", "account.end_absence", "account.appoint", "account.close",
    name="cases.seats",
)  # fmt: skip
def seat_after(event_id: UUID) -> None:
    """Who is there decides whose seal an approval waits for."""
    seat_anew()


def seat_anew() -> int:
    """Let every open approval wait for the right post. The worker calls it every quarter of an hour, too: an absence
    begins and ends with a day, not with an event. The lists of work follow from it; the acts ask once more."""
    for step in Step.objects.filter(kind="approve", done_at=None, case__ended_at=None).exclude(route=[]):
        now = turn_of(step)
        if now is not None and step.posts != [now.post]:
            approving.seat(step, by=SYSTEM)
    return 0


@follows("batch.begin", name="cases.batch")
def carry_out_batch(event_id: UUID) -> None:
    """What was confirmed for many cases is done to each, one act after the other."""
    key = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    batch = Batch.objects.select_related("account", "to").filter(pk=key).first() if key else None
    if batch is not None:
        batching.carry_out(batch)


@follows("person.ask_email_confirmation", name="cases.confirm_email")
def send_confirmation(event_id: UUID) -> None:
    """The code and the link for an address that is to be confirmed. Here, because here the city is known."""
    asked = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    challenge = people.challenge(asked) if asked else None
    if challenge is None:
        return
    city = procedures.city()
    messages.send(
        "confirm-email",
        event=event_id,
        values={
            "city": city.name,
            "code": challenge.code,
            "url": f"{settings.BASE_URL}{challenge.path}",
            "minutes": int(VALID_FOR.total_seconds()) // 60,
            "contact": city.file.contact.phone,
        },
        address=challenge.address,
        language=challenge.language,
        by=SYSTEM,
    )


@follows("payment.hear", name="payments.settle")
def settle_what_was_heard(event_id: UUID) -> None:
    """A notice is a hint: the provider is asked for the truth."""
    for payment in _payments(event_id):
        settling.settle(payment)


@follows("case.withdraw", name="payments.close")
def close_what_is_not_owed(event_id: UUID) -> None:
    """A page of a withdrawn case is closed, so that nobody pays for nothing."""
    case = _case(event_id)
    for payment in Payment.objects.filter(case=case, paid_at=None, over_at=None) if case else ():
        settling.settle(payment)


@follows("payment.refund", "payment.confirm", name="payments.refund")
def send_back_what_was_asked_back(event_id: UUID) -> None:
    """The provider is told to give the money back."""
    for payment in _payments(event_id):
        settling.send_back(payment)


@follows("payment.confirm", "payment.give_back", name="payments.tell")
def tell_about_money(event_id: UUID) -> None:
    """The applicant is told that the money has arrived, or has gone back."""
    confirmed = Event.objects.get(pk=event_id).verb == "payment.confirm"
    template = "payment-received" if confirmed else "payment-refunded"
    for payment in _payments(event_id):
        # What was not owed is on its way back: said once it is there.
        known = Message.objects.filter(event_id=event_id, template=template).exists()
        if not known and not (confirmed and payment.refund_asked_at is not None):
            telling.tell(payment.case, template, event=event_id, by=SYSTEM)


def look_after_payments() -> int:
    """Ask the provider about what is open. The worker calls it every minute: a lost notice loses nothing."""
    return settling.look_after()


@follows(
    "case.submit",
    "case.examine",
    "case.approve",
    "case.consult",
    "case.do",
    "case.perform",
    "case.fire",
    "case.withdraw",
    "case.cosign",
    "case.decline-cosigning",
    "payment.confirm",
    name="cases.webhooks",
)
def tell_partners(event_id: UUID) -> None:
    """Systems that listen are told: received, returned, corrected, decided, closed, withdrawn. Ids only, each once."""
    event, case = Event.objects.get(pk=event_id), _case(event_id)
    if case is None or case.number is None:
        return
    told: dict[str, str] = {}  # type → what keeps it from being told twice
    if event.verb == "case.submit" and not event.data.get("again"):
        told["case.corrected" if event.data.get("corrected") else "case.received"] = f"event:{event_id}"
    returned = event.verb == "case.examine" and event.data.get("outcome") == "return"
    if returned or (event.verb == "case.decline-cosigning" and not event.data.get("again")):
        told["case.returned"] = f"event:{event_id}"
    for name, moment in (("decided", case.decided_at), ("closed", case.closed_at), ("withdrawn", case.withdrawn_at)):
        if moment is not None:
            told[f"case.{name}"] = f"case:{case.pk}:{name}"
    origin = Origin.objects.filter(case=case).values_list("partner_id", flat=True).first()
    for type_, once in told.items():
        listeners = webhooks.listeners(type_, case.procedure.code, origin)
        _send(type_, listeners, case.pk, case.procedure.code, event.at, once)


@follows("case.submit-parts", name="cases.tell_companies")
def tell_companies(event_id: UUID) -> None:
    """The systems of the companies that the person has consented to tell hear that there is something to fetch."""
    case = _case(event_id)
    for row in case.services.filter(handed_at=None, taken_back_at=None, refused_at=None) if case else ():
        if row.sent_at is not None:
            _tell_company("service.asked", row, row.sent_at)


@follows("service.call-off", name="cases.tell_calling_off")
def tell_calling_off(event_id: UUID) -> None:
    """The company that has fetched it hears that it is not wanted any more."""
    row = _service(event_id)
    if row is not None and row.called_off_at is not None and row.state == ServiceState.CALLED_OFF:
        _tell_company("service.called-off", row, row.called_off_at)


@follows("service.take-back", "service.call-off", "service.read", name="cases.end_telling")
def end_telling(event_id: UUID) -> None:
    """Nobody is told of what was taken back; of what the company has fetched by itself, no dead letter is left."""
    row, verb = _service(event_id), Event.objects.values_list("verb", flat=True).get(pk=event_id)
    for one in webhooks.untold(row.pk, "service.asked") if row is not None else ():
        if verb != "service.read" or one.dead_at is not None:
            drop_webhook(one, by=SYSTEM)


@follows("webhook.drop", name="cases.give_up_service")
def give_up_service(event_id: UUID) -> None:
    """The section has given up telling a company: nothing is handed over any more, and the person is told."""
    event = Event.objects.get(pk=event_id)
    if not event.data.get("said_why") or not str(event.data.get("type", "")).startswith("service."):
        return
    row = Service.objects.filter(pk=event.data["about"]).first()
    if row is not None:
        connecting.give_up(row, by=SYSTEM)


@follows("service.give-up", name="cases.tell_giving_up")
def tell_giving_up(event_id: UUID) -> None:
    """The person hears that a company could not be told, and tells it by themselves."""
    event, case = Event.objects.get(pk=event_id), _case(event_id)
    if case is None or event.data.get("again"):
        return
    if not Message.objects.filter(event_id=event_id, template="company-unreached").exists():
        telling.tell(case, "company-unreached", event=event_id, by=SYSTEM)


@follows("service.answer", name="cases.tell_company_answer")
def tell_company_answer(event_id: UUID) -> None:
    """A company has answered: to the portal, and by mail where there is an address. What it said is in neither."""
    case = _case(event_id)
    if case is not None and not Message.objects.filter(event_id=event_id, template="company-answered").exists():
        telling.tell(case, "company-answered", event=event_id, by=SYSTEM)


def keep_house(limit: int = 100) -> int:
    """Tell of what will be deleted, and delete what is due: a hundred of each at a time, each an act of its own.

    The worker calls it every hour, and at once again as long as there was something to do.
    """
    rounds = (
        (cases.drafts_to_warn, keeping.warn),
        (cases.drafts_to_delete, keeping.delete),
        (cases.cases_to_warn, keeping.warn),
        (cases.cases_to_delete, keeping.delete),
    )
    done = 0
    for wanted, act_on in rounds:
        for case in wanted().select_related("procedure")[:limit]:
            act_on(case, by=SYSTEM)
            done += 1
    for person, layout in cases.leavers_to_forget(limit):
        forget_entry(person, layout, by=SYSTEM)
        done += 1
    return done


def fire_due(limit: int = 200) -> int:
    """Fire the timers whose time has come, oldest first. The worker calls it every few seconds."""
    due = Timer.objects.filter(fired_at=None, due_at__lte=clock.now()).select_related("step__case").order_by("due_at")
    fired = 0
    for timer in due[:limit]:
        timing.fire(timer, by=SYSTEM)
        fired += 1
    return fired


#: The public figures are counted anew when they are older than this; the page says as of when.
FIGURES_OLD: Final = timedelta(minutes=15)


def count_figures() -> int:
    """Count the public figures, where no worker has done so lately."""
    if Figures.objects.filter(counted_at__gt=clock.now() - FIGURES_OLD).exists() or not Case.objects.exists():
        return 0
    rating.count_figures(by=SYSTEM)
    return 0


def end_forgotten_sittings() -> int:
    """End the sittings at the counter that nobody has ended. The worker calls it every minute."""
    return counter.end_forgotten()


def tell_of_what_ran_out() -> int:
    """Tell those whose delegation has reached its last day. The worker calls it every hour."""
    return delegating.tell_of_what_ran_out()


def count_layers() -> int:
    """Count the layers of the map of which a period is over. The worker calls it every hour."""
    for layer in procedures.layers().values():
        if computing.is_due(layer) and TOWNS in newest():
            computing.count_layer(layer, by=SYSTEM)
    return 0


def show_cases() -> int:
    """Bring the layers of the map that show cases to what may be seen now: what was decided comes, what was deleted or
    is over goes, and who is under 支援措置 since. The worker calls it every ten seconds."""
    for layer in procedures.layers().values():
        if showing.is_due(layer):
            showing.show(layer, by=SYSTEM)
    return 0


def forget_words() -> int:
    """Empty the free words whose time has passed."""
    if Opinion.objects.filter(kept_until__lt=clock.today()).exclude(words="").exists():
        rating.forget_words(by=SYSTEM)
    return 0


def forget_mails() -> int:
    """Delete the mails that only confirmed an address, a month later."""
    if said_of.forgotten_mails().exists():
        messages.forget_mails(by=SYSTEM)
    return 0


def _case(event_id: UUID) -> Case | None:
    """The case of an event whose subject is the case itself or one of its steps or timers."""
    event = Event.objects.get(pk=event_id)
    paths = {
        "case": "pk",
        "step": "steps__pk",
        "timer": "steps__timers__pk",
        "payment": "payments__pk",
        "cosigner": "cosigners__pk",
        "service": "services__pk",
    }
    path = paths.get(event.subject_kind)
    if path is None or event.subject_id is None:
        return None
    return Case.objects.select_related("procedure").filter(**{path: event.subject_id}).first()


def _service(event_id: UUID) -> Service | None:
    """What a company is told of, of an event about it."""
    about = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    return Service.objects.select_related("case__procedure").filter(pk=about).first() if about else None


def _tell_company(type_: str, row: Service, happened_at: datetime) -> None:
    """The system that takes what is handed over to this company is told, with an id alone."""
    if row.partner_id is not None:
        listeners = webhooks.subscriptions_to(type_, row.partner_id)
        _send(type_, listeners, row.pk, row.case.procedure.code, happened_at, f"{type_}:{row.pk}")


def _send(
    type_: str, listeners: QuerySet[Subscription], about: UUID, procedure: str, happened_at: datetime, once: str
) -> None:
    """Tell each of them, unless it was told before."""
    for one in listeners.exclude(deliveries__once=once):
        send_webhook(
            type_, to=one, about=about, procedure=procedure, happened_at=happened_at, once=once, by=SYSTEM
        )  # fmt: skip


def _payments(event_id: UUID) -> list[Payment]:
    """The payment that an event is about."""
    event = Event.objects.get(pk=event_id)
    found = Payment.objects.select_related("case__procedure").filter(pk=event.subject_id) if event.subject_id else ()
    return list(found)
