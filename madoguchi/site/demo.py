"""The sample city: staff, residents and cases in every state, made by the very acts that people use.

Everything here is invented (見本データ). Days are counted back from today, so that the city is alive whenever it is
started. Loading again adds only what is missing: a run that was broken off is completed by the next.
"""

import base64
import datetime as dt
import hashlib
import io
import json
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point
from django.db.models import Exists, OuterRef
from PIL import Image, ImageDraw

from madoguchi.cases import actions, jobs
from madoguchi.cases import queries as cases
from madoguchi.cases.actions import paying
from madoguchi.cases.models import Case, Step
from madoguchi.cases.ports import Asked, Seen
from madoguchi.events import SYSTEM, Actor
from madoguchi.events.models import Event
from madoguchi.facts import actions as facts
from madoguchi.facts.models import Source
from madoguchi.ground import clock
from madoguchi.people.actions import appoint, enrol_totp, open_account, open_partner, recognise, set_absence
from madoguchi.people.models import Account, Partner, Person
from madoguchi.people.ports import SIGNATURE_FORMATS, RawSignature
from madoguchi.people.queries import actor_of_account, actor_of_person, secrets_of
from madoguchi.places.queries import newest, standing
from madoguchi.places.rules.layer import STORED
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import UPLOADED
from madoguchi.site import mapping

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tools.jpki.authority import Authority

PASSWORD = "madoguchi-mihon-2026"  # noqa: S105 -- of invented accounts in a database that only the demo uses
SAMPLE_ISSUER = "urn:madoguchi:sample"
#: How the addresses of the demo's cases begin; by it they are found again.
MAIL_TO = "sample-"
#: The system that plays the sample companies of services.yaml.
COMPANIES: Final = "見本の会社のシステム"
#: Sections with posts whose holders sign in: (section, post, display name).
STAFF = (
    ("environment", "environment-clerk", "環境 みどり"),
    ("environment", "environment-head", "室長 森"),
    ("digital-services", "digital-services-manager", "課長 見城"),
    ("children", "children-clerk", "子安 まなぶ"),
    ("children", "children-chief", "係長 小畑"),
    ("children", "children-deputy", "課長補佐 幼井"),
    ("children", "children-head", "課長 育野"),
    ("welfare-children", "welfare-children-director", "部長 福里"),
    ("crisis-management", "crisis-management-director", "危機管理監 備前"),
    ("taxation", "taxation-clerk", "家屋 つとむ"),
    ("taxation", "taxation-head", "課長 税所"),
    ("elderly-care", "elderly-care-clerk", "高井 ささえ"),
    ("elderly-care", "elderly-care-head", "課長 介川"),
    ("elderly-care", "care-assessor", "調査員 面田"),
    ("elderly-care", "care-board-secretary", "審査会 判野"),
    ("health-insurance", "health-insurance-clerk", "保田 けんじ"),
    ("health-insurance", "health-insurance-head", "課長 国本"),
    ("support-centre", "support-centre-officer", "包括 みまもり"),
    ("residents", "residents-clerk", "住友 うつる"),
    ("residents", "residents-head", "課長 籍本"),
    ("community-health", "community-health-clerk", "保田 すこや"),
    ("community-health", "community-health-nurse", "保健師 母里"),
    ("community-health", "community-health-head", "課長 健山"),
    ("urban-policy", "urban-policy-clerk", "都島 けいかく"),
    ("urban-policy", "urban-policy-head", "課長 町田"),
    ("road-management", "road-management-clerk", "道野 なおす"),
    ("road-management", "road-management-head", "課長 大路"),
)


@dataclass(slots=True)
class Story:
    """One sample case: who asks for what, how many days ago, with which answers, and what happened then.

    ``told`` is the list of what happened after the submission, each a business-day pause and what was done:
    ``go`` (the open step, with its good outcome; the applicant's is to pay), ``refuse``, ``return``, ``correct``,
    ``withdraw``, ``seal`` (the next seal of an approval alone), ``stand-in`` (decided while the head is away),
    ``ask`` (another section is asked). ``None`` leaves it a draft. ``cast``: whether the sample city has many like it.
    """

    who: str
    procedure: str
    days_ago: int
    answers: dict[str, Any]
    told: Sequence[tuple[int, str]] | None = ()
    findings: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    corrections: Mapping[str, str] = field(default_factory=dict)
    cast: bool = True


#: Phrases of sections, as a section would have them after some months: use, title, words by language.
PHRASES: Final[Mapping[str, Sequence[tuple[str, str, Mapping[str, str]]]]] = {
    "children": (
        (
            "correction",
            "口座の名義が違う",
            {
                "ja": "口座の名義がご本人と異なります。ご本人名義の口座を入力してください。",
                "ja-simple": "口座の 名前が、あなたの 名前と ちがいます。あなたの 名前の 口座を 書いてください。",
                "en": "The account is in another name. Please enter an account in your own name.",
                "vi": "Tên chủ tài khoản khác với tên của bạn. Vui lòng nhập tài khoản đứng tên bạn.",
                "pt": "A conta está em outro nome. Informe uma conta em seu próprio nome.",
            },
        ),
        (
            "message",
            "問い合わせへの返事",
            {
                "ja": "お問い合わせの件（受付番号 {reference}）について、お答えします。",
                "en": "This is our answer to your question (reference {reference}).",
                "vi": "Chúng tôi xin trả lời câu hỏi của bạn (số tiếp nhận {reference}).",
            },
        ),
        ("note", "電話で確認", {"ja": "電話でご本人に内容を確認しました。"}),
    ),
    "environment": (
        (
            "correction",
            "注射済票が読めない",
            {
                "ja": "注射済証の文字が読めません。明るいところで撮り直してください。",
                "en": "The vaccination certificate cannot be read. Please take the photograph again in a bright place.",
                "vi": "Không đọc được giấy chứng nhận tiêm phòng. Vui lòng chụp lại ở nơi sáng.",
            },
        ),
        ("note", "電話で確認", {"ja": "電話で飼い主に内容を確認しました。"}),
    ),
}


