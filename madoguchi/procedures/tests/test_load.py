"""Loading: a good package loads; a bad one is told where it is wrong and what to write instead."""

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.procedures.rules.document import MAX_BYTES, BrokenPackage, Document, parse
from madoguchi.procedures.rules.flow import digest
from madoguchi.procedures.rules.load import (
    RULES,
    Package,
    Problem,
    load_catalogue,
    load_example,
    load_facts,
    load_package,
)

FACTS = """\
person.full_name:
  type: text
  label: 氏名
  gif: Person.fullName
  sensitivity: personal
child.date_of_birth:
  type: date
  label: お子さんの生年月日
  gif: Person.dateOfBirth
  sensitivity: personal
benefit.allowance:
  type: money
  label: 手当
  gif: none
  sensitivity: special
"""
PROCEDURE = """\
code: allowance
version: 2026-04-01
kind: application
title: {ja: 手当の請求, ja-simple: お金の 手続き, en: Claim}
law:
  class: 義務
  basis: [{statute: 児童手当法, article: 第7条, checked: unverified}]
office: allowance
identity: card
fee: none
asks:
  - section: 請求する方
    ask:
      - fact: person.full_name
      - ask: note
        type: lines
        label: 備考
        required: false
  - section: お子さん
    each: child
    at_least: 1
    ask:
      - fact: child.date_of_birth
      - ask: lives_with_you
        type: choice
        label: 同居・別居
        options: {together: 同居, apart: 別居}
      - ask: reason_apart
        type: text
        label: 理由
        when: child.lives_with_you = 'apart'
flow:
  - judge: {table: eligibility}
  - examine: {by: office}
  - issue: {letter: decision, when: decision.granted}
  - record: {fact: benefit.allowance, value: verdict.monthly}
"""
RULES_YAML = """\
eligibility:
  for_each: child
  inputs:
    age: {type: integer, is: 'age_on(child.date_of_birth, today)', min: 0}
  first_match:
    - when: age < 3
      then: {monthly: 15000}
      reason: 3歳未満のため。
    - otherwise:
      then: {monthly: 10000}
      reason: 3歳以上のため。
  totals: {monthly: sum}
  decides: monthly > 0
"""
EXAMPLE = """\
given:
  person: {full_name: 見本 花子}
  child: [{date_of_birth: 2024-05-01, lives_with_you: together}]
on: 2026-04-01
path: [judge, examine:accept, issue, record]
decision: {granted: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue with one good package."""
    package = tmp_path / "procedures" / "allowance"
    (package / "letters").mkdir(parents=True)
    (package / "examples").mkdir()
    (tmp_path / "facts.yaml").write_text(FACTS)
    (package / "procedure.yaml").write_text(PROCEDURE)
    (package / "rules.yaml").write_text(RULES_YAML)
    (package / "letters" / "decision.typ").write_text("= 決定\n")
    (package / "examples" / "granted.yaml").write_text(EXAMPLE)
    return package


def load(folder: Path) -> Package:
    return load_package(folder, load_facts(folder.parents[1] / "facts.yaml"))


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(BrokenPackage) as caught:
        load(folder)
    return caught.value.problems


def test_a_good_package_loads(folder: Path) -> None:
    package = load(folder)
    assert package.procedure.code == "allowance"
    assert package.procedure.title["ja-simple"] == "お金の 手続き"
    assert [node.id for node in package.graph.steps][:2] == ["judge-eligibility", "examine"]
    assert list(package.tables) == ["eligibility"]
    assert list(package.letters) == ["decision"]
    assert package.examples["granted"].path[0] == "judge"
    assert str(package.problem("procedure.yaml", ("flow", 1, "examine"), "L99", "遅い", "急ぎます")) == (
        f"{folder}/procedure.yaml:34  L99  遅い\n    → 急ぎます"
    )


