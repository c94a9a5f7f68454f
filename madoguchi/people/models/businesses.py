"""Businesses of which the city knows something: subjects of facts that nobody signs in as."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models.individuals import Person


@classified(person=Sensitivity.INTERNAL, number=Sensitivity.PUBLIC)
class Business(models.Model):
    """事業者: known by the number that a public register gives it, of ten digits (介護保険の事業所番号) or of thirteen
    (法人番号, whose check digit the act has checked).

    Its facts (``business.*``) hang on ``person`` as anybody's do, so that the ledger has one kind of subject and one
    door. It has no identity: nobody is this person, and nobody reads its facts but by a legal basis.
    """

    person = models.OneToOneField(Person, on_delete=models.PROTECT, primary_key=True, related_name="business")
    number = models.TextField(unique=True)

    class Meta:
        db_table = "business"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_business_has_ten_or_thirteen_digits", condition=Q(number__regex=r"^[0-9]{10}([0-9]{3})?$")
            ),
        ]

    def __str__(self) -> str:
        return self.number
