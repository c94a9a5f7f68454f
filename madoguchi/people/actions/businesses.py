"""Acts on businesses: that there is one of that number. What is known of it are facts."""

from django.db import IntegrityError, transaction

from madoguchi.events import Actor, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground.errors import Invalid
from madoguchi.ground.numbers import WRONG_CORPORATE_NUMBER, is_corporate_number
from madoguchi.people.models import Business, Person


@act("business.enter", allow=(BY_SYSTEM,))
def enter_business(number: str, *, by: Actor) -> Person:
    """事業者の登録: the subject of what is known of the business with this number; twice is once.

    Raises Invalid for thirteen digits that are no 法人番号.
    """
    if len(number) == 13 and not is_corporate_number(number):
        raise Invalid("corporate-number", WRONG_CORPORATE_NUMBER)
    found = Business.objects.select_related("person").filter(number=number).first()
    if found is None:
        try:
            with transaction.atomic():  # noqa: TID251  # a savepoint: two cases may name the same business at once
                found = Business.objects.create(number=number, person=Person.objects.create())
        except IntegrityError:
            found = Business.objects.select_related("person").get(number=number)
    record(business=found.person_id)
    return found.person
