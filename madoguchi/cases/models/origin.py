"""Where a case came from that no resident opened on our pages: which partner has filed it, and under what name."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Partner


@classified(
    case=Sensitivity.INTERNAL,
    partner=Sensitivity.INTERNAL,
    reference=Sensitivity.PERSONAL,
    filed_at=Sensitivity.INTERNAL,
)
class Origin(models.Model):
    """That a partner has opened this case for its person. ``reference`` is the partner's own name for it, if any."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="origin")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    reference = models.TextField(blank=True)
    filed_at = models.DateTimeField(default=clock.now)

    class Meta:
        db_table = "case_origin"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner", "reference"], condition=~Q(reference=""), name="a_reference_names_one_case"
            ),
        ]

    def __str__(self) -> str:
        return str(self.case_id)
