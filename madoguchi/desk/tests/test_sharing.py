"""The pages around who does what: taking on, handing over, absences, the load of a section, a list as a file."""

import csv
import datetime as dt
import io
import json
import re

import pytest

from madoguchi.cases import actions, queries
from madoguchi.cases.models import Case, HandOver
from madoguchi.cases.queries import Filters
from madoguchi.desk.tests.staging import DOG, Staff, account_of, client_of, handed_in, open_step
from madoguchi.desk.views.exporting import csv_lines
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.people.models import Absence
from madoguchi.people.queries import actor_of_person, there_today
from madoguchi.procedures.models import Procedure

pytestmark = pytest.mark.django_db

Published = dict[str, Procedure]


@pytest.fixture
def clerk(staff: Staff) -> Actor:
    return staff("environment", "environment-clerk")


@pytest.fixture
def head(staff: Staff) -> Actor:
    return staff("environment", "environment-head")


def test_a_step_is_taken_on_the_page_and_the_other_is_told_who(
    published: Published, clerk: Actor, staff: Staff
) -> None:
    case = handed_in(published, DOG)
    page, path = f"/desk/cases/{case.number}/", f"/desk/cases/{case.number}/steps/{open_step(case).pk}/taker/"
    mine, theirs = client_of(clerk), client_of(staff("environment", "environment-clerk"))
    assert "担当なし" in mine.get(page).content.decode()
    assert "あなたの担当になりました。" in mine.post(path, {"_do": "claim"}, follow=True).content.decode()
    answer = theirs.post(path, {"_do": "claim"}, follow=True).content.decode()
    assert "この段階は、見本 職員さんがすでに担当しています。" in answer
    assert open_step(case).taken_by_id == clerk.who
    assert "担当した" in answer
    assert 'value="assign"' not in answer


def test_the_page_names_the_section_that_has_the_case_and_who_did_what_before(
    published: Published, clerk: Actor, staff: Staff
) -> None:
    """Not the section to which the procedure belongs: that one does nothing here any more."""
    case = handed_in(published, DOG)
    actions.examine(open_step(case), "return", by=clerk, corrections={"breed": "犬種を直してください。"})
    owner = actor_of_person(case.person_id, "card")
    actions.save_section(Case.objects.get(pk=case.pk), "dog", {"breed": ["秋田犬"]}, by=owner)
    actions.submit(Case.objects.get(pk=case.pk), by=owner)
    actions.hand_over(Case.objects.get(pk=case.pk), "children", "里親のご家庭のため。", by=clerk)
    page = client_of(staff("children", "children-clerk")).get(f"/desk/cases/{case.number}/").content.decode()
    assert re.findall(r"<b>内容の審査</b> <small>([^<]*)</small>", page) == ["環境室", "子ども室"]
    assert "内容の審査（子ども室）" in page
    assert "（環境室）" not in page


def test_a_case_is_handed_over_and_the_reason_is_read_there(published: Published, clerk: Actor, staff: Staff) -> None:
    case = handed_in(published, DOG)
    mine, theirs = client_of(clerk), client_of(staff("children", "children-clerk"))
    path = f"/desk/cases/{case.number}/hand-over/"
    refused = mine.post(path, {"to": "children", "why": ""}, follow=True).content.decode()
    assert "引き継ぐ理由を書いてください。" in refused
    assert not HandOver.objects.exists()
    mine.post(path, {"to": "children", "why": "里親のご家庭のため。"})
    page = theirs.get(f"/desk/cases/{case.number}/").content.decode()
    assert "環境室から子ども室へ引継ぎ" in page
    assert "里親のご家庭のため。" in page
    assert mine.get(f"/desk/cases/{case.number}/").status_code == 404


def test_an_absence_is_set_by_oneself_and_by_the_head(clerk: Actor, head: Actor, staff: Staff) -> None:
    other = staff("environment", "environment-clerk")
    today = clock.today().isoformat()
    given = {"cover": str(other.who), "since": today, "until": today}
    assert client_of(clerk).post("/desk/absence/", {**given, "cover": ""}).status_code == 422
    assert client_of(other).post("/desk/absence/", {**given, "account": str(clerk.who)}).status_code in (403, 422)
    assert not Absence.objects.exists()
    assert client_of(clerk).post("/desk/absence/", given).status_code == 302
    page = client_of(head).get("/desk/absence/").content.decode()
    assert "いま不在" in page
    absence = Absence.objects.get()
    posted = {"account": str(clerk.who), "end": str(absence.pk)}
    assert client_of(head).post("/desk/absence/", posted).status_code == 302
    absence.refresh_from_db()
    assert absence.ended_at is not None


