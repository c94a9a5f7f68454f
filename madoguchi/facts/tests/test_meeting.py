"""Who signs in by card and who stands in the register: one person where four attributes say so, else people decide."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.db.models import Q

from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts import queries
from madoguchi.facts.actions import ask_again, decide, forget, part, permit, state
from madoguchi.facts.actions.meeting import meet
from madoguchi.facts.models import Entry, Pair, Source
from madoguchi.facts.rules import Purpose
from madoguchi.facts.tests.ledger import recorded, rows_of
from madoguchi.facts.tests.registers import DAY, HANAKO, imported, person
from madoguchi.facts.tests.together import at_once
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, Stale
from madoguchi.people.actions import open_account
from madoguchi.people.models import Identity, Person
from madoguchi.people.ports import Claims, Transaction

pytestmark = pytest.mark.django_db

VISITOR = Actor("visitor")
CARD = {
    "full_name": "見本 花子",
    "address": "大阪府大東市谷川１－１－１",
    "birth_date": dt.date(1990, 4, 12),
    "sex": "female",
}


def signs_in(subject: str = "hanako", level: str = "card", **card: Any) -> Person:
    claims = Claims("https://card.example", subject, level, **{**CARD, **card})  # type: ignore[arg-type]  # a level
    begun = Transaction(str(uuid4()), "n", "v", "https://x.example/", (), clock.now())
    return meet(claims, begun, by=VISITOR)


@pytest.fixture
def clerk() -> Actor:
    account = open_account(f"clerk-{uuid4().hex[:6]}", "市民課 職員", "correct horse battery", by=SYSTEM)
    return Actor("staff", account.pk, frozenset({"residents-clerk"}), frozenset({"residents"}), channel="desk")


def known_to(one: Person) -> dict[str, Any]:
    me = Actor("resident", one.pk, level="card")
    return {key: fact.value for key, fact in queries.known(one.pk, [*recorded(one.pk)], Purpose("view"), by=me).items()}


def refused_with(code: str) -> Any:
    """The act inside is refused for this."""
    return pytest.raises(Stale, check=lambda refusal: refusal.code == code)


def ties(clerk: Actor) -> list[tuple[bool, bool]]:
    """Of each pair that waits: whether its entry is taken, and whether its person stands in the register."""
    return [(vars(one)["is_taken"], vars(one)["stands"]) for one in queries.open_pairs(clerk)]


# -- at a sign-in -----------------------------------------------------------------------------------------------------


def test_whoever_stands_in_the_register_is_that_person_at_their_first_sign_in(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002", 氏名="見本 太郎", 性別="1")])
    entry = Entry.objects.get(number="0001")
    one = signs_in()
    assert one.pk == entry.person_id
    assert Person.objects.count() == 2
    assert known_to(one)["person.household_number"] == "77"
    assert not Pair.objects.exists()
    assert signs_in().pk == one.pk


def test_the_reading_is_in_the_log_of_whoever_was_compared(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002", 氏名="見本 太郎", 性別="1"), person("0003", 生年月日="1990-04-13")])
    signs_in()
    readings = Event.objects.filter(verb="facts.read")
    compared = Entry.objects.filter(number__in=["0001", "0002"]).values_list("person_id", flat=True)
    assert set(readings.values_list("subject_id", flat=True)) == set(compared)
    event = readings.first()
    assert event is not None
    assert (event.data["purpose"], event.data["basis"], event.data["office"]) == (
        "match",
        ["kojin-joho-hogo-ho/第65条"],
        "residents",
    )
    assert "見本" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("card", "pairs"),
    [
        ({"address": "大阪府大東市住道二丁目2番2号"}, 1),  # has moved
        ({"full_name": "〓本 花子"}, 1),  # the card has not the character
        ({"full_name": "谷川 花子"}, 1),  # has married
        ({"sex": None}, 1),
        ({"full_name": "大西 梅子", "address": "大阪府大東市住道二丁目2番2号"}, 0),  # born on the same day
        ({"birth_date": dt.date(1990, 4, 13)}, 0),
        ({"birth_date": None}, 0),
    ],
)
def test_where_there_is_doubt_a_person_is_opened_and_people_decide(
    tmp_path: Path, card: dict[str, Any], pairs: int
) -> None:
    imported(tmp_path, [HANAKO])
    one = signs_in(**card)
    assert one.pk != Entry.objects.get().person_id
    assert Pair.objects.filter(person=one, decided_at=None).count() == pairs
    signs_in(**card)
    assert Pair.objects.count() == pairs, "asked once"


def test_two_entries_that_fit_are_two_pairs(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO, person("0002")])
    one = signs_in()
    assert not Entry.objects.filter(person=one).exists()
    assert Pair.objects.filter(person=one).count() == 2


def test_a_second_card_for_an_entry_is_never_linked_and_warns(tmp_path: Path) -> None:
    """Whoever came first, one of the two may be wrong: the true holder must not find the place taken in silence."""
    imported(tmp_path, [HANAKO])
    one, other = signs_in("hanako"), signs_in("another card")
    assert one.pk == Entry.objects.get().person_id != other.pk
    pair = Pair.objects.get()
    assert (pair.entry.number, pair.person_id, pair.decided_at) == ("0001", other.pk, None)
    signs_in("another card")
    signs_in("hanako")
    assert Pair.objects.count() == 1


def test_a_twin_of_somebody_who_signs_in_is_no_rival(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    signs_in("hanako")
    signs_in("momoko", full_name="見本 桃子")
    assert not Pair.objects.exists()


def test_by_mail_or_another_account_nobody_is_found(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    one = signs_in(level="account")
    assert one.pk != Entry.objects.get().person_id
    assert not Event.objects.filter(verb="facts.read").exists()


def test_whoever_has_left_is_not_looked_for(tmp_path: Path) -> None:
    imported(tmp_path, [person("0001", 消除日="20261001")])
    assert signs_in().pk != Entry.objects.get().person_id
    assert not Pair.objects.exists()


def test_without_a_legal_basis_one_signs_in_and_nothing_is_compared(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    permit([], by=SYSTEM)
    assert signs_in().pk != Entry.objects.get().person_id
    assert Event.objects.get(verb="facts.find").reason == "no-basis"


# -- at an import -----------------------------------------------------------------------------------------------------


def test_a_new_entry_is_the_person_whom_a_card_has_proven(tmp_path: Path) -> None:
    one = signs_in()
    report = imported(tmp_path, [HANAKO, person("0002", 氏名="見本 太郎", 性別="1")])
    assert (report.run.linked, report.run.doubtful) == (1, 0)
    assert Entry.objects.get(number="0001").person_id == one.pk
    known = known_to(one)
    assert (known["person.full_name"], known["person.full_name_kana"]) == ("見本　花子", "ミホン　ハナコ")
    assert recorded(one.pk)["person.full_name"].source == Source.REGISTER


def test_what_a_person_merely_said_links_nothing(tmp_path: Path) -> None:
    """Only what a card or a register says counts: else whoever knows four attributes would take an entry."""
    one = signs_in(birth_date=None, sex=None)
    me = Actor("resident", one.pk, level="card")
    said = {("person.date_of_birth", ""): "1990-04-12", ("person.sex", ""): "female"}
    state(one, said, Source.SELF, by=me)
    report = imported(tmp_path, [HANAKO])
    assert (report.run.linked, report.run.doubtful) == (0, 0)


def test_two_new_entries_that_mean_one_person_are_two_pairs(tmp_path: Path) -> None:
    one = signs_in()
    report = imported(tmp_path, [HANAKO, person("0002")])
    assert (report.run.linked, report.run.doubtful) == (0, 2)
    assert not Entry.objects.filter(person=one).exists()


def test_a_rival_in_another_chunk_of_the_file_makes_a_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clerk: Actor
) -> None:
    """The same human being under two numbers: the first chunk has linked one of them."""
    monkeypatch.setattr("madoguchi.facts.actions.register.CHUNK", 2)
    one = signs_in()
    others = [person(f"1{at}", 氏名=f"別の 人{at}", カナ="", 生年月日=f"1950-01-0{at}") for at in range(1, 4)]
    report = imported(tmp_path, [HANAKO, *others, person("0002")])
    assert (report.run.linked, report.run.doubtful) == (1, 1)
    pair = Pair.objects.get()
    assert (pair.entry.number, pair.person_id) == ("0002", one.pk)
    assert ties(clerk) == [(False, True)]
    with refused_with("pair-overtaken"):
        decide(pair, same=True, reason="同じ人", by=clerk)
    assert Entry.objects.get(number="0002").person_id != one.pk
    assert queries.link_in_doubt(pair) == Entry.objects.get(number="0001")


def test_a_correction_in_the_register_makes_a_pair_and_no_link(tmp_path: Path) -> None:
    imported(tmp_path, [person("0001", 氏名="谷川 花子", 住所="大東市住道二丁目2番2号")])
    one = signs_in()
    assert not Pair.objects.exists()
    report = imported(tmp_path, [HANAKO])
    assert (report.run.changed, report.run.linked, report.run.doubtful) == (1, 0, 1)
    assert Pair.objects.get().person_id == one.pk


# -- under another number ---------------------------------------------------------------------------------------------

LATER = DAY + dt.timedelta(days=7)
LEFT = {**HANAKO, "消除日": "20261105", "世帯番号": "70"}
BACK = person("0009", 住定日="20261106")


@pytest.mark.parametrize("at_once", [False, True])
def test_whoever_comes_back_under_a_new_number_is_the_same(tmp_path: Path, at_once: bool) -> None:
    imported(tmp_path, [HANAKO])
    one = signs_in()
    if not at_once:
        imported(tmp_path, [LEFT], LATER)
    report = imported(tmp_path, [LEFT, BACK], LATER)
    assert (report.run.linked, report.refused) == (1, [])
    assert Entry.objects.get(number="0009").person_id == one.pk
    assert known_to(one)["person.household_number"] == "77", "what the new number says holds"
    again = imported(tmp_path, [{**LEFT, "氏名": "別の 表記"}, BACK], LATER)
    assert again.run.changed == 1
    assert known_to(one)["person.full_name"] == HANAKO["氏名"], "what is left behind says nothing any more"


def test_nobody_stands_in_the_register_twice(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    one = signs_in()
    imported(tmp_path, [LEFT, BACK], LATER)
    report = imported(tmp_path, [HANAKO, BACK], LATER)
    assert [refused.why for refused in report.refused] == ["この番号の方は、別の番号で台帳にあります"]
    assert Entry.objects.get(person=one, gone_since=None).number == "0009"
    imported(tmp_path, [HANAKO, {**BACK, "消除日": "20261107"}], LATER)
    imported(tmp_path, [HANAKO, {**BACK, "消除日": "20261107"}], LATER)
    assert Entry.objects.get(person=one, gone_since=None).number == "0001"


def test_a_number_that_was_changed_within_one_file_waits_for_the_section(tmp_path: Path, clerk: Actor) -> None:
    """Only at the end of the file is it known that the old number is gone, and then both persons are there."""
    imported(tmp_path, [HANAKO])
    one = signs_in()
    report = imported(tmp_path, [person("0009")], LATER)
    assert (report.run.new, report.run.gone, report.run.linked, report.run.doubtful) == (1, 1, 0, 1)
    decide(Pair.objects.get(), same=True, reason="番号の変更を確認", by=clerk)
    assert Entry.objects.get(gone_since=None).person_id == one.pk
    assert imported(tmp_path, [person("0009")], LATER).run.unchanged == 1


def test_a_later_card_is_compared_where_the_old_entry_is_gone(tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    one = signs_in()
    imported(tmp_path, [person("0009", 氏名="谷川 花子", カナ="", 住所="大東市三箇1番1号")], LATER)
    assert not Pair.objects.exists()
    signs_in(full_name="谷川 花子")
    assert [(pair.person_id, pair.entry.number) for pair in Pair.objects.all()] == [(one.pk, "0009")]


# -- at once ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    yield
    connections.close_all()


def test_two_first_sign_ins_at_once_are_one_person(committed: None, tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    people = at_once(*[lambda: signs_in().pk] * 4)
    assert set(people) == {Entry.objects.get().person_id}
    assert Person.objects.count() == 1
    assert Identity.objects.count() == 1


def test_two_cards_at_once_for_one_entry_have_one_winner(committed: None, tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    people = at_once(lambda: signs_in("one").pk, lambda: signs_in("two").pk)
    assert len(set(people)) == 2
    assert Entry.objects.get().person_id in people


@pytest.mark.parametrize("turn", range(4))
def test_an_import_and_a_sign_in_at_once_are_one_person(committed: None, tmp_path: Path, turn: int) -> None:
    imported(tmp_path, [person("0009", 氏名="だれか", 生年月日="1950-01-01")])
    lines = [HANAKO, person("0009", 氏名="だれか", 生年月日="1950-01-01")]
    deeds: list[Callable[[], object]] = [lambda: signs_in().pk, lambda: imported(tmp_path, lines).run.pk]
    at_once(*(deeds if turn % 2 else reversed(deeds)))
    assert Person.objects.count() == 2
    assert Entry.objects.get(number="0001").person_id == Identity.objects.get().person_id
    assert not Pair.objects.exists()


# -- what staff say ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    imported(tmp_path, [HANAKO])
    signs_in(full_name="谷川 花子")
    return Pair.objects.get()


def test_who_is_the_same_has_one_person_from_now_on(pair: Pair, clerk: Actor) -> None:
    bare = pair.entry.person_id
    decide(pair, same=True, reason="戸籍で氏の変更を確認", by=clerk)
    entry = Entry.objects.get()
    assert entry.person_id == pair.person_id
    assert not Person.objects.filter(pk=bare).exists()
    known = known_to(Person.objects.get(pk=pair.person_id))
    assert (known["person.full_name"], known["person.household_number"]) == ("見本　花子", "77")
    assert queries.count(bare) == 0
    decided = Pair.objects.get()
    assert (decided.is_same, decided.decided_by_id, decided.replaced) == (True, clerk.id, bare)
    event = Event.objects.get(verb="register.decide")
    assert (event.reason, event.data["same"]) == ("keeps-register", True)
    assert "戸籍" not in str(event.data)
    shown = queries.readings(pair.person_id, most=9)
    assert [one.purpose for one in shown] == ["match"], "what was read while nobody knew that it was they"


def test_what_was_joined_is_known_in_the_order_in_which_the_register_said_it(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [person("0001", 住所="大東市曙町4番6号")])
    imported(tmp_path, [HANAKO], DAY + dt.timedelta(days=1))
    one = signs_in(full_name="谷川 花子")
    decide(Pair.objects.get(), same=True, reason="確認", by=clerk)
    assert known_to(one)["person.registered_address"] == HANAKO["住所"]
    again = imported(tmp_path, [HANAKO], DAY + dt.timedelta(days=1))
    assert again.run.unchanged == 1


def test_with_the_last_record_goes_what_they_said_and_not_what_the_register_says(tmp_path: Path, pair: Pair) -> None:
    forget(None, person_id=pair.person_id, by=SYSTEM)
    assert (queries.count(pair.person_id), Pair.objects.count()) == (0, 0)
    entry = Entry.objects.get()
    before = rows_of(entry.person_id)
    forget(None, person_id=entry.person_id, by=SYSTEM)
    assert rows_of(entry.person_id) == before
    assert imported(tmp_path, [HANAKO]).run.unchanged == 1


def test_who_is_another_stays_apart_and_is_not_asked_again(pair: Pair, clerk: Actor, tmp_path: Path) -> None:
    decide(pair, same=False, reason="本人に確認", by=clerk)
    assert Entry.objects.get().person_id != pair.person_id
    signs_in(full_name="谷川 花子", sex="male")
    assert Pair.objects.count() == 1


def test_who_was_another_is_asked_again_where_more_speaks_for_it(pair: Pair, clerk: Actor, tmp_path: Path) -> None:
    decide(pair, same=False, reason="本人に確認", by=clerk)
    imported(tmp_path, [{**HANAKO, "氏名": "谷川　花子", "続柄": "妻"}], DAY + dt.timedelta(days=1))
    assert [one.decided_at is None for one in Pair.objects.order_by("found_at")] == [False, True]


def test_who_was_wrongly_another_is_asked_again_by_hand(pair: Pair, clerk: Actor) -> None:
    with refused_with("pair-not-apart"):
        ask_again(pair, by=clerk)
    decide(pair, same=False, reason="取り違え", by=clerk)
    with pytest.raises(NotAllowed):
        ask_again(pair, by=Actor("staff", clerk.id, frozenset({"children-clerk"}), frozenset({"children"})))
    assert Pair.objects.count() == 1
    again = ask_again(pair, by=clerk)
    with refused_with("pair-open"):
        ask_again(pair, by=clerk)
    decide(again, same=True, reason="戸籍で確認", by=clerk)
    assert Entry.objects.get().person_id == pair.person_id
    assert [one.is_same for one in Pair.objects.order_by("found_at")] == [False, True], "both decisions stay"


# -- what was wrong is taken back -------------------------------------------------------------------------------------


def log_of(person: Any) -> list[str]:
    """The verbs of decisions in somebody's log."""
    pairs = Pair.objects.filter(Q(person=person) | Q(entry__person=person)).values("pk")
    return list(
        Event.objects.filter(subject_id__in=pairs, outcome="done").order_by("at").values_list("verb", flat=True)
    )


