"""The case itself: one person's request, whose state follows from its dates."""

from collections.abc import Iterable
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case as When_
from django.db.models import F, Func, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from madoguchi.cases.models.sitting import Sitting
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Person
from madoguchi.people.rules import NOBODY
from madoguchi.places.models import Place
from madoguchi.procedures.models import Procedure

#: In ``search_key`` what stands between the names and the places: no word that is looked for holds it.
PLACES: Final = "\n"


class Grams(Func):
    """The characters and pairs of neighbours of a text: what the index of words holds (migration of procedures)."""

    function = "madoguchi_grams"
    output_field: Any = ArrayField(models.TextField())


class State(models.TextChoices):
    """Where a case stands, in the words of the status page."""

    DRAFT = "draft", "入力の途中"
    RECEIVED = "received", "受付済み"
    RETURNED = "returned", "直しをお待ちしています"
    PAYABLE = "payable", "お支払いをお待ちしています"
    COSIGNING = "cosigning", "連署をお待ちしています"
    DECIDED = "decided", "決定しました"
    CLOSED = "closed", "終わりました"
    WITHDRAWN = "withdrawn", "取り下げ"
    ERASED = "erased", "廃棄ずみ"


_STATE = When_(
    When(erased_at__isnull=False, then=Value(State.ERASED)),
    When(withdrawn_at__isnull=False, then=Value(State.WITHDRAWN)),
    When(closed_at__isnull=False, then=Value(State.CLOSED)),
    When(decided_at__isnull=False, then=Value(State.DECIDED)),
    When(returned_at__isnull=False, then=Value(State.RETURNED)),
    When(payable_at__isnull=False, then=Value(State.PAYABLE)),
    When(cosigning_at__isnull=False, then=Value(State.COSIGNING)),
    When(received_at__isnull=False, then=Value(State.RECEIVED)),
    default=Value(State.DRAFT),
    output_field=models.TextField(),
)


