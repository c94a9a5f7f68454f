"""The relying party against a real certified provider: what the port promises, seen end to end."""

import datetime as dt
import json
import logging
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from madoguchi.bridges.oidc.keys import coming_key, own_key, public_jwks, switch_keys
from madoguchi.bridges.oidc.party import PATIENCE, Registration, RelyingParty
from madoguchi.bridges.oidc.tests.conftest import CLIENT_ID, RETURN_TO, SampleProvider
from madoguchi.events import Actor
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people.actions import sign_in
from madoguchi.people.models import Identity, Person
from madoguchi.people.ports import Transaction

VISITOR = Actor("visitor")


def test_a_resident_signs_in_with_the_attributes_of_the_card(
    party: RelyingParty, sample_provider: SampleProvider
) -> None:
    url, begun = party.begin(redirect_uri=RETURN_TO)
    claims = party.complete(sample_provider.visit(url, choose="mihon-hanako"), begun)
    assert (claims.full_name, claims.birth_date, claims.sex) == ("見本 花子", dt.date(1990, 4, 12), "female")
    assert claims.address == "大阪府大東市谷川一丁目1番1号"
    assert (claims.level, set(claims.acr), claims.unreadable) == ("card", {"aal3", "crl"}, frozenset())
    assert claims.issuer == sample_provider.issuer
    assert claims.authenticated_at is not None
    assert abs(clock.now() - claims.authenticated_at) < dt.timedelta(minutes=1)


def test_the_request_holds_what_the_guideline_requires(party: RelyingParty) -> None:
    url, begun = party.begin(redirect_uri=RETURN_TO)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid name address birthdate gender"
    assert (asked["acr_values"], asked["code_challenge_method"]) == ("aal3 crl", "S256")
    assert (asked["state"], asked["nonce"]) == (begun.state, begun.nonce)
    assert begun.verifier not in url
    assert min(map(len, (begun.state, begun.nonce, begun.verifier))) >= 43


def test_the_same_resident_has_one_subject_and_it_is_not_a_name(
    party: RelyingParty, sample_provider: SampleProvider
) -> None:
    subjects = []
    for resident in ("mihon-hanako", "mihon-hanako", "mihon-taro"):
        url, begun = party.begin(redirect_uri=RETURN_TO)
        subjects.append(party.complete(sample_provider.visit(url, choose=resident), begun).subject)
    assert subjects[0] == subjects[1] != subjects[2]
    assert "hanako" not in subjects[0]


def test_the_transaction_survives_the_session_and_shows_no_secret(party: RelyingParty) -> None:
    _, begun = party.begin(redirect_uri=RETURN_TO)
    assert Transaction.from_json(json.loads(json.dumps(begun.as_json()))) == begun
    assert not any(secret in repr(begun) for secret in (begun.state, begun.nonce, begun.verifier))
    assert Transaction.from_json(None) is None
    assert Transaction.from_json({"state": "x"}) is None


