"""Whether whoever is signed in is the one who was named, and what a confirmation is bound to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madoguchi.procedures.rules.cosigning import Part, agreement, parts
from madoguchi.procedures.rules.examples import answers_of, in_memory
from madoguchi.procedures.tests.shipped import catalogue

NAME, BORN, ADDRESS = "髙橋 太郎", "1988-11-03", "taro@example.jp"


def part(**more: Any) -> Part:
    said = {"row": None, "name": NAME, "birthday": BORN, "email": ADDRESS, "email_path": "e", "cells": (), "digest": ""}
    return Part(**{**said, **more})


def card(name: str = "", born: str = "") -> dict[str, str]:
    return {key: value for key, value in (("person.full_name", name), ("person.date_of_birth", born)) if value}


@pytest.mark.parametrize(
    ("named", "known", "address", "agreed"),
    [
        (part(), card(NAME, BORN), "", ("birthday", "name")),
        (part(), card("高橋　太郎", BORN), ADDRESS, ("birthday", "name", "address")),
        (part(), card("別姓 太郎", BORN), "", ("birthday",)),
        (part(), card(NAME, "1988-11-04"), ADDRESS, ()),  # a birthday that differs is another person
        (part(), card("別姓 太郎"), ADDRESS, ()),
        (part(), card(NAME), ADDRESS, ()),  # nor is one whose birthday nobody vouches for
        (part(birthday=""), card(NAME, BORN), "", ("name",)),
        (part(birthday=""), card("別姓 太郎", BORN), ADDRESS, ()),
        (part(), {}, "TARO@example.jp", ("address",)),
        (part(), {}, "jiro@example.jp", ()),
        (part(), {}, "", ()),
    ],
)
def test_who_was_named(named: Part, known: dict[str, str], address: str, agreed: tuple[str, ...]) -> None:
    assert agreement(named, known, address) == agreed


@given(st.text(max_size=8), st.dates(), st.text(max_size=8))
def test_nobody_else_is_taken_for_them(name: str, born: Any, address: str) -> None:
    if born.isoformat() != BORN:
        assert agreement(part(), card(name, born.isoformat()), address) == ()


def test_a_confirmation_is_bound_to_what_was_seen_and_to_nothing_else() -> None:
    loaded = catalogue()
    package = loaded.packages["childcare-place"]
    form, node = in_memory(package, loaded.facts).form, package.graph["partner"]
    answers = answers_of(package.examples["second-wish-offered"])
    (before,) = parts(form, node, answers)
    assert before.name == "見本 太郎"
    for path in before.paths:
        name, _, inner = path.partition(".")
        changed = {**answers, name: {**answers[name], inner: "別のもの"} if inner else "別のもの"}
        assert [one.digest == before.digest for one in parts(form, node, changed)] == [False], path
    for name, value in (("sibling", True), ("partner_email", "x@example.jp"), ("wish_1", "nursery-6")):
        (after,) = parts(form, node, {**answers, name: value})
        assert after.digest == before.digest, name
    assert parts(form, node, {**answers, "person": {**answers["person"], "has_partner": False}}) == []
