"""Names are stored as typed and found however they are written."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from madoguchi.ground import kana

KATAKANA = st.text(st.sampled_from([chr(code) for code in range(0x30A1, 0x30F7)] + ["ー"]))


@given(st.text())
@example("か゛")
@example("佐々々")
@example("１－２ー３")
def test_the_search_key_is_idempotent(text: str) -> None:
    key = kana.search_key(text)
    assert kana.search_key(key) == key


SAME = [
    ("渡邉 さくら", "渡辺　サクラ"),
    ("髙橋", "高橋"),
    ("山﨑", "山崎"),
    ("齋藤", "斉藤"),
    ("𠮷田", "吉田"),
    ("\ufa19谷", "神谷"),
    ("ﾜﾀﾅﾍﾞ", "わたなべ"),
    ("か\u3099", "ガ"),
    ("シヨウコ", "ショウコ"),
    ("霞ヶ関", "霞ケ関"),
    ("佐々木", "佐佐木"),
    ("Ｙａｍａｄａ Taro", "YAMADATARO"),
    ("谷川１−２ー３", "谷川1-2-3"),
    ("葛\U000e0100城", "葛城"),
    ("マイケル・スミス", "まいけるすみす"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_one_name(one: str, other: str) -> None:
    assert kana.search_key(one) == kana.search_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("高橋", "高端"), ("ハハ", "パパ"), ("カー", "カ"), ("大阪", "大坂"), ("1-23", "12-3")]
)
def test_two_names(one: str, other: str) -> None:
    assert kana.search_key(one) != kana.search_key(other)


def test_no_variant_is_itself_searched_by() -> None:
    groups = kana._VARIANTS.split()
    searched = {group[0] for group in groups}
    variants = [variant for group in groups for variant in group[1:]]
    assert not searched & set(variants)
    assert len(variants) == len(set(variants)), "a variant belongs to one character"
    assert all(len(group) > 1 for group in groups)


@given(KATAKANA)
def test_width_round_trip(text: str) -> None:
    stays = {"ヮ", "ヰ", "ヱ", "ヵ", "ヶ"}  # without a half-width form
    half = kana.to_halfwidth(text)
    assert kana.to_fullwidth(half) == text
    assert all("ｦ" <= char <= "ﾟ" or char in stays for char in half)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_ascii_width_round_trip(text: str) -> None:
    assert kana.to_halfwidth(kana.to_fullwidth(text)) == text


@given(KATAKANA)
def test_hiragana_round_trip(text: str) -> None:
    assert kana.to_katakana(kana.to_hiragana(text)) == text


def test_widths() -> None:
    assert kana.to_halfwidth("ガギグ パピ　Ａ１ 渡邉") == "ｶﾞｷﾞｸﾞ ﾊﾟﾋﾟ A1 渡邉"
    assert kana.to_fullwidth("ｶﾞｷﾞｸﾞ ﾊﾟ ﾏﾞ A1") == "ガギグ　パ　マ゛　Ａ１"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("ミホン　ハナコ", True),
        ("ミホン ハナコ", True),
        ("マイケル・スミス", True),
        ("スーザン", True),
        ("ヴィクトル", True),
        ("みほん", False),
        ("ﾐﾎﾝ", False),
        ("ミホン  ハナコ", False),
        (" ミホン", False),
        ("見本", False),
        ("ミホン1", False),
        ("", False),
    ],
)
def test_katakana_names(text: str, good: bool) -> None:
    assert kana.is_katakana_name(text) is good


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("juminhyo", "じゅみんひょ"),
        ("Zyuminhyou", "じゅみんひょう"),
        ("jyuminhyou", "じゅみんひょう"),
        ("jūminhyō", "じゅうみんひょお"),
        ("tenshutsu", "てんしゅつ"),
        ("tensyutu", "てんしゅつ"),
        ("hikkoshi", "ひっこし"),
        ("matchi", "まっち"),
        ("shimbun", "しんぶん"),
        ("shinnenn", "しんねん"),
        ("kon'yaku", "こんやく"),
        ("kon’yaku", "こんやく"),
        ("onna", "おんな"),
        ("ninshin", "にんしん"),
        ("fujin", "ふじん"),
        ("hudi", "ふぢ"),
    ],
)
def test_latin_letters_are_read_as_kana(written: str, read: str) -> None:
    assert kana.from_romaji(written) == read


@pytest.mark.parametrize("word", ["", "dog", "moving", "certificate", "xyzzy", "ひっこし", "12", "tky", "a-b"])
def test_what_is_no_japanese_is_not_read(word: str) -> None:
    assert kana.from_romaji(word) == ""


@given(st.text())
def test_whatever_is_typed_is_read_or_not(text: str) -> None:
    assert set(kana.from_romaji(text)) <= {chr(code) for code in range(0x3041, 0x3097)}
