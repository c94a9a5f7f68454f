"""The check: every rule finds its fault in a package that is otherwise good, and nothing in the good one."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from madoguchi.ground import clock
from madoguchi.procedures.rules import lint
from madoguchi.procedures.rules.flow import step_places
from madoguchi.procedures.rules.lint_rules import RULES, Found, Subject
from madoguchi.procedures.rules.load import load_catalogue
from madoguchi.procedures.tests.packages import BREAK, CATALOGUE, CHECKED, CITY, Files, Spoil, words, write
from madoguchi.procedures.tests.shipped import catalogue, daito

LOOK_UP: dict[str, Any] = {"look_up": {"id": "held", "facts": ["permit.mihon"], "basis": "law"}}
CASES: dict[str, Spoil] = {}
"""For every rule of lint_rules: what to spoil so that it complains."""


def spoils(rule: str) -> Callable[[Spoil], Spoil]:
    def decorate(spoil: Spoil) -> Spoil:
        CASES[rule] = spoil
        return spoil

    return decorate


def _flow(files: Files) -> list[dict[str, Any]]:
    flow: list[dict[str, Any]] = files["procedure.yaml"]["flow"]
    return flow


def _asks(files: Files) -> list[dict[str, Any]]:
    asks: list[dict[str, Any]] = files["procedure.yaml"]["asks"][0]["ask"]
    return asks


def _by_post(files: Files, step: int, kind: str, **more: Any) -> None:
    _flow(files)[step][kind] |= {"channel": "post", "by": "office", "digital_break": {**BREAK, **more}}


@spoils("L02")
def _untitled(files: Files) -> None:
    body = _flow(files)[1]["examine"]
    del body["title"], body["checks"]


@spoils("L03")
def _posted(files: Files) -> None:
    _by_post(files, 3, "issue")


@spoils("L04")
def _unsigned(files: Files) -> None:
    _flow(files)[3]["issue"]["signed"] = False


@spoils("L05")
def _name_again(files: Files) -> None:
    _asks(files).append({"ask": "applicant", "type": "text", "label": words("氏名")})


@spoils("L06")
def _copy_of_the_record(files: Files) -> None:
    _asks(files).append({"ask": "copy", "type": "file", "label": words("住民票の写し"), "at_most": 1})


@spoils("L07")
def _fee(files: Files) -> None:
    files["procedure.yaml"]["fee"] = {"yen": 300, "basis": [], "online": False}


@spoils("L08")
def _seal_by_habit(files: Files) -> None:
    habit = {**BREAK, "clause": "窓口で受け取る決まり"}
    _flow(files)[1]["examine"] |= {"channel": "seal", "digital_break": habit}


@spoils("L09")
def _outline_only(files: Files) -> None:
    _by_post(files, 1, "examine", level="要綱")


@spoils("L10")
def _answer_decides_the_way(files: Files) -> None:
    _flow(files)[3]["issue"]["when"] = "size > 2"


@spoils("L11")
def _no_period(files: Files) -> None:
    del files["procedure.yaml"]["standard_period"]


@spoils("L12")
def _alone(files: Files) -> None:
    del files["procedure.yaml"]["apply_for_others"]


@spoils("L13")
def _on_a_disk(files: Files) -> None:
    _flow(files)[1]["examine"] |= {"channel": "medium", "digital_break": BREAK}


@spoils("L14")
def _always_by_post(files: Files) -> None:
    _by_post(files, 1, "examine")


@spoils("L15")
def _my_number(files: Files) -> None:
    _asks(files).append({"ask": "my_number", "type": "text", "label": words("個人番号")})


@spoils("L16")
def _no_correction(files: Files) -> None:
    _flow(files)[1]["examine"]["outcomes"] = ["accept", "refuse"]


@spoils("L17")
def _paid_after_the_letter(files: Files) -> None:
    files["procedure.yaml"]["fee"] = {"yen": 300, "basis": [], "online": True}
    _flow(files).append({"pay": {"deadline": {"business_days": 5}}})


@spoils("L18")
def _corrected_behind_their_backs(files: Files) -> None:
    _asks(files).append({"ask": "neighbour", "type": "text", "label": words("隣の方")})
    _asks(files).append({"ask": "neighbour_email", "type": "email", "label": words("隣の方の連絡先")})
    named = {"name": "neighbour", "email": "neighbour_email", "shows": ["size"], "states": words("よいです")}
    _flow(files)[0:1] = [{"cosign": named}, {"notify": {"template": "decided"}}, *_flow(files)[0:1]]


@spoils("K03")
def _looked_up_by_no_law(files: Files) -> None:
    _flow(files)[0:0] = [{"look_up": {"facts": ["person.full_name"], "basis": "internal-use"}}]


@spoils("R02")
def _gap(files: Files) -> None:
    rows = files["rules.yaml"]["size_rule"]["first_match"]
    rows[1] = {"when": "size <= 3", **{key: value for key, value in rows[1].items() if key != "otherwise"}}


@spoils("R03")
def _overlap(files: Files) -> None:
    table = files["rules.yaml"]["size_rule"]
    rows = table.pop("first_match")
    del rows[1]["otherwise"]
    table["unique"] = [rows[0], {"when": "size <= 5", **rows[1]}]


@spoils("R04")
def _dead_row(files: Files) -> None:
    rows = files["rules.yaml"]["size_rule"]["first_match"]
    rows.insert(1, {**rows[0], "when": "size = 7"})


@spoils("R05")
def _compares_inputs(files: Files) -> None:
    files["rules.yaml"]["size_rule"]["first_match"][0]["when"] = "size + 1 > 5"


@spoils("G01")
def _nobody_refuses(files: Files) -> None:
    _flow(files)[1]["examine"]["outcomes"] = ["accept", "return"]
    del files["rules.yaml"]["size_rule"]["decides"]
    _flow(files)[3]["issue"]["when"] = "not decision.granted"


@spoils("G03")
def _judged_before_the_look_up(files: Files) -> None:
    files["rules.yaml"]["size_rule"]["inputs"]["held"] = {"type": "text", "is": "permit.mihon", "optional": True}
    _flow(files)[1:1] = [LOOK_UP]


@spoils("G04")
def _looked_up_for_nobody(files: Files) -> None:
    _flow(files).append(LOOK_UP)


@spoils("T01")
def _only_japanese(files: Files) -> None:
    del files["procedure.yaml"]["title"]["en"]


@spoils("T02")
def _strange_braces(files: Files) -> None:
    files["procedure.yaml"]["title"]["ja"] = "{town}の許可"


@spoils("J01")
def _no_remedy(files: Files) -> None:
    del files["procedure.yaml"]["remedy"]


@spoils("J02")
def _silent_refusal(files: Files) -> None:
    _flow(files)[3]["issue"]["when"] = "decision.granted"


@spoils("K01")
def _remembered(files: Files) -> None:
    files["procedure.yaml"]["law"]["basis"] = [{"statute": "みほん法", "article": "第1条", "checked": "unverified"}]


@spoils("K02")
def _law_without_words(files: Files) -> None:
    del files["/laws.yaml"]


@spoils("D01")
def _broken_letter(files: Files) -> None:
    files["letters/decision.typ"] += "\n#data.answers.nothing\n"


@spoils("D02")
def _letter_nobody_reads(files: Files) -> None:
    files["letters/other.typ"] = files["letters/decision.typ"]


@spoils("H01")
def _kept_for_ever(files: Files) -> None:
    del files["procedure.yaml"]["retention"]


@spoils("E07")
def _no_withdrawal(files: Files) -> None:
    del files["examples/withdrawn.yaml"]


def _at_a_place(files: Files, *layers: str) -> None:
    """The form asks for a place, too, and what applies there."""
    _asks(files).append({"ask": "site", "type": "place", "label": words("場所"), "layers": [*layers]})


@spoils("M11")
def _not_on_the_map(files: Files) -> None:
    _at_a_place(files, "nowhere")


@spoils("M12")
def _refused_without_a_look(files: Files) -> None:
    _at_a_place(files, "towns")
    _map_decides(files, "inside = 'applies'")


def _is_public(files: Files, **more: Any) -> None:
    """A permit is public, at a place and until a day."""
    _at_a_place(files, "towns")
    _asks(files).append({"ask": "until", "type": "date", "label": words("終わりの日")})
    files["procedure.yaml"]["public"] = {
        "why": words("通る人のため"),
        "basis": CHECKED,
        "after": "letter",
        "until": "until",
        "place": "site",
        "within": 10,
        "says": ["size"],
    } | more


def _map_decides(files: Files, granted: str, **more: Any) -> None:
    where = {"type": "choice", "options": ["applies", "does_not", "unknown"], "is": "site.towns.verdict", **more}
    files["rules.yaml"]["size_rule"] |= {
        "inputs": {"inside": {name: one for name, one in where.items() if one is not None}},
        "first_match": [
            {"when": granted, "then": {"fits": True}, "reason": words("市の中です。")},
            {"otherwise": None, "then": {"fits": False}, "reason": words("市の外です。")},
        ],
    }


def _look(rule: str, catalogue_dir: Path) -> list[Found]:
    catalogue = load_catalogue(catalogue_dir)
    assert not catalogue.problems, [str(problem) for problem in catalogue.problems]
    package = catalogue.packages["mihon"]
    look = RULES[rule].look
    assert look is not None
    return list(look(Subject(package, catalogue, daito(), step_places(package.procedure))))


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({}, None),
        ({"says": ["person.full_name"]}, "F10"),
        ({"says": ["site"]}, "F10"),
        ({"says": ["nothing"]}, "F05"),
        ({"until": "size"}, "F05"),
        ({"place": "until"}, "F05"),
        ({"after": "nowhere"}, "F05"),
        ({"basis": []}, "F04"),
    ],
)
def test_what_is_made_public_names_nobody_and_has_a_basis(
    said: dict[str, Any], rule: str | None, tmp_path: Path
) -> None:
    catalogue = load_catalogue(write(tmp_path, lambda files: _is_public(files, **said)))
    assert [problem.rule for problem in catalogue.problems] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("accuracy: 30", "accuracy: 30", None),
        ("accuracy: 30", "accuracy: 5", "粗い場所"),
        ("column: begins_on", "column: purpose", "公開する項目にありません"),
        ("type: date, column: begins_on", "type: date, column: traffic", "date ではありません"),
        ("      stall: {ja: 祭り", "      stalls: {ja: 祭り", "stall という値がありません"),
        ("shows: [road-occupancy]", "shows: [dog-registration]", "見せるレイヤーがありません"),
    ],
)
def test_a_layer_shows_what_the_applicant_was_told(was: str, becomes: str, said: str | None, tmp_path: Path) -> None:
    city, package = daito(), catalogue().packages["road-occupancy"]
    text = (city.folder / "layers" / "road-occupancy.yaml").read_text()
    assert was in text
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "works.yaml").write_text(text.replace(was, becomes))
    look = RULES["M13"].look
    assert look is not None
    places = step_places(package.procedure)
    subject = Subject(package, catalogue(), dataclasses.replace(city, folder=tmp_path), places)
    with clock.travel(dt.datetime(2026, 12, 1, 12, tzinfo=clock.TOKYO)):
        assert [(said or "") in one.message for one in look(subject)] == ([True] if said else [])


def test_the_good_package_has_no_finding(tmp_path: Path) -> None:
    assert lint.check([], write(tmp_path), None) == []


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_finds_its_fault_and_only_there(rule: str, tmp_path: Path) -> None:
    assert _look(rule, write(tmp_path / "good")) == []
    found = _look(rule, write(tmp_path / "bad", CASES[rule]))
    assert found, RULES[rule].title
    assert all(one.message for one in found)


def test_every_rule_has_a_case() -> None:
    # G02 guards the compiler: the format has no way to write a flow that does not end. M13: with a layer of its own,
    # below. P: test_lint_journeys.
    elsewhere = {"G02", "M13", "P01", "P02", "P03", "P04"}
    assert {id_ for id_, one in RULES.items() if one.look} - elsewhere == set(CASES)


def test_a_way_without_end_is_found(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path))
    package = catalogue.packages["mihon"]
    nodes = dict(package.graph.nodes)
    nodes["letter"] = dataclasses.replace(nodes["letter"], next=MappingProxyType({"": "letter"}))
    endless = dataclasses.replace(package, graph=dataclasses.replace(package.graph, nodes=MappingProxyType(nodes)))
    look = RULES["G02"].look
    assert look is not None
    found = list(look(Subject(endless, catalogue, None, step_places(package.procedure))))
    assert "letter" in [one.at for one in found]


# -- further faults of the same rules ---------------------------------------------------------------------------------


def test_an_attachment_that_proves_a_fact_is_found_unless_it_says_why(tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        proof = {"ask": "proof", "type": "file", "label": words("資料"), "proves": ["person.full_name"]}
        _asks(files).append(proof)

    def explained(files: Files) -> None:
        spoil(files)
        _asks(files)[-1]["again_because"] = words("法律が原本を求めるため")

    assert _look("L06", write(tmp_path / "a", spoil))
    assert not _look("L06", write(tmp_path / "b", explained))


def test_criteria_without_any_table_are_found(tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        del _flow(files)[0], files["rules.yaml"]

    assert [one.path for one in _look("L10", write(tmp_path, spoil))] == [("flow",)]


def test_deadlines_longer_than_the_standard_period_are_found(tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        _flow(files)[1]["examine"]["deadline"]["business_days"] = 11

    found = _look("L11", write(tmp_path, spoil))
    assert "11 日" in found[0].message
    assert found[0].severity == "warning"


def test_a_step_on_paper_without_a_ground_does_not_load_and_says_what_to_write(tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        _flow(files)[1]["examine"]["channel"] = "counter"

    findings = lint.check([], write(tmp_path, spoil), None)
    assert [one.rule for one in findings] == ["L01"]
    assert "clause" in findings[0].instead
    assert findings[0].line > 1


def test_a_gap_prints_a_counter_example(tmp_path: Path) -> None:
    assert "size = 4" in _look("R02", write(tmp_path, CASES["R02"]))[0].message


# -- what is looked up, and what stands behind it ---------------------------------------------------------------------


def _uses_what_is_held(files: Files) -> None:
    files["rules.yaml"]["size_rule"]["inputs"]["held"] = {"type": "text", "is": "permit.mihon", "optional": True}


def _held(tmp_path: Path, flow: Callable[[list[dict[str, Any]]], list[Any]], *more: Spoil) -> list[Found]:
    """What G03 finds where the table uses a looked-up fact and the flow begins so."""

    def spoil(files: Files) -> None:
        _uses_what_is_held(files)
        for one in more:
            one(files)
        files["procedure.yaml"]["flow"] = flow(_flow(files))

    return _look("G03", write(tmp_path, spoil))


def test_a_table_behind_its_look_up_has_no_finding(tmp_path: Path) -> None:
    assert _held(tmp_path, lambda flow: [LOOK_UP, *flow]) == []


def test_a_look_up_beside_the_table_is_not_before_it(tmp_path: Path) -> None:
    (found,) = _held(tmp_path / "beside", lambda flow: [{"parallel": [[LOOK_UP], [flow[0]]]}, *flow[1:]])
    assert found.at == "rule"
    assert _held(tmp_path / "after", lambda flow: [{"parallel": [[LOOK_UP], [flow[1]]]}, flow[0], *flow[2:]]) == []
    within = [LOOK_UP, {"judge": {"id": "rule", "table": "size_rule"}}]
    assert _held(tmp_path / "same", lambda flow: [{"parallel": [within, [flow[1]]]}, *flow[2:]]) == []


def test_a_look_up_that_is_sometimes_passed_over_leaves_a_way_without_it(tmp_path: Path) -> None:
    sometimes = {"look_up": {**LOOK_UP["look_up"], "when": "size > 2"}}
    assert [one.at for one in _held(tmp_path / "a", lambda flow: [sometimes, *flow])] == ["rule"]

    def both(flow: list[dict[str, Any]]) -> list[Any]:
        return [sometimes, {"judge": {**flow[0]["judge"], "when": "size > 2"}}, *flow[1:]]

    assert _held(tmp_path / "b", both) == [], "where the one is passed over, the other is"


def test_a_condition_and_a_record_stand_behind_the_look_up_too(tmp_path: Path) -> None:
    def condition(files: Files) -> None:
        _flow(files)[1]["examine"]["when"] = "permit.mihon <> ''"
        _flow(files)[2:2] = [LOOK_UP]

    def kept(files: Files) -> None:
        _flow(files)[2]["record"]["value"] = "permit.mihon"
        _flow(files)[3:3] = [LOOK_UP]

    assert [one.at for one in _look("G03", write(tmp_path / "a", condition))] == ["examine"]
    assert [one.at for one in _look("G03", write(tmp_path / "b", kept))] == ["record"]


def test_no_form_asks_by_what_is_only_looked_up_later(tmp_path: Path) -> None:
    def gate(files: Files) -> None:
        _flow(files)[0:0] = [LOOK_UP]
        files["procedure.yaml"]["gates"] = [{"when": "permit.mihon <> ''", "title": words("x"), "text": words("y")}]

    def question(files: Files) -> None:
        _flow(files)[0:0] = [LOOK_UP]
        _asks(files)[1]["when"] = "permit.mihon <> ''"

    for name, spoil in (("gate", gate), ("question", question)):
        (found,) = _look("G03", write(tmp_path / name, spoil))
        assert "入力のときにはまだ分かりません" in found.message


def test_what_everybody_is_asked_needs_no_look_up_before(tmp_path: Path) -> None:
    def asked(files: Files) -> None:
        _uses_what_is_held(files)
        _asks(files).append({"fact": "permit.mihon"})
        _flow(files)[1:1] = [LOOK_UP]

    def asked_of_some(files: Files) -> None:
        asked(files)
        _asks(files)[-1]["when"] = "size > 2"

    assert _look("G03", write(tmp_path / "all", asked)) == []
    assert [one.at for one in _look("G03", write(tmp_path / "some", asked_of_some))] == ["rule"]


def test_a_look_up_of_a_fact_that_stands_in_rows_is_in_vain(tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        files["/facts.yaml"]["child.name"] = {**files["/facts.yaml"]["person.full_name"], "label": words("子の氏名")}
        rows = {"section": words("子"), "id": "children", "each": "child", "ask": [{"fact": "child.name"}]}
        files["procedure.yaml"]["asks"].append(rows)
        _flow(files)[0:0] = [{"look_up": {**LOOK_UP["look_up"], "facts": ["child.name", "permit.mihon"]}}]

    (found,) = _look("G04", write(tmp_path, spoil))
    assert "child.name" in found.message


# -- what is asked of the map -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda files: _at_a_place(files, "landform"), "見せる地図ではありません"),
        (lambda files: _at_a_place(files, "buildings"), "見せる地図ではありません"),
        (lambda files: _ask_where(files, "site.towns.pepole > 3"), "pepole という"),
        (
            lambda files: _ask_where(files, "site.towns.verdict = 'outside' or site.towns.verdict = 'unknown'"),
            "outside に",
        ),
        (lambda files: _decide_by(files, options=["in"]), "in という"),
        (lambda files: _decide_by(files, type="yes_no", options=None, when="inside"), "yes_no ではありません"),
    ],
)
def test_what_is_asked_of_the_map_is_named_with_what_there_is(spoil: Spoil, said: str, tmp_path: Path) -> None:
    found = _look("M11", write(tmp_path, spoil))
    assert said in found[0].message
    assert all(one.instead for one in found)


def _decide_by(files: Files, when: str = "inside = 'in'", **more: Any) -> None:
    _at_a_place(files, "towns")
    _map_decides(files, when, **more)


def test_a_name_beside_the_map_is_found_by_the_loader(tmp_path: Path) -> None:
    findings = lint.check([], write(tmp_path, lambda files: _ask_where(files, "site.cities.verdict = 'unknown'")), None)
    assert [(one.rule, "site.cities.verdict" in one.message) for one in findings] == [("F06", True)]


def _ask_where(files: Files, condition: str) -> None:
    _at_a_place(files, "towns")
    _asks(files).append({"ask": "more", "type": "text", "label": words("くわしく"), "when": condition})


@pytest.mark.parametrize(
    ("condition", "silent"),
    [
        ("site.towns.verdict = 'applies'", True),
        ("site.towns.population > 100", True),
        ("site.towns.verdict = 'applies' and size > 3", True),
        ("site.towns.verdict <> 'does_not'", False),
        ("site.towns.population > 100 or site.towns.verdict = 'unknown'", False),
        ("coalesce(site.towns.population, 101) > 100", False),
        ("site.towns.verdict = 'applies' or size > 3", False),
        ("not site.towns.verdict = 'does_not' and size > 3", False),
    ],
)
def test_a_question_is_not_left_out_because_the_map_knows_nothing(condition: str, silent: bool, tmp_path: Path) -> None:
    found = _look("M12", write(tmp_path, lambda files: _ask_where(files, condition)))
    assert bool(found) is silent


@pytest.mark.parametrize(
    ("condition", "closes"),
    [
        ("site.towns.verdict = 'does_not'", False),
        ("site.towns.verdict <> 'applies'", True),
        ("site.towns.verdict = 'unknown'", True),
        ("size > 3 or site.towns.verdict = 'does_not'", False),
    ],
)
def test_no_gate_closes_because_the_map_knows_nothing(condition: str, closes: bool, tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        _at_a_place(files, "towns")
        files["procedure.yaml"]["gates"] = [{"when": condition, "title": words("外"), "text": words("外です")}]

    assert bool(_look("M12", write(tmp_path, spoil))) is closes


@pytest.mark.parametrize(
    ("granted", "more", "said"),
    [
        ("inside = 'applies'", {}, "ときの行がありません"),
        ("inside in ('applies', 'unknown')", {}, ""),
        ("inside = 'applies' and inside <> 'unknown'", {}, "断ります"),
        ("inside", {"type": "yes_no", "options": None, "is": "site.towns.population > 100"}, "ときの行がありません"),
        ("inside", {"type": "yes_no", "options": None, "is": "site.towns.verdict in ('applies', 'unknown')"}, ""),
    ],
)
def test_no_table_refuses_because_the_map_knows_nothing(
    granted: str, more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    def spoil(files: Files) -> None:
        _at_a_place(files, "towns")
        _map_decides(files, granted, **more)

    found = _look("M12", write(tmp_path, spoil))
    assert [said in one.message for one in found] == ([True] if said else [])


# -- what is known of a business --------------------------------------------------------------------------------------

SHOP: dict[str, Any] = {
    "type": "text",
    "label": words("事業所"),
    "gif": "LegalEntity.tradeName",
    "sensitivity": "public",
}


def _of_a_shop(files: Files) -> None:
    files["/facts.yaml"]["business.trade_name"] = SHOP
    number = {"ask": "shop_number", "type": "text", "digits": 10, "label": words("番号")}
    name = {"ask": "shop", "type": "text", "label": words("店の名前")}
    _asks(files).extend([number, {**name, "business": {"fact": "business.trade_name", "number": "shop_number"}}])
    kept = {"id": "shop", "fact": "business.trade_name", "business": "shop_number", "value": "shop"}
    _flow(files).insert(3, {"record": kept})


def test_what_is_known_of_a_business_is_offered_by_a_law(tmp_path: Path) -> None:
    def permitted(files: Files) -> None:
        _of_a_shop(files)
        entry = {"purpose": "prefill", "kind": "内部利用", "procedures": ["mihon"], "facts": ["business.trade_name"]}
        files["/laws.yaml"]["mihon"]["articles"]["第1条"]["permits"] = [{**entry, "since": "2026-04-01"}]

    assert [one.at for one in _look("K03", write(tmp_path / "without", _of_a_shop))] == ["shop"]
    assert _look("K03", write(tmp_path / "with", permitted)) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda files: _asks(files)[-1]["business"].update(fact="person.full_name"), "事業者の事実ではありません"),
        (lambda files: _asks(files)[-1]["business"].update(number="nothing"), "それより前にたずねていません"),
        (lambda files: _asks(files).insert(0, _asks(files).pop()), "それより前にたずねていません"),
        (lambda files: _asks(files)[-1].update(type="kana"), "型は text"),
        (lambda files: _flow(files)[3]["record"].pop("business"), "business: に書いて"),
        (lambda files: _flow(files)[3]["record"].update(business="nothing"), "をたずねていません"),
        (lambda files: _flow(files)[2]["record"].update(business="shop_number"), "business: に書いて"),
    ],
)
def test_a_business_that_is_not_said_which_does_not_load(tmp_path: Path, spoil: Spoil, said: str) -> None:
    def spoilt(files: Files) -> None:
        _of_a_shop(files)
        spoil(files)

    problems = load_catalogue(write(tmp_path, spoilt)).problems
    assert any(said in one.message and one.rule == "F05" for one in problems), problems


# -- what is known of a household or a place --------------------------------------------------------------------------


def _of_a_home(files: Files) -> None:
    fact = {**SHOP, "sensitivity": "personal"}
    files["/facts.yaml"] |= {"dwelling.roof": fact, "household.size": fact}
    _asks(files).append({"ask": "house", "type": "place", "label": words("家")})
    _asks(files).append({"ask": "storm", "type": "text", "label": words("災害")})
    kept = {"id": "roof", "fact": "dwelling.roof", "place": "house", "of": ["storm"], "value": "storm"}
    looked = {
        "id": "looked",
        "facts": ["dwelling.roof", "household.size"],
        "place": "house",
        "of": ["storm"],
        "basis": "law",
    }
    _flow(files).insert(3, {"record": kept})
    _flow(files).insert(0, {"look_up": looked})


@pytest.mark.parametrize(
    ("entry", "missing"),
    [
        ({"offices": ["children"]}, 0),
        ({}, 2),  # everybody's right is no office's
        ({"offices": ["children"], "kind": "本人同意"}, 2),
    ],
)
def test_what_is_known_of_a_household_or_a_place_is_read_by_an_office_that_a_law_names(
    tmp_path: Path, entry: dict[str, Any], missing: int
) -> None:
    def permitted(files: Files) -> None:
        _of_a_home(files)
        row = {"purpose": "look_up", "kind": "内部利用", "procedures": ["mihon"], "since": "2026-04-01"}
        facts = ["dwelling.roof", "household.size"]
        files["/laws.yaml"]["mihon"]["articles"]["第1条"]["permits"] = [{**row, "facts": facts, **entry}]

    assert len([one for one in _look("K03", write(tmp_path, permitted)) if one.at == "looked"]) == missing


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda files: _flow(files)[4]["record"].pop("place"), "どの場所のことか"),
        (lambda files: _flow(files)[0]["look_up"].pop("place"), "どの場所のことか"),
        (lambda files: _flow(files)[0]["look_up"]["facts"].pop(0), "どの場所のことか"),
        (lambda files: _flow(files)[4]["record"].update(place="storm"), "場所（type: place）としてたずねていません"),
        (lambda files: _flow(files)[0]["look_up"].update(of=["nothing"]), "一つだけの答えとして"),
        (lambda files: _flow(files)[4].update(record={"fact": "household.size", "of": ["storm"]}), "いくつもありうる"),
    ],
)
def test_a_place_that_is_not_said_which_does_not_load(tmp_path: Path, spoil: Spoil, said: str) -> None:
    def spoilt(files: Files) -> None:
        _of_a_home(files)
        spoil(files)

    problems = load_catalogue(write(tmp_path, spoilt)).problems
    assert any(said in one.message and one.rule == "F05" for one in problems), problems


# -- waivers ----------------------------------------------------------------------------------------------------------


def _waive(rule: str, **more: Any) -> Spoil:
    def spoil(files: Files) -> None:
        CASES[rule](files)
        files["procedure.yaml"]["waivers"] = [{"rule": rule, **BREAK, **more}]

    return spoil


def test_a_waiver_lets_the_package_through_and_stays_visible(tmp_path: Path) -> None:
    findings = lint.check([], write(tmp_path, _waive("L07", at="fee")), None)
    assert [(one.rule, bool(one.waived)) for one in findings] == [("L07", True)]
    assert not lint.failed(findings)
    assert "L07" not in lint.as_text(findings)
    assert "物を渡す" in lint.as_text(findings, notes=True)


def test_a_fee_that_is_said_to_be_paid_online_needs_a_step_for_it(tmp_path: Path) -> None:
    def spoil(files: Files) -> None:
        files["procedure.yaml"]["fee"] = {"yen": 300, "basis": [], "online": True}

    findings = lint.check([], write(tmp_path / "without", spoil), None)
    assert "L07" in {one.rule for one in findings}

    def mend(files: Files) -> None:
        spoil(files)
        _flow(files).insert(0, {"pay": {"deadline": {"business_days": 5}}})

    findings = lint.check([], write(tmp_path / "with", mend), None)
    assert not {"L07", "L17", "L01", "L03"} & {one.rule for one in findings}


def test_a_waiver_ends_on_its_day(tmp_path: Path) -> None:
    catalogue = write(tmp_path, _waive("L07", until="2026-04-10"))
    with clock.travel(dt.date(2026, 4, 9)):
        assert not lint.failed(lint.check([], catalogue, None))
    with clock.travel(dt.date(2026, 4, 10)):
        findings = lint.check([], catalogue, None)
    assert lint.failed(findings)
    assert {one.rule for one in findings} == {"L07", "W01"}


def test_a_waiver_for_another_step_or_for_nothing_is_named(tmp_path: Path) -> None:
    findings = lint.check([], write(tmp_path, _waive("L07", at="elsewhere")), None)
    assert {one.rule for one in findings if not one.waived} == {"L07", "W01"}

    def unknown(files: Files) -> None:
        files["procedure.yaml"]["waivers"] = [{"rule": "L99", **BREAK}]

    (only,) = lint.check([], write(tmp_path / "unknown", unknown), None)
    assert "L99" in only.message


# -- the check as a whole ---------------------------------------------------------------------------------------------


def test_a_broken_package_does_not_hide_the_others(tmp_path: Path) -> None:
    catalogue = write(tmp_path)
    broken = catalogue / "procedures" / "broken"
    broken.mkdir()
    (broken / "procedure.yaml").write_text("code: [", "utf-8")
    findings = lint.check([], catalogue, None)
    assert {Path(one.file).parent.name for one in findings} == {"broken"}
    assert lint.check(["mihon"], catalogue, None) == []


def test_an_unknown_code_is_named_with_the_closest(tmp_path: Path) -> None:
    (only,) = lint.check(["mihn"], write(tmp_path), None)
    assert only.rule == "F05"
    assert "mihon" in only.instead


def test_findings_have_places_that_exist(tmp_path: Path) -> None:
    catalogue = write(tmp_path, CASES["T01"])
    (only,) = lint.check([], catalogue, None)
    line = Path(only.file).read_text("utf-8").splitlines()[only.line - 1]
    assert '"title"' in line


def test_output_as_text_and_json(tmp_path: Path) -> None:
    findings = lint.check([], write(tmp_path, CASES["L05"]), None)
    text = lint.as_text(findings)
    assert "  L05  " in text
    assert "    → - fact: person.full_name" in text
    assert text.splitlines()[-1].startswith("誤り ")
    data = json.loads(lint.as_json(findings))
    assert [(one["rule"], one["line"]) for one in data] == [(one.rule, one.line) for one in findings]
    assert "L05" in [one["rule"] for one in data]


def test_a_rule_explains_itself() -> None:
    for id_, one in RULES.items():
        assert one.title in lint.explain(id_)
        assert one.why
    with pytest.raises(LookupError, match="L9"):
        lint.explain("L9")


def test_the_shipped_catalogue_passes() -> None:
    findings = lint.check([], CATALOGUE, CITY)
    worse = [one for one in findings if one.severity != "note" and not one.waived]
    assert not worse, lint.as_text(worse)
