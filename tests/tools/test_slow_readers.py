"""Whoever reads slowly holds no thread that others need."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

pytestmark = pytest.mark.django_db  # an answer that is closed looks after the connection


class Asked:
    """One request, and what the server is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: HttpResponseBase) -> None:
        from madoguchi.site import wsgi  # makes the whole site, which wants the settings of the tests

        def django(environ: Any, start: Any) -> HttpResponseBase:
            start(f"{answer.status_code} OK", list(answer.items()))
            return answer

        monkeypatch.setattr(wsgi, "_django", django)
        self.statuses: list[str] = []
        self.body: Iterable[bytes] = wsgi.application({}, lambda status, _: self.statuses.append(status))


def large() -> StreamingHttpResponse:
    return StreamingHttpResponse(b"x" * 65_536 for _ in range(20))


def test_what_is_whole_or_small_leaves_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    small = StreamingHttpResponse([b"ab", b"c"], headers={"Content-Length": "3"})
    for answer in (HttpResponse(b"abc"), small):
        asked = Asked(monkeypatch, answer)
        assert (asked.body, asked.statuses, answer.closed) == ([b"abc"], ["200 OK"], True)


def test_few_large_answers_are_under_way_and_a_place_comes_free(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [Asked(monkeypatch, large())]
    while held[-1].statuses == ["200 OK"]:
        held.append(Asked(monkeypatch, large()))
    turned_away = held.pop()
    assert turned_away.statuses == ["503 Service Unavailable"]
    assert 1 <= len(held) <= 32
    # Given up by its reader, forgotten by the server, read to its end: each leaves its place once.
    for leave in (lambda: held.pop().body.close(), held.pop):  # type: ignore[attr-defined]
        leave()
        held.append(Asked(monkeypatch, large()))
        assert held[-1].statuses == ["200 OK"]
        assert Asked(monkeypatch, large()).statuses == ["503 Service Unavailable"]
    last = held.pop().body
    assert len(b"".join(last)) == 20 * 65_536
    last.close()  # type: ignore[attr-defined]
    last.close()  # type: ignore[attr-defined]
    assert Asked(monkeypatch, large()).statuses == ["200 OK"]
