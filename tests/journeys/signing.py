"""The app in which a resident signs, for journeys: the sample provider, with one resident and their test card."""

import datetime as dt
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from django.test import override_settings
from playwright.sync_api import expect

from madoguchi.bridges import oidc
from madoguchi.bridges.oidc.setup import register_with_sample_provider
from madoguchi.bridges.oidc.tests.conftest import ROOT, free_port, node
from madoguchi.ground import clock
from tests.journeys.residents import Visit
from tools.jpki.__main__ import make_cards

#: Lets Node live on the day of the city: its tokens bear the time, which the relying party compares with its own. The
#: browser stays in ours, so cookies end with it and not on a day.
SHIFT = """
import { ServerResponse } from 'node:http';
const set = ServerResponse.prototype.setHeader;
ServerResponse.prototype.setHeader = function (name, value) {
  const lasting = (one) => String(one).replace(/; *expires=[^;]*/i, '');
  return set.call(this, name, name.toLowerCase() === 'set-cookie' ? [value].flat().map(lasting) : value);
};
const ahead = Number(process.env.SHIFT_MS), Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) { given.length ? super(...given) : super(Real.now() + ahead); }
  static now() { return Real.now() + ahead; }
};
"""


@contextmanager
def app_of(known: Mapping[str, Any], base: str, folder: Path) -> Iterator[None]:
    """While this lasts, the city at ``base`` sends visitors to an app in which whom the card says (facts) can sign."""
    claims = {
        "name": known["person.full_name"],
        "address": known["person.registered_address"],
        "birthdate": str(known["person.date_of_birth"]),
        "gender": "unknown",
    }
    residents, preload, port = folder / "residents.json", folder / "shift.mjs", free_port()
    residents.write_text(json.dumps({"residents": [{"id": "self", "claims": claims}]}))
    preload.write_text(SHIFT)
    ahead = clock.now() - dt.datetime.now(dt.UTC)  # noqa: TID251 -- the machine's own clock is what it is ahead of
    root = make_cards(folder / "cards", residents, since=clock.now() - dt.timedelta(days=30))
    issuer = f"http://localhost:{port}/api/realms/main"
    with override_settings(OIDC_ISSUER=issuer, BASE_URL=base, JPKI_TEST_ROOTS=[str(root)]):
        clients = register_with_sample_provider(name="見本市")
        options = {"--port": port, "--clients": clients, "--residents": residents, "--cards": folder / "cards"}
        arguments = [str(one) for pair in options.items() for one in pair]
        process = subprocess.Popen(
            [node(), "--import", preload.as_uri(), "tools/idp/main.mjs", *arguments],
            cwd=ROOT,
            env={**os.environ, "SHIFT_MS": str(int(ahead.total_seconds() * 1000))},
        )
        oidc.relying_party.cache_clear()
        oidc.card_signing.cache_clear()
        try:
            for _ in range(100):
                try:
                    httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, "the app did not start"
                    time.sleep(0.1)
            yield
        finally:
            oidc.relying_party().close()
            process.terminate()
            process.wait(10)
            oidc.relying_party.cache_clear()
            oidc.card_signing.cache_clear()


def sign_in_app(visit: Visit) -> None:
    """From the page after the review to the app, there sign, and back."""
    visit.headed("電子署名をして申し込みます")
    visit.check()
    expect(visit.page.get_by_text("試験用の証明書による電子署名を受け付けています。")).to_be_visible()
    visit.page.get_by_role("link", name="デジタル認証アプリで署名する").click()
    visit.headed("どの方として署名しますか")
    visit.page.locator('button[value="self"]').click()
