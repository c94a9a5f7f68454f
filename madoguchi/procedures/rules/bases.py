"""Whether the register of legal bases holds together: catalogue/laws.yaml and the city's ordinances.yaml as one.

Apart from the rules of packages, because an entry is about all of them: what it names must exist, its days must be
those of its article, one item has no two numbers on the same day, and an ordinance gives only what ordinances give.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from madoguchi.facts.rules.delegating import KEY
from madoguchi.procedures.rules.city import City
from madoguchi.procedures.rules.document import Document, Path_, Problem, read
from madoguchi.procedures.rules.vocabulary import Article, Facts, Laws, Ordinance, Permission, Text

#: What an ordinance gives, and no statute by itself.
BY_ORDINANCE = "条例"


@dataclass(frozen=True, slots=True)
class _Entry:
    document: Document
    path: Path_
    text: Text
    article: Article
    permission: Permission


def check_bases(catalogue: Path, laws: Laws, facts: Facts, city: City | None) -> Iterator[Problem]:
    """What is wrong with the register (K04), and which ordinances nobody has compared yet (K05)."""
    procedures = {one.name for one in (catalogue / "procedures").glob("*/")}
    sections = {one.id for one in city.organisation.units()} if city else None
    files: list[tuple[Path, Mapping[str, Text]]] = [(catalogue / "laws.yaml", laws)] if laws else []
    if city is not None and city.ordinances:
        files.append((city.folder / "ordinances.yaml", city.ordinances))
    for path, texts in files:
        document = read(path)
        entries = [
            _Entry(document, (key, "articles", name, "permits", number), text, article, permission)
            for key, text in texts.items()
            for name, article in text.articles.items()
            for number, permission in enumerate(article.permits)
        ]
        for one in entries:
            yield from _names(one, procedures, facts, sections)
            yield from _kind(one, laws)
            yield from _days(one)
        yield from _doubles(entries)
        for key, text in texts.items():
            if isinstance(text, Ordinance) and key in laws:
                yield document.problem((key,), "K04", f"{key} は laws.yaml の名前です", "別の名前にします")
            if isinstance(text, Ordinance) and text.assumed:
                message = f"{text.title}は仮置きです"
                instead = "例規集で確かめ、number: と effective: を書いて assumed: を消します"
                yield document.problem((key,), "K05", message, instead, severity="note")


def _names(
    one: _Entry, procedures: Collection[str], facts: Facts, sections: Collection[str] | None
) -> Iterator[Problem]:
    said = one.permission
    wanted = (
        ("procedures", said.procedures, procedures, "手続き"),
        ("facts", said.facts, {*facts, KEY}, "事実"),
        ("offices", said.offices, sections, "課"),
    )
    for name, values, known, what in wanted:
        for number, value in enumerate(values if values != "all" and known is not None else ()):
            if known is not None and value not in known:
                close = difflib.get_close_matches(value, known, 1, 0.6)
                instead = f"{close[0]} ではありませんか" if close else f"ある{what}の名前にするか、行から消します"
                yield one.document.problem((*one.path, name, number), "K04", f"{what} {value} がありません", instead)


def _kind(one: _Entry, laws: Laws) -> Iterator[Problem]:
    said, is_ordinance = one.permission, isinstance(one.text, Ordinance)
    if is_ordinance and said.kind != BY_ORDINANCE:
        message = f"{said.kind} は法律が定めるもので、条例では登録できません"
        yield one.document.problem(
            (*one.path, "kind"), "K04", message, f"kind: {BY_ORDINANCE} にするか、laws.yaml の条に書きます"
        )
    elif not is_ordinance and said.kind == BY_ORDINANCE:
        message = "条例による根拠は、市のものです"
        yield one.document.problem((*one.path, "kind"), "K04", message, "cities/<市>/ordinances.yaml に移します")
    if is_ordinance and said.undisclosed:
        message = "ご本人に開示しないことは、条例では決められません"
        yield one.document.problem((*one.path, "undisclosed"), "K04", message, "undisclosed: の行を消します")
    if said.under is None:
        return
    key, _, article = said.under.partition("/")
    if not is_ordinance:
        yield one.document.problem(
            (*one.path, "under"), "K04", "under: は条例の登録にだけ書きます", "under: の行を消します"
        )
    elif key not in laws or article not in laws[key].articles:
        there = [f"{law}/{name}" for law, text in laws.items() for name in text.articles]
        close = difflib.get_close_matches(said.under, there, 1, 0.6)
        instead = f"{close[0]} ではありませんか" if close else "laws.yaml に、その条の言うことを書きます"
        yield one.document.problem((*one.path, "under"), "K04", f"{said.under} が laws.yaml にありません", instead)


def _days(one: _Entry) -> Iterator[Problem]:
    said = one.permission
    if said.until is not None and said.until < said.since:
        message, instead = f"終わりの日 {said.until} が、始まりの日 {said.since} より前です", "日を直します"
        yield one.document.problem((*one.path, "until"), "K04", message, instead)
    effective = [one.article.effective, one.text.effective if isinstance(one.text, Ordinance) else None]
    begins = max((day for day in effective if day is not None), default=None)
    if begins is not None and said.since < begins:
        message = f"施行の日（{begins}）より前から見られることになっています"
        yield one.document.problem((*one.path, "since"), "K04", message, f"since: {begins} か、それより後にします")


def _doubles(entries: list[_Entry]) -> Iterator[Problem]:
    """Two entries of one text for the same reading on the same day: an item that moved has left its old number."""
    for number, one in enumerate(entries):
        for other in entries[:number]:
            if one.text is other.text and _same(one.permission, other.permission):
                where = other.path[2]
                line, _ = other.document.at(*other.path)
                message = f"{where}（{line} 行目）と同じものを、同じ日に認めています"
                yield one.document.problem(one.path, "K04", message, "号が動いたのなら、前の方に until: を書きます")
                break


def _same(one: Permission, other: Permission) -> bool:
    alike = ("purpose", "kind", "undisclosed", "confidential")
    return (
        all(getattr(one, name) == getattr(other, name) for name in alike)
        and all(_meet(getattr(one, name), getattr(other, name)) for name in ("procedures", "facts", "offices"))
        and one.since <= (other.until or date.max)
        and other.since <= (one.until or date.max)
    )


def _meet(one: Collection[str], other: Collection[str]) -> bool:
    return "all" in (one, other) or bool(set(one) & set(other))
