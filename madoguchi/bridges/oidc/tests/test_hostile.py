"""What a hostile or broken provider tries, after the negative cases of the OpenID conformance suite. Each is refused,
opens no person and leaves one event.
"""

import gzip
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from madoguchi.bridges.oidc import party as rules
from madoguchi.bridges.oidc.party import RelyingParty
from madoguchi.bridges.oidc.tests.conftest import RETURN_TO
from madoguchi.bridges.oidc.tests.hostile import HostileProvider, new_key, signed
from madoguchi.bridges.oidc.tests.test_party import VISITOR, nothing_but_a_refusal
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people.actions import sign_in
from madoguchi.people.models import Identity
from madoguchi.people.ports import Transaction

Misbehave = Callable[[HostileProvider], None]
CASES: dict[str, tuple[Misbehave, str]] = {}


def case(code: str) -> Callable[[Misbehave], Misbehave]:
    """The provider misbehaves like this, and is refused with this code."""

    def add(misbehave: Misbehave) -> Misbehave:
        CASES[misbehave.__name__] = misbehave, code
        return misbehave

    return add


def says(**changed: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An honest answer with some values changed; None leaves the value out."""
    return lambda honest: {name: value for name, value in (honest | changed).items() if value is not None}


def compact(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    """A token that no library would write."""
    parts = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, signature))


# -- the signature ----------------------------------------------------------------------------------------------------


@case("sign-in-mismatch-id-token-algorithm")
def unsigned(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: compact(header | {"alg": "none"}, claims)


@case("sign-in-mismatch-id-token-algorithm")
def signed_with_the_public_key_as_a_secret(provider: HostileProvider) -> None:
    secret = provider.keys[0].as_pem(private=False)

    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = compact(header | {"alg": "HS256"}, claims)[:-1]
        return f"{text}.{urlsafe_b64encode(hmac.digest(secret, text.encode(), 'sha256')).rstrip(b'=').decode()}"

    provider.sign = sign


@case("sign-in-mismatch-id-token-algorithm")
def signed_with_rsa(provider: HostileProvider) -> None:
    key = RSAKey.generate_key(2048, {"kid": "first"})
    provider.jwks = lambda _: {"keys": [key.as_dict(private=False)]}
    provider.sign = lambda header, claims: jwt.encode(header | {"alg": "RS256"}, claims, key, algorithms=["RS256"])


@case("sign-in-mismatch-id-token-signature")
def signed_by_somebody_else(provider: HostileProvider) -> None:
    key = new_key("first")
    provider.sign = lambda header, claims: jwt.encode(header, claims, key)


@case("sign-in-mismatch-id-token-signature")
def altered_after_signing(provider: HostileProvider) -> None:
    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        honest = jwt.encode(header, claims, provider.keys[0])
        return compact(header | {"typ": "JWT"}, claims | {"sub": "somebody-else"}, honest.rsplit(".", 1)[1])

    provider.sign = sign


@case("sign-in-mismatch-id-token-key")
def signed_with_a_key_it_brings_along(provider: HostileProvider) -> None:
    key = new_key("mine")
    provider.sign = lambda header, claims: jwt.encode(
        {"alg": "ES256", "kid": "mine", "jwk": key.as_dict(private=False)}, claims, key
    )


@case("sign-in-mismatch-id-token-signature")
def signed_with_a_key_it_points_to(provider: HostileProvider) -> None:
    key = new_key("first")
    provider.sign = lambda header, claims: signed(
        json.dumps(header | {"jku": f"{provider.issuer}/mine", "x5u": f"{provider.issuer}/mine", "x5c": ["AAAA"]}),
        json.dumps(claims),
        key,
    )


@case("sign-in-mismatch-id-token-type")
def an_access_token_for_an_id_token(provider: HostileProvider) -> None:
    provider.header = says(typ="at+jwt")


@case("sign-in-mismatch-id-token-type")
def a_logout_token_for_an_id_token(provider: HostileProvider) -> None:
    provider.header = says(typ="logout+jwt")


@case("sign-in-mismatch-id-token-key-ambiguous")
def no_kid_and_several_keys(provider: HostileProvider) -> None:
    provider.keys = [new_key("first"), new_key("second")]
    provider.header = lambda _: {"alg": "ES256"}


@case("sign-in-mismatch-id-token-key-ambiguous")
def one_kid_for_two_keys(provider: HostileProvider) -> None:
    provider.keys = [new_key("same"), new_key("same")]


@case("sign-in-mismatch-id-token-key")
def a_key_that_was_never_published(provider: HostileProvider) -> None:
    provider.jwks = lambda _: {"keys": [new_key("another").as_dict(private=False)]}


@case("sign-in-mismatch-id-token-key")
def a_key_for_encryption(provider: HostileProvider) -> None:
    provider.jwks = lambda jwks: {"keys": [jwks["keys"][0] | {"use": "enc"}]}


@case("sign-in-mismatch-id-token-form")
def not_a_token(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: "見本"


@case("sign-in-mismatch-id-token-form")
def an_unknown_critical_header(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: compact(header | {"crit": ["must-know"], "must-know": 1}, claims, "AAAA")


@case("sign-in-mismatch-id-token-form")
def a_critical_header_that_is_unknown_and_truly_signed(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: signed(
        json.dumps(header | {"crit": ["b64"], "b64": False}), json.dumps(claims), provider.keys[0]
    )


@case("sign-in-mismatch-id-token-form")
def a_subject_said_twice(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: signed(
        json.dumps(header), json.dumps(claims)[:-1] + ', "sub": "somebody-else"}', provider.keys[0]
    )


@case("sign-in-mismatch-id-token-form")
def an_algorithm_said_twice(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: signed(
        '{"alg": "none", ' + json.dumps(header)[1:], json.dumps(claims), provider.keys[0]
    )


@case("sign-in-mismatch-id-token-form")
def an_expiry_without_end(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: signed(
        json.dumps(header), json.dumps(claims | {"exp": float("inf")}), provider.keys[0]
    )


@case("sign-in-mismatch-id-token-form")
def a_token_nested_without_end(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: signed("[" * 10_000, "{}", provider.keys[0])


@case("sign-in-mismatch-id-token-form")
def a_token_longer_than_any(provider: HostileProvider) -> None:
    provider.claims = says(padding="x" * 20_000)


@case("sign-in-mismatch-id-token-form")
def an_encrypted_token(provider: HostileProvider) -> None:
    provider.sign = lambda header, claims: "a.b.c.d.e"


# -- the claims -------------------------------------------------------------------------------------------------------


@case("sign-in-mismatch-id-token-iss")
def another_issuer(provider: HostileProvider) -> None:
    provider.claims = says(iss="https://idp.example.jp")


@case("sign-in-mismatch-id-token-iss")
def no_issuer(provider: HostileProvider) -> None:
    provider.claims = says(iss=None)


@case("sign-in-mismatch-id-token-aud")
def another_audience(provider: HostileProvider) -> None:
    provider.claims = says(aud="RP99999999")


@case("sign-in-mismatch-id-token-aud")
def a_second_audience(provider: HostileProvider) -> None:
    provider.claims = says(aud=["RP00000001", "RP99999999"])


@case("sign-in-mismatch-id-token-aud")
def no_audience(provider: HostileProvider) -> None:
    provider.claims = says(aud=None)


@case("sign-in-mismatch-id-token-azp")
def another_authorised_party(provider: HostileProvider) -> None:
    provider.claims = says(azp="RP99999999")


@case("sign-in-mismatch-id-token-nonce")
def another_nonce(provider: HostileProvider) -> None:
    provider.claims = says(nonce="replayed")


@case("sign-in-mismatch-id-token-nonce")
def no_nonce(provider: HostileProvider) -> None:
    provider.claims = says(nonce=None)


@case("sign-in-mismatch-id-token-sub")
def no_subject(provider: HostileProvider) -> None:
    provider.claims = says(sub=None)


@case("sign-in-mismatch-id-token-sub")
def a_subject_that_is_a_number(provider: HostileProvider) -> None:
    provider.claims = says(sub=42)


@case("sign-in-mismatch-id-token-sub")
def a_subject_too_long(provider: HostileProvider) -> None:
    provider.claims = says(sub="x" * 256)


@case("sign-in-expired-id-token")
def expired(provider: HostileProvider) -> None:
    provider.claims = says(exp=int(time.time()) - 60)


@case("sign-in-mismatch-id-token-exp")
def no_expiry(provider: HostileProvider) -> None:
    provider.claims = says(exp=None)


@case("sign-in-mismatch-id-token-exp")
def an_expiry_that_is_no_number(provider: HostileProvider) -> None:
    provider.claims = says(exp=True)


@case("sign-in-mismatch-id-token-iat")
def no_time_of_issue(provider: HostileProvider) -> None:
    provider.claims = says(iat=None)


@case("sign-in-mismatch-id-token-iat")
def issued_tomorrow(provider: HostileProvider) -> None:
    provider.claims = says(iat=int(time.time()) + 86400, exp=int(time.time()) + 90000)


@case("sign-in-expired-id-token")
def issued_an_hour_ago(provider: HostileProvider) -> None:
    provider.claims = says(iat=int(time.time()) - 3600)


@case("sign-in-mismatch-id-token-nbf")
def not_valid_yet(provider: HostileProvider) -> None:
    provider.claims = says(nbf=int(time.time()) + 3600)


@case("sign-in-mismatch-id-token-at-hash")
def another_access_token(provider: HostileProvider) -> None:
    provider.token = says(access_token="another-token")


@case("sign-in-mismatch-id-token-c-hash")
def another_code(provider: HostileProvider) -> None:
    provider.claims = says(c_hash="AAAA")


@case("sign-in-too-weak")
def a_lower_acr(provider: HostileProvider) -> None:
    provider.claims = says(acr="aal2 crl")


@case("sign-in-too-weak")
def no_acr(provider: HostileProvider) -> None:
    provider.claims = says(acr=None)


@case("sign-in-too-weak")
def revocation_not_checked(provider: HostileProvider) -> None:
    provider.claims = says(acr=["aal3"])


# -- the other documents ----------------------------------------------------------------------------------------------


@case("sign-in-mismatch-userinfo-sub")
def userinfo_of_somebody_else(provider: HostileProvider) -> None:
    provider.userinfo = says(sub="somebody-else")


@case("sign-in-mismatch-userinfo-sub")
def userinfo_of_nobody(provider: HostileProvider) -> None:
    provider.userinfo = says(sub=None)


@case("sign-in-mismatch-userinfo-refused")
def userinfo_refused(provider: HostileProvider) -> None:
    provider.status["userinfo"] = 401


@case("sign-in-mismatch-discovery-issuer")
def discovery_of_another_issuer(provider: HostileProvider) -> None:
    provider.metadata = says(issuer="https://idp.example.jp")


@case("sign-in-mismatch-discovery-endpoints")
def an_endpoint_in_the_clear(provider: HostileProvider) -> None:
    provider.metadata = says(token_endpoint="http://idp.example.jp/token")


@case("sign-in-mismatch-discovery-endpoints")
def an_endpoint_that_ends_a_line(provider: HostileProvider) -> None:
    provider.metadata = says(authorization_endpoint="https://idp.example.jp/auth\r\nSet-Cookie: a=b")


@case("sign-in-mismatch-discovery-endpoints")
def an_endpoint_that_hides_its_host(provider: HostileProvider) -> None:
    provider.metadata = says(token_endpoint="https://localhost@idp.example.jp/token")


@case("sign-in-mismatch-discovery-code-challenge")
def only_plain_pkce(provider: HostileProvider) -> None:
    provider.metadata = says(code_challenge_methods_supported=["plain"])


@case("sign-in-mismatch-discovery-id-token-signing-alg")
def only_rs256(provider: HostileProvider) -> None:
    provider.metadata = says(id_token_signing_alg_values_supported=["RS256"])


@case("sign-in-mismatch-discovery-token-endpoint-auth")
def only_a_shared_secret(provider: HostileProvider) -> None:
    provider.metadata = says(token_endpoint_auth_methods_supported=["client_secret_basic"])


@case("provider-unavailable-discovery")
def discovery_that_says_its_issuer_twice(provider: HostileProvider) -> None:
    honest = json.dumps(provider._metadata())
    provider.body["openid-configuration"] = f'{{"issuer": "https://idp.example.jp", {honest[1:]}'.encode()


@case("provider-unavailable-token")
def a_token_said_twice(provider: HostileProvider) -> None:
    provider.body["token"] = b'{"access_token": "a", "access_token": "b", "token_type": "Bearer", "id_token": "x"}'


@case("provider-unavailable-userinfo")
def a_name_said_twice(provider: HostileProvider) -> None:
    provider.body["userinfo"] = '{"sub": "pairwise-subject", "name": "甲", "name": "乙"}'.encode()


@case("sign-in-mismatch-access-token")
def an_access_token_that_ends_a_line(provider: HostileProvider) -> None:
    provider.token = says(access_token="a\r\nX-Forwarded-For: 127.0.0.1")


@case("provider-unavailable-userinfo")
def userinfo_packed_to_burst(provider: HostileProvider) -> None:
    provider.headers["userinfo"] = {"Content-Encoding": "gzip"}
    provider.body["userinfo"] = gzip.compress(b'{"sub": "' + b"x" * 50_000_000 + b'"}')


@case("provider-unavailable-discovery")
def discovery_elsewhere(provider: HostileProvider) -> None:
    provider.status["openid-configuration"] = 302
    provider.headers["openid-configuration"] = {"Location": f"{provider.issuer}/elsewhere"}


@case("sign-in-mismatch-token-refused")
def a_token_endpoint_elsewhere(provider: HostileProvider) -> None:
    provider.status["token"] = 307
    provider.headers["token"] = {"Location": f"{provider.issuer}/elsewhere"}


@case("provider-unavailable-keys")
def keys_elsewhere(provider: HostileProvider) -> None:
    provider.status["certs"] = 302
    provider.headers["certs"] = {"Location": f"{provider.issuer}/elsewhere"}


@case("sign-in-mismatch-userinfo-refused")
def userinfo_elsewhere(provider: HostileProvider) -> None:
    provider.status["userinfo"] = 302
    provider.headers["userinfo"] = {"Location": f"{provider.issuer}/elsewhere"}


@case("sign-in-mismatch-token-answer")
def no_id_token(provider: HostileProvider) -> None:
    provider.token = says(id_token=None)


@case("sign-in-mismatch-token-type")
def another_type_of_token(provider: HostileProvider) -> None:
    provider.token = says(token_type="mac")


@case("sign-in-mismatch-token-refused")
def our_client_is_unknown(provider: HostileProvider) -> None:
    provider.status["token"] = 401
    provider.body["token"] = b'{"error": "invalid_client"}'


@case("provider-unavailable-token")
def token_endpoint_broken(provider: HostileProvider) -> None:
    provider.status["token"] = 502


@case("provider-unavailable-token")
def token_endpoint_says_html(provider: HostileProvider) -> None:
    provider.body["token"] = b"<html>maintenance</html>"


@case("provider-unavailable-keys")
def keys_out_of_order(provider: HostileProvider) -> None:
    provider.status["certs"] = 503


@case("provider-unavailable-keys")
def keys_without_keys(provider: HostileProvider) -> None:
    provider.jwks = lambda _: {}


@case("provider-unavailable-userinfo")
def userinfo_without_end(provider: HostileProvider) -> None:
    provider.body["userinfo"] = b'{"sub": "' + b"x" * 300_000 + b'"}'


@case("provider-unavailable-userinfo")
def userinfo_that_is_a_list(provider: HostileProvider) -> None:
    provider.body["userinfo"] = b"[]"


@case("provider-unavailable-userinfo")
def userinfo_nested_without_end(provider: HostileProvider) -> None:
    provider.body["userinfo"] = b"[" * 100_000


def returned(provider: HostileProvider, begun: Transaction) -> dict[str, str]:
    """What the visitor's browser brings back from an honest authorization."""
    provider.nonce = begun.nonce
    return {"code": "a-code", "state": begun.state, "iss": provider.issuer}


def begin(party: RelyingParty) -> Transaction:
    """A sign-in under way. Where discovery misbehaves, one that began before it did."""
    try:
        return party.begin(redirect_uri=RETURN_TO)[1]
    except Refused:
        return Transaction("s" * 43, "n" * 43, "v" * 64, RETURN_TO, party.registration.acr, clock.now())


@pytest.mark.django_db
@pytest.mark.parametrize("name", CASES)
def test_it_is_refused(name: str, hostile: HostileProvider, victim: RelyingParty) -> None:
    misbehave, code = CASES[name]
    misbehave(hostile)
    begun = begin(victim)
    with pytest.raises(Refused) as caught:
        sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert caught.value.code == code
    assert caught.value.status == (503 if code.startswith("provider-unavailable") else 400)
    assert nothing_but_a_refusal(code)
    assert not {"elsewhere", "mine"} & set(hostile.asked)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"state": "another"}, "sign-in-mismatch-state"),
        ({"state": ""}, "sign-in-mismatch-state"),
        ({"state": "状態"}, "sign-in-mismatch-state"),
        ({"iss": "https://idp.example.jp"}, "sign-in-mismatch-iss"),
        ({"iss": None}, "sign-in-mismatch-iss-missing"),
        ({"code": ""}, "sign-in-mismatch-code"),
        ({"code": None}, "sign-in-mismatch-code"),
        ({"code": "x" * 5000}, "sign-in-mismatch-code"),
        ({"code": None, "error": "access_denied"}, "sign-in-cancelled"),
        ({"code": None, "error": "temporarily_unavailable"}, "provider-unavailable-authorization"),
        ({"code": None, "error": "<script>"}, "sign-in-mismatch-refused-by-provider"),
        ({"error": "access_denied", "state": "another"}, "sign-in-mismatch-state"),
        ({"error": ""}, "sign-in-mismatch-refused-by-provider"),
    ],
    ids=[
        *("state-another", "state-empty", "state-not-ascii", "iss-another", "iss-none", "code-empty", "code-none"),
        *("code-too-long", "cancelled", "provider-away", "error-hostile", "error-forged", "error-empty"),
    ],
)
def test_a_forged_return_is_refused(
    changed: dict[str, str | None], code: str, hostile: HostileProvider, victim: RelyingParty
) -> None:
    begun = begin(victim)
    params = says(**{name: value or "" for name, value in changed.items()})(returned(hostile, begun))
    params = {name: value for name, value in params.items() if changed.get(name, "") is not None}
    with pytest.raises(Refused) as caught:
        sign_in(victim, params, begun, by=VISITOR)
    assert caught.value.code == code
    assert "script" not in str(caught.value)
    assert nothing_but_a_refusal(code)
    assert hostile.token_requests == []


