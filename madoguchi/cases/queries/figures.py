"""How many ended digitally, and how long they really took."""

from django.db.models import Exists, F, OuterRef

from madoguchi.cases.models import Case, Step
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures


def completed_digitally(code: str) -> tuple[int, int]:
    """Of all closed cases of a procedure: how many there are, and in how many every executed step was digital."""
    closed = Case.objects.filter(procedure__code=code, closed_at__isnull=False)
    broken = Step.objects.filter(case=OuterRef("pk")).exclude(channel="screen").exclude(outcome="cancelled")
    return closed.count(), closed.exclude(Exists(broken)).count()


def median_business_days(code: str) -> int | None:
    """How long the closed cases really took, receipt to end: the median in business days; None without any."""
    pairs = Case.objects.filter(procedure__code=code, closed_at__isnull=False).order_by("-closed_at")
    calendar = procedures.calendar()
    days = sorted(
        calendar.between(clock.day_of(received), clock.day_of(closed))
        for received, closed in pairs.values_list("received_at", F("closed_at"))[:500]
        if received is not None and closed is not None
    )
    return days[len(days) // 2] if days else None
