"""Which subject of the ledger a business is."""

from uuid import UUID

from madoguchi.people.models import Business


def is_business(person: UUID) -> bool:
    """Whether a subject of the ledger is a business, and no human being."""
    return Business.objects.filter(person=person).exists()


def business_of(number: str) -> UUID | None:
    """The person behind this number, under which the business's facts are; None where nothing is known of it."""
    return Business.objects.filter(number=number).values_list("person_id", flat=True).first()
