"""A text is complete in three languages, falls back to Japanese, and never changes."""

import copy
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from madoguchi.ground.languages import COMMON, LANGUAGES, READ, LocalText, chain, tag


class Page(BaseModel):
    title: LocalText


def test_a_plain_text_is_japanese() -> None:
    title = Page.model_validate({"title": "犬の登録"}).title
    assert title == {"ja": "犬の登録"}
    assert title.missing() == ("ja-simple", "en")
    assert [title.get_for(language) for language in (*LANGUAGES, "vi")] == ["犬の登録"] * 4


def test_a_text_in_all_languages() -> None:
    texts = {"en": "Register a dog", "ja": "犬の登録", "ja-simple": "犬を 登録する"}
    title = LocalText(texts)
    assert title.missing() == ()
    assert [title.get_for(language) for language in LANGUAGES] == ["犬の登録", "犬を 登録する", "Register a dog"]
    assert tuple(title) == LANGUAGES
    assert str(title) == "犬の登録"


@pytest.mark.parametrize("language", COMMON)
def test_whoever_reads_neither_gets_english_before_japanese(language: str) -> None:
    title = LocalText({"ja": "犬の登録", "en": "Register a dog"})
    assert (title.get_for(language), title.language_for(language)) == ("Register a dog", "en")
    assert LocalText("犬").language_for(language) == "ja"
    own = LocalText({"ja": "犬", "en": "Dog", language: "own"})
    assert (own.get_for(language), own.get_for("ja-simple")) == ("own", "犬")
    assert own.missing() == ("ja-simple",)


def test_every_language_ends_in_japanese_and_has_a_tag() -> None:
    assert {chain(one)[-1] for one in READ} == {"ja"}
    assert [tag(one) for one in READ] == ["ja", "ja", "en", "zh-Hans", "ko", "vi", "pt"]


def test_it_survives_json_and_copying() -> None:
    page = Page(title=LocalText({"ja": "犬", "en": "Dog"}))
    assert Page.model_validate_json(page.model_dump_json()) == page
    assert page.model_dump() == {"title": {"ja": "犬", "en": "Dog"}}
    assert copy.deepcopy(page.title) == page.title
    assert len({page.title, LocalText({"en": "Dog", "ja": "犬"})}) == 1


def test_it_does_not_change() -> None:
    with pytest.raises(AttributeError):
        LocalText("犬")._texts = {}


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"en": "Dog"}, "日本語の文がありません"),
        ({"ja": " "}, "ja: に文がありません"),
        ({"ja": "犬", "en": None}, "en: に文がありません"),
        ({"ja": "犬", "fr": "chien"}, "fr という言語はありません"),
        (3, "文を書きます"),
        (["犬"], "言語ごとの文"),
    ],
)
def test_what_is_no_text_is_told_what_to_write(bad: Any, word: str) -> None:
    with pytest.raises(ValidationError) as error:
        Page.model_validate({"title": bad})
    assert word in str(error.value) or "言語ごとの文" in str(error.value)


def test_the_schema_says_both_forms() -> None:
    forms = Page.model_json_schema()["properties"]["title"]["anyOf"]
    assert [form["type"] for form in forms] == ["string", "object"]
    assert forms[1]["additionalProperties"] is False