def load() -> list[tuple[str, str, str]]:
    """Make what is missing of the sample city; returns what to tell: who, where, how."""
    if not settings.DEMO:
        raise RuntimeError("the sample city is loaded only into a demo (MADOGUCHI_DEMO=1)")
    staff = {post: _account(section, post, name) for section, post, name in STAFF}
    for section, phrases in PHRASES.items():
        if not cases.phrases_of(section):
            for use, title, words in phrases:
                actions.add_phrase(section, use=use, title=title, words=words, by=staff[f"{section}-clerk"])
    if not newest():
        list(mapping.load([], None, None, anyhow=False))  # what the data pack has, if there is one
    subjects = _residents_of_the_identity_provider()
    with _test_authority():
        for number, story in enumerate(_stories()):
            key = subjects.get(story.who)
            issuer, subject = (settings.OIDC_ISSUER, key) if key else (SAMPLE_ISSUER, story.who)
            person = recognise(issuer, subject, "card", by=SYSTEM)
            by = actor_of_person(person.pk, "card")
            if not Case.objects.filter(person=person, procedure__code=story.procedure).exists():
                _play(story, by, staff, number)
    jobs.show_cases()
    lines = [
        ("  residents sign in as", "見本 花子, 見本 太郎, 谷川 梅子 …", "chosen on the provider's page, no password")
    ]
    lines += [
        (f"  {username}", f"password {PASSWORD}", f"code: .venv/bin/madoguchi totp {username}")
        for username in (post for _, post, _ in STAFF)
    ]
    return lines


def company_client() -> tuple[str, str]:
    """Id and secret of the system that plays the sample companies (tools/utility), let in at the first start."""
    companies = [one.id for one in procedures.city().companies]
    held = Partner.objects.filter(name=COMPANIES, closed_at=None).first()
    if held is None:
        scopes = ["services:answer", "webhooks:manage"]
        held = open_partner(COMPANIES, "digital-services", scopes, ["*"], by=SYSTEM, companies=companies)
    return str(held.pk), secrets_of(held)[0]


def _account(section: str, post: str, name: str) -> Actor:
    account = Account.objects.filter(username=post).first()
    if account is None:
        account = open_account(post, name, PASSWORD, by=SYSTEM)
        digest = hashlib.sha256(f"madoguchi sample {post}".encode()).digest()
        enrol_totp(account, base64.b32encode(digest[:20]).decode(), by=SYSTEM)
    appoint(account, post, section, dt.date(2026, 4, 1), by=SYSTEM)
    return actor_of_account(account)


def _residents_of_the_identity_provider() -> dict[str, str]:
    """The test residents' subjects at the demo's identity provider, so that their cases await them."""
    node = Path(sys.executable).parent / "node"
    program = settings.ROOT / "tools" / "idp" / "main.mjs"
    sector = urlsplit(settings.BASE_URL).netloc
    command = [str(node) if node.exists() else "node", str(program), "--subjects", sector]
    told = subprocess.run(
        [*command, "--state", str(settings.VAR / "idp")], capture_output=True, text=True, check=True, timeout=60
    )
    return dict(json.loads(told.stdout))


# -- playing a story --------------------------------------------------------------------------------------------------


def _play(story: Story, by: Actor, staff: Mapping[str, Actor], number: int) -> None:
    rng = random.Random(number)  # noqa: S311 -- a sample, the same at every start
    calendar = procedures.calendar()
    day = clock.today() - dt.timedelta(days=story.days_ago)
    while not calendar.is_open(day):
        day -= dt.timedelta(days=1)
    row = procedures.current(story.procedure)
    if row is None:
        return
    moment = dt.datetime.combine(day, dt.time(rng.randint(8, 21), rng.randint(0, 59)), clock.TOKYO)
    with clock.travel(moment):
        case = actions.open_draft(row, by=by)
        _fill_in(case, story.answers, by)
        if story.told is None:
            return
        _sign(case, by)
        actions.submit(case, by=by, email=f"{MAIL_TO if story.cast else 'shown-'}{number}@example.jp")
        _machine(case)
    for days, deed in story.told:
        day = calendar.add(day, days) if days else day
        at = dt.datetime.combine(day, dt.time(rng.randint(9, 16), rng.randint(0, 59)), clock.TOKYO)
        moment = max(at, moment + dt.timedelta(minutes=20))
        if moment > clock.now():
            return
        with clock.travel(moment):
            _do(deed, case, story, by, staff)
            _machine(case)


@contextmanager
def _test_authority() -> Iterator[None]:
    """While the city is loaded, this process alone believes an authority that dies with it."""
    before, file = settings.JPKI_TEST_ROOTS, settings.VAR / "jpki" / "loading.pem"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_bytes(_authority().pem())
    settings.JPKI_TEST_ROOTS = [str(file)]
    try:
        yield
    finally:
        settings.JPKI_TEST_ROOTS = before


@cache
def _authority() -> "Authority":
    from tools.jpki.authority import Authority

    return Authority(since=clock.now() - dt.timedelta(days=3650))


@cache
def _key() -> "RSAPrivateKey":
    from tools.jpki.authority import new_key

    return new_key()


def _sign(case: Case, by: Actor) -> None:
    """Where the procedure wants it, a card of the test authority signs, which says what the sign-in's card has said."""
    if not cases.demands_signature(case):
        return
    from tools.jpki.authority import Holder

    case.refresh_from_db()
    said = case.answers["person"]
    keys = {f"person.{name}": said[name] for name in ("full_name", "registered_address", "date_of_birth")}
    facts.state(Person(pk=by.who), {(key, ""): value for key, value in keys.items()}, Source.CARD, by=by)
    holder = Holder(said["full_name"], said["registered_address"], dt.date.fromisoformat(said["date_of_birth"]))
    card, form = _authority().issue(holder, key=_key()), SIGNATURE_FORMATS.get("jpki")()
    attributes = form.attributes(cases.signable(case).content, clock.now())
    signature = card.sign(hashlib.sha256(attributes).digest())
    actions.sign(case, form.assemble(attributes, RawSignature(signature, card.der)), by=by)


