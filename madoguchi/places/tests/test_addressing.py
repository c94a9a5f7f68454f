"""Addresses as people write them: every spelling of one address is one address, and what is in doubt is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.places.rules.addressing import Found, Gazetteer, folded, number_of

TOWNS = [
    *((f"0001{n:03}", f"住道{k}丁目") for n, k in enumerate("一二", 1)),
    *((f"0003{n:03}", f"寺川{k}丁目") for n, k in enumerate("一二三四五", 1)),
    *((f"0025{n:03}", f"谷川{k}丁目") for n, k in enumerate("一二", 1)),
    *((f"0027{n:03}", f"三箇{k}丁目") for n, k in enumerate("一二三四五六", 1)),
    *((f"0017{n:03}", f"深野{k}丁目") for n, k in enumerate("一二三四五", 1)),
    *((f"0013{n:03}", f"深野北{k}丁目") for n, k in enumerate("一二三四五", 1)),
    *((f"0035{n:03}", f"緑が丘{k}丁目") for n, k in enumerate("一二", 1)),
    ("0014000", "深野南町"),
    ("0026000", "曙町"),
    ("0041000", "北楠の里町"),
    ("0039000", "津の辺町"),
    ("0054000", "大字寺川"),
    ("0058000", "大字龍間"),
]
CITY = Gazetteer.of(TOWNS, prefecture="大阪府", city="大東市")


@pytest.mark.parametrize(
    "text",
    [
        *("谷川一丁目1番1号", "谷川1丁目1番1号", "谷川1-1-1", "谷川１－１－１", "谷川一丁目一番一号", "谷川1丁目1-1"),
        *("谷川1ー1ー1", "大阪府大東市谷川一丁目1番1号", "大東市谷川1の1の1", "574-8555大東市 谷川 1−1−1"),
        *("〒574-8555 大阪府大東市谷川1-1-1 大東市役所", "谷川1丁目1番地1号 3階", "谷川１丁目　１番　１号"),
        *("谷川1-1-1 301号室", "大阪府 大東市 谷川 1 - 1 - 1", "谷川1丁目1番1号301"),
    ],
)
def test_however_it_is_written_it_is_one_address(text: str) -> None:
    assert CITY.find(text) == [Found("0025001", "谷川一丁目", "lot", (1, 1))]
    assert CITY.find(text)[0].words == "谷川一丁目1番1"


@pytest.mark.parametrize(
    ("text", "town", "lot"),
    [
        ("竜間1540番地", "0058000", (1540,)),
        ("大字龍間1540", "0058000", (1540,)),
        ("大東市字龍間1540-2", "0058000", (1540, 2)),
        ("北楠之里町3-5", "0041000", (3, 5)),
        ("津ノ辺町10番5号", "0039000", (10, 5)),
        ("緑ケ丘2-1-8", "0035002", (1, 8)),
        ("緑ヶ丘二丁目1番8", "0035002", (1, 8)),
        ("三箇三丁目12番3号", "0027003", (12, 3)),
        ("深野北4-1", "0013004", (1,)),
        ("深野南町1-2", "0014000", (1, 2)),
        ("寺川三丁目十二番", "0003003", (12,)),
        ("曙町1番20号", "0026000", (1, 20)),
    ],
)
def test_names_that_vary_and_names_within_names(text: str, town: str, lot: tuple[int, ...]) -> None:
    [found] = [one for one in CITY.find(text) if one.level == "lot"][:1]
    assert (found.town, found.lot) == (town, lot)
    assert found.exact


def test_what_is_in_doubt_comes_back_as_several() -> None:
    assert {(one.town, one.lot) for one in CITY.find("寺川3")} == {("0003003", ()), ("0054000", (3,))}
    assert [(one.town, one.lot) for one in CITY.find("寺川1023")] == [("0054000", (1023,))]
    assert [(one.town, one.lot) for one in CITY.find("大字寺川3")] == [("0054000", (3,))]
    assert [one.level for one in CITY.find("深野")] == ["area"]
    assert [(one.level, one.exact) for one in CITY.find("谷川9丁目1番")] == [("area", False)]
    nearly = CITY.find("住路1-2-3")
    assert [(one.town, one.lot, one.exact) for one in nearly] == [("0001001", (2, 3), False)]
    assert [(one.level, one.exact) for one in CITY.find("住道駅")] == [("area", False)]
    assert [one.town for one in CITY.find("曙1-2")] == ["0026000"]


@pytest.mark.parametrize(
    "text", ["", "京都市中京区", "大東市", "12345", "〒574-8555", "住", "a" * 10_000, "\0\0", "一" * 300]
)
def test_what_names_no_town_finds_nothing(text: str) -> None:
    assert CITY.find(text) == []


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("二十三", 23), ("十", 10), ("二三", 23), ("百二", 102), ("千五百四十", 1540)]
)
def test_numbers_in_kanji(text: str, number: int) -> None:
    assert number_of(text) == number


_KANJI = "〇一二三四五六七八九"


def _in_kanji(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number < 10:
        return _KANJI[number]
    return ("" if tens == 1 else _KANJI[tens]) + "十" + (_KANJI[ones] if ones else "")


@given(
    st.sampled_from([one for one in TOWNS if "丁目" in one[1]]),
    st.integers(1, 99),
    st.integers(1, 99),
    st.sampled_from(
        [
            "{n}丁目{a}番{b}号",
            "{n}-{a}-{b}",
            "{k}丁目{a}番地{b}",
            "{n}ノ{a}ノ{b}",
            "{k}丁目{ka}番{kb}号",
            "{n} - {a} - {b}",
        ]
    ),
    st.sampled_from(["", "大東市", "大阪府大東市", "〒574-0000 大東市"]),
    st.booleans(),
)
def test_every_town_in_every_spelling(
    town: tuple[str, str], a: int, b: int, form: str, before: str, wide: bool
) -> None:
    key, name = town
    base, number = name[:-3], int(key[4:])
    written = form.format(n=number, k=_KANJI[number], a=a, b=b, ka=_in_kanji(a), kb=_in_kanji(b))
    text = before + base + written
    if wide:
        text = text.translate({ord(str(one)): chr(0xFF10 + one) for one in range(10)} | {ord("-"): "－"})
    [found] = [one for one in CITY.find(text) if one.level == "lot" and not one.name.startswith("大字")]
    assert (found.town, found.lot, found.exact) == (key, (a, b), True)


@given(st.text(max_size=80))
def test_nothing_that_is_written_breaks_it(text: str) -> None:
    for one in CITY.find(text):
        assert one.level in ("lot", "town", "area")
    assert folded(folded(text)) == folded(text)
