"""A payment that the applicant is asked for, and what has become of it. Its state follows from its dates."""

from typing import ClassVar

from django.db import models
from django.db.models import Case as When_
from django.db.models import F, Q, Value, When

from madoguchi.cases.models.case import Case
from madoguchi.cases.models.step import Step
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account


class PaymentState(models.TextChoices):
    """What has become of a payment, in the words of the desk."""

    ASKED = "asked", "納付待ち"
    PAID = "paid", "納付済み"
    OVER = "over", "納付なしで終了"
    REFUNDING = "refunding", "返金の手続中"
    REFUNDED = "refunded", "返金済み"


class Why(models.TextChoices):
    """Why money goes back, in words that the applicant reads, too."""

    WITHDRAWN = "withdrawn", "申し込みが取り下げられたため"
    REFUSED = "refused", "認められなかったため"
    LATE = "late", "お支払いの必要がなくなった後に納付されたため"
    AMOUNT = "amount", "納付された額が、お願いした額と違うため"
    STAFF = "staff", "担当課の判断による"


_STATE = When_(
    When(refunded_at__isnull=False, then=Value(PaymentState.REFUNDED)),
    When(refund_asked_at__isnull=False, then=Value(PaymentState.REFUNDING)),
    When(paid_at__isnull=False, then=Value(PaymentState.PAID)),
    When(over_at__isnull=False, then=Value(PaymentState.OVER)),
    default=Value(PaymentState.ASKED),
    output_field=models.TextField(),
)


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    yen=Sensitivity.PERSONAL,
    provider=Sensitivity.INTERNAL,
    reference=Sensitivity.PERSONAL,
    url=Sensitivity.PERSONAL,
    charge=Sensitivity.PERSONAL,
    asked_at=Sensitivity.INTERNAL,
    looked_at=Sensitivity.INTERNAL,
    pending_at=Sensitivity.INTERNAL,
    paid_at=Sensitivity.INTERNAL,
    paid_yen=Sensitivity.PERSONAL,
    over_at=Sensitivity.INTERNAL,
    refund_asked_at=Sensitivity.INTERNAL,
    refund_why=Sensitivity.INTERNAL,
    refund_note=Sensitivity.PERSONAL,
    refund_by=Sensitivity.INTERNAL,
    refunded_at=Sensitivity.INTERNAL,
    refund_reference=Sensitivity.PERSONAL,
    state=Sensitivity.INTERNAL,
)
class Payment(models.Model):
    """One request to pay, in yen, for one `pay` step; written before the provider hears of it.

    ``id`` is the key under which the provider does each thing once. ``reference`` (its page) and ``charge`` (the money)
    are the provider's names. What the provider has not confirmed is never written as paid or over.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="payments")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="payments")
    yen = models.PositiveIntegerField()
    provider = models.TextField()
    reference = models.TextField(blank=True)
    url = models.TextField(blank=True)
    charge = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    looked_at = models.DateTimeField(null=True)
    pending_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    paid_yen = models.PositiveIntegerField(null=True)
    over_at = models.DateTimeField(null=True)
    refund_asked_at = models.DateTimeField(null=True)
    refund_why = models.TextField(blank=True, choices=Why.choices)
    refund_note = models.TextField(blank=True)
    refund_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    refunded_at = models.DateTimeField(null=True)
    refund_reference = models.TextField(blank=True)
    state = models.GeneratedField(expression=_STATE, output_field=models.TextField(), db_persist=True)

    class Meta:
        db_table = "case_payment"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["step"],
                condition=Q(paid_at__isnull=True, over_at__isnull=True),
                name="a_step_asks_for_one_payment_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["step"],
                condition=Q(paid_at__isnull=False, refund_asked_at__isnull=True),
                name="a_step_is_paid_once",
            ),
            models.UniqueConstraint(
                fields=["provider", "reference"], condition=~Q(reference=""), name="a_reference_is_one_payment"
            ),
            models.CheckConstraint(name="a_payment_is_of_some_yen", condition=Q(yen__gt=0)),
            models.CheckConstraint(
                name="a_paid_payment_says_what_was_paid",
                condition=Q(paid_at__isnull=True, paid_yen__isnull=True, charge="")
                | (Q(paid_at__isnull=False, paid_yen__isnull=False) & ~Q(charge="")),
            ),
            models.CheckConstraint(
                name="a_payment_is_paid_or_over", condition=Q(paid_at__isnull=True) | Q(over_at__isnull=True)
            ),
            models.CheckConstraint(
                name="only_what_was_paid_is_refunded",
                condition=Q(refund_asked_at__isnull=True, refund_why="")
                | (Q(refund_asked_at__isnull=False, paid_at__isnull=False) & ~Q(refund_why="")),
            ),
            models.CheckConstraint(
                name="a_refund_is_asked_for_before_it_is_made",
                condition=Q(refunded_at__isnull=True, refund_reference="")
                | (
                    Q(
                        refunded_at__isnull=False,
                        refund_asked_at__isnull=False,
                        refunded_at__gte=F("refund_asked_at"),
                    )
                    & ~Q(refund_reference="")
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["looked_at"],
                name="payment_to_look_after",
                condition=Q(over_at=None, paid_at=None) | Q(refund_asked_at__isnull=False, refunded_at=None),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    provider=Sensitivity.INTERNAL,
    key=Sensitivity.INTERNAL,
    kind=Sensitivity.INTERNAL,
    payment=Sensitivity.INTERNAL,
    heard_at=Sensitivity.INTERNAL,
    id=Sensitivity.INTERNAL,
)
class PaymentNotice(models.Model):
    """A notice of a provider that was heard; the same is heard once."""

    provider = models.TextField()
    key = models.TextField()
    kind = models.TextField()
    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="notices")
    heard_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "case_payment_notice"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "key"], name="a_notice_is_heard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.key}"
