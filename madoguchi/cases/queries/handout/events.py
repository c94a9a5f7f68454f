"""What was done with a person's data, from the log: staff by section and post of that day, never by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from madoguchi.cases.models import Case
from madoguchi.cases.queries.handout.tables import models_by_table
from madoguchi.cases.rules.keeping import LIVES
from madoguchi.events.models import Event
from madoguchi.facts.models import Fact, Pair
from madoguchi.facts.queries import beginning_of_day, of_the_day
from madoguchi.ground.clock import day_of
from madoguchi.people.models import Identity, Person
from madoguchi.people.queries import partner_names, posts_on
from madoguchi.procedures import queries as procedures


@dataclass(frozen=True, slots=True)
class Happened:
    """One event as its person may read it: ``verb`` and ``why`` (code of a reason, or of a refusal) are for a face to
    put into words. ``who`` is self, resident, staff, partner or system; ``office`` names section and post, or the
    partner. ``day_only``: ``at`` is the beginning of the day, because the hour is not told.
    """

    at: datetime
    verb: str
    outcome: str
    why: str
    who: str
    office: str
    day_only: bool = False


def of_case(case: Case, person: Person, language: str = "ja") -> list[Happened]:
    """About a case and all that hangs on it, oldest first."""
    keys: list[UUID] = [case.pk]
    for table, life in LIVES.items():
        model = models_by_table()[table]
        if life.of_case and model not in (Case, Fact) and model._meta.pk.get_internal_type() == "UUIDField":
            keys += model._default_manager.filter(**{life.of_case: case.pk}).values_list("pk", flat=True)
    return _told(keys, person, language)


def of_person(person: Person, language: str = "ja") -> list[Happened]:
    """About the person: sign-ins, facts, what was handed out, who was found to be who; oldest first.

    With those who read what a register said of them while nobody knew that it was they.
    """
    pairs = list(Pair.objects.filter(Q(person=person) | Q(entry__person=person)))
    earlier = [one.replaced for one in pairs if one.person_id == person.pk and one.replaced is not None]
    identities = Identity.objects.filter(person=person).values_list("pk", flat=True)
    return _told([person.pk, *identities, *earlier, *(one.pk for one in pairs)], person, language)


def _told(keys: Sequence[UUID], person: Person, language: str) -> list[Happened]:
    # What becomes of a mail that was taken in hand follows at once.
    rows = (
        Event.objects.filter(subject_id__in=keys).exclude(verb="message.take").exclude(verb="facts.read", data__keys=[])
    )
    events = list(rows.order_by("at", "id"))
    staff = {(one.actor_id, day_of(one.at)) for one in events if one.actor_kind == "staff" and one.actor_id}
    posts = posts_on(staff)
    partners = partner_names({one.actor_id for one in events if one.actor_kind == "partner" and one.actor_id})

    def office(one: Event) -> str:
        if one.actor_id is None:
            return ""
        if one.actor_kind == "staff":
            return _office(posts.get((one.actor_id, day_of(one.at)), ()), language)
        return partners.get(one.actor_id, "")

    def who(one: Event) -> str:
        if one.actor_id == person.pk:
            return "self"
        if one.actor_kind != "visitor":
            return one.actor_kind
        # Whoever was not signed in yet is the person, but where somebody's card was compared with those who share the
        # birthday: the machine has read then, and shown nothing to anybody.
        return "system" if one.verb == "facts.read" else "self"

    def at(one: Event) -> datetime:
        return beginning_of_day(one.at) if of_the_day(one) else one.at

    told = [
        Happened(at(one), one.verb, one.outcome, one.reason, who(one), office(one), of_the_day(one)) for one in events
    ]
    return sorted(told, key=lambda one: one.at)  # so that their place among the others does not tell the hour


def _office(held: Sequence[str], language: str) -> str:
    """「子ども室（子ども室課長）」."""
    posts = procedures.city().organisation.posts()
    names = [
        (posts[one][1].name.get_for(language), posts[one][0].title.get_for(language)) for one in held if one in posts
    ]
    return "・".join(f"{unit}（{post}）" for unit, post in names)
