"""Messages and letters as they are kept. The file of a letter is a row apart, so that lists never carry it."""

from typing import ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.people.models import Account, Person


@classified(
    id=Sensitivity.INTERNAL,
    event_id=Sensitivity.INTERNAL,
    template=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    about=Sensitivity.INTERNAL,
    language=Sensitivity.INTERNAL,
    channel=Sensitivity.INTERNAL,
    address=Sensitivity.PERSONAL,
    subject=Sensitivity.PERSONAL,
    body=Sensitivity.PERSONAL,
    created_at=Sensitivity.INTERNAL,
    taken_at=Sensitivity.INTERNAL,
    sent_at=Sensitivity.INTERNAL,
    read_at=Sensitivity.INTERNAL,
    failed_at=Sensitivity.INTERNAL,
    failure=Sensitivity.INTERNAL,
    state=Sensitivity.INTERNAL,
)
class Message(models.Model):
    """What was said to one person: shown under わたしの手続き and, where there is an address, carried there.

    ``about`` is the id of the case. ``event_id`` is the event that gave rise to it: a job that runs twice writes once.
    ``taken_at`` is when a worker took the mail in hand to carry it. ``person`` is empty where the mail is all there is:
    the words themselves stand in the portal elsewhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    event_id = models.UUIDField()
    template = models.TextField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="messages")
    about = models.UUIDField(null=True)
    language = models.TextField(default="ja")
    channel = models.TextField(choices=[("portal", "わたしの手続き"), ("mail", "電子メール")])
    address = models.TextField(blank=True)
    subject = models.TextField()
    body = models.TextField()
    created_at = models.DateTimeField(default=clock.now)
    taken_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    state = models.GeneratedField(
        expression=Case(
            When(read_at__isnull=False, then=Value("read")),
            When(failed_at__isnull=False, then=Value("failed")),
            When(sent_at__isnull=False, then=Value("sent")),
            default=Value("waiting"),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        db_table = "message"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event_id", "template", "person", "address"],
                name="message_is_written_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="message_has_a_reader",
                condition=Q(person__isnull=False) | ~Q(address=""),
                violation_error_message="お知らせの宛先がありません。",
            ),
            models.CheckConstraint(
                name="message_by_mail_has_an_address",
                condition=Q(channel="portal", address="") | (Q(channel="mail") & ~Q(address="")),
                violation_error_message="電子メールの宛先がありません。",
            ),
            models.CheckConstraint(
                name="message_is_sent_or_failed",
                condition=Q(sent_at__isnull=True) | Q(failed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="message_failed_for_a_reason",
                condition=Q(failed_at__isnull=True, failure="") | (Q(failed_at__isnull=False) & ~Q(failure="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-created_at"], name="message_inbox"),
            models.Index(fields=["about", "created_at"], name="message_about"),
            models.Index(fields=["person"], name="message_unread", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"


@classified(
    id=Sensitivity.INTERNAL,
    symbol=Sensitivity.INTERNAL,
    fiscal_year=Sensitivity.INTERNAL,
    last=Sensitivity.INTERNAL,
)
class LetterSeries(models.Model):
    """The 文書番号 of a section (its symbol, 文書記号) in a fiscal year: counts up without gaps from 1."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    symbol = models.TextField()
    fiscal_year = models.IntegerField()
    last = models.IntegerField(default=0)

    class Meta:
        db_table = "letter_series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["symbol", "fiscal_year"], name="letter_series_is_one_a_year"),
            models.CheckConstraint(name="letter_series_counts_up", condition=Q(last__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.fiscal_year}"


@classified(
    id=Sensitivity.INTERNAL,
    number=Sensitivity.INTERNAL,
    fiscal_year=Sensitivity.INTERNAL,
    kind=Sensitivity.INTERNAL,
    title=Sensitivity.INTERNAL,
    template=Sensitivity.INTERNAL,
    person=Sensitivity.PERSONAL,
    about=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    signer=Sensitivity.INTERNAL,
    code=Sensitivity.PERSONAL,
    issued_at=Sensitivity.INTERNAL,
    signed_at=Sensitivity.INTERNAL,
    read_at=Sensitivity.INTERNAL,
    printed_at=Sensitivity.INTERNAL,
    posted_on=Sensitivity.INTERNAL,
    revoked_at=Sensitivity.INTERNAL,
    state=Sensitivity.INTERNAL,
)
class Letter(models.Model):
    """A document that the city has issued: its number, what it is about, and what proves that it is genuine.

    ``digest`` is the SHA-256 (hexadecimal) of the file as issued, signature included. ``code`` is the verification
    code printed on it. ``kind`` is the name of the letter in its procedure (``decision``), ``template`` its path in
    the catalogue. ``printed_at``: when the office last took it out for its printer. ``posted_on``: the day on which it
    went to the post, where it did.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.TextField()
    fiscal_year = models.IntegerField()
    kind = models.TextField()
    title = models.TextField()
    template = models.TextField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="letters")
    about = models.UUIDField()
    digest = models.TextField(unique=True)
    signer = models.TextField(blank=True)
    code = models.TextField(unique=True)
    issued_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    printed_at = models.DateTimeField(null=True)
    posted_on = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)
    state = models.GeneratedField(
        expression=Case(
            When(revoked_at__isnull=False, then=Value("revoked")),
            When(read_at__isnull=False, then=Value("read")),
            default=Value("issued"),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        db_table = "letter"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fiscal_year", "number"], name="letter_number_is_given_once"),
            models.CheckConstraint(
                name="letter_code_is_unguessable", condition=Q(code__regex=r"^[0-9A-HJKMNP-TV-Z]{20}$")
            ),
            models.CheckConstraint(name="letter_digest_is_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="letter_is_signed_by_someone",
                condition=Q(signed_at__isnull=True, signer="") | (Q(signed_at__isnull=False) & ~Q(signer="")),
            ),
            models.CheckConstraint(
                name="letter_is_revoked_after_issue",
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("issued_at")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["about", "issued_at"], name="letter_about"),
            models.Index(fields=["person", "-issued_at"], name="letter_of_person"),
        ]

    def __str__(self) -> str:
        return self.number


@classified(letter=Sensitivity.INTERNAL, pdf=Sensitivity.PERSONAL)
class LetterFile(models.Model):
    """The PDF of a letter, byte for byte as issued."""

    letter = models.OneToOneField(Letter, on_delete=models.PROTECT, primary_key=True, related_name="file")
    pdf = models.BinaryField()

    class Meta:
        db_table = "letter_file"

    def __str__(self) -> str:
        return str(self.pk)


@classified(
    id=Sensitivity.INTERNAL,
    template=Sensitivity.INTERNAL,
    section=Sensitivity.INTERNAL,
    version=Sensitivity.INTERNAL,
    subject=Sensitivity.INTERNAL,
    body=Sensitivity.INTERNAL,
    changed_at=Sensitivity.INTERNAL,
    changed_by=Sensitivity.INTERNAL,
)
class Wording(models.Model):
    """What a section says instead of the catalogue's text: one row for each change, the newest one is in force.

    ``version`` counts the changes of one section to one template from 1: of two who change the same one, the second is
    told. ``subject`` and ``body`` hold the words by language. Both empty: from then on the catalogue's words again.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    template = models.TextField()
    section = models.TextField()
    version = models.PositiveIntegerField()
    subject = models.JSONField(default=dict)
    body = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "message_wording"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="wording_is_whole_or_reset",
                condition=Q(subject={}, body={}) | (~Q(subject={}) & ~Q(body={})),
            ),
            models.UniqueConstraint(fields=["section", "template", "version"], name="wording_follows_another"),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.section} {self.version}"


