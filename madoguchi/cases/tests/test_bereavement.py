"""おくやみ: the survivor applies for themselves; the deceased is told once, and is nobody's fact."""

import json
from typing import Any

import pytest

from madoguchi.cases import actions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import fill_in, flat
from madoguchi.cases.tests.test_examples import photograph
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.facts.queries import everything
from madoguchi.facts.rules import Purpose
from madoguchi.ground.errors import Invalid
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.models import Procedure
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import UPLOADED, get
from madoguchi.procedures.tests.shipped import catalogue

pytestmark = pytest.mark.django_db
Published = dict[str, Procedure]

#: What is said of the deceased, and of nobody else.
DECEASED = {
    "deceased_name": "故人 源蔵",
    "deceased_name_kana": "コジン　ゲンゾウ",
    "deceased_born_on": "1941-05-01",
    "died_on": "2026-11-04",
    "deceased_address": "大阪府大東市野崎九丁目9番9号",
}
PERSON: dict[str, Any] = {
    "full_name": "見本 花子",
    "full_name_kana": "ミホン　ハナコ",
    "date_of_birth": "1952-06-15",
    "registered_address": "大阪府大東市谷川一丁目1番1号",
    "phone": "072-000-0000",
    "bank_account": {
        "bank": "みほん銀行", "branch": "大東支店", "kind": "ordinary", "number": "1234567", "holder": "ミホン ハナコ",
    },
}  # fmt: skip


def begin(published: Published, by: Actor, example: str, **more: Any) -> Case:
    journey = actions.open_draft(published["bereavement"], by=by)
    fill_in(journey, {**answers_of(catalogue().packages["bereavement"].examples[example]), **DECEASED, **more}, by)
    return journey


def complete(part: Case, by: Actor) -> int:
    """Answer what is still missing, from the example that explains the package; how many fields that were."""
    package = procedures.package(part.procedure)
    found = catalogue().packages[part.procedure.code].examples
    example = next(one for _, one in sorted(found.items()) if one.asked is not None)
    answers = {**answers_of(example), "person": PERSON}
    typed = 0
    for section in [*package.form.sections, *package.form.sections]:  # an answer may ask for another
        part.refresh_from_db()
        if section not in package.form.visible_sections(part.answers):
            continue
        missing = package.form.missing_in(section, part.answers)
        typed += len(missing)
        posted = {
            name: value
            for name, value in flat(answers).items()
            if any(name == path or name.startswith(f"{path}.") for path in missing)
        }
        uploads = {path for path in posted if (field := package.form.field_at(path)) and field[1].type in UPLOADED}
        if section.each and section.each not in part.answers:
            posted |= {name: value for name, value in flat(answers).items() if name.startswith(f"{section.each}.")}
        said = {name: value for name, value in posted.items() if name not in uploads}
        if said:
            assert not actions.save_section(part, section.id, said, by=by).problems
        for path in uploads:
            actions.add_document(part, path, "会葬礼状.jpg", photograph(1), by=by)
    part.refresh_from_db()
    assert package.form.missing(part.answers) == {}
    return typed


