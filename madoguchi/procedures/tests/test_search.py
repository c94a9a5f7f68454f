"""The search finds what people mean; the floor is held by our own evaluation set (tests/bench/search.yaml)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madoguchi.ground.sounding import slips, sound
from madoguchi.procedures.rules.search import Entry, Index
from madoguchi.procedures.rules.search.synonyms import Synonyms, said_of
from madoguchi.procedures.rules.search.words import words
from tests.bench.search import entries, evaluate, hit, mrr


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(entries())


def test_the_evaluation_set_is_answered(index: Index) -> None:
    figures = evaluate(index)
    ranks = figures.all()
    assert len(ranks) >= 60
    assert mrr(ranks) >= 0.94, figures.missed
    assert hit(ranks, 3) >= 0.97, figures.missed
    assert mrr(figures.ranks["romaji"]) >= 0.94, figures.missed
    assert figures.invented == []


@pytest.mark.parametrize(
    "typed", ["ま", "まい", "まいく", "マイクロ", "じどう", "わん", "わんち", "りさ", "chil", "dog"]
)
def test_what_is_still_being_typed_leads_on(index: Index, typed: str) -> None:
    assert len(typed) == 1 or index.find(typed).fit


def test_a_title_finds_its_own_procedure_first(index: Index) -> None:
    for one in entries():
        for title in one.texts["title"]:
            assert index.find(title).fit[0] == one.code, title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("住民票", "住民表"),
        ("マイクロチップ", "ﾏｲｸﾛﾁｯﾌﾟ"),
        ("りさいしょうめい", "リサイショウメイ"),
        ("ヴァイオリン", "ウァイオリン"),
    ],
)
def test_what_sounds_alike(one: str, other: str) -> None:
    assert sound(one) == sound(other) != ""


def test_endings_and_small_words_do_not_count() -> None:
    assert words("子どもが生まれました") == words("子供が 生まれた")
    assert set(words("registered dogs")) == set(words("register a dog"))
    assert words("どうすればいいですか") == ()


def test_everyday_words_belong_to_what_they_mean() -> None:
    groups = (Synonyms(means=("犬",), say=("わんちゃん",)), Synonyms(means=("猫",), say=("にゃんこ",)))
    assert list(said_of(["犬の登録"], groups)) == ["わんちゃん"]


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("", "abc", 3), ("ca", "abc", 3)],
)
def test_slips_of_the_finger_are_counted(one: str, other: str, count: int) -> None:
    assert slips(one, other) == slips(other, one) == count


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=100))
def test_any_text_is_answered_and_the_same_way_twice(text: str) -> None:
    index = Index([Entry("a", {"title": ("犬の登録", "Register a dog")}), Entry("b", {"title": ("児童手当",)})])
    assert index.find(text) == index.find(text)
    assert set(index.find(text).fit) <= {"a", "b"}


def test_nothing_is_found_among_nothing() -> None:
    assert Index([]).find("犬").fit == ()
