"""Places given out: what must hold of every round, whoever applies and whatever there is to give."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.allotment import Applicant, Placing, allot, lot, reasons
from madoguchi.procedures.rules.format import Criterion

ORDER = (Criterion(most="points"), Criterion(least="levy"))
PLACES = ("p1", "p2", "p3", "p4")
GROUPS = ("0", "1")

applications = st.lists(
    st.tuples(
        st.sampled_from(GROUPS),
        st.one_of(st.none(), st.integers(0, 6)),
        st.one_of(st.none(), st.integers(0, 2)),
        st.lists(st.sampled_from(PLACES), unique=True, max_size=4),
    ),
    max_size=30,
).map(
    lambda rows: [
        Applicant(f"id{number}", group, {"points": points, "levy": levy}, tuple(wishes))
        for number, (group, points, levy, wishes) in enumerate(rows)
    ]
)
capacities = st.dictionaries(
    st.sampled_from(PLACES), st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 4)), max_size=4
)


def comes_before(one: Applicant, other: Applicant) -> bool:
    """By the declared order alone, said a second time without sorting: unknown is last, equal is not before."""
    for name, most in (("points", True), ("levy", False)):
        mine, theirs = one.values[name], other.values[name]
        if mine == theirs:
            continue
        if mine is None or theirs is None:
            return theirs is None
        return (mine > theirs) is most
    return False


@given(applications, capacities)
def test_nobody_gets_a_place_before_one_who_comes_first_and_wished_for_it(
    applicants: list[Applicant], places: dict[str, dict[str, int]]
) -> None:
    placings = allot(applicants, places, ORDER, "round")
    for better in placings:
        preferred = better.applicant.wishes[: better.wish - 1] if better.wish else better.applicant.wishes
        for worse in placings:
            if worse.place in preferred and worse.applicant.group == better.applicant.group:
                assert not comes_before(better.applicant, worse.applicant)


@given(applications, capacities)
def test_no_place_is_given_twice_and_none_is_left_that_somebody_wished_for(
    applicants: list[Applicant], places: dict[str, dict[str, int]]
) -> None:
    placings = allot(applicants, places, ORDER, "round")
    assert Counter(one.applicant.id for one in placings) == Counter(one.id for one in applicants)
    given_out = Counter((one.place, one.applicant.group) for one in placings if one.place)
    for (place, group), number in given_out.items():
        assert number <= places[place or ""][group]
    for one in placings:
        assert one.place is None or one.applicant.wishes[(one.wish or 0) - 1] == one.place
        missed = one.applicant.wishes[: one.wish - 1] if one.wish else one.applicant.wishes
        assert tuple(miss.place for miss in one.misses) == missed
        for wanted in missed:
            key = (wanted, one.applicant.group)
            assert given_out[key] == places.get(wanted, {}).get(one.applicant.group, 0)


@given(applications, capacities, st.randoms(use_true_random=False))
def test_the_same_round_gives_the_same_result_in_whatever_sequence_it_is_read(
    applicants: list[Applicant], places: dict[str, dict[str, int]], rng: random.Random
) -> None:
    shuffled = list(applicants)
    rng.shuffle(shuffled)
    assert allot(shuffled, places, ORDER, "round") == allot(applicants, places, ORDER, "round")


@given(applications, capacities, st.data())
def test_nobody_gains_by_wishing_for_something_else(
    applicants: list[Applicant], places: dict[str, dict[str, int]], data: st.DataObject
) -> None:
    if not applicants:
        return
    number = data.draw(st.integers(0, len(applicants) - 1))
    honest = applicants[number]
    pretended = tuple(data.draw(st.lists(st.sampled_from(PLACES), unique=True, max_size=4)))
    others = [one for one in applicants if one is not honest]

    def got(wishes: tuple[str, ...]) -> str | None:
        mine = Applicant(honest.id, honest.group, honest.values, wishes)
        return next(
            one for one in allot([*others, mine], places, ORDER, "round") if one.applicant.id == honest.id
        ).place

    true, false = got(honest.wishes), got(pretended)
    if false is not None and false in honest.wishes:
        assert true is not None
        assert honest.wishes.index(true) <= honest.wishes.index(false)


def test_a_lot_depends_on_the_round_and_on_nothing_that_one_could_choose() -> None:
    ids = [f"id{number}" for number in range(40)]
    first = sorted(ids, key=lambda one: lot("a round", one))
    assert first != ids
    assert first != sorted(ids, key=lambda one: lot("another", one))


def test_reasons_name_points_rank_and_every_wish_that_was_missed() -> None:
    applicants = [
        Applicant("a", "0", {"points": 20, "levy": 1}, ("p1",)),
        Applicant("b", "0", {"points": 18, "levy": 1}, ("p1", "p2", "p3")),
    ]
    names = {one: LocalText({"ja": f"施設{one}", "ja-simple": one, "en": one}) for one in PLACES}
    labels = {"points": LocalText({"ja": "合計点", "ja-simple": "点数", "en": "Points"})}
    places = {"p1": {"0": 1}, "p3": {"0": 1}}
    second: Placing = allot(applicants, places, ORDER, "round")[1]
    assert [one["ja"] for one in reasons(second, ORDER, names, labels)] == [
        "合計点は18で、同じクラスを希望した2人のうち2番目でした。",
        "第1希望の施設p1（募集1人）は、順番が先の方で埋まりました（最後に決まった方は20）。",
        "第2希望の施設p2は、このクラスの募集がありませんでした。",
        "第3希望の施設p3に決まりました。",
    ]
