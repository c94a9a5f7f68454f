"""A letter from its Typst template and its data, as PDF/A-2a and PDF/UA-1, and the check of a template.

Values go in as JSON and come out as they were typed; nothing in them is read as markup. The compiler stays warm
for each thread, because a cold one costs ten times a letter.
"""

import html
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import segno
import typst

from madoguchi.ground.errors import Invalid, Problem

if TYPE_CHECKING:
    from typst import PDFStandard  # exists in the stub only

#: Archived for ever (PDF/A-2a, ISO 19005-2) and readable by everyone (PDF/UA-1, ISO 14289-1); docs/adr says why both.
STANDARDS: Final[tuple["PDFStandard", ...]] = ("a-2a", "ua-1")

#: Family names as ``fc-list`` prints them, and the Debian package each comes in.
FONTS: Final = {
    "BIZ UDMincho": "fonts-morisawa-bizud-mincho",
    "BIZ UDPGothic": "fonts-morisawa-bizud-gothic",
    "BIZ UDGothic": "fonts-morisawa-bizud-gothic",
    "IPAmjMincho": "fonts-ipamj-mincho",
}

#: Where Typst would look for packages of the network: nowhere.
_NO_PACKAGES: Final = "/nonexistent"


class Finding(NamedTuple):
    """What is wrong with a template: path from the root, line and column from 1 (0 where there is none)."""

    path: str
    line: int
    column: int
    code: str
    message: str
    instead: str = ""

    def __str__(self) -> str:
        arrow = f"\n    → {self.instead}" if self.instead else ""
        return f"{self.path}:{self.line}: {self.message}{arrow}"


