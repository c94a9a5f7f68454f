import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Stale
from madoguchi.messages import actions, jobs, ports, queries
from madoguchi.messages.models import Letter, LetterFile, LetterSeries, Message
from madoguchi.messages.rules import codes, letters
from madoguchi.messages.tests.letter_sample import CATALOGUE, sample
from madoguchi.people.models import Person

pytestmark = pytest.mark.django_db

CLERK = Actor("staff", uuid4(), sections=frozenset({"child"}), channel="desk")
VALUES = {
    "city": "大東市",
    "procedure": "児童手当",
    "reference": "26-4831-0957-3",
    "url": "http://localhost",
    "contact": "子ども室",
    "code": "482913",
    "minutes": 10,
}


@pytest.fixture
def person() -> Person:
    return Person.objects.create()


def issue(person: Person | None = None, **changes: Any) -> Letter:
    data = sample()
    del data["letter"], data["verify"]
    arguments: dict[str, Any] = {
        "template": "letters/sample.typ",
        "kind": "decision",
        "symbol": "大子",
        "data": data,
        "person": person.pk if person else None,
        "by": SYSTEM,
        **changes,
    }
    return actions.issue_letter(uuid4(), **arguments)


# --- letters ------------------------------------------------------------------------------------------------------


def test_a_letter_is_numbered_signed_and_kept(person: Person) -> None:
    with clock.travel(date(2026, 4, 20)):
        letter = issue(person)
    pdf = queries.file_of(letter)
    assert (letter.number, letter.fiscal_year, letter.title) == ("大子第1号", 2026, "児童手当認定通知書")
    assert letter.digest == hashlib.sha256(pdf).hexdigest()
    assert ports.signer().inspect(pdf).state == "intact"
    words = letters.text_of(pdf)
    assert all(letters.says(words, part) for part in (letter.number, "令和8年4月20日", codes.shown(letter.code)))
    event = Event.objects.get(verb="letter.issue")
    assert event.subject_id == letter.pk
    assert "花子" not in str(event.data)


def test_numbers_count_without_gaps_and_anew_each_fiscal_year() -> None:
    with clock.travel(date(2027, 3, 31)):
        assert [issue().number, issue().number, issue(symbol="大環").number] == ["大子第1号", "大子第2号", "大環第1号"]
        with pytest.raises(Invalid):
            issue(data={**sample(), "to": {"name": "😀"}})
        assert issue().number == "大子第3号"
    with clock.travel(date(2027, 4, 1)):
        assert issue().number == "大子第1号"


def test_a_broken_template_issues_nothing() -> None:
    with pytest.raises(letters.BrokenLetter):
        issue(template="letters/letter.typ", data={})
    assert not Letter.objects.exists()
    assert not LetterSeries.objects.filter(last__gt=0).exists()
    assert Event.objects.get(outcome="refused").reason == "letter-broken"


def test_a_resident_cannot_issue_or_revoke(person: Person) -> None:
    letter = issue(person)
    before = Letter.objects.values().get()
    resident = Actor("resident", person.pk)
    with pytest.raises(NotAllowed):
        issue(person, by=resident)
    with pytest.raises(NotAllowed):
        actions.revoke_letter(letter, by=resident)
    assert Letter.objects.values().get() == before


def test_a_code_says_genuine_unknown_or_revoked_and_nothing_about_the_person(person: Person) -> None:
    with clock.travel(date(2026, 4, 20)):
        letter = issue(person)
        verdict = queries.verify_code(codes.shown(letter.code).lower())
        assert verdict[:4] == ("genuine", "大子第1号", "児童手当認定通知書", date(2026, 4, 20))
        assert queries.verify_code("K7QW-3M9P-X2RT-8HVD-5ANC") == queries.Verdict("unknown")
        assert queries.verify_code("") == queries.Verdict("unknown")
    with clock.travel(datetime(2026, 5, 1, 23, 0, tzinfo=clock.TOKYO)):
        actions.revoke_letter(letter, by=CLERK)
    revoked = queries.verify_code(letter.code)
    assert (revoked.outcome, revoked.revoked_on) == ("revoked", date(2026, 5, 1))
    assert queries.verify_pdf(queries.file_of(letter)).outcome == "revoked"
    with pytest.raises(Stale):
        actions.revoke_letter(letter, by=CLERK)
    assert not {str(person.pk), "花子"} & {str(part) for part in revoked}


