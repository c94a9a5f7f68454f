"""The shapes of what goes in and out. Descriptions are part of the API's documentation."""

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal, get_args
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field

from madoguchi.procedures.rules.format import Handed

Language = Literal["ja", "ja-simple", "en"]
State = Literal[
    "draft", "received", "cosigning", "returned", "payable", "decided", "closed", "withdrawn", "erased"
]  # fmt: skip
Short = Annotated[str, Field(max_length=200)]


class Closed(Schema):
    """What comes in: an unknown member is a mistake, not something to overlook."""

    model_config = ConfigDict(extra="forbid")


class Words(Schema):
    ja: str
    en: str


class FieldError(Schema):
    path: str
    code: str
    words: Words


class ProblemDocument(Schema):
    """RFC 9457. `code` is stable; `words` says the same in Japanese and English."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    words: Words
    errors: list[FieldError] | None = None


# -- procedures -------------------------------------------------------------------------------------------------------


class LinkField(Schema):
    """A choice that a link may make beforehand: `link_url?name=value`. Never anything about a person."""

    name: str
    label: Words
    values: list[str]


class ProcedureLine(Schema):
    code: str
    version: dt.date
    revision: int
    kind: str
    title: Words
    office: str
    identity: str
    business_days: int | None = None
    url: str
    apply_url: str
    link_url: str
    """The page for links on other sites; see `link_fields`."""
    link_fields: list[LinkField]


class ProcedureVersion(Schema):
    version: dt.date
    revision: int
    published_at: dt.datetime
    digest: str


class ProcedureWhole(ProcedureLine):
    """`form` is a JSON Schema (2020-12) of the answers; the very same form checks them."""

    summary: Words | None = None
    steps: list["StepOfFlow"]
    form: dict[str, Any]
    findings: dict[str, dict[str, Any]]
    """Of steps at which the office fills in something: a JSON Schema of each field."""
    versions: list[ProcedureVersion]


class StepOfFlow(Schema):
    id: str
    kind: str
    title: Words
    digital: bool
    outcomes: list[str]


class Procedures(Schema):
    procedures: list[ProcedureLine]


# -- cases ------------------------------------------------------------------------------------------------------------


class PersonOfPartner(Closed):
    """A person as the calling system knows them (宛名番号 …). The same `id` is the same person next time."""

    id: Annotated[str, Field(min_length=1, max_length=200)]


class NewCase(Closed):
    procedure: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,100}$")]
    person: PersonOfPartner
    answers: dict[str, Any]
    submit: bool = False
    """false: it stays a draft, so that documents can be added before it is submitted."""
    language: Language = "ja"
    email: Annotated[str, Field(max_length=254)] | None = None
    reference: Short | None = None
    """The calling system's own name for the case; unique within it."""


class Answers(Closed):
    answers: dict[str, Any]
    """Only what changes; null removes an answer."""


class Submission(Closed):
    email: Annotated[str, Field(max_length=254)] | None = None


class Verdict(Closed):
    """What the core system has found. `corrections` maps paths of answers to what the applicant should do there."""

    outcome: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    step: UUID | None = None
    """Which open examination, where there are several."""
    reasons: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=50)] = []
    findings: dict[str, Any] = {}
    corrections: dict[str, Annotated[str, Field(max_length=2000)]] = {}
    note: Annotated[str, Field(max_length=2000)] = ""


class StageOfCase(Schema):
    step: str
    kind: str
    title: Words
    state: Literal["done", "now", "ahead"]
    turn: Literal["office", "applicant", "cosigner", "machine", "nobody"]
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    outcome: str | None = None
    digital: bool


class OpenStep(Schema):
    id: UUID
    step: str
    outcomes: list[str]
    due_at: dt.datetime | None = None


class LetterOfCase(Schema):
    id: UUID
    title: str
    number: str
    issued_at: dt.datetime
    revoked_at: dt.datetime | None = None
    url: str


