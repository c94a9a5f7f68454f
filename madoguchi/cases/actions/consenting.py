"""The consent to tell a company of a life event: a fact of its person, for this life event and this company alone."""

from collections.abc import Collection

from madoguchi.cases.models import Case, Service
from madoguchi.events import Actor
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.facts.rules import consent_to_company
from madoguchi.people.models import Person


def state(journey: Case, companies: Collection[str], given: bool, *, by: Actor) -> None:
    """Write into the ledger that the consent was given, or taken back; part of an act of its person."""
    values = {(consent_to_company(one), str(journey.pk)): given for one in companies}
    if values:
        facts.state(Person(pk=journey.person_id), values, Source.SELF, by=by, case_id=journey.pk)


def drop(rows: Collection[Service], journey: Case, *, by: Actor) -> None:
    """What was chosen and not sent is nowhere any more."""
    state(journey, [one.company for one in rows], False, by=by)
    Service.objects.filter(pk__in=[one.pk for one in rows], sent_at=None).delete()