@pytest.mark.parametrize(
    ("example", "more", "applies", "named"),
    [
        (
            "husband-past-75",
            {},
            {
                "household-head-change", "funeral-benefit-late-elderly", "health-insurance-end", "care-insurance-end",
                "heir-representative", "resident-record-copy",
            },
            {"年金の届出", "相続登記", "現所有者の申告", "準確定申告", "戸籍"},
        ),
        (
            "sister-takes-the-dog",
            {},
            {"funeral-benefit", "health-insurance-end", "care-insurance-end", "dog-owner-change"},
            {"年金の届出", "相続登記", "現所有者の申告", "準確定申告", "戸籍"},
        ),
        (
            "young-father",
            {},
            {"child-allowance-claim"},
            {"死亡届", "未支払の児童手当", "埋葬料", "準確定申告", "戸籍"},
        ),
        # Nobody else of 15 or over: it is clear who follows. The benefit is for whoever held the funeral.
        (
            "husband-past-75",
            {
                "others_remain": False, "held_funeral": False, "several_heirs": False, "pension": False,
                "wants_copy": False,
            },
            {"health-insurance-end", "care-insurance-end"},
            {"相続登記", "現所有者の申告", "準確定申告", "戸籍"},
        ),
        # Between 65 and 75 with a disability: the other insurance. The chip's registry is not the city's.
        (
            "sister-takes-the-dog",
            {"insurance": "late_elderly", "dog": "microchip", "is_heir": False, "pension": False},
            {"funeral-benefit-late-elderly", "health-insurance-end", "care-insurance-end"},
            {"マイクロチップ"},
        ),
    ],
)  # fmt: skip
def test_what_applies_and_what_is_done_elsewhere(
    example: str, more: dict[str, Any], applies: set[str], named: set[str], published: Published, resident: Actor
) -> None:
    born = answers_of(catalogue().packages["bereavement"].examples[example])["deceased_born_on"]
    journey = begin(published, resident, example, deceased_born_on=born, **more)
    assert {one.procedure.code for one in cases.offered_parts(journey)} == applies
    assert cases.elsewhere_parts(journey) == []
    titles = [one.title["ja"] for one in cases.named_elsewhere(journey)]
    assert len(titles) == len(named)
    assert all(any(words in title for title in titles) for words in named)


def test_the_deceased_is_told_once_and_is_nobodys_fact(published: Published, resident: Actor) -> None:
    journey = begin(published, resident, "husband-past-75")
    codes = [one.procedure.code for one in cases.offered_parts(journey)]
    for part in actions.open_parts(journey, codes, by=resident):
        form = procedures.package(part.procedure).form
        asked = {one.name for section in form.sections for one in section.fields}
        for name in asked & DECEASED.keys():
            assert part.answers[name] == DECEASED[name], f"{part.procedure.code} asks {name} again"
    typed = 0
    for code in codes:
        typed += complete(next(one for one in cases.journey_parts(journey) if one.procedure.code == code), resident)
    alone = sum(len(_questions(part)) for part in cases.journey_parts(journey))
    assert typed <= alone - 30, f"{typed} typed of {alone} asked one by one"
    actions.submit_parts(journey, by=resident)
    parts = cases.journey_parts(journey)
    assert {one.section for one in parts} == {"residents", "health-insurance", "elderly-care", "taxation"}
    assert all(one.received_at is not None for one in parts)
    # What is kept about the survivor says nothing of the deceased, and no event does.
    kept = json.dumps([str(one) for one in everything(resident.who, Purpose("view"), by=resident)], ensure_ascii=False)
    assert PERSON["phone"] in kept
    logged = json.dumps(list(Event.objects.values_list("data", flat=True)), ensure_ascii=False)
    for said in ("故人", "コジン", "1941-05-01", "野崎九丁目"):
        assert said not in kept
        assert said not in logged


def _questions(part: Case) -> list[str]:
    form = procedures.package(part.procedure).form
    return [one.path for section in form.visible_sections(part.answers) for one in form.cells(section, part.answers)]


def test_of_whom_the_insurance_was_is_given_on(published: Published, resident: Actor) -> None:
    """75 or over needs no question; below, the answer is handed on."""
    for example, born, scheme in (
        ("husband-past-75", "1941-05-01", "late_elderly"),
        ("sister-takes-the-dog", "1958-05-01", "kokuho"),
    ):
        journey = begin(published, resident, example, deceased_born_on=born)
        (part,) = actions.open_parts(journey, ["health-insurance-end"], by=resident)
        assert get(part.answers, "scheme") == scheme
        actions.withdraw(journey, by=resident)


def test_a_death_before_the_birth_goes_no_further(published: Published, resident: Actor) -> None:
    journey = begin(published, resident, "husband-past-75", deceased_born_on="2026-11-05")
    package = procedures.package(journey.procedure)
    (gate,) = package.procedure.gates
    assert procedures.expression(gate.when).holds(package.form.scope(journey.answers))
    with pytest.raises(Invalid):
        actions.open_parts(journey, [], by=resident)
    assert not Case.objects.filter(part_of=journey).exists()
