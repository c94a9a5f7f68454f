"""What the server runs: a request is gone with its answer, without a search for circles."""

import gc
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory


def alive() -> int:
    return sum(isinstance(one, WSGIRequest) for one in gc.get_objects())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/ogc/conformance", "/ogc/tileMatrixSets", "/map/style.json"])
def test_a_request_does_not_outlive_its_answer(path: str) -> None:
    from madoguchi.site.wsgi import application  # makes the whole site, which wants the settings of the tests

    said: list[Any] = []
    environ = RequestFactory().get(path, headers={"accept": "application/json"}).environ
    b"".join(application(environ, lambda *what: said.append(what)))
    gc.collect()
    gc.disable()
    try:
        before = alive()
        for _ in range(3):
            environ = RequestFactory().get(path, headers={"accept": "application/json"}).environ
            b"".join(application(environ, lambda *what: said.append(what)))
        assert alive() == before
    finally:
        gc.enable()
    assert {status for status, _ in said} == {"200 OK"}
