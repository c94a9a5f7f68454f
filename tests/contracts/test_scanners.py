"""What a virus scanner changes for residents, staff and the log: with a real clamd and a signature of our own."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from madoguchi.bridges.clamd.tests.daemon import MARK, Daemon, running
from madoguchi.cases import actions, jobs, ports
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Document, DocumentContent, Scan, UploadPart
from madoguchi.events.models import Event
from madoguchi.ground.errors import Refused
from madoguchi.site import checks
from madoguchi.web.tests.conftest import published, signed_in, static_root
from madoguchi.web.tests.test_uploading import House, Tus, field_of, house, photograph, section_of

__all__ = ["house", "published", "signed_in", "static_root"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def clamd(settings: Any) -> Iterator[Daemon]:
    """A real clamd, to which the settings point."""
    with tempfile.TemporaryDirectory(prefix="clamd") as folder, running(Path(folder)) as daemon:
        settings.CLAMD = daemon.address
        ports.scanner.cache_clear()
        yield daemon
    ports.scanner.cache_clear()


def test_a_virus_is_refused_in_words_with_one_event_and_nothing_kept(house: House, clamd: Daemon) -> None:
    client, _, case = house
    before = Event.objects.count()
    sent = io.BytesIO(photograph() + MARK)
    sent.name = "家.jpg"
    path = field_of(case)
    answer = client.post(f"/cases/{case.pk}/sections/{section_of(case, path)}/", {path: sent, "_do": "upload"})
    assert answer.status_code == 422
    assert "ウイルスが見つかった" in answer.content.decode()
    refused = Event.objects.filter(outcome="refused")
    assert [(one.verb, one.reason) for one in refused] == [("case.add-document", "file-infected")]
    assert Event.objects.count() == before + 2  # the refusal, and that the section was saved
    in_parts = Tus(client, case).whole(photograph() + MARK, path)
    assert "ウイルスが見つかった" in in_parts.json()["message"]
    assert not Document.objects.exists()
    assert not UploadPart.objects.exists()
    assert Tus(client, case).whole(photograph(), path, modified="2").status_code == 204
    assert Document.objects.get().scan == Scan.CLEAN


def test_while_the_scanner_is_away_files_are_kept_shut(house: House, clamd: Daemon) -> None:
    client, _, case = house
    clamd.stop()
    tus, path = Tus(client, case), field_of(case)
    assert tus.whole(photograph(), path).status_code == 204
    waiting = Document.objects.get()
    assert waiting.scan == Scan.WAITING
    assert client.get(f"/cases/{case.pk}/documents/{waiting.pk}/").status_code == 200  # the sender's own
    with pytest.raises(Refused, match="ウイルス検査"):
        cases.opened(case, waiting.pk)
    assert jobs.scan_waiting() == 0
    clamd.start()
    assert jobs.scan_waiting() == 1
    waiting.refresh_from_db()
    assert waiting.scan == Scan.CLEAN
    assert waiting.scanned_at is not None
    assert cases.opened(case, waiting.pk)[1]
    assert jobs.scan_waiting() == 0


def test_what_is_found_late_is_deleted_and_a_draft_asks_again(house: House, clamd: Daemon) -> None:
    _, by, case = house
    path = field_of(case)
    clamd.stop()
    # A PDF is kept as it was given, so that the mark is still there when the scanner comes back.
    kept = actions.add_document(case, path, "家.jpg", photograph(), by=by)
    DocumentContent.objects.filter(document=kept).update(content=b"later known" + MARK)
    clamd.start()
    assert jobs.scan_waiting() == 1
    kept.refresh_from_db()
    assert kept.scan == Scan.INFECTED
    assert not DocumentContent.objects.exists()
    case.refresh_from_db()
    assert path not in case.answers
    event = Event.objects.get(verb="case.scan-document")
    assert event.data == {"case": str(case.pk), "infected": True}


def test_the_operator_is_told_where_nothing_looks(settings: Any) -> None:
    settings.CLAMD = ""
    assert [one.id for one in checks.virus_scanner_is_connected(None)] == ["madoguchi.W001"]
    settings.CLAMD = "unix:/run/clamav/clamd.ctl"
    assert checks.virus_scanner_is_connected(None) == []
