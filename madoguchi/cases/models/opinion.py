"""What the applicant says after the end: one question, answered once."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from madoguchi.cases.models.case import Case
from madoguchi.ground import clock
from madoguchi.ground.sensitivity import Sensitivity, classified


class Ease(models.IntegerChoices):
    """How it was, in the words of the question."""

    HARD = 1, "たいへん"
    FAIR = 2, "ふつう"
    EASY = 3, "かんたん"


@classified(
    case=Sensitivity.INTERNAL,
    ease=Sensitivity.INTERNAL,
    words=Sensitivity.PERSONAL,
    given_at=Sensitivity.INTERNAL,
    kept_until=Sensitivity.INTERNAL,
)
class Opinion(models.Model):
    """The answer to 「この手続きは、どうでしたか」. ``words`` are free and may name anybody: they are emptied after
    ``kept_until``; the answer itself stays as long as the case.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="opinion")
    ease = models.PositiveSmallIntegerField(choices=Ease.choices)
    words = models.TextField(blank=True)
    given_at = models.DateTimeField(default=clock.now)
    kept_until = models.DateField()

    class Meta:
        db_table = "case_opinion"
        constraints: ClassVar = [
            models.CheckConstraint(name="an_opinion_is_one_of_three", condition=Q(ease__range=(1, 3))),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kept_until"], name="opinion_with_words", condition=~Q(words="")),
        ]

    def __str__(self) -> str:
        return str(self.case_id)