def _do(deed: str, case: Case, story: Story, by: Actor, staff: Mapping[str, Actor]) -> None:
    if deed == "withdraw":
        actions.withdraw(case, by=by)
        return
    if deed == "correct":
        case.refresh_from_db()
        _fill_in(case, story.answers, by, only=set(story.corrections))
        _sign(case, by)
        actions.submit(case, by=by)
        return
    _cosign(case)
    step = Step.objects.select_related("case").filter(case=case, done_at=None).order_by("token").first()
    if step is None or step.kind in ("correction", "allot", "wait"):
        return
    if step.kind == "pay":
        _pay(step, by)
        return
    who = _holder(step, staff)
    if deed == "ask":
        question = "世帯の全員が市外へ転出する届出は出ていますか。審査の前に確かめたく、お願いします。"
        actions.ask_opinion(step.case, ["residents"], question, 3, by=who)
    elif step.kind == "approve":
        _approve(deed, step, staff)
    elif step.kind == "consult":
        actions.consult(step, by=who, note="現在は介護予防の教室を利用しています。同居の家族が介護しています。")
    elif step.kind != "examine":
        actions.do(step, by=who)
    else:
        actions.examine(
            step,
            "accept" if deed == "go" else deed,
            by=who,
            findings=posted(
                {
                    **dict.fromkeys(("talked_on", "interviewed_on", "opinion_on"), clock.today().isoformat()),
                    "support_plan": False,
                    **story.findings,
                }
            ),
            reasons=[story.reason] if deed == "refuse" else [],
            corrections=story.corrections if deed == "return" else {},
        )


def _approve(deed: str, step: Step, staff: Mapping[str, Actor]) -> None:
    """The seals of an approval in order: all of them, or with ``seal`` the next alone."""
    if deed == "stand-in":
        head, clerk = (Account.objects.get(pk=staff[post].who) for post in ("children-head", "children-clerk"))
        set_absence(head, clerk, clock.today(), clock.today(), by=staff["children-head"])
    while step.done_at is None:
        now = cases.turn_of(step)
        by = next(one for one in staff.values() if now is not None and one.id in now.accounts)
        because = "課長が出張で不在であり、支払の期日に間に合わせるため" if now and now.stands_in else ""
        actions.approve(step, "approve", by=by, because=because)
        step.refresh_from_db()
        if deed == "seal":
            return


def _pay(step: Step, by: Actor) -> None:
    """What the acts note of a payment. The provider of the demo knows nothing of these days, so none is asked."""
    payment = paying.ask(step, by=by)
    payment = paying.present(payment, Asked(f"sample_{payment.pk}", f"{settings.BASE_URL}/"), by=SYSTEM)
    paying.confirm(payment, Seen("paid", payment.yen, f"sample_{payment.pk}"), by=SYSTEM)


def _cosign(case: Case) -> None:
    """Whoever was asked to confirm their part does, with a card that says what the applicant said of them."""
    for one in list(case.cosigners.filter(over_at=None, person=None)):
        part = cases.part_of(case, one, procedures.package(case.procedure))
        person = recognise(SAMPLE_ISSUER, f"cosigner-{one.pk}", "card", by=SYSTEM)
        by = actor_of_person(person.pk, "card")
        told = {("person.full_name", ""): part.name, ("person.date_of_birth", ""): part.birthday}
        facts.state(person, told, Source.CARD, by=by)
        actions.cosign(one, seen=one.digest, by=by)


def _holder(step: Step, staff: Mapping[str, Actor]) -> Actor:
    able = [one for one in staff.values() if one.posts & set(step.posts) or (step.section in one.sections)]
    clerks = [one for one in able if any(post.endswith("-clerk") for post in one.posts)]
    return (clerks or able)[0]


def _machine(case: Case) -> None:
    """What the worker would do, at the moment of the story: letters, and the words to the applicant."""
    while step := Step.objects.select_related("case").filter(case=case, done_at=None, kind__in=["issue"]).first():
        if step.channel != "screen":
            break
        actions.perform(step, by=SYSTEM)
    subjects = [case.pk, *case.steps.values_list("pk", flat=True)]
    told = Event.objects.filter(
        subject_id__in=[*subjects, *case.payments.values_list("pk", flat=True)],
        outcome="done",
        verb__in=["case.submit", "case.examine", "case.withdraw", "payment.confirm"],
    )
    for event in told.values_list("pk", flat=True):
        jobs.tell_applicant(event)


def _fill_in(case: Case, answers: Mapping[str, Any], by: Actor, only: set[str] | None = None) -> None:
    form = procedures.package(case.procedure).form
    typed = {path: value for path, value in posted(answers).items() if only is None or path in only}
    for section in form.sections:
        if any(form.field_at(path) and form.field_at(path)[0] is section for path in map(_whole, typed)):  # type: ignore[index]  # checked in the same breath
            actions.save_section(case, section.id, typed, by=by)
    if only is not None:
        return
    for section in form.visible_sections(case.answers):
        for cell in list(form.cells(section, case.answers)):
            if cell.field.type in UPLOADED:
                for number in range(max(cell.field.at_least, 1)):
                    paper = cell.field.type == "file"
                    content = _paper() if paper else _photograph(cell.path, number)
                    actions.add_document(
                        case, cell.path, f"{'証明書' if paper else '写真'}{number + 1}.jpg", content, by=by
                    )


def _whole(path: str) -> str:
    """The field's own path where ``path`` is one of its parts."""
    head, _, part = path.rpartition(".")
    return head if part in {"text", "town", "lat", "lon", "bank", "branch", "kind", "number", "holder"} else path


def posted(answers: Any, at: str = "") -> dict[str, list[str]]:
    """Answers as a browser posts them."""
    if isinstance(answers, Mapping):
        pairs: Iterable[tuple[str, Any]] = ((f"{at}.{name}" if at else name, one) for name, one in answers.items())
    elif isinstance(answers, list) and answers and isinstance(answers[0], Mapping):
        pairs = ((f"{at}.{number}", one) for number, one in enumerate(answers))
    elif isinstance(answers, bool):
        return {at: ["yes" if answers else "no"]}
    else:
        return {at: [str(one) for one in answers] if isinstance(answers, list) else [str(answers)]}
    return {path: value for name, one in pairs for path, value in posted(one, name).items()}


