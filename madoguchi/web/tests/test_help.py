"""The help pages: each is there, complete in three languages, and names what stands on the screen."""

import pytest
from django.test import Client

from madoguchi.procedures import queries as procedures


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ja", "ja-simple", "en", "ko"])
def test_every_page_is_shown(language: str) -> None:
    client = Client()
    client.get(f"/?lang={language}&ruby=off")
    listed = client.get("/help/").content.decode()
    for page in procedures.help_pages():
        assert f"/help/{page.code}/" in listed
        body = client.get(f"/help/{page.code}/").content.decode()
        assert page.title.get_for(language) in body
        assert "{phone}" not in body
    assert client.get("/help/nothing/").status_code == 404


def test_help_is_complete_in_three_languages() -> None:
    for page in procedures.help_pages():
        texts = [page.title, page.lead, *(text for part in page.parts for text in (part.title, *part.steps))]
        assert [text["ja"] for text in texts if text.missing()] == []
