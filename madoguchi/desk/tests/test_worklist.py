"""The work list: what comes first, how late is said, how a case is found."""

import datetime as dt
from itertools import product

import pytest

from madoguchi.cases import actions, queries
from madoguchi.cases.models import Case
from madoguchi.cases.queries import Filters
from madoguchi.desk.presenting.words import days_words
from madoguchi.desk.presenting.worklist import work_page
from madoguchi.desk.tests.staging import CHILD, DOG, Staff, applicant, client_of, handed_in, open_step
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

ALL, TAKADA = Filters(), Filters(words="高田")


@pytest.mark.parametrize(("left", "words"), [(-2, "2日おくれ"), (-1, "1日おくれ"), (0, "きょうまで"), (3, "あと3日")])
def test_lateness_is_said_in_words(left: int, words: str) -> None:
    assert days_words(left) == words


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def dogs(published: dict[str, Procedure]) -> list[Case]:
    """Three registrations: due in 5 business days, 2 days late, due today."""
    return [
        handed_in(published, DOG, days_ago=0, name="髙田 花子", kana="タカダ ハナコ"),
        handed_in(published, DOG, days_ago=7, name="渡邉 太郎", kana="ワタナベ タロウ"),
        handed_in(published, DOG, days_ago=5, name="見本 次郎", kana="ミホン ジロウ"),
    ]


def test_overdue_first_then_by_promise(dogs: list[Case], clerk: Actor) -> None:
    lines = queries.listing("mine", clerk)
    assert [(one.applicant, one.days_left) for one in lines] == [("渡邉 太郎", -2), ("見本 次郎", 0), ("髙田 花子", 5)]
    page = work_page(clerk)
    assert [(one.days, one.tone) for one in page.lines] == [
        ("2日おくれ", "late"),
        ("きょうまで", "soon"),
        ("あと5日", ""),
    ]


def test_row_and_figure_agree_on_what_is_late(dogs: list[Case], clerk: Actor) -> None:
    """Each day, days off included: as many rows are late as the view counts. What was decided is late no more."""
    Case.objects.filter(pk=dogs[1].pk).update(decided_at=clock.now())
    marked = []
    for ahead in range(9):
        with clock.travel(clock.now() + dt.timedelta(days=ahead)):
            page = work_page(clerk)
            late = [one.applicant for one in page.lines if one.tone == "late"]
            assert len(late) == queries.counts(clerk)["late"] == len(queries.listing("late", clerk))
            decided = next(one for one in page.lines if one.applicant == "渡邉 太郎")
            assert (decided.days, decided.tone) == ("決定ずみ", "")
            assert not any("おくれ" in one.days or "過ぎた" in one.days for one in page.lines if one.tone != "late")
            marked.append(len(late))
    assert (marked[0], marked[-1]) == (0, 2)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("高田", "髙田 花子"),
        ("たかだ", "髙田 花子"),
        ("ﾀｶﾀﾞ", "髙田 花子"),
        ("わたなべ　たろう", "渡邉 太郎"),
        ("渡辺", "渡邉 太郎"),
        ("見本", "見本 次郎"),
    ],
)
def test_a_name_is_found_however_it_is_written(dogs: list[Case], clerk: Actor, words: str, found: str) -> None:
    assert [one.applicant for one in queries.listing("mine", clerk, Filters(words=words))] == [found]


def test_a_number_is_found_with_or_without_hyphens_in_any_width(dogs: list[Case], clerk: Actor) -> None:
    number = dogs[0].number or ""
    wide = number.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    for typed in (number, number.replace("-", ""), number[:7], wide):
        assert [one.case.pk for one in queries.listing("mine", clerk, Filters(words=typed))] == [dogs[0].pk]
    assert queries.listing("mine", clerk, Filters(words="ない名前")) == []


def test_the_number_of_a_life_event_finds_its_parts(dogs: list[Case], clerk: Actor) -> None:
    whole, part, _ = dogs
    Case.objects.filter(pk=part.pk).update(part_of=whole)
    lines = queries.listing("mine", clerk, Filters(words=whole.number or ""))
    assert [one.case.pk for one in lines] == [part.pk]


