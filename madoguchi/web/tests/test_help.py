"""The help pages: each is there, complete in three languages, and names what stands on the screen."""

import re

import pytest
from django.test import Client
from django.utils.translation import gettext as translated
from django.utils.translation import override

from madoguchi.procedures import queries as procedures
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.tests.test_texts import texts


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


def test_what_the_help_quotes_stands_on_the_screen() -> None:
    """「…」 and “…” are words of the screen, titles of procedures or of other help pages, or an app of the State."""
    said = {source for _, source in texts()}
    pages = procedures.help_pages()
    titles = [page.title for page in pages] + [one.procedure.title for one in catalogue().packages.values()]
    known = {"ja": said | {"デジタル認証アプリ"}, "en": set()}
    with override("en"):
        known["en"] = {translated(one) for one in said}
    for language, marks in (("ja", "「([^」]+)」"), ("en", "“([^”]+)”")):
        there = known[language] | {title[language] for title in titles}
        quoted = {
            words
            for page in pages
            for text in (page.lead, *(step for part in page.parts for step in part.steps))
            for words in re.findall(marks, text[language])
        }
        assert quoted, language
        assert quoted <= there, (language, quoted - there)
