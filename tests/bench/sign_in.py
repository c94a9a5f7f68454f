"""How long a sign-in by card takes, and how much of that is the provider's.

The whole round trip as a browser makes it: off to the provider (``begin``), a resident chosen there, and back: code
exchanged, id_token checked, attributes read, compared with a register of some thousand entries, person admitted, facts
stated. Beside it the provider alone (tools/idp, in a process of its own): the very same requests, made by a client
that checks and keeps nothing. Each round is somebody's first sign-in, then the same person's second one. One at a
time; medians.

    python tests/bench/sign_in.py [rounds]
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import django
import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.case import database  # noqa: E402  # after the path

CLIENT_ID, RESIDENTS = "RP00000001", 2000
RETURN_TO = "http://localhost:8000/sign-in/card/return/"


def main(rounds: int) -> None:
    with database() as url, TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings",
            "MADOGUCHI_VAR": folder,
            "MADOGUCHI_DEMO": "1",
        }
        os.environ.pop("MADOGUCHI_POOL", None)
        django.setup()
        from django.db import connections

        from madoguchi.bridges.oidc.tests.conftest import free_port
        from madoguchi.site import publishing
        from madoguchi.site.owner import make_tables

        make_tables()
        publishing.publish(lambda _: None, [], check=False)
        place, port = Path(folder), free_port()
        fill(place, rounds)
        with provider(place, port) as issuer:
            from django.conf import settings

            settings.OIDC_ISSUER = issuer
            measure(rounds, issuer)
        connections.close_all()


def fill(place: Path, rounds: int) -> None:
    """A register that is there, and a provider that knows some who stand in it."""
    import datetime as dt

    from madoguchi.bridges.oidc.setup import register_with_sample_provider
    from madoguchi.events import SYSTEM
    from madoguchi.facts.actions import import_register
    from madoguchi.facts.rules import register as rules
    from madoguchi.ground import clock
    from madoguchi.procedures.queries import register
    from madoguchi.site.sample.register import write

    (place / "static").mkdir()
    file = place / "residents.csv"
    write(file, RESIDENTS, 27218)
    import_register(register("residents"), file, clock.today() - dt.timedelta(days=1), by=SYSTEM)
    with file.open(encoding="utf-8", newline="") as stream:
        lines = [one for one in rules.read(register("residents"), stream) if isinstance(one, rules.Line)]
    known = [one for one in lines if len(CARD.keys() & one.told.keys()) == len(CARD)]
    residents = [
        {"id": str(at), "claims": {name: told(one, key) for key, name in CARD.items()}}
        for at, one in enumerate(known[: rounds + 1])
    ]
    (place / "who.json").write_text(json.dumps({"residents": residents}, ensure_ascii=False))
    register_with_sample_provider(name="見本市")


CARD = {
    "person.full_name": "name",
    "person.date_of_birth": "birthdate",
    "person.sex": "gender",
    "person.registered_address": "address",
}


def told(line: object, key: str) -> object:
    """A fact of the register as the provider hands it out."""
    value = line.told[key].value  # type: ignore[attr-defined]  # a Line
    return {"formatted": value} if key == "person.registered_address" else value


@contextmanager
def provider(place: Path, port: int) -> Iterator[str]:
    """tools/idp with these residents."""
    import subprocess

    from madoguchi.bridges.oidc.tests.conftest import node

    arguments = [
        "--port",
        str(port),
        "--clients",
        str(place / "idp" / "clients.json"),
        "--residents",
        str(place / "who.json"),
    ]
    process = subprocess.Popen([node(), "tools/idp/main.mjs", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    issuer = f"http://localhost:{port}/api/realms/main"
    try:
        for _ in range(100):
            try:
                httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


def choose(url: str, who: str) -> dict[str, str]:
    """What the browser does at the provider: the parameters that it brings back."""
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(url)
        answer = browser.post(str(answer.next_request.url), data={"resident": who})  # type: ignore[union-attr]
        while not str(answer.next_request.url).startswith(RETURN_TO):  # type: ignore[union-attr]
            answer = browser.send(answer.next_request)  # type: ignore[arg-type]
        return dict(answer.next_request.url.params)  # type: ignore[union-attr]


def ours(who: str) -> tuple[float, float]:
    """Seconds of the whole round trip, and how many of them at the provider's pages."""
    from django.test import Client

    browser, began = Client(SERVER_NAME="localhost"), time.perf_counter()
    url = browser.get("/sign-in/card/")["Location"]
    left = time.perf_counter()
    params = choose(url, who)
    there = time.perf_counter() - left
    answer = browser.get("/sign-in/card/return/", params)
    assert answer.status_code == 302, answer.content.decode()
    return time.perf_counter() - began, there


def alone(http: httpx.Client, party: object, who: str) -> float:
    """Seconds that the provider needs for the same requests. What we would sign is signed before the clock runs."""
    from authlib.oauth2.rfc7523 import private_key_jwt_sign

    registration = party.registration  # type: ignore[attr-defined]  # a RelyingParty
    url, begun = party.begin(redirect_uri=RETURN_TO)  # type: ignore[attr-defined]
    key = registration.key
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": RETURN_TO,
        "client_id": CLIENT_ID,
        "code_verifier": begun.verifier,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": private_key_jwt_sign(
            key, client_id=CLIENT_ID, token_endpoint=registration.issuer, alg="ES256",
            header={"alg": "ES256", "kid": key.kid}, claims={"jti": str(uuid4())},
        ),
    }  # fmt: skip
    base = f"{registration.issuer}/protocol/openid-connect"
    began = time.perf_counter()
    code = choose(url, who)["code"]
    token = http.post(f"{base}/token", data={**form, "code": code}).raise_for_status().json()
    http.get(f"{base}/userinfo", headers={"Authorization": f"Bearer {token['access_token']}"}).raise_for_status()
    return time.perf_counter() - began


def measure(rounds: int, issuer: str) -> None:
    from madoguchi.bridges.oidc import relying_party
    from madoguchi.facts.models import Entry, Pair
    from madoguchi.people.models import Identity

    party = relying_party()
    times: dict[str, list[float]] = {"first": [], "again": [], "pages": [], "provider": []}
    with httpx.Client(trust_env=False) as http:
        ours(str(rounds))  # discovery and keys are fetched once an hour
        for at in range(rounds):
            for which in ("first", "again"):
                whole, pages = ours(str(at))
                times[which].append(whole)
                times["pages"].append(pages)
            times["provider"].append(alone(http, party, str(at)))
    met = Entry.objects.filter(person__in=Identity.objects.values("person")).count()
    assert Identity.objects.count() == rounds + 1
    found = {name: statistics.median(values) * 1000 for name, values in times.items()}
    print(
        f"{rounds} residents and one to warm up, a register of {RESIDENTS:,}: {met} met their entry,"
        f" {Pair.objects.count()} in doubt\n"
    )
    print(f"{'median of a round trip':46}{'ms':>8}{'provider ×':>12}")
    for text, name in (
        ("provider alone (tools/idp)", "provider"),
        ("first sign-in, compared with the register", "first"),
        ("later sign-in", "again"),
    ):
        print(f"{text:46}{found[name]:>8.1f}{found[name] / found['provider']:>12.2f}")
    print(f"\nof ours at the provider's pages, ms: {found['pages']:.1f}; beyond the provider, later sign-in: "
          f"{found['again'] - found['provider']:.1f}, first: {found['first'] - found['provider']:.1f}")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