def test_who_has_no_colleague_is_away_without_a_cover(clerk: Actor, staff: Staff) -> None:
    director = staff("citizens", "citizens-director")
    today = clock.today().isoformat()
    page = client_of(director).get("/desk/absence/").content.decode()
    assert "代わりの職員なしで登録します" in page
    given = {"since": today, "until": today}
    assert client_of(director).post("/desk/absence/", {**given, "cover": str(clerk.who)}).status_code == 422
    assert not Absence.objects.exists()
    assert there_today(["citizens-director"]) == {"citizens-director": {director.who}}
    assert client_of(director).post("/desk/absence/", given).status_code == 302
    assert Absence.objects.get().cover is None
    assert there_today(["citizens-director"]) == {}, "who decides in absence stands in the rules"
    assert "なし（代決の定めによる）" in client_of(director).get("/desk/absence/").content.decode()


def test_the_load_of_a_section_leads_to_its_cases(published: Published, clerk: Actor, head: Actor) -> None:
    cases = [handed_in(published, DOG, days_ago=days) for days in (0, 7, 9)]
    actions.claim(open_step(cases[1]), by=clerk)
    actions.examine(open_step(cases[2]), "return", by=clerk, corrections={"breed": "直してください。"})
    load = queries.section_load(head)
    assert (load.running, load.free, load.received) == (3, 1, 3)
    (line,) = [one for one in load.people if one.account.pk == clerk.who]
    assert (line.taken, line.late, line.done) == (1, 1, 1)
    waits = {one.node: (one.count, one.median, one.oldest) for one in load.waiting}
    assert sorted(waits.values()) == [(1, 0, 0), (2, 7, 7)]
    for one in load.waiting:
        found = queries.listing("section", head, Filters(code=one.code, node=one.node))
        assert len(found) == one.count
    assert len(queries.listing("section", head, Filters(taken=clerk.who))) == line.taken
    page = client_of(head).get("/desk/load/").content.decode()
    assert f"taken={clerk.who}" in page
    assert client_of(clerk).get("/desk/load/").status_code == 403


def test_a_list_leaves_with_its_purpose_and_only_what_one_may_see(
    published: Published, clerk: Actor, staff: Staff
) -> None:
    case = handed_in(published, DOG, name="見本 花子", kana="ミホン ハナコ")
    client = client_of(clerk)
    assert client.post("/desk/export/", {"view": "section", "purpose": ""}).status_code == 422
    assert not Event.objects.filter(verb="case.export", outcome="done").exists()
    posted = {"view": "section", "purpose": "work", "form": "csv", "q": "花子"}
    answer = client.post("/desk/export/", posted)
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # the answer streams
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [one["受付番号"] for one in rows] == [case.number]
    assert rows[0]["すべて画面で行った"] == "はい"
    event = Event.objects.get(verb="case.export", outcome="done")
    assert (event.data["purpose"], event.data["narrowed"]) == ("work", ["view", "words"])
    assert "花子" not in str(event.data)
    lines = client.post("/desk/export/", {**posted, "form": "jsonl"})
    (line,) = b"".join(lines.streaming_content).splitlines()  # type: ignore[attr-defined]  # the answer streams
    assert json.loads(line)["received_on"] == clock.today().isoformat()
    other = client_of(staff("children", "children-clerk")).post("/desk/export/", posted)
    assert len(b"".join(other.streaming_content).splitlines()) == 1  # type: ignore[attr-defined]  # the answer streams


@pytest.mark.parametrize("name", ["=1+1", "+81", "-2", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(name: str) -> None:
    row = dict.fromkeys(queries.COLUMNS) | {"applicant": name, "received_on": dt.date(2026, 4, 1), "digital": False}
    (_, line) = csv_lines([row])
    assert next(csv.reader([line.decode()]))[5] == f"'{name}"


def test_what_changed_since_one_last_looked_is_marked(published: Published, clerk: Actor, staff: Staff) -> None:
    case = handed_in(published, DOG)

    def mark() -> str | None:
        return next(one.mark for one in queries.listing("section", clerk) if one.case.pk == case.pk)

    assert mark() == "new"
    actions.read(Case.objects.get(pk=case.pk), by=clerk)
    assert mark() is None
    other = staff("environment", "environment-clerk")
    actions.examine(open_step(case), "return", by=other, corrections={"breed": "直してください。"})
    assert mark() == "changed"
    assert [one.mark for one in queries.listing("section", other)] == [None], "what one has done oneself is not new"
    assert "変更あり" in client_of(clerk).get("/desk/?view=section").content.decode()
    assert account_of(clerk).pk == clerk.who