def test_what_is_published_is_the_same_for_the_same_package(folder: Path) -> None:
    first = load(folder).as_json()
    (folder / "procedure.yaml").write_text("# 一行増えても同じ手続き\n" + PROCEDURE)
    assert load(folder).as_json() == first
    moved = PROCEDURE.replace("identity: card\n", "").replace("office:", "identity: card\noffice:")
    (folder / "procedure.yaml").write_text(moved)
    assert digest(load(folder).as_json()) == digest(first)
    options = PROCEDURE.replace("{together: 同居, apart: 別居}", "{apart: 別居, together: 同居}")
    (folder / "procedure.yaml").write_text(options)
    assert digest(load(folder).as_json()) != digest(first)
    assert first["procedure"]["law"]["class"] == "義務"
    assert first["tables"]["eligibility"]["first_match"][1]["otherwise"] is None


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "rule", "message", "instead"),
    [
        ("procedure", "office: allowance", "offce: allowance", 8, "F02", "offce: という項目はありません", "office"),
        ("procedure", "office: allowance\n", "", 1, "F03", "office: がありません", "office: … を加えます"),
        ("procedure", "class: 義務", "class: 義努", 6, "F04", 'class: に "義努" とは書けません', "義務"),
        ("procedure", "identity: card", "identity: cards", 9, "F04", "とは書けません", "card ではありませんか"),
        ("procedure", "type: lines", "type: line", 16, "F04", "とは書けません", "lines"),
        ("procedure", "type: lines", "type: lines\n        max_len: 3", 17, "F02", "max_len:", "max_length"),
        ("procedure", "type: lines", "type: lines\n        accept: [pdf]", 17, "F04", "lines 型では", "file"),
        ("procedure", "2026-04-01", "2026-02-30", 2, "F04", "version:", "実在する日付"),
        ("procedure", "required: false", "required: no", 18, "F04", 'required: に "no"', "true か false"),
        ("procedure", "at_least: 1", "at_least: -1", 21, "F04", "小さすぎます", "0 以上"),
        ("procedure", "at_least: 1", "at_least:", 21, "F04", "at_least: に値がありません", "行ごと消します"),
        ("procedure", "code: allowance", "code: Allowance", 1, "F04", "形が違います", "英小文字"),
        ("procedure", "code: allowance", "code: 007", 1, "F04", "形が違います", "英小文字"),
        ("procedure", "code: allowance", "code: other", 1, "F05", "フォルダ名（allowance）", "code: allowance"),
        ("procedure", "en: Claim", "eng: Claim", 4, "F04", "eng", ""),
        ("procedure", "person.full_name", "person.ful_name", 14, "F05", "facts.yaml に", "person.full_name"),
        ("procedure", "ask: note", "ask: note\n        fact: x.y", 15, "F02", "ask: という項目", ""),
        ("procedure", "= 'apart'", "= apart", 31, "F06", "式の apart", "使える名前"),
        ("procedure", "= 'apart'", "= 「apart」", 31, "F04", "式の", "'"),
        ("procedure", "child.lives_with_you =", "child.live_with_you =", 31, "F06", "式の", "lives_with_you"),
        ("procedure", "{table: eligibility}", "{table: eligible}", 33, "F05", "表 eligible", "eligibility"),
        ("procedure", "letter: decision", "letter: decisions", 35, "F05", "letters/decisions.typ", "decision"),
        ("procedure", "benefit.allowance", "benefit.alowance", 36, "F05", "benefit.alowance", "benefit.allowance"),
        ("procedure", "verdict.monthly", "verdict.month", 36, "F06", "verdict.month", "verdict.monthly"),
        ("procedure", "- examine: {by: office}", "- exam: {by: office}", 34, "F02", "exam:", "examine"),
        ("procedure", "- examine: {by: office}", "- examine: {}", 34, "F03", "by: がありません", "by: …"),
        ("procedure", "- examine: {by: office}", "- examine:", 34, "F04", "値がありません", "値を書く"),
        ("procedure", "{by: office}", "{by: office, outcomes: [refuse]}", 34, "F04", "accept がない", "accept"),
        ("procedure", "{by: office}", "{by: office, channel: counter}", 34, "L01", "counter", "substitute"),
        ("procedure", "- examine: {by: office}", "- approve: {by: x}", 34, "F07", "差し戻す先", "[approve]"),
        ("procedure", "- examine: {by: office}", "- book: {offer: slot}", 34, "F02", "book:", ""),
        ("procedure", "- examine: {by: office}", "- pay: {}", 34, "F05", "納める額", "fee:"),
        ("procedure", "- examine: {by: office}", "- pay: {yen: fees * 2}", 34, "F06", "fees", "fee"),
        ("procedure", "- examine: {by: office}", "- pay: {yen: '1', by: office}", 34, "F04", "申請者が", "消します"),
        ("rules", "age < 3", "age <", 6, "F04", "式の", ""),
        ("rules", "age < 3", "ages < 3", 6, "F06", "式の ages", "age"),
        ("rules", "monthly: 10000", "mothly: 10000", 10, "F04", "行によって決める項目が違います", "monthly"),
        ("rules", "monthly: 10000", "monthly: 一万円", 10, "F04", "種類が行によって違います", "そろえます"),
        ("rules", "monthly: sum", "monthly: any", 12, "F04", "any は", ""),
        ("rules", "    - otherwise:\n", "    - otherwise: true\n", 9, "F04", "otherwise", ""),
        ("rules", "for_each: child", "for_each: pet", 2, "F06", "pet という行", "each"),
        ("rules", "first_match", "firstmatch", 5, "F02", "firstmatch:", "first_match"),
        ("examples/granted", "on: 2026-04-01\n", "", 1, "F03", "on: がありません", "on: …"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_line_and_remedy(
    folder: Path, file: str, old: str, new: str, line: int, rule: str, message: str, instead: str
) -> None:
    path = folder / f"{file}.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    found = problems(folder)
    assert any(
        problem.file == str(path)
        and problem.line == line
        and problem.rule == rule
        and message in problem.message
        and instead in problem.instead
        for problem in found
    ), "\n".join(map(str, found))
    assert {problem.rule for problem in found} <= set(RULES)


def test_a_notice_that_nobody_has_written_is_named(folder: Path) -> None:
    messages = folder.parent.parent / "messages"
    messages.mkdir()
    (messages / "decided.yaml").write_text("code: decided\n")
    text = (folder / "procedure.yaml").read_text()
    (folder / "procedure.yaml").write_text(text.rstrip("\n") + "\n  - notify: {template: decide}\n")
    (problem,) = problems(folder)
    assert (problem.rule, problem.instead) == ("F05", "decided ではありませんか")


def test_several_problems_are_told_at_once(folder: Path) -> None:
    text = PROCEDURE.replace("office: allowance", "offce: allowance").replace("type: lines", "type: line")
    (folder / "procedure.yaml").write_text(text)
    assert len(problems(folder)) == 3


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"code: &a x\nb: *a\n", "アンカー"),
        (b"a: &a [x]\n" + b"".join(b"b%d: [*a, *a, *a]\n" % i for i in range(30)), "アンカー"),
        (b"code: a\ncode: b\n", "二度"),
        (b"code:\n\tx: 1\n", "タブ"),
        ("code:\n　x: 1\n".encode(), "全角の空白"),
        ("code: 手当".encode("cp932"), "Shift_JIS"),
        ("code: 手当".encode("utf-16"), "UTF-16"),
        (b"code: \x81\x20", "UTF-8 ではありません"),
        (b"code: \x00", "制御文字"),
        (b"code: 'x", "引用符"),
        (b"code: [x\nb: 1", "括弧"),
        (b"code: a: b", "「: 」"),
        (b"[" * 5000, "入れ子"),
        (b"- " * 5000, "入れ子"),
        (b"a: 1\n---\nb: 2\n", "文書が二つ"),
        (b"a: !!python/object:os.system x\n", "タグ"),
        (b"", "空です"),
        (b"# nothing\n", "空です"),
        (b"a" * (MAX_BYTES + 1), "大きすぎます"),
        (b"? {a: 1}\n: 2\n", "一つの語"),
    ],
)
def test_yaml_that_is_hostile_or_broken_is_said_clearly(raw: bytes, message: str) -> None:
    with pytest.raises(BrokenPackage) as caught:
        parse(raw, Path("x.yaml"))
    (problem,) = caught.value.problems
    assert problem.rule == "F01"
    assert message in problem.message
    assert problem.instead


