"""The register of legal bases: the city's ordinances beside the statutes, and what is wrong with either."""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from madoguchi.procedures.rules import lint
from madoguchi.procedures.rules.bases import check_bases
from madoguchi.procedures.rules.city import City
from madoguchi.procedures.rules.document import BrokenPackage, Problem
from madoguchi.procedures.rules.flow import step_places
from madoguchi.procedures.rules.lint_rules import Subject
from madoguchi.procedures.rules.load import load_laws, load_ordinances
from madoguchi.procedures.rules.vocabulary import permits
from madoguchi.procedures.tests.packages import CATALOGUE, CITY, write
from madoguchi.procedures.tests.shipped import catalogue, daito

KNOWN = """
hogo-jorei:
  title: 見本市個人情報保護条例
  number: 令和5年条例第3号
  level: 条例
  effective: 2023-04-01
  articles:
    第5条:
      says: 市長は、条例で定める事務に必要な限度で、住民の記録を利用できる。
      checked: 2026-11-29
      permits:
        - purpose: look_up
          kind: 条例
          under: bango-ho/第9条第2項
          procedures: [dog-registration]
          facts: [person.registered_address]
          offices: [environment]
          since: 2023-04-01
"""


def problems(folder: Path, text: str) -> list[Problem]:
    (folder / "ordinances.yaml").write_text(text, encoding="utf-8")
    city = replace(daito(), folder=folder, ordinances=load_ordinances(folder / "ordinances.yaml"))
    return list(check_bases(CATALOGUE, catalogue().laws, catalogue().facts, city))


def test_the_shipped_register_holds_together_and_says_what_is_assumed() -> None:
    found = list(check_bases(CATALOGUE, catalogue().laws, catalogue().facts, daito()))
    assert {(one.rule, one.severity) for one in found} == {("K05", "note")}
    assumed = [one for one in daito().ordinances.values() if one.assumed]
    assert len(found) == len(assumed)
    assert all(one.number is None for one in assumed), "no number of an ordinance is invented"


def test_an_ordinance_gives_an_entry_that_is_cited_with_the_law_behind_it(tmp_path: Path) -> None:
    assert problems(tmp_path, KNOWN) == []
    (one,) = permits({}, load_ordinances(tmp_path / "ordinances.yaml"))
    assert (one.reference, one.kind, one.since) == ("hogo-jorei/第5条", "条例", dt.date(2023, 4, 1))
    every = permits(catalogue().laws, load_ordinances(tmp_path / "ordinances.yaml"))
    (cited,) = [one for one in every if one.kind == "条例"]
    assert cited.title == "見本市個人情報保護条例第5条（番号法第9条第2項による）"


def test_what_is_assumed_is_cited_as_assumed() -> None:
    [one] = permits({}, daito().ordinances)
    assert one.title.endswith("（仮置き）")


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("kind: 条例", "kind: 特定公的給付", "法律が定めるもの"),
        ("kind: 条例", "kind: 番号法", "法律が定めるもの"),
        ("kind: 条例", "kind: 開示", "法律が定めるもの"),
        ("since: 2023-04-01\n", "since: 2023-04-01\n          undisclosed: true\n", "条例では決められません"),
        ("第9条第2項", "第9条第9項", "laws.yaml にありません"),
        ("[dog-registration]", "[dog-registratoin]", "手続き dog-registratoin がありません"),
        ("registered_address]", "registered_adress]", "事実 person.registered_adress がありません"),
        ("[environment]", "[enviroment]", "課 enviroment がありません"),
        ("          since: 2023-04-01", "          since: 2022-04-01", "施行の日（2023-04-01）より前"),
        ("since: 2023-04-01\n", "since: 2023-04-01\n          until: 2023-03-31\n", "始まりの日"),
        ("hogo-jorei:", "bango-ho:", "laws.yaml の名前です"),
    ],
)
def test_what_is_wrong_with_an_ordinance_is_said_with_its_line(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    head, middle, tail = KNOWN.rpartition(was)
    assert middle
    found = problems(tmp_path, head + becomes + tail)
    assert any(said in one.message and one.rule == "K04" and one.line > 1 for one in found), found


@pytest.mark.parametrize("missing", ["  number: 令和5年条例第3号\n", "  effective: 2023-04-01\n"])
def test_an_ordinance_without_number_or_day_says_that_it_is_assumed(tmp_path: Path, missing: str) -> None:
    with pytest.raises(BrokenPackage, match="仮置き"):
        problems(tmp_path, KNOWN.replace(missing, "", 1))
    text = KNOWN.replace(missing, "  assumed: true\n", 1)
    assert [one.rule for one in problems(tmp_path, text)] == ["K05"]


def test_an_item_that_has_moved_leaves_its_old_number(tmp_path: Path) -> None:
    entry = KNOWN[KNOWN.index("        - purpose") :]
    article = KNOWN[KNOWN.index("    第5条:") :].replace("第5条", "第6条").replace(entry, "")
    moved = KNOWN + article + entry.replace("2023-04-01", "2024-05-27")
    (found,) = problems(tmp_path, moved)
    assert "第5条" in found.message
    assert "until:" in found.instead
    ended = moved.replace("since: 2023-04-01\n", "since: 2023-04-01\n          until: 2024-05-26\n")
    assert problems(tmp_path, ended) == []


def test_a_statute_does_not_speak_for_an_ordinance(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "laws.yaml").write_text(
        "mihon:\n  title: みほん法\n  number: 令和8年法律第1号\n  level: 法律\n  articles:\n    第1条:\n"
        "      says: x\n      checked: unverified\n"
        "      permits:\n        - purpose: look_up\n          kind: 条例\n          procedures: all\n"
        "          facts: all\n          since: 2026-04-01\n          under: mihon/第1条\n",
        encoding="utf-8",
    )
    found = check_bases(root, load_laws(root / "laws.yaml"), {}, None)
    assert {one.message for one in found} == {"条例による根拠は、市のものです", "under: は条例の登録にだけ書きます"}


def test_the_check_reads_the_ordinances_and_the_files_of_words(tmp_path: Path) -> None:
    root, city = write(tmp_path), tmp_path / "city"
    shutil.copytree(CITY, city)
    (root / "readings.yaml").write_text("罹災: リサイ\n", encoding="utf-8")
    (root / "help.yaml").write_text("- code: x\n", encoding="utf-8")
    (city / "ordinances.yaml").write_text("x: 1\n", encoding="utf-8")
    said = {Path(one.file).name for one in lint.check([], root, city) if one.severity == "error"}
    assert {"readings.yaml", "help.yaml", "ordinances.yaml"} <= said


def test_nothing_is_read_by_an_ordinance_that_the_city_does_not_have() -> None:
    package = catalogue().packages["disaster-certificate"]
    rule = lint.RULES["K03"].look
    assert rule is not None
    without = replace(catalogue(), laws=MappingProxyType({}))
    places = step_places(package.procedure)

    def missing(city: City) -> set[str]:
        return {one.message.split()[2] for one in rule(Subject(package, without, city, places))}

    of_the_place = {"dwelling.damage_grade", "dwelling.surveyed_on"}  # by a statute
    assert missing(daito()) == of_the_place
    assert missing(replace(daito(), ordinances={})) == {"person.registered_address", *of_the_place}