def _paper() -> bytes:
    """A certificate as one photographs it: lines and boxes without a word to read, plainly marked as a sample."""
    picture = Image.new("RGB", (1000, 1414), (252, 252, 250))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((300, 90, 700, 130), fill=(60, 60, 60))
    for row in range(14):
        top = 220 + row * 76
        draw.rectangle((90, top, 910, top + 76), outline=(120, 120, 120), width=2)
        draw.line((330, top, 330, top + 76), fill=(120, 120, 120), width=2)
        draw.rectangle((110, top + 28, 290, top + 46), fill=(150, 150, 150))
        draw.rectangle((360, top + 28, 480 + row * 37 % 380, top + 46), fill=(190, 190, 190))
    draw.text((380, 1320), "SAMPLE", fill=(190, 0, 0), font_size=60)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def _photograph(seed: str, number: int) -> bytes:
    """A drawing of a house with a damaged roof, as a JPEG of a telephone's shape, plainly marked 見本."""
    rng = random.Random(f"{seed}{number}")  # noqa: S311 -- a sample
    picture = Image.new("RGB", (1600, 1200), (176, 205, 226))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 840, 1600, 1200), fill=(150, 142, 120))
    left, top = 340 + rng.randint(-80, 80), 430 + rng.randint(-30, 30)
    draw.rectangle((left, top, left + 860, 930), fill=(226, 214, 190), outline=(90, 80, 70), width=6)
    draw.polygon(
        [(left - 90, top), (left + 430, top - 270), (left + 950, top)], fill=(92, 88, 96), outline=(50, 48, 52)
    )
    for _ in range(6 + 3 * number):
        x, y = left + rng.randint(80, 780), top - rng.randint(10, 120)
        draw.polygon([(x, y), (x + 60, y - 14), (x + 44, y + 34)], fill=(150, 60, 48))
    for x in (left + 120, left + 560):
        draw.rectangle((x, top + 120, x + 180, top + 300), fill=(120, 150, 170), outline=(70, 70, 70), width=5)
    draw.rectangle((left + 370, top + 200, left + 500, 930), fill=(110, 84, 60))
    draw.line((left + 700, top + 40, left + 640, top + 260, left + 730, top + 420), fill=(60, 50, 44), width=7)
    draw.rectangle((30, 30, 300, 110), fill=(255, 255, 255))
    draw.text((50, 45), "SAMPLE", fill=(190, 0, 0), font_size=52)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


# -- the stories ------------------------------------------------------------------------------------------------------

_FAMILIES = (
    ("谷口", "タニグチ"), ("深野", "フコノ"), ("氷野", "ヒノ"), ("灰塚", "ハイヅカ"), ("御領", "ゴリョウ"),
    ("赤井", "アカイ"), ("川中", "カワナカ"), ("新田", "シンデン"), ("平野", "ヒラノ"), ("泉", "イズミ"),
)  # fmt: skip
_GIVEN = (
    ("翔太", "ショウタ"), ("美咲", "ミサキ"), ("健一", "ケンイチ"), ("陽子", "ヨウコ"), ("直樹", "ナオキ"),
    ("さくら", "サクラ"), ("誠", "マコト"), ("千尋", "チヒロ"),
)  # fmt: skip