def test_a_file_is_genuine_only_byte_for_byte() -> None:
    letter = issue()
    pdf = queries.file_of(letter)
    assert queries.verify_pdf(pdf).outcome == "genuine"
    for place in (100, len(pdf) // 2, len(pdf) - 300):
        changed = pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]
        assert queries.verify_pdf(changed).outcome == "altered"
    assert queries.verify_pdf(pdf + b"\n").outcome == "altered"
    unsigned = letters.render(CATALOGUE, "letters/sample.typ", sample())
    assert queries.verify_pdf(unsigned).outcome == "unknown"
    assert queries.verify_pdf(b"").outcome == "unknown"
    with pytest.raises(Invalid):
        queries.verify_pdf(b"0" * (queries.LARGEST_UPLOAD + 1))


def test_signed_here_but_in_no_register_is_not_genuine() -> None:
    stray = ports.signer().sign(letters.render(CATALOGUE, "letters/sample.typ", sample()))
    assert queries.verify_pdf(stray).outcome == "altered"


def test_a_letter_whose_file_is_gone_is_still_verified_by_its_code() -> None:
    letter = issue()
    LetterFile.objects.all().delete()
    assert queries.verify_code(letter.code).outcome == "genuine"
    with pytest.raises(NotFound):
        queries.file_of(letter)


def test_only_the_person_reads_the_letter(person: Person) -> None:
    letter = issue(person)
    with pytest.raises(NotAllowed):
        actions.read_letter(letter, by=Actor("resident", uuid4()))
    letter.refresh_from_db()
    assert letter.state == "issued"
    assert actions.read_letter(letter, by=Actor("resident", person.pk)).state == "read"


def test_a_receipt_leads_to_the_status_page() -> None:
    data = sample()
    del data["letter"], data["status"]
    words = letters.text_of(queries.receipt(data, status_path="/mine/26-4831-0957-3"))
    assert letters.says(words, "/mine/26-4831-0957-3")


@pytest.mark.parametrize(
    "broken",
    [
        {"code": "short"},
        {"code": "I" * 20},
        {"digest": "0"},
        {"signer": ""},
        {"signed_at": None},
        {"revoked_at": datetime(2000, 1, 1, tzinfo=clock.TOKYO)},
    ],
)
def test_the_database_keeps_the_law_of_letters(broken: dict[str, Any]) -> None:
    letter = issue()
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: TID251 -- contains the error, changes nothing
        Letter.objects.filter(pk=letter.pk).update(**broken)


# --- messages -----------------------------------------------------------------------------------------------------


class Hand:
    """A carrier that hands over, or does what it is told to."""

    def __init__(self) -> None:
        self.mails: list[ports.Mail] = []
        self.trouble: Exception | None = None

    def send(self, mail: ports.Mail) -> None:
        if self.trouble:
            raise self.trouble
        self.mails.append(mail)


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Hand:
    one = Hand()
    monkeypatch.setattr(jobs, "carrier", lambda: one)
    return one


def say(person: Person | None, event: UUID, template: str = "decided", address: str = "a@example.jp") -> Message:
    return actions.send(
        template, event=event, values=VALUES, person=person.pk if person else None, address=address, by=SYSTEM
    )


def last(verb: str) -> UUID:
    return Event.objects.filter(verb=verb, outcome="done").order_by("-id").values_list("id", flat=True)[0]


def test_a_job_that_runs_twice_sends_once(person: Person, carrier: Hand) -> None:
    event = uuid4()
    first, second = say(person, event), say(person, event)
    assert first.pk == second.pk
    for _ in range(3):
        jobs.carry(last("message.send"))
    assert [(mail.to, mail.key) for mail in carrier.mails] == [("a@example.jp", str(first.pk))]
    first.refresh_from_db()
    assert first.state == "sent"
    assert "大東市" in first.body
    assert queries.inbox(person.pk).get() == first


def test_a_message_without_an_address_is_there_at_once(person: Person, carrier: Hand) -> None:
    message = say(person, uuid4(), address="")
    jobs.carry(last("message.send"))
    assert (message.channel, carrier.mails) == ("portal", [])
    message.refresh_from_db()
    assert message.state == "sent"


def test_what_may_pass_stays_waiting_and_is_tried_again(person: Person, carrier: Hand) -> None:
    message = say(person, uuid4())
    carrier.trouble = ports.TryLater("smtp-451")
    with pytest.raises(ports.TryLater):
        jobs.carry(last("message.send"))
    message.refresh_from_db()
    assert message.state == "waiting"
    carrier.trouble = None
    jobs.carry(last("message.send"))
    message.refresh_from_db()
    assert message.state == "sent"


