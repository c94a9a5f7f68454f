"""Whatever shows what a case holds leaves a record that its person sees (わたしの情報, だれが見たか): every address of
the desk and of the API is opened, and each answer with something of the case in it must have left one.

Lists of work show names and reference numbers, which the page of the person says; anything else is a look.
"""

import re
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases.models import Case, Export, Step
from madoguchi.cases.queries import changes, known
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import CHILD, HOUSE, Staff, applicant, client_of, handed_in, open_step
from madoguchi.events import SYSTEM, Actor
from madoguchi.feeds.tests.conftest import MakePartner, partner
from madoguchi.messages.models import Letter
from madoguchi.procedures.models import Procedure
from tests.house.test_security import ADDRESSES, filled

__all__ = ["partner", "published", "staff"]
pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]

#: Of the answers of the examples, what no list has any business with.
SECRET = re.compile("072-000-0000|みほん銀行|1234567|一丁目1番1号")


@pytest.fixture(autouse=True)
def each_look_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is opened after the page of a case belongs to that look; here every address stands alone."""
    monkeypatch.setattr(changes, "ONE_LOOK", changes.ONE_LOOK * 0)


def seen(case: Case) -> int:
    """How many looks the person is told of."""
    return known.usages(case.person_id, since=None, until=None, offset=0, most=1)[0]


def shows(answer: Any) -> bool:
    """Whether something of the case is in an answer: a secret, or a document or letter as it is."""
    if answer.status_code >= 400 and answer.headers.get("Content-Type", "").startswith("application/problem"):
        return False
    body = b"".join(answer) if getattr(answer, "streaming", False) else answer.content
    kind = answer.headers.get("Content-Type", "")
    return kind.startswith(("application/pdf", "image/")) or SECRET.search(body.decode("utf-8", "replace")) is not None


@pytest.mark.parametrize("example", [CHILD, HOUSE], ids=lambda one: one[0])
def test_whatever_the_desk_shows_of_a_case_its_person_sees(
    published: Published, staff: Staff, example: tuple[str, str]
) -> None:
    case = handed_in(published, example)
    section = case.section
    clerk, head = staff(section, f"{section}-clerk"), staff(section, f"{section}-head")
    found: list[str] = []
    for one in (clerk, head):
        found += _opened(case, client_of(one))
    assert {"case"} <= set(found)
    if example == HOUSE:
        assert {"document"} <= set(found)
    decided(case, clerk, head)
    assert Letter.objects.filter(about=case.pk).exists()
    assert {"case", "letter"} <= set(_opened(case, client_of(clerk)))


def decided(case: Case, clerk: Actor, head: Actor) -> None:
    """Examined, approved, and told by letter."""
    actions.examine(open_step(case), "accept", by=clerk, findings={"photos_suffice": ["yes"]})
    for step in case.steps.filter(kind="approve", done_at=None):
        actions.approve(step, "approve", by=head)
    for step in case.steps.filter(kind="issue", done_at=None):
        actions.perform(step, by=SYSTEM)


def _opened(case: Case, client: Any) -> list[str]:
    """Every address of the desk with this case in its places, got and posted; the names of those that showed it."""
    there: list[str] = []
    posted = {"reason": "x", "until": "x", "body": "", "text": "", "why": "", "_outcome": "", "_do": "next"}
    for face, name, route in ADDRESSES:
        if face != "desk" or name.startswith(("account_", "mfa_")):
            continue
        for method, data in (("get", {}), ("post", posted)):
            before = seen(case)
            answer = getattr(client, method)(filled(route, case), data)
            if shows(answer):
                assert seen(case) > before, f"{method} {name} shows the case and leaves nothing"
                there.append(name)
    step = Step.objects.filter(case=case, done_at=None).first()
    if step is not None:
        before = seen(case)
        if shows(client.post("/desk/batch/drafts/", {"step": str(step.pk)})):
            assert seen(case) > before, "drafts of a batch show the case and leave nothing"
    return there


def test_a_list_that_is_taken_out_is_told_to_everybody_in_it(published: Published, staff: Staff) -> None:
    mine, other = handed_in(published, CHILD), handed_in(published, HOUSE)
    clerk = client_of(staff(mine.section, f"{mine.section}-clerk"))
    before = seen(mine), seen(other)
    answer = clerk.post("/desk/export/", {"view": "section", "purpose": "work", "form": "csv"})
    assert str(mine.number) in b"".join(answer).decode()
    assert (seen(mine), seen(other)) == (before[0] + 1, before[1])
    [taken] = Export.objects.all()
    assert taken.cases == [mine.pk]
    refused = clerk.post("/desk/export/", {"view": "section", "purpose": "", "form": "csv"})
    assert refused.status_code == 422
    assert Export.objects.count() == 1


def test_whatever_a_system_is_given_of_a_case_its_person_sees(
    published: Published, staff: Staff, partner: MakePartner
) -> None:
    case = handed_in(published, CHILD)
    clerk, head = staff(case.section, f"{case.section}-clerk"), staff(case.section, f"{case.section}-head")
    decided(case, clerk, head)
    core, letter = partner(), Letter.objects.get(about=case.pk)
    shown = []
    for path in ("/cases", f"/cases/{case.pk}", f"/cases/{case.pk}/history", f"/cases/{case.pk}/letters/{letter.pk}"):
        before = seen(case)
        if shows(core.get(path)):
            assert seen(case) == before + 1, path
            shown.append(path)
    assert len(shown) == 2, "the case and the letter"
    reader = known.readings(applicant(case), own=False, before=None)[0]
    assert reader.reading.actor_kind == "partner"
    assert [unit["ja"] for unit, _ in reader.offices] == ["環境システム"]
