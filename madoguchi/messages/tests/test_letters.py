import re
import threading
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from madoguchi.ground.errors import Invalid
from madoguchi.messages.rules import letters
from madoguchi.messages.tests.letter_sample import CATALOGUE, sample

#: What means something to Typst, in among what people are called.
HOSTILE = "#$\\@<>[]{}*_`~'\"-=+/|&;:.,()!?%^0aZ あいアー漢字髙﨑𠮷邉"
names = st.text(st.sampled_from(HOSTILE), min_size=1, max_size=24).filter(str.strip)


def words_of(data: dict[str, Any], template: str = "letters/sample.typ") -> str:
    return letters.text_of(letters.render(CATALOGUE, template, data))


@settings(deadline=None, max_examples=30)  # each example sets and reads a whole letter
@given(name=names, reason=names)
@example(name="#panic()", reason='#read("/letters/letter.typ")')
@example(name="*太*_字_", reason="$x^2$ <label> @ref")
@example(name="[#sys.inputs]", reason="\\#let x = 1 // not a comment")
@example(name="= 見出し", reason="- 箇条\\ 書き")
def test_what_a_person_typed_prints_as_typed(name: str, reason: str) -> None:
    words = words_of(sample(to__name=name, reasons=[reason]))
    assert letters.says(words, name)
    assert letters.says(words, reason)


@pytest.mark.parametrize(
    "name",
    [
        "髙橋 﨑子",
        "𠮷野家 太郎",
        "渡邉 渡邊 渡辺",
        "葛󠄀城 葛󠄁飾",
        "辻󠄀本 祇󠄁園",
        "神﨑",
        "凜 冴 彅",
        "𡈽屋",
        "佐々木 〆",
        "ヷヸヹヺ",
    ],
)
def test_characters_of_the_family_register_print(name: str) -> None:
    words = words_of(sample(to__name=name))
    base = re.sub("[\U000e0100-\U000e01ef]", "", name)
    assert letters.says(re.sub("[\U000e0100-\U000e01ef]", "", words), base)


def test_a_variation_selector_chooses_the_font_that_knows_it() -> None:
    plain = letters.render(CATALOGUE, "letters/sample.typ", sample(to__name="葛城"))
    chosen = letters.render(CATALOGUE, "letters/sample.typ", sample(to__name="葛\U000e0100城"))
    assert b"IPAmj" not in plain
    assert b"IPAmj" in chosen


@pytest.mark.parametrize("character", ["😀", "\x00", "\x07", "\ue000", "\ufffe", "한", "ส", "\ud800"])
def test_what_no_font_can_print_is_refused_with_its_place_and_without_itself(character: str) -> None:
    with pytest.raises(Invalid) as refused:
        letters.render(CATALOGUE, "letters/sample.typ", sample(to__name=f"見本{character}花子"))
    assert refused.value.code == "letter-unprintable"
    assert list(refused.value.fields) == ["to.name"]
    assert character not in f"{refused.value}{refused.value.params}{refused.value.fields}"


def test_a_very_long_name_wraps_and_stays_whole() -> None:
    name = "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処に住む処" * 4
    data = sample(to__name=name)
    data["answers"]["person"]["full_name"] = "Wolfeschlegelsteinhausenbergerdorff" * 3
    words = words_of(data)
    assert letters.says(words, name)
    assert letters.says(words, "Wolfeschlegelsteinhausenbergerdorff" * 3)


@pytest.mark.parametrize("children", range(2, 16))
@pytest.mark.parametrize("reasons", [0, 2, 5, 40])
def test_wherever_the_page_breaks_the_tags_hold(children: int, reasons: int) -> None:
    data = sample(reasons=[f"{number}番目の理由です。" for number in range(reasons)])
    data["answers"]["child"] = [{"full_name": "見本 一郎", "date_of_birth": "2019-05-01"}] * children
    assert letters.render(CATALOGUE, "letters/sample.typ", data).startswith(b"%PDF")


