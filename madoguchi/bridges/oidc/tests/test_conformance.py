"""Which negative case of the OpenID conformance suite is shown by which test.

The suite itself (Java, MongoDB, a provider of its own) is not run here. These are its modules for relying parties as
openid-certification names them; the tests are ours, against a hostile provider. The table of
``docs/identity-provider.md`` is this one.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from madoguchi.bridges.oidc.tests import test_hostile, test_party, test_signing_out

ROOT = Path(__file__).resolve().parents[4]
_MODULES: Final = {"hostile": test_hostile, "party": test_party, "signing_out": test_signing_out}
_H: Final = "hostile::test_it_is_refused"
_L: Final = "signing_out::test_a_logout_token_is_refused"
_F: Final = "hostile::test_a_forged_return_is_refused"

#: Module of the suite, without ``oidcc-client-test-`` → tests of ours.
COVERED: Final[Mapping[str, tuple[str, ...]]] = {
    "idtoken-sig-none": (f"{_H}[unsigned]",),
    "invalid-sig-es256": (f"{_H}[signed_by_somebody_else]", f"{_H}[altered_after_signing]"),
    "invalid-sig-hs256": (f"{_H}[signed_with_the_public_key_as_a_secret]",),
    "invalid-sig-rs256": (f"{_H}[signed_with_rsa]",),
    "invalid-iss": (f"{_H}[another_issuer]", f"{_H}[no_issuer]"),
    "invalid-aud": (f"{_H}[another_audience]", f"{_H}[a_second_audience]", f"{_H}[another_authorised_party]"),
    "missing-aud": (f"{_H}[no_audience]",),
    "missing-iat": (f"{_H}[no_time_of_issue]",),
    "missing-sub": (f"{_H}[no_subject]",),
    "userinfo-invalid-sub": (f"{_H}[userinfo_of_somebody_else]", f"{_H}[userinfo_of_nobody]"),
    "nonce-invalid": (f"{_H}[another_nonce]", f"{_H}[no_nonce]"),
    "kid-absent-single-jwks": ("hostile::test_a_single_key_needs_no_name",),
    "kid-absent-multiple-jwks": (f"{_H}[no_kid_and_several_keys]", f"{_H}[one_kid_for_two_keys]"),
    "signing-key-rotation": ("hostile::test_rotated_keys_are_found",),
    "signing-key-rotation-just-before-signing": ("hostile::test_keys_rotated_just_before_signing_are_found",),
    "discovery-issuer-mismatch": (f"{_H}[discovery_of_another_issuer]",),
    "discovery-openid-config": ("party::test_a_resident_signs_in_with_the_attributes_of_the_card",),
    "discovery-jwks-uri-keys": ("party::test_a_resident_signs_in_with_the_attributes_of_the_card",),
    "userinfo-bearer-header": ("party::test_a_resident_signs_in_with_the_attributes_of_the_card",),
    "scope-userinfo-claims": (
        "party::test_a_resident_signs_in_with_the_attributes_of_the_card",
        "hostile::test_narrowed_attributes_are_simply_absent",
    ),
    "invalid-authorization-response-iss": (f"{_F}[iss-another]",),
    "authorization-response-iss-removed": (f"{_F}[iss-none]",),
    "rp-init-logout": (
        "signing_out::test_signing_out_here_signs_out_there",
        "signing_out::test_the_certified_provider_signs_out_and_tells_so",
    ),
    "rp-init-logout-no-state": ("signing_out::test_whoever_comes_back_without_the_state_has_not_signed_out",),
    "rp-init-logout-other-state": ("signing_out::test_whoever_comes_back_without_the_state_has_not_signed_out",),
    "rp-backchannel-rpinitlogout": (
        "signing_out::test_the_session_that_ended_there_ends_here",
        "signing_out::test_the_certified_provider_signs_out_and_tells_so",
    ),
    "rp-backchannel-rpinitlogout-alg-none": (f"{_L}[unsigned]",),
    "rp-backchannel-rpinitlogout-wrong-alg": (f"{_L}[signed_with_rsa]",),
    "rp-backchannel-rpinitlogout-wrong-aud": (f"{_L}[another_audience]", f"{_L}[a_second_audience]"),
    "rp-backchannel-rpinitlogout-wrong-event": (f"{_L}[another_event]",),
    "rp-backchannel-rpinitlogout-no-event": (f"{_L}[no_event]",),
    "rp-backchannel-rpinitlogout-wrong-iss": (f"{_L}[another_issuer]",),
    "rp-backchannel-rpinitlogout-with-nonce": (f"{_L}[with_a_nonce]",),
}
#: What the suite does not ask → tests of ours.
BEYOND: Final[Mapping[str, tuple[str, ...]]] = {
    "expired, issued too long ago, not valid yet": (
        f"{_H}[expired]",
        f"{_H}[issued_an_hour_ago]",
        f"{_H}[issued_tomorrow]",
        f"{_H}[not_valid_yet]",
    ),
    "state that is missing, wrong, doubled": (
        f"{_F}[state-empty]",
        f"{_F}[state-another]",
        "signing_out::test_what_comes_twice_says_nothing",
    ),
    "a code that comes twice, or from another session": (
        "hostile::test_a_code_that_the_provider_takes_twice_is_refused_here",
        "party::TestSignIn::test_a_code_works_once",
        "party::TestSignIn::test_the_code_of_another_session_is_refused",
    ),
    "PKCE left out, downgraded, of another": (
        f"{_H}[only_plain_pkce]",
        "party::test_without_pkce_there_is_no_code",
        "party::TestSignIn::test_a_code_is_worth_nothing_without_its_verifier",
    ),
    "acr lower than asked": (
        f"{_H}[a_lower_acr]",
        f"{_H}[no_acr]",
        f"{_H}[revocation_not_checked]",
        "party::TestSignIn::test_a_card_whose_revocation_is_unknown_is_too_weak",
    ),
    "at_hash, c_hash": (f"{_H}[another_access_token]", f"{_H}[another_code]"),
    "keys that the token brings or points to (jwk, jku, x5u, x5c)": (
        f"{_H}[signed_with_a_key_it_brings_along]",
        f"{_H}[signed_with_a_key_it_points_to]",
    ),
    "crit": (f"{_H}[an_unknown_critical_header]", f"{_H}[a_critical_header_that_is_unknown_and_truly_signed]"),
    "a token of another kind": (
        f"{_H}[an_access_token_for_an_id_token]",
        f"{_H}[a_logout_token_for_an_id_token]",
        f"{_L}[an_access_token]",
        "signing_out::test_an_id_token_is_no_logout_token",
    ),
    "names said twice in JSON": (
        f"{_H}[a_subject_said_twice]",
        f"{_H}[an_algorithm_said_twice]",
        f"{_H}[a_token_said_twice]",
        f"{_H}[a_name_said_twice]",
        f"{_H}[discovery_that_says_its_issuer_twice]",
        f"{_L}[an_event_said_twice]",
    ),
    "answers that are huge, packed, slow, dripping, nested": (
        f"{_H}[userinfo_without_end]",
        f"{_H}[userinfo_packed_to_burst]",
        f"{_H}[userinfo_nested_without_end]",
        f"{_H}[a_token_longer_than_any]",
        "hostile::test_a_slow_provider_is_not_waited_for",
        "hostile::test_an_answer_that_drips_is_not_waited_for",
    ),
    "redirects": (
        f"{_H}[discovery_elsewhere]",
        f"{_H}[a_token_endpoint_elsewhere]",
        f"{_H}[keys_elsewhere]",
        f"{_H}[userinfo_elsewhere]",
    ),
    "keys and token endpoint that answer 5xx": (
        f"{_H}[keys_out_of_order]",
        f"{_H}[token_endpoint_broken]",
        f"{_L}[keys_out_of_order]",
    ),
    "line breaks in headers and addresses": (
        f"{_H}[an_access_token_that_ends_a_line]",
        f"{_H}[an_endpoint_that_ends_a_line]",
    ),
    "a logout_token that comes twice": ("signing_out::test_it_is_heeded_once",),
}
#: Modules of what we do not offer, and why.
NOT_OURS: Final[Mapping[str, str]] = {
    "client-secret-basic": "`private_key_jwt` only",
    "idtoken-sig-rs256": "ES256 only; refused as `invalid-sig-rs256` is",
    "userinfo-bearer-body": "the token goes into the header",
    "aggregated-claims, distributed-claims": "claims of third parties are not asked",
    "request-uri-*": "no request objects",
    "dynamic-registration, discovery-webfinger-*": "the provider is known, and knows us",
    "3rd-party-init-login": "whoever signs in begins here",
    "rp-frontchannel-*, session-management": "the back channel does it",
}


@pytest.mark.parametrize(
    "name", sorted({one for shown in (COVERED, BEYOND) for tests in shown.values() for one in tests})
)
def test_what_is_named_is_there(name: str) -> None:
    module, _, rest = name.partition("::")
    path, _, parameter = rest.rstrip("]").partition("[")
    found: object = _MODULES[module]
    for part in path.split("::"):
        found = getattr(found, part)
    assert callable(found)
    if parameter:
        marks = [one for one in found.pytestmark if one.name == "parametrize"]  # type: ignore[attr-defined]
        names = {one for mark in marks for one in (mark.kwargs.get("ids") or mark.args[1])}
        assert parameter in names


def table() -> str:
    """As the document has it."""

    def named(tests: tuple[str, ...]) -> str:
        short = (
            re.sub(r"^\w+::(?:\w+::)?(?:\w+\[(\w[\w-]*)\]|test_)", lambda found: found[1] or "", one) for one in tests
        )
        return ", ".join(one.replace("_", " ") for one in short)

    lines = ["| case | shown by |", "|---|---|"]
    lines += [f"| `{case}` | {named(tests)} |" for case, tests in COVERED.items()]
    lines += [f"| {case} | {named(tests)} |" for case, tests in BEYOND.items()]
    lines += [f"| `{case}` | not asked: {why} |" for case, why in NOT_OURS.items()]
    return "\n".join(lines)


def test_the_document_says_the_same() -> None:
    assert table() in (ROOT / "docs" / "identity-provider.md").read_text(), table()