def test_values_are_what_they_look_like() -> None:
    raw = "﻿day: 2026-04-01\non: yes\npostal: 007\nn: -3\nrate: 0.5\nyes: true\nempty: ~\ntext: '3'\r\n".encode()
    assert parse(raw, Path("x.yaml")).data == {
        "day": "2026-04-01",
        "on": "yes",
        "postal": "007",
        "n": -3,
        "rate": 0.5,
        "yes": True,
        "empty": None,
        "text": "3",
    }


@given(st.binary(max_size=200))
def test_no_bytes_bring_the_reader_down(raw: bytes) -> None:
    with contextlib.suppress(BrokenPackage):
        assert isinstance(parse(raw, Path("x.yaml")), Document)


@given(st.text(alphabet="-: \n[]{}'\"#&*!|>%@`,?abc01日本　\t", max_size=60))
def test_no_text_brings_the_reader_down(text: str) -> None:
    with contextlib.suppress(BrokenPackage):
        assert isinstance(parse(text.encode(), Path("x.yaml")), Document)


def test_a_broken_package_does_not_stop_the_others(folder: Path) -> None:
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    catalogue = load_catalogue(folder.parents[1])
    assert list(catalogue.packages) == ["allowance"]
    assert [problem.file for problem in catalogue.problems] == [str(other / "procedure.yaml")]