def test_twelve_children_go_over_the_page_and_the_header_goes_with_them() -> None:
    data = sample(
        reasons=[f"見本 {number}子さんは3歳以上のため、月額10,000円です（児童手当法第6条）。" for number in range(12)]
    )
    data["answers"]["child"] = [
        {"full_name": f"見本 {number}子", "date_of_birth": f"20{number + 10}-05-01"} for number in range(12)
    ]
    pdf = letters.render(CATALOGUE, "letters/sample.typ", data)
    pages = [re.sub(r"\s", "", page.extract_text()) for page in PdfReader(BytesIO(pdf)).pages]
    assert len(pages) == 2
    assert "2/2" in pages[1]
    assert data["letter"]["number"] in pages[1]
    assert all(child["full_name"].replace(" ", "") in "".join(pages) for child in data["answers"]["child"])
    assert "確認コード" in pages[1]

    data["answers"]["child"] *= 4
    pages = [
        re.sub(r"\s", "", page.extract_text())
        for page in PdfReader(BytesIO(letters.render(CATALOGUE, "letters/sample.typ", data))).pages
    ]
    assert "お子さんの氏名生年月日" in pages[1]


def test_the_file_says_what_it_is() -> None:
    pdf = letters.render(CATALOGUE, "letters/sample.typ", sample())
    catalog: Any = PdfReader(BytesIO(pdf)).trailer["/Root"]
    assert letters.title_of(pdf) == "児童手当認定通知書"
    assert catalog["/Lang"] == "ja-JP"
    assert catalog["/MarkInfo"]["/Marked"].value is True
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


def test_the_tables_and_the_code_are_tagged() -> None:
    pdf = letters.render(CATALOGUE, "letters/sample.typ", sample())
    objects = [one.get_object() for one in _structure(PdfReader(BytesIO(pdf)))]
    kinds = [str(one.get("/S")) for one in objects]
    assert kinds.count("/TH") == 4
    assert [one["/Alt"][:7] for one in objects if one.get("/S") == "/Figure"] == ["この文書が本物"]
    assert {"/Title", "/H1"} & set(kinds)