@classified(
    id=Sensitivity.INTERNAL,
    number=Sensitivity.PERSONAL,
    procedure=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    subject=Sensitivity.PERSONAL,
    part_of=Sensitivity.INTERNAL,
    corrects=Sensitivity.SPECIAL,
    sitting=Sensitivity.INTERNAL,
    channel=Sensitivity.INTERNAL,
    language=Sensitivity.INTERNAL,
    email=Sensitivity.PERSONAL,
    answers=Sensitivity.SPECIAL,
    typed=Sensitivity.SPECIAL,
    known_taken=Sensitivity.INTERNAL,
    known_retyped=Sensitivity.INTERNAL,
    revision=Sensitivity.INTERNAL,
    place=Sensitivity.PERSONAL,
    section=Sensitivity.INTERNAL,
    engine=Sensitivity.INTERNAL,
    opened_at=Sensitivity.INTERNAL,
    saved_at=Sensitivity.INTERNAL,
    received_at=Sensitivity.INTERNAL,
    due_on=Sensitivity.INTERNAL,
    returned_at=Sensitivity.INTERNAL,
    payable_at=Sensitivity.INTERNAL,
    cosigning_at=Sensitivity.INTERNAL,
    decided_at=Sensitivity.INTERNAL,
    closed_at=Sensitivity.INTERNAL,
    withdrawn_at=Sensitivity.INTERNAL,
    keep_until=Sensitivity.INTERNAL,
    warned_at=Sensitivity.INTERNAL,
    erased_at=Sensitivity.INTERNAL,
    state=Sensitivity.INTERNAL,
    applicant=Sensitivity.PERSONAL,
    kana=Sensitivity.PERSONAL,
    town=Sensitivity.PERSONAL,
    search_key=Sensitivity.PERSONAL,
    seen_by=Sensitivity.INTERNAL,
    changed_at=Sensitivity.INTERNAL,
    ended_at=Sensitivity.INTERNAL,
)
class Case(models.Model):
    """One person's request under one published version of a procedure.

    ``person`` is who asks: signs in, is told, may change and withdraw. ``subject`` is who it is about, where somebody
    asks for another (:attr:`about_id`): the principal of a registered delegation (``Mandate``), else a person without
    any identity, so that the two's facts never mix.
    ``part_of`` is the life event (a case of kind ``journey``) that this was applied for with, in one go.
    ``corrects`` says which fact is to be corrected (訂正), where that is what is asked: its ``key`` and ``row``, the
    ``source`` that says it, the id of the ``case`` in which it was recorded, and the ``value`` that it should have. One
    at a time is open for each fact.
    ``sitting``: opened by a clerk for whoever sits there (窓口), who may type into it while the sitting lasts.
    ``channel`` is the one by which the case came in: web, counter, api (a partner).
    ``answers`` holds the checked answers in the shape of the package's sections; ``typed`` keeps, path by path, what
    was typed but cannot be accepted yet, so that nothing is lost. ``engine`` is the state of the flow as the pure
    engine writes it (under 1 KB); its open tokens stand as :class:`Step` rows. ``due_on`` is the date promised.
    ``place`` is the first place that the answers name, so that cases can be put on a map.
    ``known_taken`` and ``known_retyped`` count, at submission, the fields of which the city knew the answer: taken
    over with one tap, or typed once more (再入力).
    ``revision`` counts saves: two windows on the same draft notice each other by it.
    ``keep_until`` is the last day of the keeping period (文書管理), set when the case ends; ``warned_at`` is when the
    applicant was told that it will be deleted. Of an erased case nothing is left but dates, procedure and outcome:
    it is nobody's (``people.rules.NOBODY``), and all that was said is gone.

    The last columns are for lists, which read no answers: ``applicant``, ``kana``, ``town`` (町字ID) and ``search_key``
    (the number and every name, and behind ``PLACES`` every place, folded; ``actions.listing`` keeps them), ``seen_by``
    (the section and every section and post of its steps, see :meth:`show_to`), ``changed_at`` (when something last
    happened to it).
    """

    #: Names of relations of which :func:`queries.found.whole` has seen that nothing stands there: not asked again.
    lacks: frozenset[str] = frozenset()

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.TextField(unique=True, null=True)
    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="cases")
    subject = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    part_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="parts")
    corrects = models.JSONField(null=True)
    sitting = models.ForeignKey(Sitting, on_delete=models.SET_NULL, null=True, related_name="cases")
    channel = models.TextField(default="web")
    language = models.TextField(default="ja")
    email = models.EmailField(blank=True)
    answers = models.JSONField(default=dict)
    typed = models.JSONField(default=dict)
    known_taken = models.PositiveSmallIntegerField(default=0)
    known_retyped = models.PositiveSmallIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    section = models.TextField()
    engine = models.TextField(blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    saved_at = models.DateTimeField(default=clock.now)
    received_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    returned_at = models.DateTimeField(null=True)
    payable_at = models.DateTimeField(null=True)
    cosigning_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    keep_until = models.DateField(null=True)
    warned_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    state = models.GeneratedField(expression=_STATE, output_field=models.TextField(), db_persist=True)
    applicant = models.TextField(blank=True)
    kana = models.TextField(blank=True)
    town = models.TextField(blank=True)
    search_key = models.TextField(blank=True)
    seen_by = ArrayField(models.TextField(), default=list)
    changed_at = models.DateTimeField(default=clock.now)
    ended_at = models.GeneratedField(
        expression=Coalesce("withdrawn_at", "closed_at"), output_field=models.DateTimeField(null=True), db_persist=True
    )

    class Meta:
        db_table = "case"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "procedure"],
                condition=Q(
                    received_at__isnull=True,
                    withdrawn_at__isnull=True,
                    subject__isnull=True,
                    sitting__isnull=True,
                    corrects__isnull=True,
                ),
                name="one_draft_per_person_and_procedure",
            ),
            models.UniqueConstraint(
                fields=["sitting", "procedure"],
                condition=Q(received_at__isnull=True, withdrawn_at__isnull=True),
                name="one_draft_per_sitting_and_procedure",
            ),
            models.UniqueConstraint(
                F("person"),
                KT("corrects__key"),
                KT("corrects__row"),
                condition=Q(corrects__isnull=False, withdrawn_at__isnull=True, closed_at__isnull=True),
                name="a_fact_is_being_corrected_once",
            ),
            models.UniqueConstraint(
                fields=["person", "subject", "procedure"],
                condition=Q(received_at__isnull=True, withdrawn_at__isnull=True, subject__isnull=False),
                name="one_draft_per_person_subject_and_procedure",
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
                name="only_an_erased_case_is_nobodys",
                condition=(~Q(person_id=NOBODY) & Q(erased_at__isnull=True))
                | Q(person_id=NOBODY, erased_at__isnull=False),
            ),
            models.CheckConstraint(
                name="only_an_ended_case_is_erased",
                condition=Q(erased_at__isnull=True) | Q(closed_at__isnull=False) | Q(withdrawn_at__isnull=False),
            ),
            models.CheckConstraint(
                name="an_erased_case_is_empty",
                condition=Q(erased_at__isnull=True)
                | Q(
                    answers={},
                    typed={},
                    email="",
                    corrects__isnull=True,
                    place__isnull=True,
                    applicant="",
                    kana="",
                    town="",
                    search_key="",
                ),
            ),
            models.CheckConstraint(
                name="nothing_is_closed_before_it_is_received",
                condition=Q(closed_at__isnull=True) | Q(received_at__isnull=False, closed_at__gte=F("received_at")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-opened_at"], name="case_of_person"),
            models.Index(fields=["section", "due_on"], name="case_open_in_section", condition=Q(closed_at=None)),
            models.Index(fields=["keep_until"], name="case_to_be_erased", condition=Q(erased_at=None)),
            models.Index(
                fields=["saved_at"], name="draft_by_silence", condition=Q(received_at=None, withdrawn_at=None)
            ),
            # What runs is little and is found by whose it is; what has ended is much and is read in order.
            GinIndex(
                fields=["seen_by"],
                name="case_running_of",
                condition=Q(closed_at=None, withdrawn_at=None, received_at__isnull=False),
            ),
            # With all that the figures beside the lists are counted of: read by itself, in a tenth of the pages.
            models.Index(
                fields=["due_on", "id"],
                include=[
                    *("seen_by", "section", "procedure_id"),
                    *("decided_at", "returned_at", "payable_at", "cosigning_at"),
                ],
                name="case_running_by_due",
                condition=Q(closed_at=None, withdrawn_at=None, received_at__isnull=False),
            ),
            GinIndex(fields=["seen_by"], name="case_of"),
            GinIndex(Grams("search_key"), name="case_by_words", condition=Q(received_at__isnull=False)),
            models.Index(
                fields=["-ended_at", "-id"],
                name="case_ended",
                condition=Q(received_at__isnull=False, ended_at__isnull=False),
            ),
            models.Index(fields=["received_at", "id"], name="case_by_receipt", condition=Q(received_at__isnull=False)),
            models.Index(fields=["kana", "id"], name="case_by_kana", condition=Q(received_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def about_id(self) -> UUID:
        """Whose facts are read and stated: the one it is about, who need not be the one who asks."""
        return self.subject_id or self.person_id

    def show_to(self, section: str = "", posts: Iterable[str] = ()) -> None:
        """From now on this section and these posts see the case, too. Whoever opens a step for them says so here."""
        self.seen_by = sorted({*self.seen_by, *([section] if section else []), *map(at_post, posts)})


def at_post(post: str) -> str:
    """A post as ``seen_by`` names it: sections and posts are two sets of codes."""
    return f"post:{post}"