def _stories() -> Iterator[Story]:
    hanako = _person("見本 花子", "ミホン ハナコ", "谷川一丁目1番1号", "1990-04-12")
    taro = _person("見本 太郎", "ミホン タロウ", "谷川一丁目1番1号", "1988-11-03")
    umeko = _person("谷川 梅子", "タニガワ ウメコ", "住道二丁目2番2号", "1951-02-28")
    ken = _person("住道 健", "スミノドウ ケン", "末広町3番3号", "1979-07-20")
    linh = _person("NOZAKI LINH", "ノザキ リン", "野崎四丁目4番4号", "1996-01-15")
    yield Story("mihon-hanako", "child-allowance-claim", 40, _allowance(hanako, [6, 0]), [(3, "go"), (2, "go")])
    yield Story("mihon-hanako", "dog-registration", 0, _dog(hanako, "こむぎ", "トイプードル"), None)
    yield Story(
        "mihon-taro",
        "dog-registration",
        9,
        _dog(taro, "ごん", "秋田犬"),
        [(2, "return")],
        corrections={
            "microchip_number": "番号が登録機関の記録と一致しません。証明書をご覧になり、15桁を入力し直してください。"
        },
    )
    yield Story("tanigawa-umeko", "disaster-certificate", 12, _damage(umeko, "survey"), [])
    yield Story(
        "suminodo-ken",
        "disaster-certificate",
        16,
        _damage(ken, "self"),
        [(2, "go")] * 4,
        findings={"photos_suffice": True, "damage_ratio": 5},
    )
    yield Story("suminodo-ken", "dog-registration", 30, _dog(ken, "ハチ", "柴犬"), [(2, "go"), (1, "go")])
    yield Story("nozaki-linh", "child-allowance-claim", 8, _allowance(linh, [1]), [(4, "go")])
    # On the way: one with its first seal, one decided while the head was away, one about which a section is asked.
    on_the_way: Sequence[tuple[int, int, Sequence[tuple[int, str]]]] = (
        (21, 8, [(3, "go"), (1, "seal")]),
        (22, 12, [(3, "go"), (2, "stand-in")]),
        (23, 4, [(1, "ask")]),
    )
    for serial, days, told in on_the_way:
        (family, family_kana), (given, given_kana) = _FAMILIES[serial - 20], _GIVEN[serial - 20]
        claimant = _person(
            f"{family} {given}", f"{family_kana} {given_kana}", f"三箇四丁目{serial}番1号", f"1991-0{serial - 20}-15"
        )
        yield Story(f"sample-seal-{serial}", "child-allowance-claim", days, _allowance(claimant, [3]), told, cast=False)
    # On the map for everybody: one permit; and one that waits to be examined.
    fine = {"unavoidable": True, "fits": True, "police": "agreed", "exempt": False}
    scaffold = _occupancy(taro, "scaffold", 1)
    yield Story("mihon-taro", "road-occupancy", 9, scaffold, [(2, "go"), (1, "go"), (0, "go")], fine, cast=False)
    yield Story("nozaki-linh", "road-occupancy", 1, _occupancy(linh, "stall", 2), [], cast=False)
    yield Story("tanigawa-umeko", "care-need-certification", 10, _care(umeko), [(1, "go")])
    yield Story("nozaki-linh", "pregnancy-notification", 6, _pregnancy(linh, "online"), [(1, "go")])
    # 太郎 has been asked to confirm his part and can, signed in as himself.
    begins = _round_that_is_open()
    if begins:
        together = _childcare(hanako, begins, random.Random(3))  # noqa: S311 -- a sample, the same at every start
        at_work = {"care_reason": "work", "work_hours": 160}
        spouse = {"full_name": "見本 太郎", "date_of_birth": "1988-11-03", **at_work}
        me = {**together["person"], "has_partner": True}
        partner = {"person": me, "spouse": spouse, "partner_email": "mihon-taro@example.jp"}
        yield Story("mihon-hanako", "childcare-place", 1, {**together, **partner}, [])
    yield Story("mihon-taro", "change-of-address", 2, _move(taro, "灰塚二丁目2番2号", 2), [])
    yield Story("mihon-hanako", "resident-record-copy", 14, _record(hanako, "certificate"), [(1, "go"), (0, "go")])
    yield Story("nozaki-linh", "resident-record-copy", 1, _record(linh, "copy"), [(0, "go")])
    # おくやみ: 梅子's husband was past 75, 健's father was not.
    mourned = _mourned(umeko, "谷川 松吉", "タニガワ マツキチ", "1947-03-03", 9)
    yield Story("tanigawa-umeko", "funeral-benefit-late-elderly", 6, {**mourned, "paid_by_other": False}, [(1, "go")])
    head = {"others_remain": True, "new_head": "me", "member": [_grown_up("谷川 竹男", "1975-05-05")]}
    yield Story("tanigawa-umeko", "household-head-change", 5, {**mourned, **head}, [])
    elder = _mourned(ken, "住道 勇", "スミノドウ イサム", "1953-09-09", 40)
    yield Story(
        "suminodo-ken",
        "funeral-benefit",
        30,
        {**elder, "other_allowance": False},
        [(3, "go"), (2, "go")],
        findings={"insured_here": True, "in_time": True},
    )
    late = _mourned(ken, "住道 千代", "スミノドウ チヨ", "1938-12-01", 70)
    yield Story(
        "suminodo-ken",
        "funeral-benefit-late-elderly",
        50,
        {**late, "paid_by_other": False},
        [(2, "go"), (9, "go")],
        findings={"union_decided_on": _ago(40), "union_decision": "paid", "union_paid": 50_000},
    )
    rng = random.Random(27218)  # noqa: S311 -- a sample, the same at every start
    towns = procedures.city().towns
    plots: tuple[tuple[str, int, Sequence[tuple[int, str]]], ...] = (
        ("child-allowance-claim", 55, [(4, "go"), (3, "go")]),
        ("child-allowance-claim", 47, []),
        ("child-allowance-claim", 21, [(5, "return"), (4, "correct"), (2, "go")]),
        ("child-allowance-claim", 13, [(3, "go"), (2, "go")]),
        ("child-allowance-claim", 6, []),
        ("child-allowance-claim", 3, []),
        ("child-allowance-claim", 1, []),
        ("child-allowance-claim", 5, [(2, "withdraw")]),
        ("dog-registration", 26, [(1, "go"), (1, "go")]),
        ("dog-registration", 18, [(2, "refuse"), (1, "go")]),
        ("dog-registration", 11, []),
        ("dog-registration", 4, []),
        ("dog-registration", 2, []),
        ("dog-registration", 7, [(1, "withdraw")]),
        ("disaster-certificate", 20, [(3, "refuse"), (1, "refuse"), (2, "go")]),
        ("disaster-certificate", 15, [(3, "return")]),
        ("disaster-certificate", 30, []),
        ("disaster-certificate", 5, []),
        ("disaster-certificate", 2, []),
        ("pregnancy-notification", 33, [(1, "go"), (3, "go"), (1, "go")]),
        ("pregnancy-notification", 12, [(1, "go"), (4, "go")]),
        ("pregnancy-notification", 4, [(1, "return")]),
        ("pregnancy-notification", 1, []),
        (
            "care-need-certification",
            41,
            [(1, "go"), (3, "go"), (4, "go"), (0, "go"), (3, "go"), (5, "go"), (1, "go"), (1, "go")],
        ),
        ("care-need-certification", 28, [(1, "go"), (3, "go"), (4, "go"), (0, "go"), (3, "go")]),
        ("care-need-certification", 16, [(1, "go"), (5, "go")]),
        ("care-need-certification", 9, [(1, "return")]),
        ("care-need-certification", 6, [(1, "withdraw")]),
        ("care-need-certification", 2, []),
        ("change-of-address", 24, [(1, "go"), (4, "go")]),
        ("change-of-address", 9, [(1, "go")]),
        ("change-of-address", 5, [(1, "refuse")]),
        ("change-of-address", 3, [(1, "return")]),
        ("change-of-address", 1, []),
        ("resident-record-copy", 31, [(1, "go"), (1, "go")]),
        ("resident-record-copy", 23, [(1, "go"), (0, "go"), (1, "go")]),
        ("resident-record-copy", 17, [(1, "return"), (1, "correct"), (1, "go"), (0, "go")]),
        ("resident-record-copy", 10, [(1, "refuse")]),
        ("resident-record-copy", 8, [(1, "withdraw")]),
        ("resident-record-copy", 3, [(1, "go"), (0, "go")]),
        ("resident-record-copy", 2, []),
        ("resident-record-copy", 1, []),
        ("care-need-renewal", 36, [(1, "go"), (3, "go"), (4, "go"), (3, "go"), (3, "go"), (1, "go")]),
        ("care-need-renewal", 14, [(1, "go"), (4, "go")]),
        ("care-need-renewal", 3, []),
        ("care-need-change", 34, [(1, "go"), (2, "go"), (4, "go"), (4, "go"), (2, "go"), (1, "go")]),
        ("care-need-transfer", 11, [(2, "go"), (1, "go"), (1, "go")]),
        ("care-plan-request", 19, [(1, "go"), (1, "go")]),
        ("care-plan-request", 4, [(1, "return")]),
        ("care-plan-request", 1, []),
        ("care-burden-certificate-reissue", 13, [(1, "go"), (1, "go"), (1, "go")]),
        ("care-burden-certificate-reissue", 1, []),
        ("moving-out", 25, [(1, "go")]),
        ("moving-out", 12, [(1, "return"), (1, "correct"), (1, "go")]),
        ("moving-out", 1, []),
        ("child-allowance-change", 34, [(3, "go"), (2, "go")]),
        ("child-allowance-change", 4, []),
        ("childcare-status-report", 38, [(4, "go")]),
        ("childcare-status-report", 14, [(2, "return"), (3, "correct"), (1, "go")]),
        ("childcare-status-report", 2, []),
        ("child-rearing-allowance-report", 35, [(2, "go"), (6, "go")]),
        ("child-rearing-allowance-report", 4, [(1, "go")]),
        ("care-high-cost-refund", 37, [(6, "go"), (2, "go")]),
        ("care-high-cost-refund", 6, []),
        ("care-equipment-purchase", 29, [(5, "go"), (2, "go")]),
        ("care-equipment-purchase", 12, [(3, "return")]),
        ("care-equipment-purchase", 4, []),
    )
    yield from _childcare_round(rng)
    for number, (code, days, told) in enumerate(plots):
        (family, family_kana), (given, given_kana) = rng.choice(_FAMILIES), rng.choice(_GIVEN)
        town = rng.choice(towns)
        who = _person(
            f"{family} {given}",
            f"{family_kana} {given_kana}",
            f"{town.name}{rng.randint(1, 20)}番{rng.randint(1, 30)}号",
            dt.date(rng.randint(1960, 1999), rng.randint(1, 12), rng.randint(1, 28)).isoformat(),
        )
        if code == "child-allowance-claim":
            answers = _allowance(who, rng.sample(range(16), rng.randint(1, 3)))
        elif code == "care-need-certification":
            answers = _care({**who, "date_of_birth": f"{1934 + number % 20}-05-05"})
        elif code in _BENEFITS:
            answers = _benefit({**who, "date_of_birth": f"{1934 + number % 20}-05-05"}, code)
        elif code.startswith("care-"):
            answers = _cared({**who, "date_of_birth": f"{1934 + number % 20}-05-05"}, code, days)
        elif code == "pregnancy-notification":
            answers = _pregnancy(who, "online" if number % 2 else "office")
        elif code == "change-of-address":
            answers = _move(who, f"{rng.choice(towns).name}{rng.randint(1, 20)}番{rng.randint(1, 30)}号", days)
        elif code == "moving-out":
            answers = _moving_out(who, days)
        elif code == "child-allowance-change":
            answers = _born(who, days)
        elif code == "resident-record-copy":
            answers = _record(who, "certificate" if number % 2 else "copy")
        elif code == "childcare-status-report":
            answers = _childcare_report(who)
        elif code == "child-rearing-allowance-report":
            answers = _rearing_report(who)
        elif code == "dog-registration":
            answers = _dog(who, rng.choice(["モモ", "レオ", "ソラ", "ココ"]), rng.choice(["柴犬", "雑種"]))
        else:
            answers = _damage(who, "self" if number % 2 else "survey")
        yield Story(
            f"sample-{number}",
            code,
            days,
            answers,
            told,
            findings={
                "photos_suffice": True,
                "damage_ratio": 24,
                **_CARE_FOUND,
                **(_BENEFIT_FOUND if code in _BENEFITS else _care_known(code, days)),
                "used_in": _ago(150),
            },
            reason="申請のあった事実を確認できなかったため。",
            corrections=_corrections(code),
        )


