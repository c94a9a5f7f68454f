"""How a partner proves itself, and how nobody else does."""

import base64
import datetime as dt
import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.feeds.oauth import MOST_FAILURES
from madoguchi.feeds.tests.conftest import MakePartner
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid
from madoguchi.ground.ids import uuid7
from madoguchi.people import actions, queries
from madoguchi.people.models import Partner, PartnerSecret, PartnerToken

pytestmark = pytest.mark.django_db
GRANT = {"grant_type": "client_credentials"}


def ask(form: dict[str, str] | None = None, path: str = "token", **headers: str) -> Any:
    return Client().post(f"/oauth/{path}", GRANT | (form or {}), headers=headers)


def basic(client_id: object, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def claims(partner: Partner, **more: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    standard = {"iss": str(partner.pk), "sub": str(partner.pk), "aud": f"{settings.BASE_URL}/oauth/token"}
    return {**standard, "iat": now, "exp": now + 300, "jti": str(uuid7()), **more}


def assertion(signed: str) -> dict[str, str]:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion_type": kind, "client_assertion": signed}


@pytest.fixture
def keyed() -> tuple[Partner, ECKey]:
    key = ECKey.generate_key("P-256")
    public = json.dumps(key.as_dict(private=False))
    partner = actions.open_partner("鍵のあるシステム", "children", ["cases:read"], ["*"], by=SYSTEM, public_key=public)
    return partner, key


def test_a_secret_opens_by_header_and_by_form(partner: MakePartner) -> None:
    one = partner(["cases:read", "procedures:read"])
    answer = ask(authorization=basic(one.partner.pk, one.secret))
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 900)
    assert told["scope"] == "cases:read procedures:read"
    assert answer["Cache-Control"] == "no-store"
    assert one.ask_token(scope="cases:read").json()["scope"] == "cases:read"
    assert PartnerToken.objects.filter(digest__contains=told["access_token"]).count() == 0
    assert Event.objects.filter(verb="partner.issue-token", actor_id=one.partner.pk, outcome="done").count() == 3


def test_nothing_that_opens_is_stored(partner: MakePartner) -> None:
    from django.db import connection

    one = partner()
    with connection.cursor() as cursor:
        for table in ("partner", "partner_secret", "partner_token", "event"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (row,) in cursor.fetchall():
                assert one.secret not in row
                assert one.token not in row


def test_more_than_was_given_is_not_issued(partner: MakePartner) -> None:
    one = partner(["cases:read"])
    before = PartnerToken.objects.count()
    for scope in ("cases:read cases:decide", "everything", "cases:read\tcases:decide", "CASES:READ"):
        answer = one.ask_token(scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope
    assert PartnerToken.objects.count() == before


def test_a_token_never_opens_more_than_its_partner_may_now(partner: MakePartner) -> None:
    one = partner(["cases:read", "procedures:read"])
    assert one.get("/procedures").status_code == 200
    actions.change_partner(one.partner, ["cases:read"], ["*"], by=SYSTEM)
    assert one.get("/procedures").json()["code"] == "scope-missing"
    narrow = partner(["cases:read", "procedures:read"])
    narrow.token = narrow.ask_token(scope="cases:read").json()["access_token"]
    assert narrow.get("/procedures").json()["code"] == "scope-missing"


def test_two_secrets_live_while_one_is_exchanged(partner: MakePartner) -> None:
    one = partner()
    actions.new_secret(one.partner, by=SYSTEM)
    second, first = queries.secrets_of(one.partner)
    assert first == one.secret
    for secret in (first, second):
        assert ask(authorization=basic(one.partner.pk, secret)).status_code == 200
    actions.new_secret(one.partner, by=SYSTEM)
    assert ask(authorization=basic(one.partner.pk, first)).status_code == 401
    assert ask(authorization=basic(one.partner.pk, second)).status_code == 200
    assert PartnerSecret.objects.filter(partner=one.partner, closed_at=None).count() == 2


def test_a_closed_partner_is_nobody_at_once(partner: MakePartner) -> None:
    one = partner()
    actions.close_partner(one.partner, by=SYSTEM)
    assert one.get("/procedures").status_code == 401
    assert one.ask_token().status_code in (400, 401)


def test_a_token_ends_by_time_and_by_revocation(partner: MakePartner) -> None:
    one, other = partner(), partner()
    by_form = {"client_id": str(one.partner.pk), "client_secret": one.secret}
    others = {"client_id": str(other.partner.pk), "client_secret": other.secret}
    told = ask({**by_form, "token": one.token}, "introspect").json()
    assert told["active"] is True
    assert told["client_id"] == str(one.partner.pk)
    assert ask({**others, "token": one.token}, "introspect").json() == {"active": False}
    assert ask({**others, "token": one.token}, "revoke").status_code == 200
    assert one.get("/procedures").status_code == 200, "another's token is not revoked"
    assert ask({**by_form, "token": one.token}, "revoke").status_code == 200
    assert one.get("/procedures").json()["code"] == "token-invalid"
    assert ask({**by_form, "token": one.token}, "introspect").json() == {"active": False}
    later = partner()
    with clock.travel(clock.now() + dt.timedelta(minutes=16)):
        assert later.get("/procedures").status_code == 401


def test_a_signed_assertion_opens_once(keyed: tuple[Partner, ECKey], partner: MakePartner) -> None:
    owner, key = keyed
    signed = jwt.encode({"alg": "ES256"}, claims(owner), key)
    first = ask(assertion(signed))
    assert first.status_code == 200, first.content
    assert ask(assertion(signed)).json()["error"] == "invalid_client"
    shared = partner()
    secret = OctKey.import_key(shared.secret)
    assert ask(assertion(jwt.encode({"alg": "HS256"}, claims(shared.partner), secret))).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://elsewhere.example/token"},
        {"exp": 1},
        {"exp": 4102444800},
        {"exp": "tomorrow"},
        {"iss": "00000000-0000-7000-8000-000000000000"},
        {"sub": "00000000-0000-7000-8000-000000000000"},
        {"sub": ["a"]},
        {"sub": None},
        {"jti": None},
        {"jti": 7},
    ],
    ids=str,
)
def test_an_assertion_that_is_not_for_us_now_opens_nothing(keyed: tuple[Partner, ECKey], wrong: dict[str, Any]) -> None:
    owner, key = keyed
    held = {name: value for name, value in claims(owner, **wrong).items() if value is not None}
    answer = ask(assertion(jwt.encode({"alg": "ES256"}, held, key)))
    assert answer.status_code in (400, 401), answer.content
    assert answer.json()["error"] == "invalid_client"
    assert PartnerToken.objects.count() == 0


def test_forged_assertions(keyed: tuple[Partner, ECKey], partner: MakePartner) -> None:
    owner, key = keyed
    public = json.dumps(key.as_dict(private=False), sort_keys=True)
    stranger = ECKey.generate_key("P-256")
    forged = [
        jwt.encode({"alg": "ES256"}, claims(owner), stranger),
        jwt.encode({"alg": "HS256"}, claims(owner), OctKey.import_key(public)),
        jwt.encode({"alg": "ES256"}, claims(owner), key)[:-8] + "AAAAAAAA",
        ".".join([base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("="), "e30", ""]),
        "not.a.token",
        "…",
        "",
    ]
    other = partner()
    forged.append(jwt.encode({"alg": "HS256"}, claims(other.partner), OctKey.import_key("not the secret of anybody")))
    before = PartnerToken.objects.count()
    for one in forged:
        assert ask(assertion(one)).status_code in (400, 401), one
    assert ask({"client_id": str(owner.pk), "client_secret": public}).status_code in (400, 401)
    assert PartnerToken.objects.count() == before


@pytest.mark.parametrize(
    "client_id", ["", "nobody", "00000000-0000-7000-8000-000000000000", "' OR 1=1 --", "見本", "\0"]
)
def test_who_is_no_partner_gets_nothing_and_leaves_a_trace(client_id: str, partner: MakePartner) -> None:
    partner()
    before = PartnerToken.objects.count()
    answer = ask({"client_id": client_id, "client_secret": "guess"})
    assert answer.status_code in (400, 401)
    assert PartnerToken.objects.count() == before
    assert client_id not in str(list(Event.objects.filter(outcome="refused").values())) or not client_id.strip("\0")


def test_guessing_is_slowed_down(partner: MakePartner) -> None:
    one = partner()
    guess = {"client_id": str(one.partner.pk), "client_secret": "guess"}
    began = (clock.now() + dt.timedelta(minutes=1)).replace(second=59)
    with clock.travel(began):
        codes = [ask(guess) for _ in range(MOST_FAILURES + 2)]
        assert codes[-1].status_code == 429
        assert codes[-1]["Retry-After"] == "60"
        assert Event.objects.filter(verb="partner.issue-token", outcome="refused").count() == MOST_FAILURES
        assert one.ask_token().status_code == 429, "also with the right secret, from that place, for this minute"
    with clock.travel(began + dt.timedelta(seconds=2)):
        assert one.ask_token().status_code == 200


def test_other_grants_do_not_exist(partner: MakePartner) -> None:
    one = partner()
    for grant in ("password", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer", ""):
        form = {"grant_type": grant, "client_id": str(one.partner.pk), "client_secret": one.secret}
        answer = Client().post("/oauth/token", form)
        assert answer.json()["error"] == "unsupported_grant_type"
    assert Client().get("/oauth/token").status_code == 405


def test_the_metadata_says_where_what_is() -> None:
    told = Client().get("/.well-known/oauth-authorization-server").json()
    assert told["issuer"] == settings.BASE_URL
    assert told["token_endpoint"] == f"{settings.BASE_URL}/oauth/token"
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]


def test_a_key_with_its_private_part_is_not_taken() -> None:
    key = ECKey.generate_key("P-256")
    for wrong in (json.dumps(key.as_dict(private=True)), json.dumps(ECKey.generate_key("P-384").as_dict()), "{}", "x"):
        with pytest.raises(Invalid):
            actions.open_partner("x", "children", ["cases:read"], ["*"], by=SYSTEM, public_key=wrong)
    assert Partner.objects.count() == 0