class BrokenLetter(Invalid):
    """The template cannot be set: a fault of the catalogue, not of who asked. ``findings`` says file and line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(
            "letter-broken",
            "通知書のひな形に誤りがあり、発行できません（%(path)s %(line)d行目）。カタログの担当者に知らせてください。",
            {"path": first.path, "line": first.line},
        )
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))


# --- setting a letter -------------------------------------------------------------------------------------------


@cache
def _fonts() -> typst.Fonts:
    fonts = typst.Fonts()
    if missing := sorted(set(FONTS) - set(fonts.families())):
        packages = " ".join(sorted({FONTS[name] for name in missing}))
        raise RuntimeError(f"letters need the fonts {', '.join(missing)}: apt-get install {packages}")
    return fonts


class _Warm(threading.local):
    """One compiler for each root and thread: a compiler serves one call at a time."""

    def __init__(self) -> None:
        self.compilers: dict[Path, typst.Compiler] = {}

    def compiler(self, root: Path) -> typst.Compiler:
        if root not in self.compilers:
            self.compilers[root] = typst.Compiler(
                root=str(root), font_paths=_fonts(), package_path=_NO_PACKAGES, package_cache_path=_NO_PACKAGES
            )
        return self.compilers[root]


_warm = _Warm()


def render(
    root: Path,
    template: str,
    data: Mapping[str, object],
    *,
    standards: Sequence["PDFStandard"] = STANDARDS,
    at: datetime | None = None,
) -> bytes:
    """The PDF of ``template`` (a path under ``root``, the catalogue) with ``data`` (keys: catalogue/letters/README.md).

    ``at`` is the moment written into the file, so that the same letter has the same bytes. Raises
    :class:`BrokenLetter` for a template in error, Invalid ``letter-unprintable`` with the paths of values that hold
    a character no font can print.
    """
    pdf, _ = _compile(root.resolve(), template, data, standards, at)
    return pdf


def _compile(
    root: Path,
    template: str,
    data: Mapping[str, object],
    standards: Sequence["PDFStandard"] = STANDARDS,
    at: datetime | None = None,
) -> tuple[bytes, list[typst.TypstWarning]]:
    values = json.dumps(data, ensure_ascii=False, default=str)
    try:
        values.encode()
    except UnicodeEncodeError as error:
        raise _unprintable(data, {values[error.start]}) or ValueError("not Unicode") from None
    try:
        pdf, warnings = _warm.compiler(root).compile_with_warnings(
            input=str(root / template),
            format="pdf",
            sys_inputs={"data": values},
            pdf_standards=list(standards),
            timestamp=at.replace(microsecond=0) if at else None,
        )
    except typst.TypstError as error:
        unprintable = _unprintable(data, set(_characters(error.diagnostic)))
        if unprintable is not None:
            raise unprintable from None
        raise BrokenLetter(list(_findings(root, template, error.diagnostic, "typst"))) from None
    return cast(bytes, pdf), warnings


_UNPRINTABLE: Final = re.compile(r"the text `\"(.+?)\"` could not be displayed")
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-f]+)\}")


def _characters(diagnostic: str) -> Iterator[str]:
    for text in _UNPRINTABLE.findall(diagnostic):
        yield from _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)


def _unprintable(data: Mapping[str, object], characters: set[str]) -> Invalid | None:
    """Which values hold the characters. These were typed by a person, so they stay out of the message."""
    paths = [path for path, text in _texts(data) if characters & set(text)]
    if not paths:
        return None
    problem = Problem("letter-unprintable", "通知書に印字できない文字があります。別の文字で入力してください。")
    return Invalid(
        "letter-unprintable",
        "通知書に印字できない文字を含む項目があります。文字を直すと発行できます。",
        fields=dict.fromkeys(paths, problem),
    )


def _texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{path}.{number}")


_DIAGNOSTIC: Final = re.compile(
    r"^(?:error|warning): (?P<message>.*)\n(?:\s*┌─ (?P<path>.*?):(?P<line>\d+):(?P<column>\d+))?", re.MULTILINE
)
_HINT: Final = re.compile(r"= hint: (.*)")


def _findings(root: Path, template: str, diagnostic: str, code: str) -> Iterator[Finding]:
    starts = list(_DIAGNOSTIC.finditer(diagnostic))
    for this, following in zip(starts, [*starts[1:], None], strict=True):
        path = template
        if this["path"]:
            where = Path(this["path"]).resolve()
            path = str(where.relative_to(root)) if where.is_relative_to(root) else this["path"]
        hint = _HINT.search(diagnostic, this.end(), following.start() if following else len(diagnostic))
        message = this["message"].replace(f"{root}/", "")
        line, column = int(this["line"] or 0), int(this["column"] or 0)
        yield Finding(path, line, column, code, message, hint[1] if hint else "")
    if not starts:
        yield Finding(template, 0, 0, code, diagnostic.strip().partition("\n")[0])


def qr(text: str) -> str:
    """A QR code (error correction M, without the quiet zone: the letter leaves it) as SVG."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, border=0, omitsize=True)
    return drawn.getvalue().decode()


_TITLE: Final = re.compile(rb"<dc:title><rdf:Alt><rdf:li[^>]*>(.*?)</rdf:li>", re.DOTALL)


def title_of(pdf: bytes) -> str:
    """The title that the template set (XMP ``dc:title``); empty where it has none."""
    found = _TITLE.search(pdf)
    return html.unescape(found[1].decode()) if found else ""


class Made(NamedTuple):
    """What a file says of its own making: its title, and when."""

    title: str
    at: datetime


_KEYWORDS: Final = re.compile(rb"<pdf:Keywords>(.*?)</pdf:Keywords>", re.DOTALL)
_MADE: Final = re.compile(rb"<xmp:ModifyDate>(.*?)</xmp:ModifyDate>", re.DOTALL)


def sheet_of(pdf: bytes, kind: str) -> Made | None:
    """The making of a file whose keywords are ``kind``; None of any other. Trust it where the signature holds."""
    keywords, made = _KEYWORDS.search(pdf), _MADE.search(pdf)
    if keywords is None or made is None or html.unescape(keywords[1].decode()) != kind:
        return None
    return Made(title_of(pdf), datetime.fromisoformat(made[1].decode()))