def _structure(reader: PdfReader) -> list[Any]:
    found: list[Any] = []
    root: Any = reader.trailer["/Root"]
    waiting: list[Any] = [root["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if "/S" in node:
                found.append(node)
            if "/K" in node:
                waiting.append(node["/K"])
    return found


def test_the_same_letter_has_the_same_bytes() -> None:
    at = datetime(2026, 4, 20, tzinfo=UTC)
    assert letters.render(CATALOGUE, "letters/sample.typ", sample(), at=at) == letters.render(
        CATALOGUE, "letters/sample.typ", sample(), at=at
    )


def test_threads_set_letters_at_once() -> None:
    done: list[str] = []

    def set_one(name: str) -> None:
        for _ in range(3):
            assert letters.says(words_of(sample(to__name=name)), name)
        done.append(name)

    threads = [threading.Thread(target=set_one, args=(name,)) for name in ("一郎", "二葉", "三郎")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(["一郎", "二葉", "三郎"])


@pytest.mark.parametrize("language", ["ja", "ja-simple", "en"])
def test_a_receipt_in_every_language(language: str) -> None:
    words = words_of(sample(language=language), "letters/receipt.typ")
    assert "26-4831-0957-3" in words
    assert letters.says(words, "30 April 2026" if language == "en" else "2026年4月30日（令和8年4月30日）")
    assert letters.says(words, "1 April 2026, 09:15" if language == "en" else "令和8年4月1日）　9時15分")


def test_a_receipt_says_what_happens_next_also_by_itself() -> None:
    data = sample()
    del data["next"]
    assert "市役所にお越しいただく必要はありません" in words_of(data, "letters/receipt.typ")


def test_a_receipt_without_a_promised_day() -> None:
    data = sample()
    del data["case"]["promised_on"]
    assert "結果をお知らせする日" not in words_of(data, "letters/receipt.typ")


# --- the check of a template ----------------------------------------------------------------------------------------

HEAD = '#import "/letters/letter.typ": *\n#show: letter.with(title: "通知書")\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "letters").symlink_to(CATALOGUE / "letters")
    return tmp_path


def found(root: Path, source: str) -> list[letters.Finding]:
    (root / "mine.typ").write_text(source, encoding="utf-8")
    return letters.check_letter(root, "mine.typ", sample())


def test_signs_of_punctuation_in_a_row_do_not_lie_on_one_another(root: Path) -> None:
    row = "measure(text(font: sans)[域）」（総務]).width"  # three characters and three signs, two of them set closer
    assert found(root, f"{HEAD}#context assert({row} > 4.9em.to-absolute())") == []


@pytest.mark.parametrize("template", ["letters/sample.typ"])
def test_our_own_templates_are_good(template: str) -> None:
    assert letters.check_letter(CATALOGUE, template, sample()) == []


@pytest.mark.parametrize(
    ("source", "line", "code", "message"),
    [
        (HEAD + "\n#data.answers.nobody.name", 4, "typst", "nobody"),
        (HEAD + "#facts((1, 2)", 3, "typst", "unclosed"),
        (HEAD + '#image(bytes(data.verify.qr), format: "svg")', 3, "typst", "missing alt text"),
        (HEAD + "== 節\n", 3, "typst", "heading"),
        (HEAD + '#image("seal.png", alt: "印")', 3, "typst", "not found"),
        (HEAD + '#import "@preview/cetz:0.4.0"', 3, "letter-package", "ネットワーク"),
        (HEAD + "#eval(data.to.name)", 3, "letter-eval", "書式"),
        (HEAD + '#text(font: "Comic")[あ]', 3, "typst-warning", "unknown font family"),
        ('#set document(title: "題名")\n#set text(font: "BIZ UDMincho", lang: "ja")\n本文', 1, "letter-silent", "宛名"),
        ('#set text(font: "BIZ UDMincho", lang: "ja")\n本文', 0, "typst", "title"),
    ],
)  # fmt: skip
def test_a_bad_template_is_named_with_its_line(root: Path, source: str, line: int, code: str, message: str) -> None:
    findings = found(root, source)
    assert any((one.line, one.code) == (line, code) and message in one.message for one in findings), findings
    assert all(one.path == "mine.typ" for one in findings)


def test_a_remedy_with_a_gap_in_it_is_named() -> None:
    data = sample(remedies=["{mayor}に対して審査請求をすることができます。"])
    assert [one.code for one in letters.check_letter(CATALOGUE, "letters/sample.typ", data)] == ["letter-unfilled"]


def test_a_missing_template_is_named(root: Path) -> None:
    assert [one.code for one in letters.check_letter(root, "none.typ", sample())] == ["letter-missing"]


def test_rendering_a_broken_template_says_where(root: Path) -> None:
    (root / "mine.typ").write_text(HEAD + "\n\n#nothing\n", encoding="utf-8")
    with pytest.raises(letters.BrokenLetter) as broken:
        letters.render(root, "mine.typ", sample())
    assert broken.value.params == {"path": "mine.typ", "line": 5}
    assert str(broken.value).startswith("mine.typ:5: unknown variable: nothing")


def test_an_edited_template_is_read_again(root: Path) -> None:
    assert found(root, HEAD + "#oops") != []
    assert found(root, HEAD + "よし") == []


def test_a_template_cannot_read_outside_the_catalogue(root: Path) -> None:
    assert found(root, HEAD + '#read("../../../../../etc/passwd")') != []
    assert found(root, HEAD + '#read("/etc/passwd")') != []


@settings(deadline=None)
@given(url=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=120))
def test_any_address_becomes_a_code(url: str) -> None:
    assert letters.qr(url).startswith("<svg")
