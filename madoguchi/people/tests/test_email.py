"""Recognised by an e-mail address alone: codes, links, limits, and what is not given away."""

import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.ground.ids import uuid7
from madoguchi.people import rules
from madoguchi.people.actions import confirm_email, request_email_confirmation
from madoguchi.people.models import EmailConfirmation, Identity, Person
from madoguchi.people.queries import challenge

VISITOR = Actor("visitor")
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Hanako@Example.JP", "hanako@example.jp"),
        ("　ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ ", "hanako@example.jp"),
        ("hanako+city@example.co.jp", "hanako+city@example.co.jp"),
        ("a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp"),
        ("hanako@見本.jp", "hanako@xn--8pvz87e.jp"),
    ],
)
def test_one_form_of_an_address(typed: str, normal: str) -> None:
    assert rules.normalise_address(typed) == rules.normalise_address(normal) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hanako",
        "@example.jp",
        "hanako@",
        "hanako@example",
        "hana ko@example.jp",
        "hanako@example.jp\nBcc: all@example.jp",
        "hanako@-example.jp",
        "花子@example.jp",
        "<hanako@example.jp>",
        "hanako@[127.0.0.1]",
        "hanako@" + "a" * 64 + ".jp",
        "h" * 65 + "@example.jp",
        "hanako\x00@example.jp",
        "hanako@\udcff.jp",
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.normalise_address(typed)
    assert caught.value.code == "email-form"
    assert "hanako" not in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(typed: str) -> None:
    try:
        normal = rules.normalise_address(typed)
    except Refused:
        return
    assert rules.normalise_address(normal) == normal
    assert normal.isascii()


@given(st.uuids(version=4))
def test_codes_and_links_follow_from_id_and_key(one: UUID) -> None:
    code, token = rules.confirmation_code(KEY, one), rules.confirmation_token(KEY, one)
    assert len(code) == 6
    assert code.isdecimal()
    assert len(token) == 32
    assert token.replace("-", "").replace("_", "").isalnum()
    assert rules.is_right_code(
        KEY, one, f" {code[:3]} {code[3:]}".translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    )
    assert rules.is_right_token(KEY, one, token)
    assert not rules.is_right_token(b"another", one, token)
    assert not rules.is_right_code(KEY, one, "")


def ask(address: str = "hanako@example.jp", client: str = "192.0.2.1") -> EmailConfirmation:
    return request_email_confirmation(address, client=client, by=VISITOR)


def code_of(asked: EmailConfirmation) -> str:
    sent = challenge(asked.pk)
    assert sent
    return sent.code


def token_of(asked: EmailConfirmation) -> str:
    sent = challenge(asked.pk)
    assert sent
    return sent.path.rstrip("/").rsplit("/", 1)[1]


def refused(asked: EmailConfirmation | UUID, **answer: str) -> str:
    with pytest.raises(Refused) as caught:
        confirm_email(asked.pk if isinstance(asked, EmailConfirmation) else asked, by=VISITOR, **answer)
    return caught.value.code


@pytest.mark.django_db
class TestConfirmation:
    """With the database."""

    def test_a_code_recognises_the_person_behind_the_address(self) -> None:
        first = confirm_email((one := ask()).pk, code=code_of(one), by=VISITOR)
        again = confirm_email((two := ask("HANAKO@example.jp")).pk, token=token_of(two), by=VISITOR)
        assert first == again
        identity = Identity.objects.get()
        assert (identity.issuer, identity.subject, identity.level) == ("mailto:", "hanako@example.jp", "contact")

    def test_neither_code_nor_link_is_stored_or_logged(self) -> None:
        asked = ask()
        code, token = code_of(asked), token_of(asked)
        confirm_email(asked.pk, code=code, by=VISITOR)
        kept = [str(EmailConfirmation.objects.values().get()), *map(str, Event.objects.values())]
        assert not any(code in text.replace("-", " ").split() or token in text for text in kept)
        assert not any("hanako" in str(event) or "192.0.2.1" in str(event) for event in Event.objects.values())
        assert "192.0.2.1" not in kept[0]

    def test_a_code_works_once(self) -> None:
        asked = ask()
        code = code_of(asked)
        confirm_email(asked.pk, code=code, by=VISITOR)
        assert refused(asked, code=code) == "email-code-over"
        assert challenge(asked.pk) is None

    def test_a_code_works_for_half_an_hour(self) -> None:
        asked = ask()
        code = code_of(asked)
        with clock.travel(asked.asked_at + dt.timedelta(minutes=30)):
            assert challenge(asked.pk) is None
            assert refused(asked, code=code) == "email-code-over"
        assert Person.objects.count() == 0

    def test_five_wrong_codes_and_the_right_one_is_over(self) -> None:
        asked = ask()
        code = code_of(asked)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        assert [refused(asked, code=wrong) for _ in range(5)] == ["email-code-wrong"] * 5
        assert refused(asked, code=code) == "email-code-over"
        assert Person.objects.count() == 0
        answers = Event.objects.filter(verb="person.answer_email_confirmation")
        assert [event.data.get("right") for event in answers.order_by("at", "id")] == [False] * 5 + [None]

    def test_a_code_opens_its_own_confirmation_only(self) -> None:
        mine, other = ask("me@example.jp"), ask("you@example.jp")
        assert refused(mine, token=token_of(other)) == "email-code-wrong"
        assert refused(uuid7(), code="000000") == "email-code-unknown"

    def test_three_mails_to_one_address_in_half_an_hour(self) -> None:
        for _ in range(3):
            ask(client=str(_))
        with pytest.raises(Refused) as caught:
            ask("Hanako@EXAMPLE.jp", client="another")
        assert (caught.value.code, caught.value.status) == ("email-too-often", 429)
        assert EmailConfirmation.objects.count() == 3
        with clock.travel(clock.now() + dt.timedelta(minutes=31)):
            ask(client="another")

    def test_thirty_mails_from_one_place_in_an_hour(self) -> None:
        for number in range(30):
            ask(f"person{number}@example.jp", client=f"2001:db8::{number:x}")
        with pytest.raises(Refused, match="回数"):
            ask("person30@example.jp", client="2001:db8::ffff")
        ask("person30@example.jp", client="2001:db8:0:1::1")

    def test_a_known_address_is_answered_like_an_unknown_one(self) -> None:
        known = ask("known@example.jp")
        confirm_email(known.pk, code=code_of(known), by=VISITOR)
        answers = [ask("known@example.jp"), ask("unknown@example.jp")]
        assert {(type(one), one.tries, one.answered_at) for one in answers} == {(EmailConfirmation, 0, None)}

    def test_a_day_later_nothing_is_left_of_it(self) -> None:
        old = ask("old@example.jp")
        with clock.travel(clock.now() + dt.timedelta(days=1, seconds=1)):
            ask("new@example.jp")
        assert not EmailConfirmation.objects.filter(pk=old.pk).exists()

    def test_the_mail_follows_the_event(self) -> None:
        asked = ask()
        event = Event.objects.get(verb="person.ask_email_confirmation")
        assert event.subject_id == asked.pk
        sent = challenge(asked.pk)
        assert sent
        assert sent.path == f"/sign-in/email/{asked.pk}/{token_of(asked)}/"
        assert sent.code not in repr(event.__dict__)

    def test_a_refused_address_leaves_one_event_without_it(self) -> None:
        with pytest.raises(Refused):
            ask("hanako")
        event = Event.objects.get()
        assert (event.outcome, event.reason, event.data) == ("refused", "email-form", {})
