"""registers/*.yaml: the city's layouts load; a wrong one says where and what to write instead."""

from dataclasses import replace
from pathlib import Path

import pytest

from madoguchi.facts.rules.register import CONFIDENTIAL, HOUSEHOLD, RELATION, UNTIL
from madoguchi.procedures.rules.document import BrokenPackage
from madoguchi.procedures.rules.registers import check_registers, load_register
from madoguchi.procedures.tests.packages import CITY
from madoguchi.procedures.tests.shipped import catalogue, daito

FACTS = catalogue().facts
FILE = CITY / "registers" / "residents.yaml"


def test_daitos_register_loads_and_knows_what_an_import_needs() -> None:
    assert list(check_registers(daito(), FACTS)) == []
    layout = load_register(FILE, FACTS)
    assert (layout.register, layout.office, layout.whole) == ("residents", "residents", True)
    assert {HOUSEHOLD, RELATION, CONFIDENTIAL, UNTIL} <= layout.columns.keys()
    assert layout.columns["person.registered_address"].since in layout.names()


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("person.sex:", "person.sexes:", "facts.yaml にありません"),
        ('"2": female', '"2": woman', "値 woman はありません"),
        ("form: EYYYYMMDD", "form: text", "型は date"),
        ("form: EYYYYMMDD", "form: YYMMDD", "form"),
        ("{column: 世帯番号}", "{column: 世帯番号, form: YYYYMMDD}", "型は text"),
        ('codes: {"0": false, "1": true}', "form: text", "選ぶ値です"),
        ("{column: 住所を定めた年月日, form: YYYYMMDD}", "{column: 住所を定めた年月日, form: kana}", "日付の列"),
        ("  person.full_name: {column: 氏名}\n", "", "person.full_name の列がありません"),
        ('codes: {"0": false, "1": true}', 'codes: {"1": true}\n    otherwise: false', "保護ありと読みます"),
        ("encoding: utf-8", "encoding: utf-16", "encoding"),
        ("number: 宛名番号\n", "", "number"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert was in text
    file = tmp_path / "residents.yaml"
    file.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(BrokenPackage) as broken:
        load_register(file, FACTS)
    assert any(said in str(one) and one.line >= 1 for one in broken.value.problems), broken.value


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenPackage, match="ファイルがありません"):
        load_register(tmp_path / "nothing.yaml", FACTS)


def test_a_layout_without_a_column_for_who_is_protected_is_warned_of(tmp_path: Path) -> None:
    folder = tmp_path / "registers"
    folder.mkdir()
    text = FILE.read_text(encoding="utf-8").partition("  person.confidential:")[0]
    (folder / "residents.yaml").write_text(text, encoding="utf-8")
    [found] = check_registers(replace(daito(), folder=tmp_path), FACTS)
    assert (found.rule, found.severity) == ("C05", "warning")
    assert "支援措置" in found.message
