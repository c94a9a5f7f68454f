"""Furigana and languages on finished pages: every text that is read, and nothing else."""

import re
import time
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parsed

from madoguchi.asking.words import mark
from madoguchi.cases.actions import save_section
from madoguchi.cases.models import Case
from madoguchi.events import Actor
from madoguchi.web.annotating import annotated
from madoguchi.web.furigana import ruby

READING = re.compile("<rp>（</rp><rt>([^<]*)</rt><rp>）</rp>")


def plain(text: str) -> str:
    """The page without its furigana."""
    return READING.sub("", text).replace("<ruby>", "").replace("</ruby>", "")


def read(text: str) -> str:
    """「申(もう)し込(こ)み」."""
    return READING.sub(r"(\1)", ruby(text)).replace("<ruby>", "").replace("</ruby>", "")


@pytest.mark.parametrize(
    ("text", "as_read"),
    [
        ("申し込み", "申(もう)し込(こ)み"),
        ("狂犬病予防法", "狂犬病予防法(きょうけんびょうよぼうほう)"),
        ("2026年11月30日（月）", "2026年(ねん)11月(がつ)30日(にち)（月(げつ)）"),
        ("4月1日から3日まで", "4月1日(がつついたち)から3日(みっか)まで"),
        ("13日", "13日(にち)"),
        ("1人と11人", "1人(ひとり)と11人(にん)"),
        ("住家の被害", "住家(じゅうか)の被害(ひがい)"),
        ("ひらがな and Latin 123", "ひらがな and Latin 123"),
        ("&lt;手続き&gt;&amp;&#x27;", "&lt;手続(てつづ)き&gt;&amp;&#x27;"),
        ("田中さん", "田中さん"),  # a person's name is not read for them
    ],
)
def test_words_are_read(text: str, as_read: str) -> None:
    assert read(text) == as_read


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="犬の登録申請日月1２ア゛ー々𠮷<&>\"' abc\n（）", max_size=40))
def test_nothing_but_readings_is_added(text: str) -> None:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(ruby(safe)) == safe


@pytest.mark.parametrize(
    "html",
    [
        '<p title="手続き" data-x="a>手続き">',
        "<title>手続き</title>",
        "<textarea>手続き</textarea>",
        "<select><option>手続き</option></select>",
        "<script>手続き</script>",
        "<!-- 手続き -->",
        "<svg><text>手続き</text><g><svg></svg>手続き</g></svg>",
        '<div translate="no"><div>手続き</div>手続き</div>',
        '<p lang="en">手続き</p>',
        "<ruby>手続<rt>てつづき</rt></ruby>",
        '<input value="手続き">',
    ],
)
def test_what_is_not_read_as_text_stays(html: str) -> None:
    assert annotated(html, ruby) == html
    after = annotated(f"{html}<p>手続き</p>", ruby)
    assert after.endswith("<p><span><ruby>手続<rp>（</rp><rt>てつづ</rt><rp>）</rp></ruby>き</span></p>")


def test_a_text_of_another_language_says_so_where_it_can() -> None:
    marked = mark("Dog &amp; cat", "en")
    assert annotated(f"<p>{marked}</p>", None) == '<p><span lang="en">Dog &amp; cat</span></p>'
    assert annotated(f'<a title="{marked}">x</a>', None) == '<a title="Dog &amp; cat">x</a>'
    assert annotated(f"<title>{marked}</title>", None) == "<title>Dog &amp; cat</title>"
    assert annotated(f"<option>{marked}</option>", None) == "<option>Dog &amp; cat</option>"


def test_furigana_are_on_in_easy_japanese_and_switched_by_a_link(published: None) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="ja")
    assert "<ruby>" not in client.get("/procedures/").content.decode()
    client.get("/procedures/?lang=ja-simple")
    page = client.get("/procedures/")
    assert "<rt>てつづ</rt>" in page.content.decode()
    assert int(page["Content-Length"]) == len(page.content)
    answer = client.get("/procedures/?q=犬&ruby=off")
    assert answer["Location"].startswith("/procedures/?q=")
    assert "<ruby>" not in client.get("/procedures/").content.decode()
    client.get("/?lang=ja&ruby=on")
    assert "<ruby>" in client.get("/").content.decode()
    client.get("/?lang=en")
    assert "<ruby>" not in client.get("/").content.decode()


def test_what_people_typed_gets_no_furigana(dog: tuple[Client, Actor, Case]) -> None:
    client, by, case = dog
    typed = {"person.full_name": ["申込 手続"], "person.full_name_kana": ["モウシコミ テツヅキ"],
             "person.registered_address": ["大東市手続町一丁目"], "person.phone": ["072-872-2181"]}  # fmt: skip
    save_section(case, "owner", typed, by=by)
    client.get("/?ruby=on")
    for page in ("sections/owner/", "review/"):
        body = client.get(f"/cases/{case.pk}/{page}").content.decode()
        assert "<ruby>" in body
        assert "申込 手続" in body
        assert "大東市手続町一丁目" in body


def test_a_page_in_a_further_language_says_which_parts_are_not(published: None) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="vi-VN,vi;q=0.9")
    answer = client.get("/procedures/dog-registration/")
    page: Any = parsed.fromstring(answer.content)
    assert answer["Content-Language"] == page.get("lang") == "vi"
    (title,) = page.xpath("//h1")
    assert title.xpath("string(span[@lang='en'])") == "Register a dog"
    assert "\uf8f0" not in answer.content.decode()
    assert page.xpath("string(//title)").startswith("Register a dog")
    page = parsed.fromstring(Client(HTTP_ACCEPT_LANGUAGE="zh-CN").get("/").content)
    assert page.get("lang") == "zh-Hans"


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "ja"), ("fr", "en"), ("ko-KR", "ko"), ("fr, pt-BR;q=0.8", "pt"), ("vi, ja;q=0.1", "ja"), ("zh-TW", "en")],
)
@pytest.mark.django_db
def test_the_browser_is_heard(header: str, language: str) -> None:
    assert Client().get("/figures/", headers={"accept-language": header})["Content-Language"] == language


def test_furigana_cost_little(published: None) -> None:
    """Of a page that was read before, since its texts are kept; on this machine about a millisecond."""
    body = Client(HTTP_ACCEPT_LANGUAGE="ja").get("/procedures/dog-registration/").content.decode()
    annotated(body, ruby)
    start = time.process_time()
    for _ in range(20):
        annotated(body, ruby)
    assert (time.process_time() - start) / 20 < 0.02