@pytest.mark.django_db
def test_the_honest_provider_is_believed(hostile: HostileProvider, victim: RelyingParty) -> None:
    """The cases above would prove nothing if this one failed."""
    begun = begin(victim)
    sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert Identity.objects.get().subject == "pairwise-subject"


@pytest.mark.django_db
def test_a_code_that_the_provider_takes_twice_is_refused_here(hostile: HostileProvider, victim: RelyingParty) -> None:
    begun = begin(victim)
    sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    with pytest.raises(Refused) as caught:
        sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert caught.value.code == "sign-in-spent"
    assert Identity.objects.count() == 1


@pytest.mark.django_db
def test_rotated_keys_are_found(hostile: HostileProvider, victim: RelyingParty) -> None:
    for kid in ("second", "third", "fourth"):
        hostile.keys = [new_key(kid), *hostile.keys]
        begun = begin(victim)
        sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert Identity.objects.count() == 1


@pytest.mark.django_db
def test_a_single_key_needs_no_name(hostile: HostileProvider, victim: RelyingParty) -> None:
    hostile.keys = [new_key(None)]
    begun = begin(victim)
    sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert Identity.objects.count() == 1


@pytest.mark.django_db
def test_keys_rotated_just_before_signing_are_found(hostile: HostileProvider, victim: RelyingParty) -> None:
    """Without a name, too, and where the new key has the name of the old one."""
    for kid in ("first", None, None):
        begun = begin(victim)
        victim._jwks(victim._discover())
        hostile.keys = [new_key(kid)]
        sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert Identity.objects.count() == 1