def _round_that_is_open() -> str:
    """The round for which one can apply today, empty where there is none."""
    offer = procedures.city().offer("childcare-place", clock.today())
    days = (clock.today() - dt.timedelta(days=5), clock.today())
    open_ = [one.name for one in (offer.rounds if offer else ()) if one.opens <= days[0] and days[1] <= one.closes]
    return open_[0] if open_ else ""


def _childcare_round(rng: random.Random) -> Iterator[Story]:
    """Families who apply for the rounds that were open then: most of one that has closed, some of one that is open."""
    offer = procedures.city().offer("childcare-place", clock.today())
    for number in range(26):
        days = rng.randint(19, 45) if number < 20 else rng.randint(1, 8)
        on = clock.today() - dt.timedelta(days=days)
        # A story of a day off is told on the last working day before it.
        rounds = [
            one
            for one in (offer.rounds if offer else ())
            if one.opens <= on - dt.timedelta(days=4) and on <= one.closes
        ]
        if not rounds:
            continue
        (family, family_kana), (given, given_kana) = rng.choice(_FAMILIES), rng.choice(_GIVEN)
        who = _person(
            f"{family} {given}",
            f"{family_kana} {given_kana}",
            f"{rng.choice(procedures.city().towns).name}{rng.randint(1, 20)}番{rng.randint(1, 30)}号",
            f"{rng.randint(1984, 1999)}-08-08",
        )
        yield Story(
            f"childcare-{number}",
            "childcare-place",
            days,
            _childcare(who, rounds[0].name, rng),
            [(3, "go")] if number < 22 else [(2, "return")] if number == 23 else [],
            findings={"levy": rng.choice([0, 48_600, 97_000, 169_000, 301_000])},
            corrections={"person.work_hours": "就労証明書の時間と合いません。1か月の合計を入力してください。"},
        )


def _childcare(who: Mapping[str, Any], start_on: str, rng: random.Random) -> dict[str, Any]:
    begins = dt.date.fromisoformat(start_on)
    born = begins - dt.timedelta(days=rng.randint(120, 365 * 4))
    wishes = rng.sample([f"nursery-{number}" for number in (1, 1, 1, 2, 2, 3, 4, 5, 6)], 9)
    first, second, third = list(dict.fromkeys(wishes))[:3]
    partner, hours = rng.random() < 0.8, rng.choice([80, 120, 140, 160, 168])
    given, given_kana = rng.choice([("結", "ユイ"), ("湊", "ミナト"), ("葵", "アオイ"), ("陸", "リク")])
    answers = {
        "person": {**who, "has_partner": partner, "care_reason": "work", "work_hours": hours},
        "child": {
            "full_name": f"{who['full_name'].split()[0]} {given}",
            "full_name_kana": f"{who['full_name_kana'].split()[0]} {given_kana}",
            "date_of_birth": born.isoformat(),
        },
        "start_on": start_on,
        "disability": rng.random() < 0.1,
        "sibling": rng.random() < 0.3,
        "private_care": rng.random() < 0.2,
        "back_to_work": rng.random() < 0.4,
        "childcare_worker": rng.random() < 0.1,
        "wish_1": first,
        "wish_2": second,
        "wish_3": third,
        "checked_by_city": True,
    }
    if partner:
        answers |= {
            "spouse": {
                "full_name": f"{who['full_name'].split()[0]} 進",
                "date_of_birth": "1988-02-02",
                "care_reason": "work",
                "work_hours": rng.choice([100, 160, 168, 176]),
            },
            "partner_email": f"{MAIL_TO}partner@example.jp",
        }
    return answers


def _childcare_report(who: Mapping[str, Any]) -> dict[str, Any]:
    family = who["full_name"].split()[0]
    children = [
        {"full_name": f"{family} {given}", "date_of_birth": _ago(days), "facility": "見本第一保育所", "keeps": True}
        for given, days in (("葵", 1500), ("湊", 600))
    ]
    return {
        "person": {**who, "has_partner": False, "care_reason": "work", "work_hours": 150},
        "child": children,
        "proof_this_year": False,
    }


