"""docs/api.md says what is so: its commands are run, in order, against a server that listens."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import published
from madoguchi.events import SYSTEM
from madoguchi.people import actions, queries
from madoguchi.people.models import Subscription
from madoguchi.procedures.models import Procedure

__all__ = ["published"]

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"^```sh example\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SCOPES = re.findall(r"--scope ([a-z:]+)", TEXT)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("jq"), reason="the examples use curl and jq")
def test_the_examples_do_what_the_text_says(published: dict[str, Procedure], live_server: Any) -> None:
    partner = actions.open_partner("環境システム", "environment", SCOPES, ["dog-registration"], by=SYSTEM, level="card")
    (secret,) = queries.secrets_of(partner)
    first, *others = EXAMPLES
    begin = first.replace("BASE=http://localhost:8000 CLIENT_ID=… CLIENT_SECRET=…", "")
    given = {"BASE": live_server.url, "CLIENT_ID": str(partner.pk), "CLIENT_SECRET": secret, "PATH": "/usr/bin:/bin"}
    script = "set -euo pipefail\n" + begin + "\n".join(others)
    done = subprocess.run(["bash", "-c", script], env=given, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    case = Case.objects.get()
    assert f'"number": "{case.number}"' in done.stdout
    assert "審査" in done.stdout
    assert "whsec_" in done.stdout
    assert case.decided_at is not None
    assert Subscription.objects.get().partner_id == partner.pk
    assert "error" not in done.stderr.lower()


def test_every_scope_is_explained() -> None:
    from madoguchi.people.rules import SCOPES as KNOWN

    assert {one for one in KNOWN if f"| `{one}` |" in TEXT} == set(KNOWN)
    assert set(SCOPES) == set(KNOWN)
