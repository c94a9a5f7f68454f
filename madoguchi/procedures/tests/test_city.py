"""The city's files: Daito's load and hold together; a wrong one says where and what to write instead."""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.ground.expressions import Expression
from madoguchi.ground.languages import LocalText
from madoguchi.procedures.rules.city import AA_CONTRAST, check_offers, contrast, fill, load_city
from madoguchi.procedures.rules.document import BrokenPackage
from madoguchi.procedures.rules.format import AskField, Fee
from madoguchi.procedures.tests.packages import CITY
from madoguchi.procedures.tests.shipped import catalogue, daito

DAITO = daito()
PACKAGES = catalogue().packages


def test_daito_has_its_towns() -> None:
    assert len(DAITO.towns) == 124
    assert len({town.id for town in DAITO.towns}) == 124
    by_name = {town.name: town.id for town in DAITO.towns}
    assert by_name["谷川一丁目"] == "0025001"
    assert by_name["大字龍間"] == "0058000"
    assert by_name["諸福八丁目"] == "0006008"


def test_everything_offered_can_be_done_by_somebody() -> None:
    assert not list(check_offers(DAITO, PACKAGES))
    for package in PACKAGES.values():
        office, head = (DAITO.holders(role, package.procedure) for role in ("office", "head-of-office"))
        section = DAITO.section_of(package.procedure)
        assert section is not None
        assert office.sections == {section.id}
        assert head.posts
        assert not office.include(sections=frozenset(), posts=head.posts)


def test_an_offer_holds_from_its_day() -> None:
    assert DAITO.offer("dog-registration", dt.date(2025, 3, 31)) is None
    offer = DAITO.offer("dog-registration", dt.date(2025, 4, 1))
    assert offer is not None
    assert offer.fee_yen == 3000
    assert DAITO.offer("nothing", dt.date(2026, 1, 1)) is None


def test_localising_fills_names_and_fee_and_leaves_the_catalogue_alone() -> None:
    package = PACKAGES["dog-registration"]
    offer = DAITO.offers[0].model_copy(update={"fee_yen": 2500})
    local = DAITO.localise(package, offer)
    assert local.procedure.remedy is not None
    assert "大東市長に対して" in local.procedure.remedy.text["ja"]
    assert "Mayor of Daito" in local.procedure.remedy.text["en"]
    assert isinstance(local.procedure.fee, Fee)
    assert local.procedure.fee.yen == 2500
    assert isinstance(package.procedure.fee, Fee)
    assert package.procedure.fee.yen == 3000
    assert "{mayor}" in str(package.procedure.remedy and package.procedure.remedy.text)
    free = DAITO.localise(package, offer.model_copy(update={"fee_yen": 0}))
    assert free.procedure.fee == "none"


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip))
def test_filling_keeps_other_braces(text: str) -> None:
    around = f"{text}{{city}}{{other}}"
    filled = fill(LocalText(around), DAITO)["ja"]
    assert filled.endswith("大東市{other}")