def test_nothing_about_a_person_is_logged_or_shown(
    party: RelyingParty, sample_provider: SampleProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url, begun = party.begin(redirect_uri=RETURN_TO)
    claims = party.complete(sample_provider.visit(url, choose="mihon-hanako"), begun)
    for text in (caplog.text, repr(claims), str(claims)):
        assert not any(known in text for known in ("花子", "谷川", "1990", claims.subject))


def test_without_pkce_there_is_no_code(party: RelyingParty, sample_provider: SampleProvider) -> None:
    """A provider that gave one without would let a stolen code be used by whoever has it."""
    url, _ = party.begin(redirect_uri=RETURN_TO)
    for worse in (
        re.sub(r"&code_challenge=[^&]+|&code_challenge_method=S256", "", url),
        url.replace("code_challenge_method=S256", "code_challenge_method=plain"),
    ):
        assert worse != url
        back = sample_provider.visit(worse, choose="mihon-taro")
        assert "code" not in back
        assert back["error"] == "invalid_request"


@pytest.mark.django_db
class TestSignIn:
    """With the acts: what is left behind."""

    @pytest.fixture(autouse=True)
    def place(self, party: RelyingParty, sample_provider: SampleProvider) -> None:
        self.party, self.provider = party, sample_provider

    def refused(self, params: dict[str, str], begun: Transaction | None, party: RelyingParty | None = None) -> str:
        with pytest.raises(Refused) as caught:
            sign_in(party or self.party, params, begun, by=VISITOR)
        return caught.value.code

    def test_first_and_second_sign_in_are_one_person(self) -> None:
        people = []
        for _ in range(2):
            url, begun = self.party.begin(redirect_uri=RETURN_TO)
            people.append(sign_in(self.party, self.provider.visit(url, choose="mihon-taro"), begun, by=VISITOR)[0])
        assert people[0] == people[1]
        identity = Identity.objects.get()
        assert (identity.issuer, identity.level) == (self.provider.issuer, "card")
        assert list(Event.objects.filter(outcome="refused")) == []
        assert Event.objects.filter(verb="person.sign_in", outcome="done").count() == 2

    def test_cancelled_in_the_app(self) -> None:
        url, begun = self.party.begin(redirect_uri=RETURN_TO)
        assert self.refused(self.provider.visit(url, choose=None), begun) == "sign-in-cancelled"
        assert nothing_but_a_refusal("sign-in-cancelled")

    def test_a_card_whose_revocation_is_unknown_is_too_weak(self) -> None:
        url, begun = self.party.begin(redirect_uri=RETURN_TO)
        assert self.refused(self.provider.visit(url, choose="shijo-akira"), begun) == "sign-in-too-weak"
        assert nothing_but_a_refusal("sign-in-too-weak")

    def test_a_code_works_once(self) -> None:
        url, begun = self.party.begin(redirect_uri=RETURN_TO)
        params = self.provider.visit(url, choose="mihon-taro")
        sign_in(self.party, params, begun, by=VISITOR)
        assert self.refused(params, begun) == "sign-in-expired-code"

    def test_a_code_is_worth_nothing_without_its_verifier(self) -> None:
        url, begun = self.party.begin(redirect_uri=RETURN_TO)
        params = self.provider.visit(url, choose="mihon-taro")
        other = Transaction.from_json(begun.as_json() | {"verifier": "x" * 64})
        assert self.refused(params, other) == "sign-in-expired-code"
        assert nothing_but_a_refusal("sign-in-expired-code")

    def test_the_code_of_another_session_is_refused(self) -> None:
        url, _ = self.party.begin(redirect_uri=RETURN_TO)
        params = self.provider.visit(url, choose="mihon-taro")
        _, mine = self.party.begin(redirect_uri=RETURN_TO)
        assert self.refused(params, mine) == "sign-in-mismatch-state"
        assert self.refused(params | {"state": mine.state}, mine) == "sign-in-expired-code"
        assert Person.objects.count() == 0

    def test_another_key_is_not_ours(self) -> None:
        url, begun = self.party.begin(redirect_uri=RETURN_TO)
        params = self.provider.visit(url, choose="mihon-taro")
        thief = RelyingParty(Registration(self.provider.issuer, CLIENT_ID, ECKey.generate_key("P-256", auto_kid=True)))
        assert self.refused(params, begun, thief) == "sign-in-mismatch-token-refused"
        thief.close()
        assert nothing_but_a_refusal("sign-in-mismatch-token-refused")

    def test_who_takes_too_long_begins_again(self) -> None:
        url, begun = self.party.begin(redirect_uri=RETURN_TO)
        params = self.provider.visit(url, choose="mihon-taro")
        with clock.travel(clock.now() + PATIENCE + dt.timedelta(seconds=1)):
            assert self.refused(params, begun) == "sign-in-expired"
        assert nothing_but_a_refusal("sign-in-expired")

    def test_a_session_that_began_nothing(self) -> None:
        assert self.refused({"code": "x", "state": "y"}, None) == "sign-in-not-begun"
        assert nothing_but_a_refusal("sign-in-not-begun")


def nothing_but_a_refusal(code: str) -> bool:
    """Nobody was opened, and the one event says why."""
    events = list(Event.objects.values_list("verb", "outcome", "reason", "data"))
    return (Person.objects.count(), Identity.objects.count(), events) == (
        0,
        0,
        [("person.sign_in", "refused", code, {})],
    )


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "oidc.json"
    key = own_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert own_key(path).as_dict(private=True) == key.as_dict(private=True)
    assert [entry.name for entry in path.parent.iterdir()] == ["oidc.json"]
    (public,) = public_jwks(key)["keys"]
    assert "d" not in public
    assert (public["alg"], public["crv"], public["kid"]) == ("ES256", "P-256", key.kid)


def test_the_key_is_renewed_in_two_steps(tmp_path: Path) -> None:
    path = tmp_path / "oidc.json"
    first = own_key(path)
    assert coming_key(path) is None
    with pytest.raises(FileNotFoundError):
        switch_keys(path)
    assert own_key(path).kid == first.kid
    second = coming_key(path, make=True)
    assert second is not None
    assert coming_key(path, make=True) is not None
    assert own_key(path).kid == first.kid != second.kid
    assert [one["kid"] for one in public_jwks(first, second)["keys"]] == [first.kid, second.kid]
    assert switch_keys(path).kid == own_key(path).kid == second.kid
    assert coming_key(path) is None
    assert own_key(path.with_name("oidc.earlier.json")).kid == first.kid
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}


def test_a_provider_that_only_writes_its_metadata_down(sample_provider: SampleProvider) -> None:
    written = httpx.get(f"{sample_provider.issuer}/.well-known/openid-configuration", trust_env=False).json()
    for metadata in (written | {"issuer": "https://idp.example.jp"}, written | {"jwks_uri": "http://idp.example.jp/"}):
        with pytest.raises(Refused, check=lambda refusal: "discovery" in refusal.code):
            RelyingParty(
                Registration("http://localhost:1", CLIENT_ID, sample_provider.client_key, metadata=metadata)
            ).begin(redirect_uri=RETURN_TO)
    party = RelyingParty(Registration(sample_provider.issuer, CLIENT_ID, sample_provider.client_key, metadata=written))
    url, begun = party.begin(redirect_uri=RETURN_TO)
    assert party.complete(sample_provider.visit(url, choose="mihon-taro"), begun).full_name == "見本 太郎"
    party.close()


def test_an_issuer_in_the_clear_is_not_accepted() -> None:
    with pytest.raises(ValueError, match="https"):
        RelyingParty(Registration("http://idp.example.jp", CLIENT_ID, ECKey.generate_key("P-256")))