@classified(
    id=Sensitivity.INTERNAL,
    office=Sensitivity.INTERNAL,
    subject=Sensitivity.INTERNAL,
    body=Sensitivity.INTERNAL,
    audience=Sensitivity.INTERNAL,
    written_at=Sensitivity.INTERNAL,
    written_by=Sensitivity.INTERNAL,
    sent_at=Sensitivity.INTERNAL,
    dropped_at=Sensitivity.INTERNAL,
    people=Sensitivity.INTERNAL,
    mails=Sensitivity.INTERNAL,
    on_paper=Sensitivity.INTERNAL,
    state=Sensitivity.INTERNAL,
)
class Notice(models.Model):
    """An お知らせ to whoever lives in an area. ``office``: the section or department that sends it, by whose law they
    are found. ``audience`` says which area (``ports.AUDIENCES``), never who. Who was told is in each one's own log and
    inbox, and in no list. ``people`` were found when it was sent, ``mails`` of them have an address for mail,
    ``on_paper`` have never signed in and get a letter.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    office = models.TextField()
    subject = models.TextField()
    body = models.TextField()
    audience = models.JSONField()
    written_at = models.DateTimeField(default=clock.now)
    written_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    people = models.PositiveIntegerField(default=0)
    mails = models.PositiveIntegerField(default=0)
    on_paper = models.PositiveIntegerField(default=0)
    state = models.GeneratedField(
        expression=Case(
            When(sent_at__isnull=False, then=Value("sent")),
            When(dropped_at__isnull=False, then=Value("dropped")),
            default=Value("written"),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        db_table = "notice"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="notice_is_sent_or_dropped", condition=Q(sent_at__isnull=True) | Q(dropped_at__isnull=True)
            ),
            models.CheckConstraint(name="notice_says_something", condition=~Q(subject="") & ~Q(body="")),
        ]
        indexes: ClassVar = [models.Index(fields=["office", "-written_at"], name="notice_of_office")]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL, notice=Sensitivity.INTERNAL, person=Sensitivity.PERSONAL, letter=Sensitivity.INTERNAL
)
class NoticeLetter(models.Model):
    """That somebody who has never signed in is to get a notice on paper, and the letter once it is made."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="letters")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    letter = models.OneToOneField(Letter, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "notice_letter"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "person"], name="a_notice_goes_to_somebody_once"),
        ]

    def __str__(self) -> str:
        return str(self.id)