def test_a_catalogue_without_facts_says_so(folder: Path) -> None:
    (folder.parents[1] / "facts.yaml").unlink()
    catalogue = load_catalogue(folder.parents[1])
    assert catalogue.packages == {}
    assert any("facts.yaml" in problem.file for problem in catalogue.problems)


def test_a_missing_file_is_a_problem_and_no_crash(folder: Path) -> None:
    (folder / "procedure.yaml").unlink()
    (problem,) = problems(folder)
    assert "ファイルがありません" in problem.message


def test_a_folder_in_place_of_a_file_is_a_problem_and_no_crash(folder: Path) -> None:
    (folder / "rules.yaml").unlink()
    (folder / "rules.yaml").mkdir()
    assert problems(folder)[0].rule == "F01"


def test_an_example_may_hold_any_answers(folder: Path) -> None:
    assert load_example(folder / "examples" / "granted.yaml").given["child"] == [
        {"date_of_birth": "2024-05-01", "lives_with_you": "together"}
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- fact: person.full_name\n", "- fact: person.full_name\n        prefill: link\n"),
        ("options: {together: 同居, apart: 別居}\n", "options: {together: 同居, apart: 別居}\n        prefill: link\n"),
    ],
    ids=["a fact about a person", "in rows"],
)
def test_a_link_says_nothing_about_a_person(folder: Path, before: str, after: str) -> None:
    assert PROCEDURE.count(before) == 1
    (folder / "procedure.yaml").write_text(PROCEDURE.replace(before, after))
    assert [one.rule for one in problems(folder)] == ["F09"]


def test_only_a_choice_is_linked(folder: Path) -> None:
    linked = PROCEDURE.replace("        label: 備考\n", "        label: 備考\n        prefill: link\n")
    (folder / "procedure.yaml").write_text(linked)
    assert ["prefill は lines 型では使えません" in one.message for one in problems(folder)] == [True]
