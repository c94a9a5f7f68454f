"""A case: what was asked, where it stands, what was decided. Its state follows from its dates."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case as When_
from django.db.models import F, Q, Value, When

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.messages.models import Letter
from madoguchi.people.models import Account, Person
from madoguchi.places.models import Place
from madoguchi.procedures.models import Procedure


class State(models.TextChoices):
    """Where a case stands, in the words of the status page."""

    DRAFT = "draft", "入力の途中"
    RECEIVED = "received", "受付済み"
    RETURNED = "returned", "直しをお待ちしています"
    DECIDED = "decided", "決定しました"
    CLOSED = "closed", "終わりました"
    WITHDRAWN = "withdrawn", "取り下げ"


_STATE = When_(
    When(withdrawn_at__isnull=False, then=Value(State.WITHDRAWN)),
    When(closed_at__isnull=False, then=Value(State.CLOSED)),
    When(decided_at__isnull=False, then=Value(State.DECIDED)),
    When(returned_at__isnull=False, then=Value(State.RETURNED)),
    When(received_at__isnull=False, then=Value(State.RECEIVED)),
    default=Value(State.DRAFT),
    output_field=models.TextField(),
)


@classified(
    id=Sensitivity.INTERNAL,
    number=Sensitivity.PERSONAL,
    procedure=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    language=Sensitivity.INTERNAL,
    email=Sensitivity.PERSONAL,
    answers=Sensitivity.SPECIAL,
    typed=Sensitivity.SPECIAL,
    revision=Sensitivity.INTERNAL,
    place=Sensitivity.PERSONAL,
    section=Sensitivity.INTERNAL,
    engine=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    saved_at=Sensitivity.INTERNAL,
    received_at=Sensitivity.INTERNAL,
    due_on=Sensitivity.INTERNAL,
    returned_at=Sensitivity.INTERNAL,
    decided_at=Sensitivity.INTERNAL,
    closed_at=Sensitivity.INTERNAL,
    withdrawn_at=Sensitivity.INTERNAL,
    state=Sensitivity.INTERNAL,
)
class Case(models.Model):
    """One person's request under one published version of a procedure.

    ``answers`` holds the checked answers in the shape of the package's sections; ``typed`` keeps, path by path, what
    was typed but cannot be accepted yet, so that nothing is lost. ``engine`` is the state of the flow as the pure
    engine writes it (under 1 KB); its open tokens stand as :class:`Step` rows. ``due_on`` is the date promised.
    ``place`` is the first place that the answers name, so that cases can be put on a map.
    ``revision`` counts saves: two windows on the same draft notice each other by it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.TextField(unique=True, null=True)
    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cases")
    language = models.TextField(default="ja")
    email = models.EmailField(blank=True)
    answers = models.JSONField(default=dict)
    typed = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    section = models.TextField()
    engine = models.TextField(blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    saved_at = models.DateTimeField(default=clock.now)
    received_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    returned_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    state = models.GeneratedField(expression=_STATE, output_field=models.TextField(), db_persist=True)

    class Meta:
        db_table = "case"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "procedure"],
                condition=Q(received_at__isnull=True, withdrawn_at__isnull=True),
                name="one_draft_per_person_and_procedure",
            ),
            models.CheckConstraint(
                name="a_received_case_has_number_and_promise",
                condition=Q(received_at__isnull=True, number__isnull=True, due_on__isnull=True)
                | Q(received_at__isnull=False, number__isnull=False, due_on__isnull=False),
            ),
            models.CheckConstraint(
                name="nothing_is_decided_before_it_is_received",
                condition=Q(decided_at__isnull=True) | Q(received_at__isnull=False, decided_at__gte=F("received_at")),
            ),
            models.CheckConstraint(
                name="a_case_ends_once",
                condition=Q(closed_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="nothing_is_closed_before_it_is_received",
                condition=Q(closed_at__isnull=True) | Q(received_at__isnull=False, closed_at__gte=F("received_at")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-opened_at"], name="case_of_person"),
            models.Index(fields=["section", "due_on"], name="case_open_in_section", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    token=Sensitivity.INTERNAL,
    node=Sensitivity.INTERNAL,
    kind=Sensitivity.INTERNAL,
    channel=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    posts=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    due_at=Sensitivity.INTERNAL,
    done_at=Sensitivity.INTERNAL,
    outcome=Sensitivity.INTERNAL,
    account=Sensitivity.INTERNAL,
    note=Sensitivity.PERSONAL,
    letter=Sensitivity.INTERNAL,
)
class Step(models.Model):
    """A token of the flow at a step: open until ``done_at``, then the record of what was done and by whom.

    ``section`` (everyone in it) or ``posts`` (whoever holds one of them) say whose turn it is, in the codes of
    ``organisation.yaml``; both empty: the machine's, or the applicant's where ``kind`` is ``correction``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    token = models.PositiveIntegerField()
    node = models.TextField()
    kind = models.TextField()
    channel = models.TextField(default="screen")
    section = models.TextField(blank=True)
    posts = ArrayField(models.TextField(), default=list)
    opened_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    outcome = models.TextField(blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "case_step"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "token"], name="a_token_is_one_row"),
            models.CheckConstraint(
                name="a_done_step_has_an_outcome",
                condition=Q(done_at__isnull=True, outcome="") | (Q(done_at__isnull=False) & ~Q(outcome="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["section", "opened_at"], name="step_open_in_section", condition=Q(done_at=None)),
            GinIndex(fields=["posts"], name="step_open_at_post", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.id}"


@classified(
    id=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    due_at=Sensitivity.INTERNAL,
    then=Sensitivity.INTERNAL,
    fired_at=Sensitivity.INTERNAL,
)
class Timer(models.Model):
    """When a step's time is up and what follows then: the outcome that the engine is given, or ``remind``."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="timers")
    due_at = models.DateTimeField()
    then = models.TextField()
    fired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_timer"
        indexes: ClassVar = [models.Index(fields=["due_at"], name="timer_due", condition=Q(fired_at=None))]

    def __str__(self) -> str:
        return f"{self.then} {self.id}"


@classified(
    id=Sensitivity.INTERNAL,
    step=Sensitivity.INTERNAL,
    path=Sensitivity.INTERNAL,
    message=Sensitivity.PERSONAL,
    asked_at=Sensitivity.INTERNAL,
    answered_at=Sensitivity.INTERNAL,
)
class Correction(models.Model):
    """One field that the applicant is asked to correct (補正), in the clerk's words."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="corrections")
    path = models.TextField()
    message = models.TextField()
    asked_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_correction"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "path"], name="a_field_is_returned_once_per_step"),
            models.CheckConstraint(name="a_correction_says_what", condition=~Q(message="")),
        ]

    def __str__(self) -> str:
        return f"{self.path} {self.id}"


@classified(
    case=Sensitivity.INTERNAL,
    granted=Sensitivity.PERSONAL,
    values=Sensitivity.SPECIAL,
    reasons=Sensitivity.SPECIAL,
    course=Sensitivity.SPECIAL,
    note=Sensitivity.PERSONAL,
    drafted_at=Sensitivity.INTERNAL,
    drafted_by=Sensitivity.INTERNAL,
    made_at=Sensitivity.INTERNAL,
    made_by=Sensitivity.INTERNAL,
)
class Decision(models.Model):
    """What was decided and why. Drafted by the rule table and the examiner, made by whoever may decide (専決).

    ``course`` is what tables, examiners and surveys found (``procedures.rules.course``); ``granted``, ``values`` and
    ``reasons`` (texts by language) follow from it and go into the letter.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="decision")
    granted = models.BooleanField()
    values = models.JSONField(default=dict)
    reasons = models.JSONField(default=list)
    course = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    drafted_at = models.DateTimeField(default=clock.now)
    drafted_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "case_decision"

    def __str__(self) -> str:
        return str(self.case_id)


@classified(
    id=Sensitivity.INTERNAL,
    case=Sensitivity.INTERNAL,
    path=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    media_type=Sensitivity.INTERNAL,
    size=Sensitivity.INTERNAL,
    sha256=Sensitivity.INTERNAL,
    width=Sensitivity.INTERNAL,
    height=Sensitivity.INTERNAL,
    added_at=Sensitivity.INTERNAL,
    removed_at=Sensitivity.INTERNAL,
)
class Document(models.Model):
    """A photograph or file given under a field of a case. ``size`` in bytes, ``width`` and ``height`` in pixels."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="documents")
    path = models.TextField()
    name = models.TextField()
    media_type = models.TextField()
    size = models.PositiveIntegerField()
    sha256 = models.TextField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    added_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "case_document"

    def __str__(self) -> str:
        return str(self.id)


@classified(document=Sensitivity.INTERNAL, content=Sensitivity.SPECIAL)
class DocumentContent(models.Model):
    """The bytes of a document, apart from its row so that lists never read them."""

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="content")
    content = models.BinaryField()

    class Meta:
        db_table = "case_document_content"

    def __str__(self) -> str:
        return str(self.document_id)
