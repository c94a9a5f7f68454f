"""Acts on partners: a system is let in, gets a secret and a token, is shut out."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Stale
from madoguchi.ground.ids import new_token
from madoguchi.ground.text import clean
from madoguchi.people import rules
from madoguchi.people.models import Partner, PartnerSecret, PartnerToken, SpentSignIn

#: The partner has proven by secret or key who it is, before any of these is called.
ITSELF = Reason(
    "partner-itself",
    "連携先が鍵で自分を証明したから",
    lambda actor, partner: actor.kind == "partner" and actor.id == partner.pk,
)
OWN_TOKEN = Reason(
    "own-token",
    "連携先の自分の通行証だから",
    lambda actor, token: actor.kind == "partner" and actor.id == token.partner_id,
)
#: A section answers for the systems that it has let in.
OWNER = Reason(
    "owner-of-partner",
    "この連携先を所管する課だから",
    lambda actor, partner: actor.kind == "staff" and partner.section in actor.sections,
)


@act("partner.open", allow=(BY_SYSTEM,))
def open_partner(
    name: str,
    section: str,
    scopes: Sequence[str],
    procedures: Sequence[str],
    *,
    by: Actor,
    level: str = "contact",
    public_key: str = "",
    per_minute: int = 600,
    companies: Sequence[str] = (),
) -> Partner:
    """連携先の登録: a system may call from now on; without a key of its own it gets its first secret.

    ``public_key`` is a JWK as JSON (EC, P-256), public part only. Raises Invalid for what is not known.
    """
    partner = Partner(name=clean(name, max_length=100), section=section, level=level, per_minute=per_minute)
    if not partner.name:
        raise Invalid("partner-name", "連携先の名前を入力してください。")
    partner.public_key = _public_key(public_key) if public_key else ""
    _allow(partner, scopes, procedures)
    partner.companies = sorted(set(companies))
    partner.save(force_insert=True)
    if not partner.public_key:
        PartnerSecret.objects.create(partner=partner)
    record(
        section=section,
        scopes=partner.scopes,
        procedures=partner.procedures,
        companies=partner.companies,
        by_key=bool(partner.public_key),
    )
    return partner


@act("partner.change", allow=(BY_SYSTEM,))
def change_partner(
    partner: Partner,
    scopes: Sequence[str],
    procedures: Sequence[str],
    companies: Sequence[str] | None = None,
    *,
    by: Actor,
) -> Partner:
    """連携先の範囲の変更: what it may do from now on, also with the tokens that it holds. ``companies``: None for the
    same as before."""
    _allow(partner, scopes, procedures)
    if companies is not None:
        partner.companies = sorted(set(companies))
    partner.save(update_fields=["scopes", "procedures", "companies"])
    record(scopes=partner.scopes, procedures=partner.procedures, companies=partner.companies)
    return partner


@act("partner.renew-secret", allow=(BY_SYSTEM, OWNER))
def new_secret(partner: Partner, *, by: Actor) -> PartnerSecret:
    """連携先の秘密の更新: one more secret; the one before it goes on until the next renewal, all older ones end."""
    held = Partner.objects.select_for_update().get(pk=partner.pk)
    if held.closed_at is not None:
        raise Stale("partner-closed", "この連携先は停止されています。")
    if held.public_key:
        raise Invalid("partner-has-key", "この連携先は鍵で証明するため、秘密はありません。")
    secret = PartnerSecret.objects.create(partner=held)
    live = held.secrets.filter(closed_at=None).order_by("-opened_at", "-id").values_list("pk", flat=True)
    ended = list(live[rules.MOST_SECRETS :])
    held.secrets.filter(pk__in=ended).update(closed_at=clock.now())
    record(secret=secret.pk, ended=ended)
    return secret


@act("partner.close", allow=(BY_SYSTEM, OWNER))
def close_partner(partner: Partner, *, by: Actor) -> Partner:
    """連携先の停止: from now on it is nobody; its secrets and tokens open nothing."""
    now = clock.now()
    if not Partner.objects.filter(pk=partner.pk, closed_at=None).update(closed_at=now):
        raise Stale("partner-closed", "この連携先は停止されています。")
    partner.secrets.filter(closed_at=None).update(closed_at=now)
    partner.tokens.filter(revoked_at=None).update(revoked_at=now)
    partner.refresh_from_db()
    return partner


@act("partner.issue-token", allow=(ITSELF,))
def issue_token(partner: Partner, token: str, scopes: Iterable[str], *, by: Actor) -> PartnerToken:
    """通行証の発行: ``token`` opens what ``scopes`` name for a quarter of an hour; tokens that ended are forgotten."""
    now = clock.now()
    PartnerToken.objects.filter(expires_at__lt=now - rules.TOKEN_VALID_FOR).delete()
    issued = PartnerToken.objects.create(
        digest=rules.token_digest(token),
        partner=partner,
        scopes=sorted(scopes),
        issued_at=now,
        expires_at=now + rules.TOKEN_VALID_FOR,
    )
    record(partner=partner.pk, scopes=issued.scopes)
    return issued


@act("partner.revoke-token", allow=(OWN_TOKEN,))
def revoke_token(token: PartnerToken, *, by: Actor) -> PartnerToken:
    """通行証の取消し: the token opens nothing any more."""
    PartnerToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now())
    record(partner=token.partner_id)
    return token


def spend_assertion(partner: Partner, jti: str) -> bool:
    """Whether a signed assertion is used for the first time. No act: it remembers a number, as ``SpentSignIn`` does."""
    mark = rules.state_mark(f"partner/{partner.pk}/{jti}")
    until = clock.now() + dt.timedelta(days=1)
    return SpentSignIn.objects.get_or_create(mark=mark, defaults={"until": until})[1]


def fresh_token() -> str:
    """A new access token."""
    return new_token(32)


def _allow(partner: Partner, scopes: Sequence[str], procedures: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - rules.SCOPES.keys())
    if unknown or not scopes:
        raise Invalid("scope-unknown", "権限の名前が正しくありません。")
    if not procedures:
        raise Invalid("partner-procedures", "連携を許す手続を1つ以上選んでください。")
    partner.scopes, partner.procedures = sorted(set(scopes)), sorted(set(procedures))


def _public_key(text: str) -> str:
    """The public JWK in its one form. Raises Invalid where it is not P-256 or holds the private part."""
    try:
        key = ECKey.import_key(json.loads(text))
    except (ValueError, TypeError, JoseError):
        key = None
    if key is None or key.is_private or key.curve_name != "P-256":
        raise Invalid("partner-key", "公開鍵は、P-256のJWK（JSON）で、公開部分だけを渡してください。")
    return json.dumps(key.as_dict(private=False), sort_keys=True)