class DocumentOfCase(Schema):
    id: UUID
    path: str
    media_type: str
    size: int
    sha256: str
    url: str


class CorrectionOfCase(Schema):
    path: str
    message: str


class DecisionOfCase(Schema):
    granted: bool
    values: dict[str, Any]
    reasons: list[dict[str, str]]
    made_at: dt.datetime | None = None


class CaseLine(Schema):
    id: UUID
    number: str | None = None
    procedure: str
    version: dt.date
    state: State
    reference: str | None = None
    received_at: dt.datetime | None = None
    due_on: dt.date | None = None
    closed_at: dt.datetime | None = None
    url: str


class CaseWhole(CaseLine):
    """`answers`, `decision`, `documents`, `corrections` and `letters` only with the scope `cases:answers`."""

    turn: Literal["office", "applicant", "cosigner", "machine", "nobody"]
    stages: list[StageOfCase]
    to_examine: list[OpenStep]
    answers: dict[str, Any] | None = None
    corrections: list[CorrectionOfCase] | None = None
    documents: list[DocumentOfCase] | None = None
    letters: list[LetterOfCase] | None = None
    decision: DecisionOfCase | None = None


class CasePage(Schema):
    cases: list[CaseLine]
    next: str | None = None
    """Pass it as `cursor` for the page after this one; absent on the last."""


class Happened(Schema):
    at: dt.datetime
    verb: str
    title: str
    by: str
    step: str | None = None


class History(Schema):
    history: list[Happened]


# -- webhooks ----------------------------------------------------------------------------------------------------------

Type = Literal[
    "case.received", "case.corrected", "case.returned", "case.decided", "case.closed", "case.withdrawn",
    "service.asked", "service.called-off",
]  # fmt: skip


class NewWebhook(Closed):
    url: Annotated[str, Field(max_length=500)]
    """https only; redirects are not followed."""
    types: Annotated[list[Type], Field(min_length=1, max_length=20)]


class Webhook(Schema):
    """`secret` only in the answer that makes or renews it; it signs what is posted (Standard Webhooks)."""

    id: UUID
    url: str
    types: list[str]
    opened_at: dt.datetime
    secret: str | None = None


class Webhooks(Schema):
    webhooks: list[Webhook]


class DeliveryOfWebhook(Schema):
    """`id` is the `webhook-id` of the request. `dropped`: nobody needs to be told any more."""

    id: UUID
    type: str
    case: UUID | None = None
    service: UUID | None = None
    happened_at: dt.datetime
    state: Literal["waiting", "delivered", "dead", "dropped"]
    tries: int
    trouble: str | None = None


class Deliveries(Schema):
    deliveries: list[DeliveryOfWebhook]


# -- usage: the members' names are those of Estonia's data tracker -----------------------------------------------------


class FindUsage(Closed):
    userCode: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]  # noqa: N815
    periodStart: AwareDatetime | None = None  # noqa: N815
    periodEnd: AwareDatetime | None = None  # noqa: N815
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class UsageLine(Schema):
    """`receiverCode` is the code of a section of the city, the id of a partner, or `self` and `other` for residents."""

    logtime: dt.datetime
    action: Annotated[str, Field(description="Why, what, for which procedure and by which law, to be read by people.")]
    receiverCode: str  # noqa: N815
    receiverName: str  # noqa: N815
    receiverSystem: str  # noqa: N815


class UsagePage(Schema):
    totalUsages: int  # noqa: N815
    usages: list[UsageLine]


class UsagePeriod(Schema):
    periodStart: dt.datetime  # noqa: N815
    periodEnd: dt.datetime  # noqa: N815


class Heartbeat(Schema):
    at: dt.datetime


# -- companies --------------------------------------------------------------------------------------------------------

ServiceState = Literal["sent", "handed", "accepted", "asked", "refused", "done", "called-off", "stopped"]


class ServiceLine(Schema):
    """`company` is the id in the city's services.yaml."""

    id: UUID
    company: str
    service: str
    state: str
    sent_at: dt.datetime


