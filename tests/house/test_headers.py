"""Every address of both faces answers with the headers that browsers are held by. New pages are found by themselves."""

import re
from collections.abc import Iterator, Sequence

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

#: What stands for a part of an address: nothing that exists.
PARTS = {"uuid": "00000000-0000-7000-8000-000000000000", "int": "7", "slug": "nothing", "str": "nothing"}
PARTS["path"] = PARTS["str"]


def addresses(patterns: Sequence[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        else:
            for name, converter in one.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
                route = route.replace(f"<{kind}:{name}>", PARTS[kind]).replace(f"<{name}>", PARTS[kind])
            yield re.sub(r"^/\^\(\?:(\w+)\|.*", r"/\1/nothing", route)  # an address by expression: one that it takes


ADDRESSES = list(addresses(get_resolver().url_patterns))


def test_the_walk_finds_both_faces() -> None:
    assert len(ADDRESSES) > 40
    assert {"/", "/desk/", "/cases/nothing/"} <= set(ADDRESSES)
    assert [one for one in ADDRESSES if "<" in one] == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
def test_headers(address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code < 500 or answer.status_code == 503  # the identity provider may be away
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation" in answer["Permissions-Policy"]
    assert answer["Content-Type"]
    for cookie in answer.cookies.values():
        assert cookie["samesite"] in ("Lax", "Strict")
        assert cookie["httponly"]


@pytest.mark.django_db
@override_settings(SECURE_HSTS_SECONDS=31536000, SECURE_SSL_REDIRECT=True)
def test_over_https_browsers_come_back_over_https() -> None:
    assert Client().get("/").status_code == 301
    assert "max-age=31536000" in Client().get("/", secure=True)["Strict-Transport-Security"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/cases/", "/privacy/", "/desk/"])
def test_pages_of_whoever_is_known_are_not_kept(address: str) -> None:
    client = Client()
    client.cookies["anything"] = "here"
    assert "no-store" in client.get(address)["Cache-Control"]
