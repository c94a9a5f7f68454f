"""How many cases of a procedure went all the way digitally, counted now and then: a table, no live count."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from madoguchi.ground.sensitivity import Sensitivity, classified


@classified(
    code=Sensitivity.PUBLIC,
    counted_at=Sensitivity.PUBLIC,
    started=Sensitivity.PUBLIC,
    submitted=Sensitivity.PUBLIC,
    decided=Sensitivity.PUBLIC,
    ended=Sensitivity.PUBLIC,
    digital=Sensitivity.PUBLIC,
    received=Sensitivity.PUBLIC,
    abandoned=Sensitivity.PUBLIC,
    withdrawn=Sensitivity.PUBLIC,
    known_taken=Sensitivity.PUBLIC,
    known_retyped=Sensitivity.PUBLIC,
    median_days=Sensitivity.PUBLIC,
    slow_days=Sensitivity.PUBLIC,
    breaks=Sensitivity.PUBLIC,
    channels=Sensitivity.PUBLIC,
    ease=Sensitivity.PUBLIC,
)
class Figures(models.Model):
    """One procedure over the last twelve months, as of ``counted_at``. Figures count cases; none weighs them.

    ``started`` ≥ ``submitted`` ≥ ``decided``; ``ended`` are closed, of those ``digital`` without any step off the
    screen, of those ``received``: the applicant has opened every letter. ``abandoned`` were left unsent for a month.
    ``median_days`` and ``slow_days`` (nine in ten were done by then) are business days from receipt to end.
    ``known_taken`` and ``known_retyped`` count answers that the city knew: taken over, and typed once more (再入力).
    ``breaks``: node → channel and cases that left the screen there. ``channels``: by which the submitted came in
    (``Case.channel``) → how many; what a clerk typed at the counter is digital from there on.
    ``ease``: answers たいへん, ふつう, かんたん.
    """

    code = models.TextField(primary_key=True)
    counted_at = models.DateTimeField()
    started = models.PositiveIntegerField()
    submitted = models.PositiveIntegerField()
    decided = models.PositiveIntegerField()
    ended = models.PositiveIntegerField()
    digital = models.PositiveIntegerField()
    received = models.PositiveIntegerField()
    abandoned = models.PositiveIntegerField()
    withdrawn = models.PositiveIntegerField()
    known_taken = models.PositiveIntegerField(default=0)
    known_retyped = models.PositiveIntegerField(default=0)
    median_days = models.PositiveIntegerField(null=True)
    slow_days = models.PositiveIntegerField(null=True)
    breaks = models.JSONField(default=dict)
    channels = models.JSONField(default=dict)
    ease = ArrayField(models.PositiveIntegerField(), size=3)

    class Meta:
        db_table = "case_figures"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="figures_narrow_from_start_to_receipt",
                condition=Q(submitted__lte=F("started"))
                & Q(digital__lte=F("ended"))
                & Q(received__lte=F("digital"))
                & Q(ended__lte=F("submitted")),
            ),
        ]

    def __str__(self) -> str:
        return self.code