class ServicePage(Schema):
    services: list[ServiceLine]


class ServiceWhole(ServiceLine):
    """What was not asked, or not answered, is left out. `happens_on` is the day of the move;
    `holder` in whose name the contract is, where that is not who asks (the deceased)."""

    HANDED: ClassVar[tuple[str, ...]] = get_args(Handed)

    procedure: str
    customer_number: str | None = None
    full_name: str | None = None
    full_name_kana: str | None = None
    holder: str | None = None
    holder_kana: str | None = None
    supply_address: str | None = None
    old_address: str | None = None
    new_address: str | None = None
    happens_on: dt.date | None = None
    phone: str | None = None
    email: str | None = None


class ServiceAnswer(Closed):
    """`at` is the caller's own time of the answer: an older one than the last is refused (409)."""

    state: Literal["accepted", "asked", "refused", "done", "stopped"]
    at: AwareDatetime
    reference: Annotated[str, Field(max_length=60)] | None = None
    words: Annotated[str, Field(max_length=500)] | None = None
    """For the customer; needed where something is `asked` or `refused`."""
    link: Annotated[str, Field(max_length=300)] | None = None
    """https, on the company's own site as the city has it on file."""
    telephone: Annotated[str, Field(max_length=20)] | None = None
    done_on: dt.date | None = None


# -- what applies at a place ------------------------------------------------------------------------------------------


class FeatureSaid(Schema):
    """A feature of the layer and its attributes, in the layer's own codes and units."""

    key: str
    attributes: dict[str, str | int | float | bool | None]
    metres: float


class Applying(Schema):
    """The answer of one layer."""

    layer: str
    title: Words
    verdict: Literal["applies", "does_not", "unknown"]
    why: Literal["", "border", "no_data"]
    words: Words
    features: list[FeatureSaid]
    owner: str
    phone: str
    legal_basis: str
    source: str
    licence: str
    credit: str
    edition: int
    as_of: dt.date
    sample: bool


class NearShelter(Schema):
    words: Words
    metres: float


class HazardShelters(Schema):
    """The nearest shelters from one hazard, by metres."""

    hazard: str
    title: Words
    nearest: list[NearShelter]


class At(Schema):
    """What applies at a point on a day; `procedures` are the codes of those that may follow."""

    lon: float
    lat: float
    on: dt.date
    answers: list[Applying]
    shelters: list[HazardShelters]
    procedures: list[str]


# -- places -----------------------------------------------------------------------------------------------------------


class LocatePlace(Closed):
    text: Annotated[str, Field(min_length=1, max_length=200)]


class LocateAddresses(Closed):
    addresses: Annotated[list[Short], Field(min_length=1, max_length=1000)]


class BesideLine(Schema):
    """Seen from the thing with that name: so many metres in that direction."""

    name: str
    metres: float
    direction: Literal["n", "ne", "e", "se", "s", "sw", "w", "nw"]
    words: str


class LocatedLine(Schema):
    """`level`: the parcel (lot), the parcels with the same first number (block), the town, one of several towns of a
    name (area), a thing with a name (landmark). It lies within `error` metres of the point (JGD2011). `exact`: written
    so, but for spelling. `town`: 町字ID."""

    name: str
    lon: float
    lat: float
    level: Literal["lot", "block", "town", "area", "landmark"]
    error: float
    exact: bool
    town: str
    near: BesideLine | None = None
    credit: str


class LocatedPlace(Schema):
    places: list[LocatedLine]


class LocatedAddresses(Schema):
    """Of each address its candidates, in the order of the addresses."""

    addresses: list[list[LocatedLine]]


class PointCalled(Schema):
    """`sure`: no border is nearer than `error` metres. `town`: 町字ID; `lot`: 地番."""

    name: str
    level: Literal["lot", "town", "nowhere"]
    error: float
    sure: bool
    town: str
    lot: str
    near: list[BesideLine]
    credits: list[str]
