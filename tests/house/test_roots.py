"""Test certificates cannot be overlooked: the operator's check fails, a node that serves residents does not start."""

import os
import subprocess
import sys
from typing import Any

import pytest

from madoguchi.site import checks


def test_the_check_of_an_operator_fails(settings: Any) -> None:
    settings.JPKI_TEST_ROOTS, settings.JPKI_ROOTS = ["root.pem"], ["real.cer"]
    (found,) = checks.signatures_are_real(None)
    assert (found.id, found.is_serious()) == ("madoguchi.E001", True)
    settings.JPKI_TEST_ROOTS, settings.JPKI_ROOTS = [], []
    assert [one.id for one in checks.signatures_are_real(None)] == ["madoguchi.W002"]
    settings.JPKI_ROOTS = ["real.cer"]
    assert checks.signatures_are_real(None) == []


@pytest.mark.parametrize(("base", "starts"), [("https://city.example.jp", False), ("http://localhost:8000", True)])
def test_a_node_with_https_does_not_start(base: str, starts: bool, var_of_their_own: Any) -> None:
    environ = {**os.environ, "MADOGUCHI_BASE_URL": base, "MADOGUCHI_JPKI_TEST_ROOTS": "root.pem", "MADOGUCHI_DEMO": ""}
    environ |= {"MADOGUCHI_VAR": str(var_of_their_own)}
    told = subprocess.run(
        [sys.executable, "-c", "import madoguchi.site.settings"], env=environ, capture_output=True, text=True
    )
    assert (told.returncode == 0) == starts
    assert starts or "MADOGUCHI_JPKI_TEST_ROOTS" in told.stderr
