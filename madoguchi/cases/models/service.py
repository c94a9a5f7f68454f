"""What one company is told of a life event, because its person has consented to that (電気, 銀行)."""

from typing import ClassVar

from django.db import models
from django.db.models import Case as When_
from django.db.models import Q, Value, When

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Partner


class ServiceState(models.TextChoices):
    """Where it stands."""

    CHOSEN = "chosen", "選んだ"
    SENT = "sent", "送っている"
    HANDED = "handed", "渡した"
    ACCEPTED = "accepted", "受け付けられた"
    ASKED = "asked", "会社からお願いがある"
    REFUSED = "refused", "できなかった"
    DONE = "done", "終わった"
    TAKEN_BACK = "taken-back", "取り消した"
    CALLED_OFF = "called-off", "取りやめを伝えている"
    STOPPED = "stopped", "取りやめになった"


_STATE = When_(
    When(taken_back_at__isnull=False, then=Value(ServiceState.TAKEN_BACK)),
    When(stopped_at__isnull=False, then=Value(ServiceState.STOPPED)),
    When(done_at__isnull=False, then=Value(ServiceState.DONE)),
    When(refused_at__isnull=False, then=Value(ServiceState.REFUSED)),
    When(asked_at__isnull=False, then=Value(ServiceState.ASKED)),
    When(called_off_at__isnull=False, then=Value(ServiceState.CALLED_OFF)),
    When(accepted_at__isnull=False, then=Value(ServiceState.ACCEPTED)),
    When(handed_at__isnull=False, then=Value(ServiceState.HANDED)),
    When(sent_at__isnull=False, then=Value(ServiceState.SENT)),
    default=Value(ServiceState.CHOSEN),
    output_field=models.TextField(),
)


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    service=Sensitivity.INTERNAL,
    company=Sensitivity.PERSONAL,
    partner=Sensitivity.INTERNAL,
    number=Sensitivity.PERSONAL,
    hands=Sensitivity.PERSONAL,
    consented_at=Sensitivity.INTERNAL,
    taken_back_at=Sensitivity.INTERNAL,
    sent_at=Sensitivity.INTERNAL,
    handed_at=Sensitivity.INTERNAL,
    called_off_at=Sensitivity.INTERNAL,
    stopped_at=Sensitivity.INTERNAL,
    said_at=Sensitivity.INTERNAL,
    accepted_at=Sensitivity.INTERNAL,
    asked_at=Sensitivity.INTERNAL,
    refused_at=Sensitivity.INTERNAL,
    done_at=Sensitivity.INTERNAL,
    done_on=Sensitivity.PERSONAL,
    reference=Sensitivity.PERSONAL,
    words=Sensitivity.PERSONAL,
    link=Sensitivity.PERSONAL,
    telephone=Sensitivity.INTERNAL,
    state=Sensitivity.INTERNAL,
)
class Service(models.Model):
    """One company of services.yaml and one life event (``case``), for which its person consented.

    ``number`` is the person's at the company, ``hands`` what it gets (name → text), fixed when the life event is
    submitted (``sent_at``); ``partner`` is the system that may fetch it then. ``handed_at``: fetched for the first
    time; until then the consent can be taken back, and from then on only be ``called_off_at``: the company hears of it
    and says that it has ``stopped_at``, or that it is too late. ``said_at`` is the company's own time of its last
    answer, by which older ones are known; ``asked_at`` stands as long as it wants something of the person. ``words``,
    ``reference``, ``link``, ``telephone`` are the company's, of its last answer. Refused without being handed over:
    nobody was there to tell, or it could not be told.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="services")
    service = models.TextField()
    company = models.TextField()
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    number = models.TextField(blank=True)
    hands = models.JSONField(default=dict)
    consented_at = models.DateTimeField(default=clock.now)
    taken_back_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    called_off_at = models.DateTimeField(null=True)
    said_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    done_on = models.DateField(null=True)
    reference = models.TextField(blank=True)
    words = models.TextField(blank=True)
    link = models.TextField(blank=True)
    telephone = models.TextField(blank=True)
    state = models.GeneratedField(expression=_STATE, output_field=models.TextField(), db_persist=True)

    class Meta:
        db_table = "case_service"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "company"], name="a_company_is_told_once_of_a_life_event"),
            models.CheckConstraint(
                name="what_was_handed_over_is_not_taken_back",
                condition=Q(taken_back_at__isnull=True) | Q(handed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="nothing_is_handed_over_before_it_is_sent",
                condition=Q(handed_at__isnull=True) | Q(sent_at__isnull=False, partner__isnull=False),
            ),
            models.CheckConstraint(
                name="only_who_was_handed_it_answers",
                condition=Q(said_at__isnull=True) | Q(handed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_company_ends_it_once",
                condition=Q(refused_at__isnull=True, done_at__isnull=True)
                | Q(refused_at__isnull=True, stopped_at__isnull=True)
                | Q(done_at__isnull=True, stopped_at__isnull=True),
            ),
            models.CheckConstraint(
                name="only_what_was_handed_over_is_called_off",
                condition=Q(called_off_at__isnull=True) | Q(handed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="only_what_was_called_off_is_stopped",
                condition=Q(stopped_at__isnull=True) | Q(called_off_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["partner", "state"], name="service_of_partner")]

    def __str__(self) -> str:
        return str(self.id)
