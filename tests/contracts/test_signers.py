"""What every signer must keep. Runs by itself for each one that registers in ``messages.ports.SIGNERS``.

A bridge brings ``madoguchi/bridges/<name>/tests/harness.py`` with ``signer()`` and ``stranger()``: the same signer with
a key of the city and with somebody else's.
"""

import asyncio
import json
import threading
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import cast

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from madoguchi.messages.ports import SIGNERS, Signer
from madoguchi.messages.rules import letters

pytestmark = pytest.mark.parametrize("name", list(SIGNERS))


def harness(name: str) -> ModuleType:
    return import_module(f"{SIGNERS.get(name).__module__.rpartition('.')[0]}.tests.harness")


@cache
def signer(name: str) -> Signer:
    return cast(Signer, harness(name).signer())


@cache
def letter(number: int = 1) -> bytes:
    data = json.loads((settings.CATALOGUE / "letters" / "sample.json").read_text(encoding="utf-8"))
    data["letter"]["number"] = f"大子第{number}号"
    return letters.render(settings.CATALOGUE, "letters/sample.typ", data)


@cache
def signed(name: str) -> bytes:
    return signer(name).sign(letter())


def test_a_signed_file_begins_with_the_unsigned_one_and_says_the_same(name: str) -> None:
    assert signed(name).startswith(letter())
    assert letters.text_of(signed(name)) == letters.text_of(letter())
    assert letters.title_of(signed(name)) == letters.title_of(letter())


def test_a_signed_file_is_intact_and_names_its_signer(name: str) -> None:
    found = signer(name).inspect(signed(name))
    assert found.state == "intact"
    assert found.signer
    assert signer(name).name


def test_a_batch_is_signed_letter_by_letter(name: str) -> None:
    batch = [signer(name).sign(letter(number)) for number in range(5)]
    assert len(set(batch)) == 5
    assert {signer(name).inspect(one).state for one in batch} == {"intact"}


def test_the_signature_of_one_letter_does_not_fit_another(name: str) -> None:
    one, two = (signer(name).sign(letter(number)) for number in (1, 2))
    assert signer(name).inspect(letter(2) + one[len(letter(1)) :]).state == "altered"
    assert signer(name).inspect(letter(1) + two[len(letter(2)) :]).state == "altered"


def test_an_unsigned_file_has_no_signature(name: str) -> None:
    assert signer(name).inspect(letter()).state == "none"


def test_the_signature_of_another_key_is_foreign(name: str) -> None:
    assert signer(name).inspect(harness(name).stranger().sign(letter())).state == "foreign"


@examples(deadline=None, max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@example(place=0.0, bit=0)
def test_no_altered_bit_of_a_letter_stays_intact(name: str, place: float, bit: int) -> None:
    file = bytearray(signed(name))
    file[int(place * len(letter()))] ^= 1 << bit
    assert signer(name).inspect(bytes(file)).state != "intact"


@pytest.mark.parametrize("cut", [1, 100, 5000, 20000])
def test_a_file_cut_short_or_continued_is_not_intact(name: str, cut: int) -> None:
    assert signer(name).inspect(signed(name)[:-cut]).state != "intact"
    assert signer(name).inspect(signed(name) + b" " * cut).state != "intact"
    assert signer(name).inspect(signed(name) + signed(name)[-cut:]).state != "intact"


@examples(deadline=None)
@given(st.binary(max_size=500), st.booleans())
def test_any_bytes_get_an_answer(name: str, junk: bytes, head: bool) -> None:
    assert signer(name).inspect((b"%PDF-1.7\n" if head else b"") + junk).state == "none"


def test_several_threads_sign_at_once(name: str) -> None:
    done: list[str] = []

    def sign(number: int) -> None:
        done.append(signer(name).inspect(signer(name).sign(letter(number))).state)

    threads = [threading.Thread(target=sign, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["intact"] * 4


def test_signing_works_where_an_event_loop_runs(name: str) -> None:
    async def inside() -> bytes:
        return signer(name).sign(letter())

    assert signer(name).inspect(asyncio.run(inside())).state == "intact"