def test_who_was_wrongly_the_same_is_parted(pair: Pair, clerk: Actor, tmp_path: Path) -> None:
    bare, me = pair.entry.person_id, Actor("resident", pair.person_id, level="card")
    state(Person.objects.get(pk=pair.person_id), {("person.phone", ""): "072-000-0000"}, Source.SELF, by=me)
    decide(pair, same=True, reason="取り違え", by=clerk)
    parted = part(pair.entry_id, pair.person_id, reason="本人から電話", by=clerk)
    entry = Entry.objects.get()
    assert entry.person_id == bare, "the person of the entry is there again, with their log"
    kept = known_to(Person.objects.get(pk=pair.person_id))
    assert (kept["person.full_name"], kept["person.phone"]) == ("谷川 花子", "072-000-0000")
    assert not {"person.household_number", "person.full_name_kana"} & kept.keys()
    told = {fact.key: fact for fact in recorded(bare).values()}
    assert told["person.household_number"].value == "77"
    assert {one.source for one in told.values()} == {Source.REGISTER}
    assert (parted.is_same, parted.reason, parted.decided_by_id) == (False, "本人から電話", clerk.id)
    before = Pair.objects.get(pk=pair.pk)
    assert (before.is_same, before.replaced) == (True, None)
    assert before.parted_at is not None
    for one in (bare, pair.person_id):
        assert log_of(one) == ["register.decide", "register.part"]
    event = Event.objects.get(verb="register.part")
    assert (event.subject_id, event.reason) == (parted.pk, "keeps-register")
    assert "電話" not in str(event.data)
    assert signs_in(full_name="谷川 花子").pk == pair.person_id
    assert imported(tmp_path, [HANAKO], DAY + dt.timedelta(days=1)).run.doubtful == 0, "what staff have said holds"
    with refused_with("entry-of-another"):
        part(pair.entry_id, pair.person_id, reason="もう一度", by=clerk)
    with refused_with("entry-of-nobody"):
        part(pair.entry_id, bare, reason="もう一度", by=clerk)


