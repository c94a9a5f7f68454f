"""The form on paper: every question of every procedure, and what was filled in; nobody else's."""

import subprocess

import pytest
from django.test import Client

from madoguchi.cases.actions import save_section
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.messages.rules.letters import text_of
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn


def read_quickly(pdf: bytes) -> str:
    """Its words without white space, in the order in which they were set. For many files: ``text_of`` is the same in
    Python alone, at four times the work.
    """
    made = subprocess.run(["pdftotext", "-raw", "-enc", "UTF-8", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(made.stdout.decode().split())


@pytest.mark.parametrize("language", ["ja", "ja-simple", "en", "ko"])
def test_every_procedure_has_a_blank_form(published: None, language: str) -> None:
    client = Client()
    client.get(f"/?lang={language}")
    for row in procedures.offered():
        answer = client.get(f"/procedures/{row.code}/form.pdf")
        assert answer["Content-Type"] == "application/pdf"
        words = read_quickly(answer.content)
        for section in procedures.package(row).form.sections:
            for field in section.fields:
                label = field.label.get_for("en" if language == "ko" else language)
                assert "".join(label.split()) in words, (row.code, field.name)
    assert client.get("/procedures/nothing/form.pdf").status_code == 404


def test_what_was_filled_in_is_printed_as_typed(dog: tuple[Client, Actor, Case], signed_in: SignedIn) -> None:
    client, by, case = dog
    save_section(case, "owner", {"person.full_name": ["#panic() *見本* 花子"]}, by=by)
    answer = client.get(f"/cases/{case.pk}/form.pdf")
    words = text_of(answer.content)
    assert "#panic()*見本*花子" in words
    assert "まだ申し込まれていません" in words
    assert "no-store" in answer["Cache-Control"]
    assert signed_in()[0].get(f"/cases/{case.pk}/form.pdf").status_code == 404
    assert Client().get(f"/cases/{case.pk}/form.pdf").status_code == 302
