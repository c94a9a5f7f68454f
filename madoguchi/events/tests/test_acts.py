"""An act: permission, one transaction, one event; the chain that proves the log."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg.conninfo import make_conninfo

from madoguchi.events import SYSTEM, Actor, Reason, act, actions, queries, record
from madoguchi.events.following import FOLLOWERS, Follower, follow
from madoguchi.events.models import Event, Seal
from madoguchi.events.rules import Finding, LoggedEvent, SealedBatch, Verifier, seal
from madoguchi.ground.errors import Invalid, NotAllowed
from madoguchi.ground.ids import uuid7

#: Any row serves as a subject. By its name, because events know no noun above them.
Person = apps.get_model("madoguchi_people", "Person")
Chain = tuple[list[SealedBatch], list[LoggedEvent]]

ANYONE = Reason("anyone", "だれでも", lambda actor, _: True)
STAFF = Reason("staff", "職員だから", lambda actor, _: actor.kind == "staff")


@act("test.open", allow=(ANYONE,))
def open_person(*, by: Actor) -> models.Model:
    """人を作る"""
    person = Person.objects.create()
    record(opened=True)
    return person


@act("test.touch", allow=(STAFF,))
def touch(person: models.Model, *, by: Actor) -> None:
    """職員だけができること"""
    person.save()


@act("test.outer", allow=(ANYONE,))
def outer(*, by: Actor, fail: bool = False) -> models.Model:
    """ほかの行為を含む行為"""
    person = open_person(by=by)
    if fail:
        raise Invalid("broken", "だめです。")
    return person


@act("test.outer-denied", allow=(ANYONE,))
def outer_denied(*, by: Actor) -> None:
    """中で断られる行為"""
    touch(open_person(by=by), by=by)


@pytest.mark.django_db
def test_an_act_leaves_one_event_with_its_reason() -> None:
    person = open_person(by=SYSTEM)
    (event,) = Event.objects.all()
    assert (event.verb, event.outcome, event.reason) == ("test.open", "done", "anyone")
    assert event.subject_id == person.pk
    assert event.subject_kind == "person"
    assert event.data == {"opened": True}


@pytest.mark.django_db
def test_an_act_without_permission_changes_nothing_and_leaves_one_refusal() -> None:
    person = open_person(by=SYSTEM)
    before = Person.objects.count()
    with pytest.raises(NotAllowed):
        touch(person, by=Actor("resident", uuid7()))
    assert Person.objects.count() == before
    assert list(Event.objects.filter(verb="test.touch").values_list("outcome", "reason")) == [
        ("refused", "not-allowed")
    ]


@pytest.mark.django_db
def test_nested_acts_point_to_their_cause() -> None:
    outer(by=SYSTEM)
    events = {event.verb: event for event in Event.objects.all()}
    assert events["test.open"].cause_id == events["test.outer"].id
    assert events["test.outer"].cause_id is None
    assert events["test.open"].xid == events["test.outer"].xid


@pytest.mark.django_db
def test_a_refusal_anywhere_undoes_everything_and_leaves_one_event() -> None:
    with pytest.raises(Invalid):
        outer(by=SYSTEM, fail=True)
    with pytest.raises(NotAllowed):
        outer_denied(by=SYSTEM)
    assert not Person.objects.exists()
    refusals = list(Event.objects.values_list("verb", "outcome", "data__within"))
    assert refusals == [("test.outer", "refused", None), ("test.touch", "refused", "test.outer-denied")]


@pytest.mark.django_db
def test_any_other_error_leaves_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person.objects, "create", lambda: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        open_person(by=SYSTEM)
    assert not Event.objects.exists()


def test_a_verb_is_defined_once_and_says_what_it_does() -> None:
    with pytest.raises(ValueError, match="already defined"):
        act("test.open", allow=(ANYONE,))(open_person)
    with pytest.raises(ValueError, match="docstring"):
        act("test.silent", allow=(ANYONE,))(lambda *, by: None)


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE event SET verb = 'x'", "DELETE FROM event"])
def test_the_log_is_append_only(statement: str) -> None:
    open_person(by=SYSTEM)
    for role, refusal in (("madoguchi_app", "permission denied"), ("NONE", "append-only")):  # who serves; who owns
        savepoint = transaction.atomic()  # noqa: TID251 -- so that the refused statement does not end the test
        with pytest.raises(DatabaseError, match=refusal), savepoint, connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}; {statement}")
    assert Event.objects.filter(verb="test.open").count() == 1


@pytest.mark.django_db(transaction=True)
def test_relay_and_seal_read_only_behind_the_horizon_and_the_chain_verifies() -> None:
    for _ in range(5):
        open_person(by=SYSTEM)
    assert read_behind_the_horizon(actions.seal, 5) >= 5
    open_person(by=SYSTEM)
    assert read_behind_the_horizon(actions.seal, 1) == 1
    verdict = queries.verify()
    assert verdict.first is None
    assert verdict.seals == Seal.objects.count()
    assert verdict.unsealed == 0


def read_behind_the_horizon(reader: Callable[[], int], at_least: int) -> int:
    """Read until that many events were read: a transaction that runs elsewhere in the cluster holds the horizon."""
    read, until = 0, time.monotonic() + 120
    while read < at_least and time.monotonic() < until:
        read += reader()
        if read < at_least:
            time.sleep(0.1)
    return read


def first(seals: list[SealedBatch], events: list[LoggedEvent], anchors: dict[int, bytes] | None = None) -> Finding:
    """The finding that there must be."""
    found = Verifier(anchors or {}).verify(seals, events).first
    assert found is not None
    return found


def _event(xid: int, verb: str = "a.b") -> LoggedEvent:
    return LoggedEvent(
        uuid7(),
        xid,
        "2026-04-01T00:00:00.000000+00:00",
        verb,
        "done",
        "r",
        "system",
        None,
        "",
        None,
        None,
        "x",
        {"n": xid},
    )


@pytest.fixture
def chain() -> Chain:
    events = [_event(n) for n in range(1, 10)]
    one = seal(1, 0, 5, events[:4], b"")
    return [one, seal(2, 5, 10, events[4:], one.root)], events


@pytest.mark.parametrize("place", range(9))
def test_the_first_altered_missing_or_inserted_row_is_named(chain: Chain, place: int) -> None:
    seals, events = chain
    assert Verifier().verify(seals, events).first is None
    altered = [*events]
    altered[place] = altered[place]._replace(data={"n": -1})
    found = first(seals, altered)
    assert (found.kind, found.event) == ("altered", events[place].id)
    found = first(seals, events[:place] + events[place + 1 :])
    assert (found.kind, found.event) == ("missing", events[place].id)
    extra = _event(events[place].xid, "in.serted")
    found = first(seals, [*events[:place], extra, *events[place:]])
    assert (found.kind, found.event) == ("inserted", extra.id)


def test_altered_seals_and_a_resealed_log_are_found(chain: Chain) -> None:
    seals, events = chain
    broken = [seals[0]._replace(digests=b"\0" * len(seals[0].digests)), seals[1]]
    assert first(broken, events).kind == "seal-altered"
    assert first(seals[1:], events).kind == "seal-missing"
    forged = [*events]
    forged[2] = forged[2]._replace(verb="for.ged")
    one = seal(1, 0, 5, forged[:4], b"")
    resealed = [one, seal(2, 5, 10, forged[4:], one.root)]
    assert Verifier().verify(resealed, forged).first is None
    assert first(resealed, forged, {2: seals[1].root}).kind == "seal-altered"
    assert first(seals, events, {3: b"x"}).kind == "seal-missing"


@pytest.mark.django_db(transaction=True)
def test_the_relay_defers_each_job_once_and_only_for_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[UUID] = []
    monkeypatch.setitem(FOLLOWERS._entries, "test.job", Follower("test.job", frozenset({"test.open"}), ran.append))
    open_person(by=SYSTEM)
    with pytest.raises(Invalid):
        outer(by=SYSTEM, fail=True)
    assert read_behind_the_horizon(actions.relay, 2) == 2
    assert actions.relay() == 0
    jobs = list(ProcrastinateJob.objects.filter(task_name="madoguchi.follow").values_list("args", flat=True))
    assert [job["job"] for job in jobs] == ["test.job"]
    follow(**jobs[0])
    assert ran == [Event.objects.get(verb="test.open", outcome="done").pk]


@pytest.mark.django_db(transaction=True)
def test_an_export_verifies_without_the_database(tmp_path: Path) -> None:
    for _ in range(3):
        open_person(by=SYSTEM)
    read_behind_the_horizon(actions.seal, 3)
    path = tmp_path / "log.jsonl"
    with path.open("w") as out:
        queries.export(out)
    assert queries.verify_export(str(path)).first is None
    text = path.read_text().replace('"test.open"', '"test.oqen"', 1)
    path.write_text(text)
    found = queries.verify_export(str(path)).first
    assert found is not None
    assert found.kind == "altered"
    assert isinstance(found.event, UUID)


@pytest.mark.django_db(transaction=True)
def test_after_a_restore_new_events_still_come_after_old_ones() -> None:
    open_person(by=SYSTEM)
    read_behind_the_horizon(actions.seal, 1)
    with connection.cursor() as cursor:  # what a restore into a younger cluster looks like: ids in the log run ahead
        cursor.execute(
            "INSERT INTO event (id, xid, at, verb, outcome, reason, actor_kind, subject_kind, channel, data) VALUES"
            " (%s, madoguchi_transaction_horizon() + 1000000, now(), 'old.one', 'done', '', 'system', '', 'x', '{}')",
            [uuid7()],
        )
    actions.heal_transaction_ids()
    open_person(by=SYSTEM)
    assert read_behind_the_horizon(actions.seal, 2) == 2
    assert queries.verify().first is None
    assert actions.heal_transaction_ids() > 990_000  # less by what other databases of the cluster did meanwhile


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_starts_while_others_write_shifts_nothing() -> None:
    before = actions.heal_transaction_ids()
    parameters = connection.get_connection_params()
    named = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
    with psycopg.connect(make_conninfo("", **named)) as other:
        other.execute("SELECT madoguchi_transaction_id()")  # a transaction that began earlier and is still open
        open_person(by=SYSTEM)
        assert actions.heal_transaction_ids() == before


def test_actors_are_values() -> None:
    assert dataclasses.replace(SYSTEM) == SYSTEM