@pytest.mark.django_db
def test_an_answer_that_drips_is_not_waited_for(
    hostile: HostileProvider, victim: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begin(victim)
    monkeypatch.setattr(rules, "LONGEST_ANSWER", 0.2)
    hostile.drip["userinfo"] = 0.02
    hostile.body["userinfo"] = b"[" + b" " * 200
    with pytest.raises(Refused):
        sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert nothing_but_a_refusal("provider-unavailable-userinfo")


@pytest.mark.django_db
def test_a_slow_provider_is_not_waited_for(
    hostile: HostileProvider, victim: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begin(victim)
    monkeypatch.setattr(victim._http, "timeout", httpx.Timeout(0.2))
    hostile.delay["token"] = 0.5
    with pytest.raises(Refused) as caught:
        sign_in(victim, returned(hostile, begun), begun, by=VISITOR)
    assert nothing_but_a_refusal("provider-unavailable-token")
    assert "入力した内容は残っています" in str(caught.value)


@pytest.mark.django_db
def test_a_provider_that_is_not_there(hostile: HostileProvider, victim: RelyingParty) -> None:
    hostile.close()
    with pytest.raises(Refused) as caught:
        victim.begin(redirect_uri=RETURN_TO)
    assert (caught.value.code, caught.value.status) == ("provider-unavailable-discovery", 503)


def test_the_assertion_is_short_lived_and_addressed(hostile: HostileProvider, victim: RelyingParty) -> None:
    begun = begin(victim)
    victim.complete(returned(hostile, begun), begun)
    (form,) = hostile.token_requests
    own = ECKey.import_key(victim.registration.key.as_dict(private=False))
    assertion = jwt.decode(form["client_assertion"], own, algorithms=["ES256"])
    assert assertion.header["kid"] == victim.registration.key.kid
    claims = assertion.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("RP00000001", "RP00000001", hostile.issuer)
    assert claims["exp"] - claims["iat"] == 60
    assert len(claims["jti"]) >= 16
    assert form["code_verifier"] == begun.verifier
    assert "client_secret" not in form


def test_narrowed_attributes_are_simply_absent(hostile: HostileProvider, victim: RelyingParty) -> None:
    hostile.userinfo = lambda person: {"sub": person["sub"], "birthdate": "1990-02-31", "gender": "x", "name": ""}
    begun = begin(victim)
    claims = victim.complete(returned(hostile, begun), begun)
    assert (claims.full_name, claims.birth_date, claims.sex, claims.address) == (None, None, None, None)
    assert claims.unreadable == {"birth_date", "sex"}