def test_the_number_of_a_life_event_leads_to_its_parts_that_one_may_see(
    dogs: list[Case], clerk: Actor, staff: Staff
) -> None:
    whole, first, second = dogs
    one, other_one = f"/desk/cases/{first.number}/", f"/desk/cases/{second.number}/"
    Case.objects.filter(pk=whole.pk).update(seen_by=[])  # a life event is read by no section
    address = f"/desk/cases/{whole.number}/"
    client, other = client_of(clerk), client_of(staff("children", "children-clerk"))
    assert client.get(address).status_code == 404
    Case.objects.filter(pk=first.pk).update(part_of=whole)
    assert client.get(address).headers["Location"] == one
    Case.objects.filter(pk=second.pk).update(part_of=whole)
    page = client.get(address).content.decode()
    assert one in page
    assert other_one in page
    alone = client.get(one).content.decode()
    assert str(whole.number) in alone
    assert f'href="{other_one}"' in alone
    before = Event.objects.filter(verb="case.read", outcome="refused").count()
    answer = other.get(address)
    assert answer.status_code == 404
    assert str(first.number) not in answer.content.decode()
    assert Event.objects.filter(verb="case.read", outcome="refused").count() == before + 1


def test_a_case_that_is_not_my_turn_is_found_without_naming_a_view(dogs: list[Case], clerk: Actor) -> None:
    Case.objects.filter(pk=dogs[0].pk).update(ended_at=clock.now(), closed_at=clock.now())
    client = client_of(clerk)
    assert "髙田 花子" in client.post("/desk/", {"q": dogs[0].number}).content.decode()
    assert "髙田 花子" not in client.post("/desk/", {"q": dogs[0].number, "view": "late"}).content.decode()


def test_every_search_is_asked_with_its_own_words(dogs: list[Case], clerk: Actor) -> None:
    """Statements of searches are kept without their words; the first view that holds them is the one that is named."""
    dog, *_ = dogs
    Case.objects.filter(pk=dogs[1].pk).update(ended_at=clock.now(), closed_at=clock.now())
    Case.objects.filter(pk=dogs[2].pk).update(returned_at=clock.now(), section="residents")
    wanted = {
        "高田": "mine",
        "渡辺": "ended",
        "ない名前": None,
        "高田 花子": "mine",
        "花子 渡辺": None,
        "%": None,
        "_": None,
    }
    wanted |= {
        "\\": None,
        "谷川1-1-1": "mine",
        "谷川1-2-1": None,
        "谷川1-1-1 高田": "mine",
        "": "mine",
        str(dog.number): "mine",
    }
    for _ in range(2):
        for words, view in wanted.items():
            assert queries.where_found(clerk, Filters(words=words)) == view, words
            for one in queries.VIEWS:
                listed = [line.case.pk for line in queries.listing(one, clerk, Filters(words=words))]
                assert {*listed} == {*queries.found(one, clerk, Filters(words=words)).values_list("pk", flat=True)}, (
                    words
                )


def test_nobody_finds_what_is_not_theirs(dogs: list[Case], staff: Staff) -> None:
    other = staff("children", "children-clerk")
    resident = Actor("resident", uuid7(), level="card")
    of_no_section = Actor("staff", other.id, posts=frozenset({"children-clerk"}))
    for by in (other, resident, Actor("visitor"), of_no_section, Actor("staff", other.id)):
        assert all(queries.listing(view, by, filters) == [] for view in queries.VIEWS for filters in (ALL, TAKADA))
        assert set(queries.counts(by).values()) == {0}
        assert "dog-registration" not in dict(queries.procedures_at(by))


def test_every_figure_leads_to_its_cases(
    dogs: list[Case], published: dict[str, Procedure], staff: Staff, clerk: Actor
) -> None:
    actions.examine(open_step(dogs[0]), "return", by=clerk, corrections={"breed": "犬種を書いてください。"})
    actions.withdraw(dogs[2], by=applicant(dogs[2]))
    handed_in(published, CHILD)
    figures = queries.counts(clerk)
    assert figures == {
        "mine": 1, "taken": 0, "free": 1, "section": 2, "late": 1, "waiting": 1, "elsewhere": 0,
        "asked": 0, "asking": 0, "review": 0,
    }  # fmt: skip
    client = client_of(clerk)
    for view, count in {**figures, "ended": 1}.items():
        lines = work_page(clerk, view).lines
        assert len(lines) == count
        page = client.get("/desk/", {"view": view}).content.decode()
        assert all(one.number in page for one in lines)
    actions.claim(open_step(dogs[1]), by=staff("environment", "environment-clerk"))
    taken = queries.counts(clerk)
    assert taken == figures | {"mine": 0, "free": 0}, "what a colleague has taken is neither mine nor somebody else's"
    assert all(len(queries.listing(view, clerk)) == count for view, count in taken.items())