def _rearing_report(who: Mapping[str, Any]) -> dict[str, Any]:
    child = {"full_name": f"{who['full_name'].split()[0]} 結", "date_of_birth": _ago(3300), "whereabouts": "together"}
    return {
        "person": {**who, "occupation": "会社員"},
        "child": [child],
        "married": False,
        "pension": False,
        "relatives": "none",
        "child_support": "240000",
        "exemption": "not_asked",
    }


def _corrections(code: str) -> dict[str, str]:
    return {
        "child-allowance-claim": {"person.bank_account": "請求する方ご本人の名義の口座に直してください。"},
        "dog-registration": {"breed": "犬種をご確認ください。"},
        "disaster-certificate": {"dwelling_place": "番地まで入力してください。"},
        "pregnancy-notification": {"weeks": "出産予定日と合いません。診察のときの週数をご確認ください。"},
        "care-need-certification": {"insured.clinic": "医療機関の正式な名前を入力してください。"},
        "care-plan-request": {"plan_office_number": "事業所番号が名前と合いません。契約書の番号をご確認ください。"},
        "care-high-cost-refund": {"person.bank_account": "サービスを利用したご本人の名義の口座に直してください。"},
        "care-equipment-purchase": {"receipts": "領収書の宛名を、用具を使うご本人の氏名のものにしてください。"},
        "change-of-address": {"new_address": "建物名と部屋番号を入力してください。"},
        "moving-out": {"destination_address": "建物名と部屋番号を入力してください。"},
        "child-allowance-change": {"changed_on": "お子さんの生年月日と合いません。ご確認ください。"},
        "resident-record-copy": {"person.date_of_birth": "住民票の記載と違います。ご確認ください。"},
        "childcare-status-report": {"person.work_hours": "就労証明書の時間と合いません。ご確認ください。"},
        "child-rearing-allowance-report": {"child_support": "1年間の合計を入力してください。"},
    }.get(code, {})


def _person(name: str, kana: str, address: str, born: str) -> dict[str, Any]:
    return {
        "full_name": name,
        "full_name_kana": kana,
        "registered_address": f"大阪府大東市{address}",
        "date_of_birth": born,
        "phone": "072-000-0000",
    }


def _ago(days: int) -> str:
    return (clock.today() - dt.timedelta(days=days)).isoformat()


def _allowance(who: Mapping[str, Any], ages: Sequence[int]) -> dict[str, Any]:
    kana, family = who["full_name_kana"].split()[0], who["full_name"].split()[0]
    names = [("一郎", "イチロウ"), ("二葉", "フタバ"), ("三奈", "ミナ")]
    children = [
        {
            "full_name": f"{family} {names[n][0]}",
            "full_name_kana": f"{kana} {names[n][1]}",
            "date_of_birth": _ago(365 * age + 70),
            "relationship": "child",
            "lives_with_you": "together",
            "in_facility": False,
        }
        for n, age in enumerate(sorted(ages, reverse=True))
    ]
    account = {"bank": "みほん銀行", "branch": "大東支店", "kind": "ordinary", "number": "1234567"}
    return {
        "person": {
            **who,
            "pension_scheme": "employees",
            "bank_account": {**account, "holder": who["full_name_kana"]},
            "has_partner": False,
        },
        "public_servant": False,
        "child": children,
        "claim_reason": "birth" if min(ages) == 0 else "moved_in",
        "reason_on": _ago(70),
    }


def _dog(who: Mapping[str, Any], name: str, breed: str) -> dict[str, Any]:
    return {
        "person": dict(who),
        "registered_before": "first",
        "dog_name": name,
        "breed": breed,
        "dog_born_on": _ago(200),
        "coat": "茶",
        "dog_sex": "female",
        "acquired_on": _ago(75),
        "kept_at": {"text": who["registered_address"]},
        "microchip": "registered",
        "microchip_number": "392123456789012",
    }


def _damage(who: Mapping[str, Any], assessment: str) -> dict[str, Any]:
    return {
        "person": dict(who),
        "relation": "owner_resident",
        "disaster_kind": "wind",
        "occurred_on": _ago(60),
        "building_use": "dwelling",
        "dwelling_place": {"text": who["registered_address"]},
        "structure": "wood",
        "residents": "3",
        "damaged_parts": ["roof", "outer_wall"],
        "leaning": assessment == "survey",
        "description": "強い風で瓦が飛び、外壁にひびが入りました。",
        "assessment": assessment,
        "self_assessment_accepted": True,
    }


def _occupancy(who: Mapping[str, Any], kind: str, number: int) -> dict[str, Any]:
    """On the ``number``-th road from the city hall near which all roads are the city's, where the map has roads; else
    in words. Beside another's road it would be asked of its owner."""
    hall = Point(135.6235, 34.7119, srid=STORED)
    roads = standing("roads_by_owner")
    others = roads.exclude(properties__owner="city").filter(geom__dwithin=(OuterRef("geom"), 0.0004))  # 40 m
    of_city = roads.filter(~Exists(others), properties__owner="city", geom__dwithin=(hall, 0.02))
    road = of_city.order_by(Distance("geom", hall), "key")[number : number + 1].first()
    at = road.geom.point_on_surface if road is not None else None
    point = {"lat": f"{at.y:.6f}", "lon": f"{at.x:.6f}", "error": "5"} if at is not None else {}
    return {
        "person": dict(who),
        "site": {"text": "" if point else who["registered_address"], **point},
        "site_extent": "建物の正面の歩道を、幅1m、長さ12m",
        "object_kind": kind,
        "purpose": "住宅の外壁の塗り替え" if kind == "scaffold" else "自治会の冬祭りの露店",
        "structure": "枠組足場、幅0.9m、高さ8m、養生シート付き" if kind == "scaffold" else "テント5張り、幅2m",
        "area": "12",
        "begins_on": _ago(-4),
        "ends_on": _ago(-40 if kind == "scaffold" else -5),
        "work_method": "組立てと解体は平日の9時から16時、車両1台",
        "digs": False,
        "traffic": "pavement",
        "guards": "誘導員1名、夜間は保安灯",
        "applicant_kind": "person",
        "restores": True,
    }


#: What assessors and the board write down.
_CARE_FOUND = {
    "remarks": "室内は手すりを使って歩きます。",
    "primary_level": "care1",
    "care_level": "care2",
    "valid_months": 12,
    "board_opinion": "転倒に注意が必要です。",
}