def test_what_never_arrives_is_written_down(person: Person, carrier: Hand) -> None:
    message = say(person, uuid4())
    carrier.trouble = ports.Undeliverable("smtp-550")
    jobs.carry(last("message.send"))
    message.refresh_from_db()
    assert (message.state, message.failure) == ("failed", "smtp-550")
    assert Event.objects.get(verb="message.deliver").data == {"left": False, "failure": "smtp-550"}


def test_a_confirmation_code_is_erased_once_it_has_left(carrier: Hand) -> None:
    message = actions.send("confirm-email", event=uuid4(), values=VALUES, address="a@example.jp", by=SYSTEM)
    jobs.carry(last("message.send"))
    message.refresh_from_db()
    assert "482913" in carrier.mails[0].body
    assert message.body == ""


@pytest.mark.parametrize("actor", [Actor("visitor"), Actor("resident", uuid4())])
def test_only_the_city_sends(person: Person, actor: Actor) -> None:
    with pytest.raises(NotAllowed):
        actions.send("decided", event=uuid4(), values=VALUES, person=person.pk, by=actor)
    assert not Message.objects.exists()


def test_only_the_person_reads_the_message(person: Person) -> None:
    message = say(person, uuid4(), address="")
    with pytest.raises(NotAllowed):
        actions.read(message, by=Actor("resident", uuid4()))
    with pytest.raises(NotAllowed):
        actions.read(message, by=CLERK)
    message.refresh_from_db()
    assert message.read_at is None
    assert actions.read(message, by=Actor("resident", person.pk)).state == "read"


def test_a_message_needs_a_reader() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: TID251 -- contains the error, changes nothing
        Message.objects.create(event_id=uuid4(), template="decided", channel="portal", subject="x", body="x")


@pytest.mark.django_db(transaction=True)
def test_two_clerks_at_once_get_two_numbers_without_a_gap() -> None:
    def one() -> str:
        try:
            return issue().number
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: one(), range(8)))
    assert sorted(numbers) == [f"大子第{number}号" for number in range(1, 9)]


def test_a_worker_killed_before_it_could_note_it_does_not_lose_the_mail(person: Person, carrier: Hand) -> None:
    """The mail may have left: it is carried once more, only when the dead worker's time is up, as the same mail."""
    message = say(person, uuid4())
    assert actions.take(message, by=SYSTEM) is not None
    with pytest.raises(ports.TryLater):
        jobs.carry(last("message.send"))
    assert not carrier.mails
    with clock.travel(clock.now() + actions.IN_HAND):
        jobs.carry(last("message.send"))
        jobs.carry(last("message.send"))
    assert [mail.key for mail in carrier.mails] == [str(message.pk)]


@pytest.mark.django_db(transaction=True)
def test_no_row_is_locked_while_the_mail_server_is_spoken_to(person: Person, carrier: Hand) -> None:
    message = say(person, uuid4())
    seen: list[bool] = []

    def send(mail: ports.Mail) -> None:
        seen.append(connection.in_atomic_block)
        with ThreadPoolExecutor(1) as pool:  # another connection can take the row at once

            def other() -> None:
                try:
                    with transaction.atomic():  # noqa: TID251 -- looks for a lock, changes nothing
                        Message.objects.select_for_update(nowait=True).get(pk=message.pk)
                finally:
                    connection.close()

            pool.submit(other).result()

    carrier.send = send  # type: ignore[method-assign]
    jobs.carry(last("message.send"))
    message.refresh_from_db()
    assert (seen, message.state) == ([False], "sent")


def test_a_mail_that_comes_back_is_a_failure_of_the_message(person: Person, carrier: Hand) -> None:
    message = say(person, uuid4())
    jobs.carry(last("message.send"))
    actions.bounce(message, code="5.1.1", by=SYSTEM)
    message.refresh_from_db()
    assert (message.state, message.failure) == ("failed", "bounce-5.1.1")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_carry_a_mail_once(person: Person, carrier: Hand) -> None:
    say(person, uuid4())
    event = last("message.send")

    def one() -> None:
        try:
            jobs.carry(event)
        except ports.TryLater:  # another has it in hand
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: one(), range(6)))
    assert len(carrier.mails) == 1
