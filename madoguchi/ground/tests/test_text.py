"""Text is stored as typed, as far as that is safe; what is not safe is refused with its place."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.errors import Invalid
from madoguchi.ground.text import clean

ACCEPTED = [
    # typed, stored
    ("  見本 花子　", "見本 花子"),
    ("か\u3099き", "がき"),
    ("ﾊﾅｺ", "ﾊﾅｺ"),  # width is the person's own
    ("山﨑 髙橋 𠮷田 渡邉", "山﨑 髙橋 𠮷田 渡邉"),
    ("\ufa19社", "\ufa19社"),  # NFC alone would write 神
    ("葛\U000e0100城", "葛\U000e0100城"),  # ideographic variation
    ("★ ♪ ☎ ① ㈱", "★ ♪ ☎ ① ㈱"),
    ("A\u200bB\ufeff", "AB"),
    ("a\tb", "a b"),
    ("ශ්\u200dරී", "ශ්\u200dරී"),  # Sinhala needs its joiner
    ("見\u200d本", "見本"),
    ("", ""),
]


@pytest.mark.parametrize(("typed", "stored"), ACCEPTED)
def test_accepted(typed: str, stored: str) -> None:
    assert clean(typed, max_length=100) == stored


REFUSED = [
    ("a\x00b", "text-unsafe"),
    ("a\x1bb", "text-unsafe"),
    ("a\u202eb", "text-unsafe"),
    ("a\u2066b", "text-unsafe"),
    ("a\ud800b", "text-unsafe"),
    ("a\ufffeb", "text-unsafe"),
    ("a\U0010ffffb", "text-unsafe"),
    ("\u3042\ue000", "text-private-use"),
    ("犬🐕", "text-emoji"),
    ("❤\ufe0f", "text-emoji"),
    ("一行\n二行", "text-line-break"),
    ("一行\u2028二行", "text-line-break"),
    ("あ" * 11, "text-too-long"),
    (3, "text-type"),
    (None, "text-type"),
    (b"abc", "text-type"),
]


@pytest.mark.parametrize(("typed", "code"), REFUSED)
def test_refused(typed: object, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean(typed, max_length=10)
    assert refusal.value.code == code
    assert str(typed) not in str(refusal.value) or typed is None
    assert refusal.value.status == 422


def test_lines_and_emoji_where_they_are_welcome() -> None:
    assert clean("一行\r\n二行\r三行\u2028四行\tx", multiline=True, max_length=20) == "一行\n二行\n三行\n四行\tx"
    assert clean("👨\u200d👩\u200d👧 🐕", emoji=True, max_length=20) == "👨\u200d👩\u200d👧 🐕"


def test_the_place_is_said_from_one() -> None:
    with pytest.raises(Invalid) as refusal:
        clean("見本\x07花子", max_length=10)
    assert str(refusal.value).startswith("3文字目")


@given(st.text(st.characters()), st.booleans(), st.booleans())
def test_what_comes_out_is_clean_and_stays(typed: str, multiline: bool, emoji: bool) -> None:
    try:
        stored = clean(typed, max_length=1000, multiline=multiline, emoji=emoji)
    except Invalid:
        return
    stored.encode()
    assert clean(stored, max_length=1000, multiline=multiline, emoji=emoji) == stored
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Co"} and char not in "\n\t" for char in stored)
    assert not any(unicodedata.bidirectional(char) in {"LRO", "RLO", "LRI", "RLI", "PDF", "PDI"} for char in stored)
    assert multiline or "\n" not in stored
