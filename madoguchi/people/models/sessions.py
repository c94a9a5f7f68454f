"""The browsers in which somebody is signed in."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models.individuals import Account, Person


@classified(
    id=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    browser=Sensitivity.PERSONAL,
    since=Sensitivity.INTERNAL,
    seen_at=Sensitivity.INTERNAL,
    provider_session=Sensitivity.INTERNAL,
)
class SignIn(models.Model):
    """A browser in which a member of staff or a resident is signed in. The session names the row; where the row is
    gone, the sign-in is over, and the next request finds nobody.

    ``browser`` is the kind of browser and device, as the person would name them. The network address is not kept.
    ``seen_at`` is true to a minute. ``provider_session`` is the mark of the provider's own session, where it named one:
    by it the provider says later which browser has signed out.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="sign_ins")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="sign_ins")
    browser = models.TextField(blank=True)
    since = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)
    provider_session = models.TextField(blank=True, default="")

    class Meta:
        db_table = "sign_in"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_sign_in_is_of_one_person",
                condition=Q(account__isnull=True, person__isnull=False) | Q(account__isnull=False, person__isnull=True),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="sign_in_by_use")]

    def __str__(self) -> str:
        return str(self.id)