def test_the_true_holder_comes_to_their_place_after_a_wrong_link(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [HANAKO])
    wrong, true = signs_in("wrong"), signs_in("true")
    pair = Pair.objects.get(person=true)
    assert ties(clerk) == [(True, False)]
    with refused_with("pair-taken"):
        decide(pair, same=True, reason="窓口で確認", by=clerk)
    assert Entry.objects.get().person_id == wrong.pk
    link = queries.link_in_doubt(pair)
    assert link is not None
    part(link.pk, wrong.pk, reason="窓口で確認", by=clerk)
    assert Entry.objects.get().person_id not in (wrong.pk, true.pk)
    decide(Pair.objects.get(pk=pair.pk), same=True, reason="窓口で確認", by=clerk)
    assert Entry.objects.get().person_id == true.pk
    assert known_to(true)["person.household_number"] == "77"
    assert "person.household_number" not in known_to(wrong)
    signs_in("wrong")
    assert Entry.objects.get().person_id == true.pk


def test_nobody_is_parted_who_came_to_the_place_since(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [HANAKO])
    wrong, true = signs_in("wrong"), signs_in("true")
    part(Entry.objects.get().pk, wrong.pk, reason="窓口で確認", by=clerk)
    decide(Pair.objects.get(person=true), same=True, reason="窓口で確認", by=clerk)
    before = recorded(true.pk)
    with refused_with("entry-of-another"):  # the page that still shows the first link
        part(Entry.objects.get().pk, wrong.pk, reason="窓口で確認", by=clerk)
    assert Entry.objects.get().person_id == true.pk
    assert recorded(true.pk) == before


