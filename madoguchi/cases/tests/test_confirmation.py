"""The mail that confirms an address: written once, to the address asked for, with a code that works."""

import re

import pytest

from madoguchi.cases.jobs import send_confirmation
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.messages.models import Message
from madoguchi.people.actions import confirm_email, request_email_confirmation

VISITOR = Actor("visitor")


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ja", "ja-simple", "en"])
def test_code_and_link_reach_the_address(language: str) -> None:
    asked = request_email_confirmation("hanako@example.jp", client="192.0.2.1", language=language, by=VISITOR)
    event = Event.objects.get(verb="person.ask_email_confirmation")
    for _ in range(2):  # a job may run twice
        send_confirmation(event.pk)
    message = Message.objects.get()
    assert (message.address, message.language, message.person_id) == ("hanako@example.jp", language, None)
    assert f"/sign-in/email/{asked.pk}/" in message.body
    code = re.search(r"^\s*(\d{6})$", message.body, re.MULTILINE)
    assert code
    assert confirm_email(asked.pk, code=code[1], by=VISITOR).pk is not None


@pytest.mark.django_db
def test_nothing_is_sent_once_it_was_answered() -> None:
    asked = request_email_confirmation("hanako@example.jp", client="192.0.2.1", by=VISITOR)
    event = Event.objects.get(verb="person.ask_email_confirmation")
    asked.answered_at = asked.asked_at
    asked.save()
    send_confirmation(event.pk)
    assert not Message.objects.exists()
