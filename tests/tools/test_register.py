"""The invented register, and what is reported of its import: readable as the city's layout says, and without a name."""

import json
from pathlib import Path

import pytest

from madoguchi.events import SYSTEM
from madoguchi.facts.actions import import_register, permit
from madoguchi.facts.rules.register import CONFIDENTIAL, HOUSEHOLD, Line, read
from madoguchi.facts.tests.registers import MATCH
from madoguchi.ground import clock
from madoguchi.procedures.queries import register
from madoguchi.site import cli, reporting
from madoguchi.site.sample.register import write


def lines(file: Path) -> list[Line]:
    with file.open(encoding="utf-8", newline="") as stream:
        found = list(read(register("residents"), stream))
    assert all(isinstance(one, Line) for one in found)
    return [one for one in found if isinstance(one, Line)]


def test_the_same_seed_gives_the_same_register_and_every_line_is_read(tmp_path: Path) -> None:
    one, other, another = (tmp_path / name for name in ("1.csv", "2.csv", "3.csv"))
    assert [write(one, 1500, 1), write(other, 1500, 1), write(another, 1500, 2)] == [1500] * 3
    assert one.read_bytes() == other.read_bytes() != another.read_bytes()
    told = lines(one)
    assert len(told) == 1500
    households = {str(line.told[HOUSEHOLD].value) for line in told}
    assert 500 < len(households) < 900
    assert any(line.told[CONFIDENTIAL].value is True for line in told)
    assert any("〓" in str(line.told["person.full_name"].value) for line in told)


@pytest.mark.django_db
def test_a_report_says_what_did_not_match_and_names_nobody(tmp_path: Path) -> None:
    permit([MATCH], by=SYSTEM)
    file = tmp_path / "residents.csv"
    write(file, 40, 1)
    text = file.read_text(encoding="utf-8").splitlines(keepends=True)
    name = text[3].split(",")[1]
    text[3] = text[3].replace(text[3].split(",")[3], "31990", 1)
    file.write_text("".join(text), encoding="utf-8")
    report = import_register(register("residents"), file, clock.today(), by=SYSTEM, operator="operator")
    shown, told = reporting.as_text(report), json.loads(reporting.as_json(report))
    assert "4行目「生年月日」: 日付が EYYYYMMDD の形ではありません" in shown
    assert (told["read"], told["new"], told["refused"], told["operator"]) == (40, 39, 1, "operator")
    assert told["refused_lines"] == [{"line": 4, "column": "生年月日", "why": "日付が EYYYYMMDD の形ではありません"}]
    assert told["day"] == str(clock.today())
    assert name not in shown + str(told)


def test_a_file_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["register", "import", str(tmp_path / "x.csv")])
    assert "--day" in capsys.readouterr().err
