"""Acts on people: recognising a resident, opening a staff account, holding a post."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection

from madoguchi.events import Actor, Reason, act, record
from madoguchi.events.acting import refuse
from madoguchi.events.rules import BY_SYSTEM
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotAllowed, NotFound, Refused, Stale
from madoguchi.people import rules
from madoguchi.people.actions.sessions import comes_first
from madoguchi.people.models import Absence, Account, EmailConfirmation, Identity, Person, PostHolding
from madoguchi.people.ports import Admitting, Claims, IdentityProvider, Transaction
from madoguchi.people.queries import confirmation_key, coverers, leads, sections_of

BY_ACCOUNT = Reason("own-account", "ご本人のアカウントだから", lambda actor, account: actor.id == account.pk)
BY_LEADER = Reason(
    "leads-section", "その課の仕事を割り振る立場だから", lambda actor, account: leads(actor, sections_of(account))
)
BY_VISITOR = Reason("signs-in", "ご本人がいまサインインした", lambda actor, _: actor.kind in ("visitor", "resident"))
SPEAKS = Reason("speaks", "ほかの方の代わりに申し込むから", lambda actor, _: actor.kind == "resident")
BY_PARTNER = Reason(
    "partner-identified",
    "連携先がご本人を確かめたから",
    lambda actor, issuer: actor.kind == "partner" and issuer == f"partner:{actor.id}",
)


@act("person.recognise", allow=(BY_VISITOR, BY_SYSTEM, BY_PARTNER))
def recognise(issuer: str, subject: str, level: str, *, by: Actor, behind: Person | None = None) -> Person:
    """本人の認識: the person behind a checked identity, opened at the first sign-in.

    ``issuer`` and ``subject`` must come from a verified token or a confirmed address. Two first sign-ins at once
    open one person. A later sign-in with higher assurance raises the identity's level. ``behind`` is the person whom
    this identity is known to mean though nobody has signed in as them (an entry of a register).
    """
    known = Identity.objects.select_related("person").filter(issuer=issuer, subject=subject).first()
    if known is None:
        person = behind or Person.objects.create()
        known, first = Identity.objects.select_related("person").get_or_create(
            issuer=issuer, subject=subject, defaults={"person": person, "level": level}
        )
        if first:
            record(opened=behind is None, level=level)
            return person
        if behind is None:
            person.delete()
    if known.level != level:
        Identity.objects.filter(pk=known.pk).update(level=level)
    record(level=level)
    return known.person


@act("person.introduce", allow=(SPEAKS,))
def introduce(*, by: Actor) -> Person:
    """本人でない方が伝えた人: somebody whom another speaks for. Nobody signs in as them; no name is kept."""
    return Person.objects.create()


@act("person.sign_in", allow=(BY_VISITOR,))
def admit(claims: Claims, begun: Transaction, *, by: Actor, behind: Person | None = None) -> Person:
    """サインイン: the person whom a provider has just proven. Refused where this very sign-in came back before."""
    if not comes_first(rules.state_mark(begun.state), until=begun.begun_at + dt.timedelta(days=1)):
        raise Refused(
            "sign-in-spent", "このサインインの手続きはすでに使われています。もう一度はじめからお進みください。"
        )
    return recognise(claims.issuer, claims.subject, claims.level, by=by, behind=behind)


def sign_in(
    provider: IdentityProvider,
    params: Mapping[str, str],
    begun: Transaction | None,
    *,
    by: Actor,
    admitting: Admitting = admit,
) -> tuple[Person, Claims]:
    """The whole return from a provider: check with it, then admit. Leaves one event, of the sign-in or its refusal.

    ``admitting``: an act of a higher noun that admits and does what belongs to it.

    ``params`` are those of the page that the visitor came back to; ``begun`` is what the session kept since ``begin``
    (None where it kept nothing), to be removed from it before this call. The provider is asked outside any database
    transaction, so that a slow one holds no connection.
    """
    try:
        if begun is None:
            raise Refused(
                "sign-in-not-begun",
                "サインインの手続きが見つかりません。時間がたったか、別の画面で始めています。"
                "もう一度はじめからお進みください。",
            )
        claims = provider.complete(params, begun)
    except Refused as refusal:
        refuse("person.sign_in", refusal, by=by)
        raise
    return admitting(claims, begun, by=by), claims


@act("person.ask_email_confirmation", allow=(BY_VISITOR, BY_SYSTEM))
def request_email_confirmation(address: str, *, client: str, language: str = "ja", by: Actor) -> EmailConfirmation:
    """メールアドレスの確認の求め: a code and a link go to the address, whoever has or has not used it before.

    ``client`` is where the request comes from (an IP address); only its mark is kept, to count. The mail, in
    ``language``, follows the event. Raises Invalid ``email-form``, or Refused with status 429 ``email-too-often``.
    """
    normal, mark, now = rules.normalise_address(address), rules.client_mark(confirmation_key(), client), clock.now()
    with connection.cursor() as cursor:  # requests for one address, and from one place, are counted one after another
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('madoguchi.email.client'), hashtext(%s)),"
            " pg_advisory_xact_lock(hashtext('madoguchi.email.address'), hashtext(%s))",
            [mark, normal],
        )
    EmailConfirmation.objects.filter(asked_at__lt=now - rules.FORGOTTEN_AFTER).delete()
    asked = EmailConfirmation.objects
    if (
        asked.filter(address=normal, asked_at__gt=now - rules.ADDRESS_WINDOW).count() >= rules.MOST_PER_ADDRESS
        or asked.filter(client=mark, asked_at__gt=now - rules.CLIENT_WINDOW).count() >= rules.MOST_PER_CLIENT
    ):
        raise Refused(
            "email-too-often",
            "確認メールを続けて送れる回数を超えました。30分ほどたってから、もう一度お試しください。",
            status=429,
        )
    return EmailConfirmation.objects.create(
        address=normal, client=mark, language=language, asked_at=now, expires_at=now + rules.VALID_FOR
    )


@act("person.answer_email_confirmation", allow=(BY_VISITOR,))
def _answer(confirmation: EmailConfirmation, code: str, token: str, *, by: Actor) -> Person | None:
    """メールアドレスの確認: the right answer recognises the person; a wrong one counts, so it cannot be rolled back."""
    held = EmailConfirmation.objects.select_for_update().get(pk=confirmation.pk)
    if held.answered_at is not None or held.expires_at <= clock.now() or held.tries >= rules.MOST_TRIES:
        raise Refused(
            "email-code-over",
            "この確認番号は使えなくなりました。もう一度メールを送って、新しい番号を入力してください。",
            status=410,
        )
    key = confirmation_key()
    right = rules.is_right_token(key, held.pk, token) if token else rules.is_right_code(key, held.pk, code)
    record(right=right)
    if not right:
        held.tries += 1
        held.save(update_fields=["tries"])
        return None
    held.answered_at = clock.now()
    held.save(update_fields=["answered_at"])
    return recognise("mailto:", held.address, "contact", by=by)


def confirm_email(confirmation: UUID, *, code: str = "", token: str = "", by: Actor) -> Person:
    """The person whose address is confirmed by the code typed or the link opened. Works once.

    Raises Refused ``email-code-over`` (410: used, too old, mistyped too often), Invalid ``email-code-wrong``, NotFound.
    """
    held = EmailConfirmation.objects.filter(pk=confirmation).first()
    if held is None:
        refusal = NotFound("email-code-unknown", "確認の求めが見つかりません。もう一度メールを送ってください。")
        refuse("person.answer_email_confirmation", refusal, by=by)
        raise refusal
    person = _answer(held, code, token, by=by)
    if person is None:
        raise Invalid("email-code-wrong", "確認番号が違います。メールにある6桁の数字をお確かめください。")
    return person


@act("account.open", allow=(BY_SYSTEM,))
def open_account(username: str, display_name: str, password: str, *, by: Actor) -> Account:
    """職員アカウントの開設: a staff account without any post yet; refused where the user name is taken."""
    if Account.objects.filter(username__iexact=username).exists():
        raise Invalid("username-taken", "このユーザー名はすでに使われています。")
    account = Account(username=username, display_name=display_name)
    try:
        validate_password(password, account)
    except ValidationError:
        raise Invalid(
            "password-weak", "パスワードは12文字以上にし、よく使われるものや名前に似たものは避けてください。"
        ) from None
    account.set_password(password)
    account.save()
    return account


@act("account.enrol_totp", allow=(BY_SYSTEM,))
def enrol_totp(account: Account, secret: str, *, by: Actor) -> Account:
    """認証アプリの登録: the account's second factor is the TOTP ``secret`` (base32), for accounts opened by a program.

    People enrol their own at the first sign-in. An earlier TOTP secret is replaced.
    """
    Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP).delete()
    TOTP.activate(account, secret)
    return account


@act("account.reset_factors", allow=(BY_SYSTEM,))
def reset_factors(account: Account, *, by: Actor) -> Account:
    """二要素の登録のやり直し: passkeys and TOTP are forgotten (a lost phone); the next sign-in enrols anew.

    Whoever is signed in with the account is not any more: it may be the finder of the phone.
    """
    Authenticator.objects.filter(user=account).delete()
    account.sign_ins.all().delete()
    return account


@act("account.sign_in", allow=(BY_ACCOUNT,))
def note_sign_in(account: Account, method: str, *, by: Actor) -> Account:
    """職員のサインイン: both factors were right; ``method`` is totp or passkey."""
    record(method=method)
    return account


@act("account.change_factors", allow=(BY_ACCOUNT,))
def note_factors(account: Account, change: str, factor: str, *, by: Actor) -> Account:
    """二要素の変更: the member of staff added or removed a passkey or an app."""
    record(change=change, factor=factor)
    return account


@act("account.close", allow=(BY_SYSTEM,))
def close_account(account: Account, *, by: Actor) -> Account:
    """職員アカウントの停止: from now on nobody signs in with it, and whoever is signed in is not any more; its history
    stays."""
    account.is_active = False
    account.save(update_fields=["is_active"])
    account.sign_ins.all().delete()
    return account


@act("account.appoint", allow=(BY_SYSTEM,))
def appoint(account: Account, post: str, section: str, since: dt.date, *, by: Actor) -> PostHolding:
    """任命: the account holds ``post`` of ``section`` from ``since`` on."""
    if not account.is_active:
        raise NotAllowed("account-closed", "停止されたアカウントには職を割り当てられません。")
    holding, _ = PostHolding.objects.get_or_create(account=account, post=post, section=section, since=since)
    record(post=post, section=section)
    return holding


@act("account.set_absence", allow=(BY_ACCOUNT, BY_LEADER))
def set_absence(account: Account, cover: Account | None, since: dt.date, until: dt.date, *, by: Actor) -> Absence:
    """不在の登録: from ``since`` to ``until`` (inclusive) ``cover`` sees and does what ``account`` had taken on.

    The cover is a colleague of the same section: cover moves work, not rights. Whoever has none there, such as a
    director, is away without one; who decides then stands in the rules (代決). Raises Invalid for any other, for days
    that are over, and where another absence lies in the same days.
    """
    if since > until or until < clock.today():
        raise Invalid("absence-days", "不在の期間は、きょうより後に終わるように、早い日から順に入力してください。")
    could = coverers(account)
    if (could or cover is not None) and cover not in could:
        raise Invalid("absence-cover", "代わりの職員は、同じ課のほかの職員から選んでください。")
    # One after another, so that two windows cannot set two covers for one day.
    Account.objects.select_for_update().get(pk=account.pk)
    if account.absences.filter(since__lte=until, until__gte=since, ended_at__isnull=True).exists():
        raise Stale("absence-twice", "その期間には、すでに不在が登録されています。先に取り消してください。")
    absence = Absence.objects.create(account=account, cover=cover, since=since, until=until, set_by_id=by.who)
    record(absence=absence.pk, cover=absence.cover_id)
    return absence


@act("account.end_absence", allow=(BY_ACCOUNT, BY_LEADER))
def end_absence(account: Account, absence_id: UUID, *, by: Actor) -> Absence:
    """不在の取消し: from now on nobody covers; what the cover has done stays as it is."""
    absence = account.absences.select_for_update().filter(pk=absence_id, ended_at__isnull=True).first()
    if absence is None:
        raise NotFound("absence-unknown", "その不在は登録されていないか、すでに取り消されています。")
    absence.ended_at = clock.now()
    absence.save(update_fields=["ended_at"])
    record(absence=absence.pk)
    return absence