def test_what_a_link_had_settled_is_asked_again_when_it_is_parted(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [HANAKO, person("0002")])
    one = signs_in()
    first, second = Pair.objects.order_by("entry__number")
    decide(first, same=True, reason="確認", by=clerk)
    assert Pair.objects.get(pk=second.pk).is_same is False
    part(first.entry_id, one.pk, reason="取り違え", by=clerk)
    assert [(two.entry_id, two.person_id) for two in Pair.objects.filter(decided_at=None)] == [
        (second.entry_id, one.pk)
    ]


def test_only_the_section_of_the_register_parts(pair: Pair, clerk: Actor) -> None:
    decide(pair, same=True, reason="確認", by=clerk)
    before = recorded(pair.person_id)
    for other in (
        Actor("staff", clerk.id, frozenset({"children-clerk"}), frozenset({"children"})),
        Actor("resident", pair.person_id, level="card"),
        SYSTEM,
    ):
        with pytest.raises(NotAllowed):
            part(pair.entry_id, pair.person_id, reason="x", by=other)
    with pytest.raises(Invalid):
        part(pair.entry_id, pair.person_id, reason="　", by=clerk)
    assert recorded(pair.person_id) == before
    assert Entry.objects.get().person_id == pair.person_id


def test_with_one_the_others_are_decided(tmp_path: Path, clerk: Actor) -> None:
    imported(tmp_path, [HANAKO, person("0002")])
    signs_in()
    one, other = Pair.objects.order_by("entry__number")
    decide(one, same=True, reason="本人に確認", by=clerk)
    other.refresh_from_db()
    assert (other.is_same, other.decided_at is not None) == (False, True)