def test_figures_and_first_lines_of_one_reading_are_what_each_view_gives_by_itself(
    dogs: list[Case], published: dict[str, Procedure], clerk: Actor, staff: Staff
) -> None:
    """In every view, order and direction, and cut short; of nobody's section, nothing."""
    handed_in(published, CHILD, days_ago=1, name="別課 一郎", kana="ベッカ イチロウ")
    actions.claim(open_step(dogs[0]), by=clerk)
    Case.objects.filter(pk=dogs[1].pk).update(returned_at=clock.now())
    pages: dict[queries.View, list[queries.Line]] = {}
    for by in (clerk, staff("environment", "environment-head"), staff("children", "children-clerk")):
        for sort, down in product(queries.sorts_of("mine"), (False, True)):
            filters = Filters(sort=sort, newest_first=down)
            figures, pages = queries.first_pages(dict.fromkeys(queries.RUNNING, 2), by, filters)
            assert figures == queries.counts(by, filters)
            assert pages == {view: queries.listing(view, by, filters, limit=2) for view in queries.RUNNING}
    assert [len(pages[view]) for view in ("mine", "section", "waiting")] == [1, 1, 0], "of the last who asked"
    nobody = Actor("resident", uuid7())
    assert queries.first_pages({"mine": 2}, nobody, ALL) == (queries.counts(nobody), {"mine": []})


def test_what_waits_stands_beside_what_is_mine_and_nowhere_twice(dogs: list[Case], clerk: Actor) -> None:
    Case.objects.filter(pk=dogs[0].pk).update(returned_at=clock.now())
    mine, waiting, section = (work_page(clerk, view) for view in ("mine", "waiting", "section"))
    assert ([one.key for one in mine.waiting], waiting.waiting, section.waiting) == ([str(dogs[0].pk)], [], [])
    assert [one.key for one in waiting.lines] == [str(dogs[0].pk)]


def test_by_procedure(published: dict[str, Procedure], staff: Staff) -> None:
    clerk = staff("environment", "environment-clerk")
    actions_of_other = staff("children", "children-clerk")
    handed_in(published, DOG)
    handed_in(published, CHILD)
    assert [one["ja"] for _, one in queries.procedures_at(clerk)] == [
        "犬の登録事項の変更届（飼い主が変わったとき）",
        "犬の登録",
    ]
    assert len(queries.listing("mine", clerk, Filters(code="dog-registration"))) == 1
    assert queries.listing("mine", clerk, Filters(code="child-allowance-claim")) == []
    assert len(queries.listing("mine", actions_of_other)) == 1


@pytest.mark.parametrize("query", ["q=%00", "q=" + "あ" * 5000, "view=nothing", "code=x'--", "q=%F0%9F%90%B6", "q=%ff"])
def test_odd_questions_are_answered(clerk: Actor, query: str) -> None:
    assert client_of(clerk).get(f"/desk/?{query}").status_code == 200


def test_a_page_goes_on_after_the_last_of_the_one_before(dogs: list[Case], clerk: Actor) -> None:
    for sort in (None, *queries.sorts_of("mine")):
        for newest_first in (None, False, True):
            filters = Filters(sort=sort, newest_first=newest_first)
            whole = [one.case.pk for one in queries.listing("mine", clerk, filters)]
            pages, after = [], None
            while page := queries.listing("mine", clerk, filters, after=after, limit=1):
                after = page[-1].case.pk
                pages.append(after)
            assert pages == whole
            assert len(set(whole)) == 3
    names = [one.kana.replace("\u3000", " ") for one in queries.listing("mine", clerk, Filters(sort="name"))]
    assert names == ["タカダ ハナコ", "ミホン ジロウ", "ワタナベ タロウ"]


def test_a_case_is_found_by_its_place_and_by_a_correction(published: dict[str, Procedure], clerk: Actor) -> None:
    case = handed_in(published, DOG)
    town = procedures.city().towns[0]
    lived = procedures.town_of("大阪府大東市谷川一丁目1番1号")
    assert [one.case.pk for one in queries.listing("mine", clerk, Filters(words="谷川一", town=lived))] == [case.pk]
    for typed in ("谷川1-1-1", "大東市谷川１丁目１番１号", "たにがわ1-1-1"):  # one address, however it is written
        assert [one.case.pk for one in queries.listing("mine", clerk, Filters(words=typed))] == [case.pk]
    assert queries.listing("mine", clerk, Filters(words="谷川1-2-1")) == []
    assert queries.listing("mine", clerk, Filters(town=town.id)) == []
    actions.examine(open_step(case), "return", by=clerk, corrections={"person.registered_address": "正しい住所を。"})
    by = applicant(case)
    corrected = {"person.registered_address": [f"大阪府大東市{town.name}3番1号"]}
    actions.save_section(Case.objects.get(pk=case.pk), "owner", corrected, by=by)
    assert queries.listing("waiting", clerk, Filters(words=town.name)) == []
    actions.submit(Case.objects.get(pk=case.pk), by=by)
    assert [one.case.pk for one in queries.listing("mine", clerk, Filters(words=town.name))] == [case.pk]
