"""Signers with keys made for the tests, for the contract of signers."""

import tempfile
from functools import cache
from pathlib import Path

from madoguchi.bridges.pades import keys
from madoguchi.bridges.pades.signer import PadesSigner


@cache
def credentials(city: str) -> keys.Credentials:
    """The credentials of a sample city, made once in a process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "city.p12"
        keys.make_sample(file, "secret", city=city)
        return keys.load(file, "secret")


def signer() -> PadesSigner:
    """The city's signer."""
    return PadesSigner(credentials("daito"))


def stranger() -> PadesSigner:
    """The signer of another city."""
    return PadesSigner(credentials("elsewhere"))