@pytest.mark.parametrize(
    "who",
    [
        Actor("visitor"),
        Actor("resident", Person().pk, level="card"),
        Actor("staff", Person().pk, frozenset({"children-clerk"}), frozenset({"children"})),
        Actor("staff", Person().pk, frozenset(), frozenset({"residents"})),
        SYSTEM,
    ],
)
def test_nobody_else_decides(pair: Pair, who: Actor) -> None:
    with pytest.raises(NotAllowed):
        decide(pair, same=True, reason="確認", by=who)
    assert Pair.objects.get().decided_at is None
    assert Entry.objects.get().person_id != pair.person_id
    assert Event.objects.get(verb="register.decide").outcome == "refused"


def test_a_reason_is_asked_and_a_second_decision_refused(pair: Pair, clerk: Actor) -> None:
    with pytest.raises(Invalid):
        decide(pair, same=True, reason=" ", by=clerk)
    assert Pair.objects.get().decided_at is None
    decide(pair, same=False, reason="確認", by=clerk)
    with pytest.raises(Stale):
        decide(pair, same=True, reason="確認", by=clerk)
    assert Pair.objects.get().is_same is False


def test_an_entry_that_was_taken_meanwhile_is_not_taken_again(pair: Pair, clerk: Actor) -> None:
    other = signs_in("another card")
    with pytest.raises(Stale):
        decide(pair, same=True, reason="確認", by=clerk)
    assert Entry.objects.get().person_id == other.pk
    assert Pair.objects.get().is_same is False, "nobody need look any more"


def test_two_who_decide_at_once_decide_once(committed: None, tmp_path: Path) -> None:
    imported(tmp_path, [HANAKO])
    signs_in(full_name="谷川 花子")
    pair = Pair.objects.get()
    account = open_account("clerk-x", "市民課 職員", "correct horse battery", by=SYSTEM)
    clerk = Actor("staff", account.pk, frozenset({"residents-clerk"}), frozenset({"residents"}))
    deeds: list[Callable[[], object]] = [
        lambda: decide(pair, same=True, reason="確認", by=clerk),
        lambda: decide(pair, same=False, reason="確認", by=clerk),
    ]
    results = at_once(*deeds)
    assert sum(isinstance(one, Stale) for one in results) == 1
    assert (Entry.objects.get().person_id == pair.person_id) is Pair.objects.get().is_same