def _care(who: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "person": dict(who),
        "insured": {
            "number": "0000000123",
            "doctor_name": "見本 治",
            "clinic": "みほん内科",
            "clinic_phone": "072-000-0001",
        },
        "reason": "歩くときに支えが要り、入浴に手助けが必要になりました。",
        "services_wanted": ["day", "equipment"],
        "last_seen_on": _ago(60),
        "stays_at": "home",
        "interview_phone": "072-000-0002",
        "card_to": "registered",
        "shared": True,
    }


def _cared(who: Mapping[str, Any], code: str, days: int) -> dict[str, Any]:
    """What is asked of whoever is certified already, in the procedures that follow a certification."""
    answers: dict[str, Any] = {"person": dict(who), "insured": {"number": "0000000123"}}
    if code in ("care-need-renewal", "care-need-change"):
        answers["insured"] |= {"doctor_name": "見本 治", "clinic": "みほん内科", "clinic_phone": "072-000-0001"}
        answers |= {"changed_how": "転んで骨折し、一人で歩けなくなりました。", "shared": True}
    elif code == "care-need-transfer":
        answers |= {"former_city": "大阪府四條畷市"}
    elif code == "care-plan-request":
        office = {"plan_office": "みほんケアプランセンター", "plan_office_number": "2770000001"}
        answers |= {**office, "plan_from": _ago(days - 7)}
    else:
        answers |= {"happened": "lost"}
    return answers


def _care_known(code: str, days: int) -> dict[str, Any]:
    """What the ledger says of whoever applied so many days ago: a renewal is for what ends soon, a change for what
    goes on."""
    return {
        "current_level": "care2" if code == "care-need-renewal" else "care1",
        "valid_until": _ago(days - (40 if code == "care-need-renewal" else 300)),
        "hindered": False,
        "valid_to": _ago(days - 700),
        "insured_since": _ago(days + 6),
        "former_level": "care1",
        "former_until": _ago(days - 200),
        "effective_on": _ago(days),
        "standing": "care",
        "share": "one",
        "share_until": _ago(days - 100),
    }


_BENEFITS = ("care-high-cost-refund", "care-equipment-purchase")
#: What the records say of costs, income and shares.
_BENEFIT_FOUND = {
    "own_paid": 31_200,
    "household_paid": 31_200,
    "protection": "none",
    "household_taxed": False,
    "top_taxable": 0,
    "own_income": 980_000,
    "eligible": 38_500,
    "used": 0,
    "share": 1,
    "restricted": False,
}


def _benefit(who: Mapping[str, Any], code: str) -> dict[str, Any]:
    account = {"bank": "みほん銀行", "branch": "大東支店", "kind": "ordinary", "number": "1234567"}
    answers = {
        "person": {**who, "bank_account": {**account, "holder": who["full_name_kana"]}},
        "insured": {"number": "0000000456"},
    }
    if code == "care-high-cost-refund":
        return {**answers, "paid_in_full": True, "paid_automatically": True}
    item = {"kind": "toilet_seat", "product": "みほんポータブルトイレ", "maker": "みほん製作所", "price": 38_500}
    return {
        **answers,
        "item": [item],
        "paid_on": _ago(60),
        "seller": "みほん介護用品",
        "need_by": "plan",
        "bought_again": False,
    }


def _mourned(who: Mapping[str, Any], name: str, kana: str, born: str, days: int) -> dict[str, Any]:
    """What the procedures of おくやみ ask of the survivor and of whoever died ``days`` ago."""
    account = {"bank": "みほん銀行", "branch": "大東支店", "kind": "ordinary", "number": "1234567"}
    return {
        "person": {**who, "bank_account": {**account, "holder": who["full_name_kana"]}},
        "deceased_name": name,
        "deceased_name_kana": kana,
        "deceased_born_on": born,
        "died_on": _ago(days),
        "deceased_address": who["registered_address"],
        "funeral_on": _ago(days - 2),
    }


def _grown_up(name: str, born: str) -> dict[str, Any]:
    return {"full_name": name, "date_of_birth": born, "relation_to_new_head": "child"}


def _pregnancy(who: Mapping[str, Any], talk: str) -> dict[str, Any]:
    link = {"email": "mihon@example.jp"} if talk == "online" else {}  # where the link to the call goes
    return {
        "person": {**who, "occupation": "会社員", "date_of_birth": "1996-01-15", **link},
        "lives_here": True,
        "due_on": _ago(-190),
        "weeks": "12",
        "expecting": "one",
        "diagnosed": True,
        "diagnosed_by": "見本 医師（みほん産婦人科）",
        "talk": talk,
        "talk_wishes": "平日の午前がよいです。",
        "wants_early": False,
    }


def _move(who: Mapping[str, Any], address: str, days: int) -> dict[str, Any]:
    return {
        "person": dict(who),
        "i_move": True,
        "moved_from": "within",
        "moved_on": _ago(days + 9),
        "new_address": {"text": f"大阪府大東市{address}"},
        "new_postal_code": "574-0000",
        "household": "same",
        "head": who["full_name"],
        "relation_to_head": "self",
    }


def _moving_out(who: Mapping[str, Any], days: int) -> dict[str, Any]:
    return {
        "person": dict(who),
        "destination": "japan",
        "moves_on": _ago(days - 9),
        "destination_postal_code": "630-8501",
        "destination_address": "奈良県奈良市登大路町30番地",
        "whole_household": True,
        "visit_on": _ago(days - 13),
    }


def _born(who: Mapping[str, Any], days: int) -> dict[str, Any]:
    children = _allowance(who, [5, 3])["child"]
    children[1]["date_of_birth"] = _ago(days + 6)
    return {
        "person": dict(who),
        "change": "more",
        "more_reason": "birth",
        "changed_on": _ago(days + 6),
        "child": children,
    }


def _record(who: Mapping[str, Any], proof: str) -> dict[str, Any]:
    family, kana = who["full_name"].split()[0], who["full_name_kana"].split()[0]
    answers: dict[str, Any] = {"person": dict(who), "proof": proof, "whose": "household", "purpose": "work_school"}
    if proof == "certificate":
        child = {"full_name": f"{family} 二葉", "full_name_kana": f"{kana} フタバ", "date_of_birth": _ago(2500)}
        return {**answers, "member": [child]}
    return {**answers, "include": ["relation", "domicile"], "numbers": "none", "copies": "2"}
