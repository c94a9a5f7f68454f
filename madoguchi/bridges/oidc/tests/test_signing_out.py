"""Signing out from here and from there: OpenID Connect RP-Initiated Logout 1.0 and Back-Channel Logout 1.0."""

import json
import time
from collections.abc import Callable
from html import unescape
from re import search
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from madoguchi.bridges.oidc.party import SETTLED, RelyingParty
from madoguchi.bridges.oidc.tests.conftest import CLIENT_ID, LEFT_TO, RETURN_TO, SampleProvider
from madoguchi.bridges.oidc.tests.hostile import HostileProvider, new_key, signed
from madoguchi.bridges.oidc.tests.test_hostile import compact
from madoguchi.events.models import Event
from madoguchi.ground import clock
from madoguchi.ground.errors import Refused
from madoguchi.people.models import Person, SignIn

Browse = Callable[..., Client]
#: Any page: whoever asks for it is noted as signed in, or is not.
PAGE = "/accent.css"


@pytest.fixture
def browse(db: None, hostile: HostileProvider, victim: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> Browse:
    """``browse(sid)``: a browser in which the one resident of the hostile provider has just signed in."""
    monkeypatch.setattr("madoguchi.web.views.signing_in.identity_provider", lambda: victim)

    def sign_in(sid: str | None = None, **claims: Any) -> Client:
        browser = Client()
        sent = parse_qs(urlsplit(browser.get("/sign-in/card/")["Location"]).query)
        hostile.nonce = sent["nonce"][0]
        hostile.claims = lambda honest: honest | ({"sid": sid} if sid else {}) | claims
        back = {"code": "a-code", "state": sent["state"][0], "iss": hostile.issuer}
        assert browser.get("/sign-in/card/return/", back).status_code == 302
        assert is_in(browser)
        return browser

    return sign_in


def is_in(browser: Client) -> bool:
    """Whether the browser's next request is somebody's."""
    browser.get(PAGE)
    return "resident" in browser.session


def tell(token: str) -> tuple[int, str]:
    """What the provider is answered: the status, and the code of the refusal."""
    answer = Client(enforce_csrf_checks=True).post("/sign-out/told/", {"logout_token": token})
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, json.loads(answer.content)["error_description"] if answer.content else ""


# -- from there -------------------------------------------------------------------------------------------------------


def test_the_session_that_ended_there_ends_here(browse: Browse, hostile: HostileProvider) -> None:
    kiosk, home = browse("kiosk"), browse("home")
    assert tell(hostile.logout_token(sid="kiosk")) == (200, "")
    assert (is_in(kiosk), is_in(home)) == (False, True)
    event = Event.objects.get(verb="person.heed_sign_out")
    assert (event.outcome, event.subject_id, event.data["ended"]) == ("done", Person.objects.get().pk, 1)


def test_a_session_is_enough_to_say_who(browse: Browse, hostile: HostileProvider) -> None:
    kiosk, home = browse("kiosk"), browse("home")
    assert tell(hostile.logout_token(sub=None, sid="kiosk")) == (200, "")
    assert (is_in(kiosk), is_in(home)) == (False, True)


def test_without_a_session_all_of_the_subject_end(browse: Browse, hostile: HostileProvider) -> None:
    browsers = [browse("kiosk"), browse("home"), browse()]
    assert tell(hostile.logout_token()) == (200, "")
    assert not any(is_in(one) for one in browsers)


def test_whoever_cannot_be_told_apart_is_signed_out(browse: Browse, hostile: HostileProvider) -> None:
    nameless = browse()
    assert tell(hostile.logout_token(sid="never-heard-of")) == (200, "")
    assert not is_in(nameless)


def test_of_a_stranger_nothing_ends(browse: Browse, hostile: HostileProvider) -> None:
    here = browse("kiosk")
    assert tell(hostile.logout_token(sub="somebody-else")) == (200, "")
    assert tell(hostile.logout_token(sub="somebody-else", sid="kiosk")) == (200, "")
    assert tell(hostile.logout_token(sub=None, sid="another")) == (200, "")
    assert is_in(here)


def test_it_is_heeded_once(browse: Browse, hostile: HostileProvider) -> None:
    browse("kiosk")
    token = hostile.logout_token(sid="kiosk")
    assert tell(token) == (200, "")
    again = browse("kiosk")
    assert tell(token) == (400, "sign-out-spent")
    assert is_in(again)


CASES: dict[str, tuple[Callable[[HostileProvider], str], str]] = {
    "unsigned": (
        lambda op: compact({"alg": "none", "typ": "logout+jwt"}, jwt_claims(op)),
        "sign-in-mismatch-logout-token-algorithm",
    ),
    "signed_with_rsa": (
        lambda op: jwt.encode(
            {"alg": "RS256"}, jwt_claims(op), RSAKey.generate_key(2048, auto_kid=True), algorithms=["RS256"]
        ),
        "sign-in-mismatch-logout-token-algorithm",
    ),
    "signed_by_somebody_else": (
        lambda op: signed('{"alg": "ES256", "kid": "first"}', json.dumps(jwt_claims(op)), new_key()),
        "sign-in-mismatch-logout-token-signature",
    ),
    "another_audience": (lambda op: op.logout_token(aud="RP99999999"), "sign-in-mismatch-logout-token-aud"),
    "a_second_audience": (
        lambda op: op.logout_token(aud=[CLIENT_ID, "RP99999999"]),
        "sign-in-mismatch-logout-token-aud",
    ),
    "another_issuer": (lambda op: op.logout_token(iss="https://idp.example.jp"), "sign-in-mismatch-logout-token-iss"),
    "no_event": (lambda op: op.logout_token(events=None), "sign-in-mismatch-logout-token-events"),
    "another_event": (
        lambda op: op.logout_token(events={"http://schemas.openid.net/event/other": {}}),
        "sign-in-mismatch-logout-token-events",
    ),
    "an_event_that_is_no_object": (
        lambda op: op.logout_token(events={"http://schemas.openid.net/event/backchannel-logout": True}),
        "sign-in-mismatch-logout-token-events",
    ),
    "with_a_nonce": (lambda op: op.logout_token(nonce="n"), "sign-in-mismatch-logout-token-nonce"),
    "no_name_of_its_own": (lambda op: op.logout_token(jti=None), "sign-in-mismatch-logout-token-jti"),
    "of_nobody": (lambda op: op.logout_token(sub=None), "sign-in-mismatch-logout-token-sub"),
    "of_a_number": (lambda op: op.logout_token(sub=42), "sign-in-mismatch-logout-token-sub"),
    "of_a_session_without_name": (lambda op: op.logout_token(sid=""), "sign-in-mismatch-logout-token-sid"),
    "expired": (lambda op: op.logout_token(exp=int(time.time()) - 60), "sign-in-expired-logout-token"),
    "no_expiry": (lambda op: op.logout_token(exp=None), "sign-in-mismatch-logout-token-exp"),
    "no_time_of_issue": (lambda op: op.logout_token(iat=None), "sign-in-mismatch-logout-token-iat"),
    "an_access_token": (lambda op: op.logout_token({"typ": "at+jwt"}), "sign-in-mismatch-logout-token-type"),
    "an_event_said_twice": (
        lambda op: signed(
            '{"alg": "ES256", "kid": "first"}', json.dumps(jwt_claims(op))[:-1] + ', "aud": "x"}', op.keys[0]
        ),
        "sign-in-mismatch-logout-token-form",
    ),
    "no_token": (lambda op: "見本", "sign-in-mismatch-logout-token-form"),
    "nothing": (lambda op: "", "sign-in-mismatch-logout-token-form"),
    "keys_out_of_order": (lambda op: keys_away(op), "provider-unavailable-keys"),
}


def jwt_claims(op: HostileProvider) -> dict[str, Any]:
    """The claims of an honest one."""
    return dict(jwt.decode(op.logout_token(), op.keys[0], algorithms=["ES256"]).claims)


def keys_away(op: HostileProvider) -> str:
    """An honest one, of a provider whose keys cannot be fetched again."""
    op.keys = [new_key("second")]
    op.status["certs"] = 503
    return op.logout_token()


@pytest.mark.parametrize("name", CASES)
def test_a_logout_token_is_refused(name: str, browse: Browse, hostile: HostileProvider, victim: RelyingParty) -> None:
    make, code = CASES[name]
    here = browse("kiosk")
    with clock.travel(clock.now() + SETTLED):
        token = make(hostile)
        victim._keys = victim._keys if name != "keys_out_of_order" else None
        status = 503 if code.startswith("provider-unavailable") else 400
        assert tell(token) == (status, code)
    assert is_in(here)
    assert SignIn.objects.count() == 1
    refused = Event.objects.get(verb="person.heed_sign_out")
    assert (refused.outcome, refused.reason, refused.data) == ("refused", code, {})


def test_a_stranger_cannot_have_the_keys_fetched_again_and_again(browse: Browse, hostile: HostileProvider) -> None:
    browse()
    hostile.asked.clear()
    for _ in range(3):
        forged = signed('{"alg": "ES256", "kid": "mine"}', json.dumps(jwt_claims(hostile)), new_key("mine"))
        assert tell(forged) == (400, "sign-in-mismatch-logout-token-key")
    assert tell("a.b.c") == (400, "sign-in-mismatch-logout-token-form")
    assert hostile.asked == []


def test_a_get_is_no_telling(browse: Browse) -> None:
    here = browse()
    assert here.get("/sign-out/told/").status_code == 405
    assert is_in(here)


def test_what_comes_twice_says_nothing(browse: Browse, hostile: HostileProvider) -> None:
    browser = Client()
    sent = parse_qs(urlsplit(browser.get("/sign-in/card/")["Location"]).query)
    hostile.nonce = sent["nonce"][0]
    state = sent["state"][0]
    assert browser.get("/sign-in/card/return/", {"code": "a", "state": [state, state]}).status_code == 400
    assert not is_in(browser)
    assert hostile.token_requests == []


# -- from here --------------------------------------------------------------------------------------------------------


def end_address(page: str) -> tuple[str, dict[str, str]]:
    """Where the page sends its reader, and with what."""
    found = search(r'content="0;url=([^"]+)"', page)
    assert found, page
    parts = urlsplit(unescape(found[1]))
    return f"{parts.scheme}://{parts.netloc}{parts.path}", {k: v[0] for k, v in parse_qs(parts.query).items()}


def test_signing_out_here_signs_out_there(browse: Browse, hostile: HostileProvider) -> None:
    here = browse("kiosk")
    answer = here.post("/sign-out/")
    assert not is_in(here)
    assert SignIn.objects.count() == 0
    place, sent = end_address(answer.content.decode())
    assert place == f"{hostile.issuer}/logout"
    assert sent.keys() == {"client_id", "post_logout_redirect_uri", "state", "id_token_hint"}
    assert sent["client_id"] == CLIENT_ID
    assert sent["post_logout_redirect_uri"].endswith("/sign-out/return/")
    assert jwt.decode(sent["id_token_hint"], hostile.keys[0], algorithms=["ES256"]).claims["sub"] == "pairwise-subject"
    back = here.get("/sign-out/return/", {"state": sent["state"]})
    assert (back.status_code, back["Location"]) == (302, "/")
    assert here.get("/sign-out/return/", {"state": sent["state"]}).status_code == 400  # once


@pytest.mark.parametrize("state", [{}, {"state": ""}, {"state": "another"}, {"state": ["RIGHT", "RIGHT"]}])
def test_whoever_comes_back_without_the_state_has_not_signed_out(state: dict[str, Any], browse: Browse) -> None:
    here = browse()
    _, sent = end_address(here.post("/sign-out/").content.decode())
    if isinstance(state.get("state"), list):
        state = {"state": [sent["state"]] * 2}
    assert here.get("/sign-out/return/", state).status_code == 400


def test_a_link_signs_nobody_out(browse: Browse) -> None:
    here = browse()
    assert here.get("/sign-out/return/", {"state": "made-up"}).status_code == 400
    assert is_in(here)


def test_a_token_that_says_more_of_the_person_gets_into_no_address(browse: Browse) -> None:
    here = browse(name="見本　花子")
    answer = here.post("/sign-out/").content.decode()
    assert "id_token_hint" not in end_address(answer)[1]


@pytest.mark.parametrize(
    "place", [None, 5, "http://idp.example.jp/logout", "javascript:alert(1)", "https://idp.example.jp/\r\nx: y"]
)
def test_where_the_provider_has_no_such_place_one_signs_out_here(
    place: object, browse: Browse, hostile: HostileProvider, victim: RelyingParty
) -> None:
    here = browse()
    hostile.metadata = lambda honest: honest | {"end_session_endpoint": place}
    victim._metadata = None
    answer = here.post("/sign-out/")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert not is_in(here)


def test_a_provider_that_is_away_keeps_nobody_here(
    browse: Browse, hostile: HostileProvider, victim: RelyingParty
) -> None:
    here = browse()
    victim._metadata = None
    hostile.status["openid-configuration"] = 503
    assert here.post("/sign-out/")["Location"] == "/"
    assert not is_in(here)


# -- with the certified provider --------------------------------------------------------------------------------------


def test_the_certified_provider_signs_out_and_tells_so(party: RelyingParty, sample_provider: SampleProvider) -> None:
    with httpx.Client(trust_env=False) as browser:
        url, begun = party.begin(redirect_uri=RETURN_TO)
        claims = party.complete(sample_provider.visit(url, choose="mihon-hanako", browser=browser), begun)
        assert claims.proof
        assert claims.session
        sample_provider.told.clear()
        end = party.leave(return_to=LEFT_TO, state="a-state", proof=claims.proof)
        assert end is not None
        assert sample_provider.leave(end, browser) == {"state": "a-state"}
    (token,) = sample_provider.told
    ended = party.ended(token)
    assert (ended.issuer, ended.subject, ended.session) == (claims.issuer, claims.subject, claims.session)


def test_the_certified_provider_refuses_what_is_not_ours(party: RelyingParty, sample_provider: SampleProvider) -> None:
    for wrong in ({"return_to": "https://elsewhere.example.jp/"}, {"proof": "x.y.z"}):
        end = party.leave(**{"return_to": LEFT_TO, "state": "s", **wrong})
        assert end is not None
        answer = httpx.get(end, trust_env=False)
        assert (answer.status_code, answer.next_request) == (400, None)


def test_an_id_token_is_no_logout_token(party: RelyingParty, sample_provider: SampleProvider) -> None:
    url, begun = party.begin(redirect_uri=RETURN_TO)
    claims = party.complete(sample_provider.visit(url, choose="mihon-hanako"), begun)
    with pytest.raises(Refused) as caught:
        party.ended(claims.proof)
    assert caught.value.code.startswith("sign-in-mismatch-logout-token-")