def text_of(pdf: bytes) -> str:
    """The words of a letter without any white space: for asking whether it says a thing, wherever its lines break."""
    from pypdf import PdfReader  # here, because only the check reads letters back

    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages))


def says(pdf_text: str, words: str) -> bool:
    """Whether a letter (its :func:`text_of`) says ``words``."""
    return re.sub(r"\s", "", words) in pdf_text


# --- the check of a template ------------------------------------------------------------------------------------

_FORBIDDEN: Final = (
    (
        re.compile(r"@(?:preview|local)/"),
        "letter-package",
        "@preview のパッケージはネットワークから読み込まれます",
        "/letters/letter.typ にある部品で書きます",
    ),
    (
        re.compile(r"(?<![\w-])eval\("),
        "letter-eval",
        "eval は値を書式として実行します",
        "値はそのまま #data.… と書きます",
    ),
)
_PLACE: Final = re.compile(r"\{[a-z_]+\}")
_COMMENT: Final = re.compile(r"(?<!:)//.*")
#: A 証明書 is shown to others: it prints neither 理由 nor 教示, and so it may only grant.
_CERTIFICATE: Final = re.compile(r"^#show: certificate\b", re.MULTILINE)


def check_letter(root: Path, template: str, data: Mapping[str, object]) -> list[Finding]:
    """What keeps ``template`` from going out with ``data``; empty when it is good.

    Beyond what the compiler sees (PDF/A and PDF/UA included): no network package, no ``eval``, a title, and that it
    prints the addressee, the number, every reason (理由の提示) and every remedy (教示) that the data holds. A
    certificate that grants what was asked prints neither of the last two.
    """
    root = root.resolve()
    path = root / template
    if not path.is_file():
        instead = "ファイルを作るか、procedure.yaml の letter: を直します"
        return [Finding(template, 0, 0, "letter-missing", "通知書のひな形がありません", instead)]
    findings = [
        Finding(template, number, found.start() + 1, code, message, instead)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for pattern, code, message, instead in _FORBIDDEN
        if (found := pattern.search(_COMMENT.sub("", line)))
    ]
    if findings:
        return findings
    try:
        pdf, warnings = _compile(root, template, data)
    except BrokenLetter as broken:
        return list(broken.findings)
    except Invalid as refused:
        message = f"印字できない文字を含む値があります（{'、'.join(sorted(refused.fields))}）"
        return [Finding(template, 0, 0, refused.code, message, "見本の値を直します")]
    for warning in warnings:
        findings += _findings(root, template, warning.diagnostic, "typst-warning")
    if not title_of(pdf):
        instead = '#show: letter.with(title: "…") で始めます'
        findings.append(Finding(template, 1, 0, "letter-title", "通知書に題名がありません", instead))
    text = text_of(pdf)
    if unfilled := sorted({place for one in _strings_at(data, "remedies") for place in _PLACE.findall(one)}):
        message = f"教示に {'、'.join(unfilled)} が残っています"
        findings.append(Finding(template, 1, 0, "letter-unfilled", message, "市の名前で埋めてから渡します"))
    printed = [("to.name", "宛名"), ("letter.number", "文書番号"), ("reasons", "理由"), ("remedies", "教示")]
    if _CERTIFICATE.search(path.read_text(encoding="utf-8")) and _grants(data):
        printed = printed[:2]
    for key, label in printed:
        if not all(says(text, words) for words in _strings_at(data, key)):
            instead = "#show: letter.with(…) を使い、本文だけを書きます"
            findings.append(Finding(template, 1, 0, "letter-silent", f"{label}（{key}）が印字されません", instead))
    return findings


def _grants(data: Mapping[str, object]) -> bool:
    decision = data.get("decision")
    return isinstance(decision, Mapping) and decision.get("granted") is True


def _strings_at(data: Mapping[str, object], key: str) -> list[str]:
    value: object = data
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, Sequence) else []