def test_the_accent_is_readable() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast(DAITO.file.theme.accent, "#ffffff") >= AA_CONTRAST


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("city.yaml", "'#0b6b4f'", "'#88ccaa'", "コントラスト比"),
        ("city.yaml", "'272183'", "'272182'", "検査数字"),
        ("city.yaml", "[ja, ja-simple, en, zh-hans, ko, vi, pt]", "[ja, xx]", "言語 xx"),
        ("organisation.yaml", "{section: environment}", "{section: enviroment}", "課 enviroment がありません"),
        ("organisation.yaml", "post: children-head", "post: nobody", "職 nobody がありません"),
        ("organisation.yaml", "id: deputy-mayor", "id: mayor", "二度あります"),
        ("organisation.yaml", "{section: environment}", "{section: environment, post: mayor}", "どちらか一つ"),
        ("organisation.yaml", "route: [taxation-chief, taxation-deputy]", "route: [taxation-head]", "二度出てきます"),
        ("organisation.yaml", "route: [taxation-chief, taxation-deputy]", "route: [nobody]", "職 nobody がありません"),
        ("organisation.yaml", "when: not decision.granted", "when: decision.granted =", "式の"),
        ("organisation.yaml", "    when: not decision.granted\n", "", "後の行は使われません"),
        (
            "organisation.yaml",
            "procedure: dog-registration\n",
            "procedure: dog-registration\n    when: 'true'\n",
            "どの when にも",
        ),
        ("offers.yaml", "from: 2024-10-01", "since: 2024-10-01", "since"),
        ("towns.yaml", "id: '0001'", "id: '1'", "id"),
    ],
)
def test_a_mistake_is_told_at_its_line(file: str, old: str, new: str, says: str, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(CITY, folder)
    path = folder / file
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(BrokenPackage) as broken:
        load_city(folder)
    assert any(says in problem.message for problem in broken.value.problems)
    assert all(problem.file.endswith(file) for problem in broken.value.problems)


def test_a_promise_nobody_can_keep_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(CITY, folder)
    organisation = folder / "organisation.yaml"
    organisation.write_text(organisation.read_text("utf-8").replace("  surveyors: {section: taxation}\n", ""), "utf-8")
    offers = folder / "offers.yaml"
    offers.write_text(offers.read_text("utf-8") + "  - {procedure: nothing, from: 2026-04-01}\n", "utf-8")
    assert {problem.rule for problem in check_offers(load_city(folder), PACKAGES)} == {"C01", "C02"}


def test_who_decides_depends_on_the_decision() -> None:
    procedure = PACKAGES["child-allowance-claim"].procedure
    granted, refused, unknown = (
        DAITO.route("head-of-office", procedure, scope)
        for scope in ({"decision": {"granted": True}}, {"decision": {"granted": False}}, None)
    )
    assert granted == unknown
    assert granted.posts == ("children-chief", "children-deputy", "children-head")
    assert refused.posts == (*granted.posts, "welfare-children-director")
    assert (granted.in_absence, refused.in_absence) == (("children-deputy",), ("children-head",))
    # Without a word in organisation.yaml the section's head alone; a role that is one post, that post.
    other = PACKAGES["pregnancy-notification"].procedure
    assert DAITO.route("head-of-office", other).posts == ("community-health-head",)
    assert DAITO.route("maternal-health", other).posts == ("community-health-nurse",)
    assert DAITO.route("office", other).posts == ()


def test_a_condition_on_what_is_not_decided_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(CITY, folder)
    organisation = folder / "organisation.yaml"
    text = organisation.read_text("utf-8").replace("when: not decision.granted", "when: verdict.monthy >= 30000", 1)
    organisation.write_text(text, "utf-8")
    (problem,) = check_offers(load_city(folder), PACKAGES)
    assert (problem.rule, "verdict.monthy" in problem.message, "verdict.monthly" in str(problem)) == ("C04", True, True)


@pytest.mark.parametrize(
    ("on", "name", "closed"),
    [
        (dt.date(2026, 11, 1), "2027-04-01", True),
        (dt.date(2026, 11, 2), "2027-04-01", False),
        (dt.date(2026, 12, 11), "2027-04-01", False),
        (dt.date(2026, 12, 12), "2027-04-01", True),
        (dt.date(2026, 12, 12), "2027-05-01", True),
    ],
)
def test_a_round_is_an_option_of_the_form_and_a_gate_out_of_its_time(on: dt.date, name: str, closed: bool) -> None:
    package = PACKAGES["childcare-place"]
    offer = DAITO.offer("childcare-place", on)
    local = DAITO.localise(package, offer).procedure
    options = {one.ask: one.options for section in local.asks for one in section.ask if isinstance(one, AskField)}
    assert offer is not None
    assert options["start_on"] == {one.name: one.label for one in offer.rounds}
    assert options["wish_1"] == options["wish_3"] == offer.wishes
    added = local.gates[len(package.procedure.gates) :]
    scope = {"start_on": name, "today": on}
    assert any(Expression.parse(gate.when).holds(scope) for gate in added) is closed
    # Corrected after the end, an application that came in time is still in time.
    in_time = {**scope, "received_on": dt.date(2026, 11, 20), "start_on": "2027-04-01"}
    assert not any(Expression.parse(gate.when).holds(in_time) for gate in added)


def test_a_city_that_ranks_without_rounds_of_its_own_is_told() -> None:
    offers = tuple(
        one.model_copy(update={"wishes": {}}) if one.procedure == "childcare-place" else one for one in DAITO.offers
    )
    (problem,) = check_offers(replace(DAITO, offers=offers), PACKAGES)
    assert (problem.rule, "childcare-place" in problem.message) == ("C03", True)
