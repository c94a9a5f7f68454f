from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.languages import LANGUAGES, LocalText
from madoguchi.messages.rules import codes, texts

FILES = sorted((settings.CATALOGUE / "messages").glob("*.yaml"))
VALUES = {
    "city": LocalText({"ja": "大東市", "en": "Daito City"}),
    "procedure": LocalText({"ja": "犬の登録", "ja-simple": "犬の 登録", "en": "Register a dog"}),
    "reference": "26-4831-0957-3",
    "promised": date(2026, 11, 30),
    "due": date(2026, 11, 30),
    "deleted": date(2026, 11, 30),
    "url": "http://localhost:8000/status",
    "contact": "環境課 072-000-0000",
    "code": "482913",
    "minutes": 10,
    "subject": "給水車が来ます",
    "text": "あす9時から、公民館の前に給水車が来ます。",
    "office": "危機管理室",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_clerks_find_every_template_by_a_title_and_mails_lead_somewhere(file: Path) -> None:
    text = texts.load(file.name, file.read_text(encoding="utf-8"))
    assert text.title
    whole = {"closing", "notice"}  # they lead nowhere: all that they have to say stands in them
    assert text.code in whole or set(text.needs) & {"url", "code"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("{url}", ""),
        ("", "{url} がありません"),
        ("{ url }", "{ url } という値はありません"),
        ("{url} {name}", "{name} という値はありません"),
        ("{url} {", "組が合っていません"),
        ("{url.__class__}", "という値はありません"),
    ],
)
def test_a_wording_is_told_what_is_wrong_with_it(words: str, said: str) -> None:
    text = minimal("url", "{url}").model_copy(update={"needs": ("url",)})
    wrong = text.wrong_with("body", words)
    assert (said in wrong) if said else not wrong


def minimal(name: str, words: str) -> texts.Text:
    every = "{" + ", ".join(f"{language}: '{words}'" for language in LANGUAGES) + "}"
    return texts.load("a.yaml", f"code: a\nuses: [{name}]\nsubject: {every}\nbody: {every}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_speaks_every_language(file: object, language: str) -> None:
    path = settings.CATALOGUE / "messages" / str(file)
    text = texts.load(path.name, path.read_text(encoding="utf-8"))
    subject, body = text.say(language, VALUES)
    assert text.code == path.stem
    assert "{" not in subject + body
    assert "\n" not in subject


@pytest.mark.parametrize("name", ["name", "full_name", "address", "answers", "granted", "reasons", "yen"])
def test_no_mail_has_a_place_for_personal_data(name: str) -> None:
    for path in FILES:
        assert name not in texts.load(path.name, path.read_text(encoding="utf-8")).uses


def test_dates_are_written_as_the_language_writes_them() -> None:
    text = minimal("due", "{due}")
    assert text.say("ja", VALUES)[0] == "2026年11月30日（月）"
    assert text.say("en", VALUES)[0] == "Monday, 30 November 2026"


@given(st.text())
def test_a_value_is_never_read_as_a_template_nor_breaks_the_subject(value: str) -> None:
    text = minimal("url", "【{url}】")
    subject, body = text.say("ja", {"url": value})
    assert body == f"【{value}】"
    assert "\n" not in subject
    assert "\r" not in subject


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("code: a\nuses: [a\nbody", 3, "YAML"),
        ("code: a\nuses: [a]\nsubject: {ja: x, ja-simple: x, en: '{b}'}\nbody: {ja: x, ja-simple: x, en: x}", 3, "{b}"),
        ("code: a\nuses: [a]\nsubject: {ja: x, ja-simple: x, en: x}\nbody:\n  ja: x\n  en: y", 4, "ja-simple"),
        ("code: a\nuses: [a]\nsubject: {ja: x, ja-simple: x, en: x}\nbody: {en: x}", 4, "日本語の文がありません"),
        ("code: A b\nuses: []\nsubject: x\nbody: x", 1, "code"),
        ("code: a\nuses: []\nsubject: x\nbody: x\nextra: 1", 5, "extra"),
        ("- a", 1, "ひな形"),
        ("", 1, "ひな形"),
    ],
)
def test_a_broken_template_is_named_with_its_line(source: str, line: int, message: str) -> None:
    with pytest.raises(texts.BrokenText) as broken:
        texts.load("a.yaml", source)
    assert any(one.line == line and message in one.message for one in broken.value.problems), broken.value


# --- verification codes -------------------------------------------------------------------------------------------


def test_a_code_is_long_and_never_the_same() -> None:
    assert len({codes.new_code() for _ in range(1000)}) == 1000
    assert len(codes.ALPHABET) ** codes.LENGTH >= 2**100


@pytest.mark.parametrize(
    "typed", ["k7qw-3m9p-x2rt-8hvd-5anc", "Ｋ７ＱＷ－３Ｍ９Ｐ ｘ２ｒｔ　8HVD5ANC", "k7qw3m9px2rt8hvd5anc\n"]
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert codes.parse(typed) == "K7QW3M9PX2RT8HVD5ANC"


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert codes.parse("O1Il-0000-0000-0000-0000") == "01110000000000000000"


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(typed: str) -> None:
    parsed = codes.parse(typed)
    assert parsed is None or codes.parse(codes.shown(parsed)) == parsed
