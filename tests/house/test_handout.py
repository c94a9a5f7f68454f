"""What a person is handed: every table and field with something about them or a stated reason, and nobody else's."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest
from django.apps import apps
from django.contrib.gis.geos import Point
from django.db import IntegrityError, connection, transaction
from django.db.models import BinaryField, Field, JSONField, Model, TextField
from django.test import Client
from lxml import html

from madoguchi.cases import actions
from madoguchi.cases.models import (
    Approval,
    Case,
    Confirmation,
    Consultation,
    Correction,
    Cosigner,
    Decision,
    Departure,
    Document,
    HandOver,
    Mandate,
    MapAnswer,
    Origin,
    Payment,
    Service,
    Signature,
    Submission,
    Upload,
    UploadPart,
)
from madoguchi.cases.queries import handout
from madoguchi.cases.rules.keeping import LIVES
from madoguchi.cases.tests.conftest import published, staff
from madoguchi.desk.tests.staging import DOG, HOUSE, Staff, account_of, handed_in, open_step
from madoguchi.events import SYSTEM
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Entry, Import, Invitation, Pair, Source
from madoguchi.facts.rules.delegating import KEY
from madoguchi.facts.tests.ledger import as_owner
from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.messages.models import LetterFile, Message, Notice, NoticeLetter
from madoguchi.people.actions import recognise
from madoguchi.people.models import Account, Identity, Partner, Person, SignIn
from madoguchi.people.queries import actor_of_person
from madoguchi.procedures.models import Procedure
from tests.house.test_security import browser_of

__all__ = ["published", "staff"]

pytestmark = pytest.mark.django_db


def received(client: Client, language: str = "ja") -> zipfile.ZipFile:
    answer = client.post("/my-data/", headers={"accept-language": language})
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))


def everything_of(published: dict[str, Procedure], staff: Staff) -> Person:
    """A person of whom there is a row in every table with personal data: two cases that staff have worked on."""
    clerk = staff("environment", "environment-clerk")
    account = account_of(clerk)
    case = handed_in(published, DOG)
    by = actor_of_person(case.person_id, "card")
    actions.write(case, "質問", by=by)
    actions.answer(case, "答え", by=clerk)
    actions.read(case, by=clerk)
    actions.note(case, "庁内の話", by=clerk)
    actions.hold(
        case, "訴訟", clock.today().replace(year=clock.today().year + 1), by=staff("environment", "environment-head")
    )
    actions.examine(open_step(case), "accept", by=clerk, note="書き添え")
    for step in case.steps.filter(done_at=None):
        actions.perform(step, by=SYSTEM)
    case.refresh_from_db()
    actions.rate(case, "3", "楽でした", by=by)
    house = handed_in(published, HOUSE)
    Case.objects.filter(pk=house.pk).update(person_id=case.person_id, typed={"x": "まだ直っていない"})
    step = house.steps.order_by("token")[0]
    Correction.objects.create(
        step=step, path="person.phone", message="電話を直してください", translated={"en": "Please"}
    )
    Confirmation.objects.create(case=house, clerk=account, shown="passport", digest="0" * 64, name="見本 花子",
                                confirmed_at=clock.now(), how="named")  # fmt: skip
    Submission.objects.create(case=house, answers={"x": "前の答え"})
    Consultation.objects.create(case=house, section="residents", question="どうか", due_on=clock.today(),
                                asked_by=account, agreed=False, answer="異議",
                                answered_at=clock.now(), answered_by=account)  # fmt: skip
    Consultation.objects.create(case=house, section="children", question="どうか", due_on=clock.today(),
                                asked_by=account, dropped_at=clock.now(), dropped_by=account,
                                dropped_because="急ぐため")  # fmt: skip
    Approval.objects.create(step=step, post="taxation-head", account=account, stood_in="x", because="出張")
    Departure.objects.create(step=step, name="amount", was=1, became=2, why="事情")
    HandOver.objects.create(case=house, giver="taxation", receiver="residents", why="理由", account=account)
    partner = Partner.objects.create(name="見本のシステム", section="taxation", scopes=[], procedures=[])
    Origin.objects.create(case=house, partner=partner, reference="外の番号")
    Payment.objects.create(case=house, step=step, yen=300, provider="p", reference=str(uuid7()), url="https://x",
                           charge="c", paid_at=clock.now(), paid_yen=300, refund_asked_at=clock.now(),
                           refund_why="staff",
                           refund_note="庁内", refunded_at=clock.now(), refund_reference="rr")  # fmt: skip
    Decision.objects.update_or_create(case=house, defaults={"granted": True, "values": {"x": "値"},
                                      "reasons": [{"ja": "理由"}], "course": {}, "note": "控え",
                                      "made_at": clock.now()})  # fmt: skip
    Cosigner.objects.create(case=house, node="partner", digest="0" * 64, address="partner@example.jp",
                            person=Person.objects.create(), level="card", declined_at=clock.now(),
                            words="就労時間が違います")  # fmt: skip
    MapAnswer.objects.create(case=house, name="谷川一丁目1番", spot=Point(135.6235, 34.7119, srid=6668),
                             day=clock.today(), told=[{"layer": "zoning"}], kept_by=account)  # fmt: skip
    Service.objects.create(case=house, service="electricity", company="sample-power", partner=partner, number="1",
                           hands={"full_name": "見本"}, sent_at=clock.now(), handed_at=clock.now(), said_at=clock.now(),
                           refused_at=clock.now(), reference="r", words="w", link="l", telephone="1")  # fmt: skip
    Signature.objects.create(case=house, content="文書".encode(), cover="一覧".encode(), cms=b"cms", digest="0" * 64,
                             name="見本 花子", address="大東市", born_on=clock.today(), sex="female", serial="1f",
                             issuer="CN=x", policy="1.2.3", is_test=True, valid_until=clock.now())  # fmt: skip
    upload = Upload.objects.create(case=house, path="x", name="送りかけ.jpg", length=9)
    UploadPart.objects.create(upload=upload, at=0, content=b"half a file")
    for one in (case, house):
        Case.objects.filter(pk=one.pk).update(subject=Person.objects.create())
    Message.objects.create(event_id=uuid7(), template="answered", about=case.pk, channel="mail", address="a@example.jp",
                           subject="件名", body="本文")  # fmt: skip
    told = {"agent": str(case.person_id), "kind": "business", "procedures": ["*"], "shows": True, "letters": True,
            "names": ["本人", "代理人"], "office": "", "proof": ""}  # fmt: skip
    delegation = uuid7()  # it stands, or nothing of the case would be handed out to the agent
    facts.state(Person.objects.create(), {(KEY, str(delegation)): told}, Source.SELF, by=SYSTEM)
    Mandate.objects.create(case=house, delegation=delegation, kind="business", office="見本の事業所", number="1",
                           shows=True, letters=True, source="self", since=clock.today())  # fmt: skip
    person = Person.objects.get(pk=case.person_id)
    Invitation.objects.create(person=person, mark=str(uuid7()), name="見本　桃子",
                              kind="care_manager", office="ケアプラン見本", own_name="見本　花子",
                              procedures=["dog-registration"], shows=True, letters=True,
                              until=clock.today(), expires_at=clock.now())  # fmt: skip
    notice = Notice.objects.create(office="residents", subject="件名", body="本文", audience={}, written_by=account)
    NoticeLetter.objects.create(notice=notice, person=person)
    SignIn.objects.create(person=person, browser="Firefox / Mac")
    Identity.objects.create(person=person, issuer="mailto:", subject=f"{person.pk}@example.jp", level="contact")
    facts.state(person, {("person.occupation", ""): "会社員"}, Source.SELF, by=by)
    run = Import.objects.create(register=f"of {person.pk}", office="residents", day=clock.today(), digest="0" * 64,
                                is_whole=True)  # fmt: skip
    entries = [
        Entry.objects.create(register=run.register, number=f"{number}", person=one, digest=b"x", seen=run)
        for number, one in enumerate((person, Person.objects.create()))
    ]
    Pair.objects.create(entry=entries[1], person=person, comparison={}, decided_at=clock.now(), decided_by=account,
                        is_same=False, reason="別の方", replaced=uuid7())  # fmt: skip
    return person


def rows_of(person: Person, model: type[Model]) -> list[Any]:
    life = LIVES[model._meta.db_table]
    of = {life.of_person: person.pk} if life.of_person else {f"{life.of_case}__in": Case.objects.filter(person=person)}
    with as_owner():
        return list(model._default_manager.filter(**of))


def _is_written(row: Model, field: "Field[Any, Any]", words: str) -> bool:
    """Whether the database lets these words stand there (a message in the portal has no address)."""
    value: Any = getattr(row, field.name)
    if isinstance(field, JSONField):
        value = (
            [{"ja": words}]
            if isinstance(value, list)
            else {**value, "mark": words}
            if isinstance(value, dict)
            else words
        )
    else:
        value = words
    try:
        with as_owner(), transaction.atomic(), connection.cursor() as cursor:  # noqa: TID251 -- contains the error
            cursor.execute("SET LOCAL session_replication_role = replica")  # past the triggers that keep the ledger
            type(row)._default_manager.filter(pk=row.pk).update(**{field.name: value})
    except IntegrityError:
        return False
    return True


def marked(person: Person, who: str) -> dict[tuple[str, str], list[str]]:
    """Write into every text of every row something that stands nowhere else; (table, field) → what was written."""
    written: dict[tuple[str, str], list[str]] = {}
    for table in LIVES:
        model = handout.models_by_table()[table]
        found = rows_of(person, model)
        assert found, f"the story leaves nothing in {table}"
        for number, row in enumerate(found):
            for field in of_words(model):
                words = f"{who}の印{table}の{field.name}の{number}番"
                if (table, field.name) not in FIXED and _is_written(row, field, words):
                    written.setdefault((table, field.name), []).append(words)
    return written


#: What the database lets nobody write freely; looked for as it is.
FIXED = {("case", "number"), ("letter", "code")}


def of_words(model: type[Model]) -> "Iterator[Field[Any, Any]]":
    for field in model._meta.concrete_fields:
        if (
            field.name in handout.personal(model) and isinstance(field, (TextField, JSONField))
        ) or field.name == "email":
            yield field


def test_every_field_is_there_or_withheld_for_a_reason(published: dict[str, Procedure], staff: Staff) -> None:
    person = everything_of(published, staff)
    written = marked(person, "本人")
    archive = received(browser_of(actor_of_person(person.pk, "card")))
    data, page = archive.read("data.json").decode(), archive.read("index.html").decode()
    files = {archive.read(name) for name in archive.namelist() if "/" in name}
    covered = set(written) | FIXED
    for table, life in LIVES.items():
        model = handout.models_by_table()[table]
        for field in model._meta.concrete_fields:
            if field.name not in handout.personal(model):
                continue
            where, values = (table, field.name), written.get((table, field.name), [])
            if isinstance(field, BinaryField):
                kept = {bytes(getattr(row, field.name)) for row in rows_of(person, model)}
                assert (kept <= files) == (table != "case_upload_part"), table
            elif field.name in life.withheld:
                assert not [one for one in values if one in data or one in page], f"{where} is withheld"
            elif values:
                assert not [one for one in values if one not in data], f"{where} is not handed out"
            elif not field.is_relation and table != "case":
                shown = {
                    json.dumps(getattr(row, field.name), ensure_ascii=False, default=str)
                    for row in rows_of(person, model)
                }
                assert not [one for one in shown if one not in data], where
        of = [one.name for one in of_words(model)]
        assert covered >= {(table, name) for name in of if name in handout.personal(model)}, table
    jsonschema_rs.validator_for(handout.schema()).validate(json.loads(data))


def test_a_table_is_handed_out_as_soon_as_it_is_named() -> None:
    """Nothing in between decides: what LIVES names and does not withhold whole is in the schema, field by field."""
    text = json.dumps(handout.schema())
    for table, life in LIVES.items():
        model = apps.get_model(handout.models_by_table()[table]._meta.label)
        for name in handout.personal(model) - life.withheld.keys():
            assert f'"{name}"' in text, f"{table}.{name}"


def test_nobody_elses(published: dict[str, Procedure], staff: Staff) -> None:
    mine, other = everything_of(published, staff), everything_of(published, staff)
    written = marked(other, "他人")
    archive = received(browser_of(actor_of_person(mine.pk, "card")))
    held = "\n".join([archive.read("data.json").decode(), archive.read("index.html").decode(), *archive.namelist()])
    assert "他人の印" not in held
    assert written
    assert str(other.pk) not in held
    for number in Case.objects.filter(person=other).values_list("number", flat=True):
        assert str(number) not in held
    theirs = {bytes(one) for one in LetterFile.objects.filter(letter__person=other).values_list("pdf", flat=True)}
    assert theirs
    assert not theirs & {archive.read(name) for name in archive.namelist()}


def test_staff_are_offices_and_not_names(published: dict[str, Procedure], staff: Staff) -> None:
    person = everything_of(published, staff)
    Account.objects.update(display_name="ひみつ職員")
    archive = received(browser_of(actor_of_person(person.pk, "card")))
    data, page = archive.read("data.json").decode(), archive.read("index.html").decode()
    for text in (data, page):
        assert "ひみつ職員" not in text
        assert "環境室（環境室職員）" in text
    events = [one for case in json.loads(data)["cases"] for one in case["events"]]
    read = next(one for one in events if one["verb"] == "case.read")
    assert (read["who"], read["why"]) == ("staff", "この手続を担当する課だから")


@pytest.mark.parametrize(
    ("language", "words"), [("ja", "わたしの情報"), ("ja-simple", "わたしの 情報"), ("en", "My data")]
)
def test_the_page_in_it_reads_in_the_persons_language(
    published: dict[str, Procedure], staff: Staff, language: str, words: str
) -> None:
    person = everything_of(published, staff)
    client = browser_of(actor_of_person(person.pk, "card"))
    client.get(f"/my-data/?lang={language}")
    archive = received(client, language)
    tree = html.fromstring(archive.read("index.html"))
    assert tree.findtext(".//h1") == words
    linked = [unquote(str(one.get("href"))) for one in tree.iter("a")]
    names = set(archive.namelist())
    assert linked
    assert set(linked) <= names, "every link leads to a file in the ZIP"
    assert not re.search("[\uf8f0-\uf8f2]", archive.read("index.html").decode())


def test_what_is_drafted_and_not_decided_stays_inside(published: dict[str, Procedure], staff: Staff) -> None:
    case = handed_in(published, HOUSE)
    Decision.objects.update_or_create(
        case=case, defaults={"granted": False, "reasons": [{"ja": "下書きの理由"}], "made_at": None}
    )
    archive = received(browser_of(actor_of_person(case.person_id, "card")))
    assert "下書きの理由" not in archive.read("data.json").decode() + archive.read("index.html").decode()


def test_names_of_files_lead_out_of_no_folder(published: dict[str, Procedure]) -> None:
    case = handed_in(published, HOUSE)
    for one, name in zip(
        case.documents.all(), ["../../etc/passwd", "C:\\x\\y.jpg", "....", "\u202e\x00"], strict=False
    ):
        Document.objects.filter(pk=one.pk).update(name=name.replace("\x00", ""))
    archive = received(browser_of(actor_of_person(case.person_id, "card")))
    files = [name for name in archive.namelist() if name.startswith("documents/")]
    assert files
    assert all(re.fullmatch(rf"documents/{case.number}/\d\d-[^/\\]+", name) and ".." not in name for name in files)


# -- the act -----------------------------------------------------------------------------------------------------------


def test_one_event_and_the_person_sees_it(published: dict[str, Procedure]) -> None:
    case = handed_in(published, DOG)
    client = browser_of(actor_of_person(case.person_id, "card"))
    received(client)
    event = Event.objects.get(verb="person.export")
    assert (event.outcome, event.reason, event.subject_id) == ("done", "own-person", case.person_id)
    assert event.data == {"level": "card-signature"}
    assert "これまでに渡した記録" in client.get("/my-data/").content.decode()


def test_whoever_has_a_card_does_not_receive_it_by_mail_alone(published: dict[str, Procedure]) -> None:
    case = handed_in(published, DOG)
    client = Client(headers={"accept-language": "ja"})
    session = client.session
    session["resident"] = {"person": str(case.person_id), "level": "contact"}
    session.save()
    page = client.get("/my-data/").content.decode()
    assert "/sign-in/card/" in page
    assert "ZIPファイルを受け取る" not in page
    answer = client.post("/my-data/")
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (403, "text/html")
    assert Event.objects.get(verb="person.export").outcome == "refused"


def test_five_times_an_hour(published: dict[str, Procedure]) -> None:
    client = browser_of(actor_of_person(handed_in(published, DOG).person_id, "card"))
    for _ in range(5):
        received(client)
    assert client.post("/my-data/").status_code == 429
    assert Event.objects.filter(verb="person.export", outcome="done").count() == 5


def test_whoever_has_only_a_mailbox_receives_what_there_is(published: dict[str, Procedure]) -> None:
    person = recognise("mailto:", "neu@example.jp", "contact", by=SYSTEM)
    client = Client(headers={"accept-language": "ja"})
    session = client.session
    session["resident"] = {"person": str(person.pk), "level": "contact"}
    session.save()
    data = json.loads(received(client).read("data.json"))
    assert data["cases"] == []
    assert [one["subject"] for one in data["identities"]] == ["neu@example.jp"]


def test_it_is_made_in_parts(published: dict[str, Procedure]) -> None:
    """Neither a document nor the whole is ever in memory: no part of the answer is larger than one cut of a file."""
    case = handed_in(published, HOUSE)
    one = case.documents.first()
    assert one is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(
            "UPDATE case_document_content SET content ="
            " (SELECT string_agg(decode(md5(random()::text), 'hex'), '') FROM generate_series(1, 200000))"
            " WHERE document_id = %s",
            [one.pk],
        )
    client = browser_of(actor_of_person(case.person_id, "card"))
    parts = [len(part) for part in client.post("/my-data/")]
    assert sum(parts) > 3_000_000
    assert max(parts) < 2 * handout.PART
