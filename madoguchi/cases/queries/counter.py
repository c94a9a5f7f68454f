"""What is asked at the counter: whose sitting this is, which device, what a clerk is shown of whoever sits there."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.encoding import force_bytes

from madoguchi.cases.models import Case, Confirmation, Kiosk, Sitting
from madoguchi.cases.rules import counter as rules
from madoguchi.events import Actor
from madoguchi.facts.queries import open_to
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import NotFound
from madoguchi.procedures.queries import city


def counter_key() -> bytes:
    """The key of this installation from which the codes of the counter are derived."""
    return hashlib.sha256(b"madoguchi.cases.counter/" + force_bytes(settings.SECRET_KEY)).digest()


def serves_counter(by: Actor) -> bool:
    """Whether a post of organisation.yaml that this member of staff holds serves the counter, in whatever unit."""
    posts = city().organisation.posts()
    return by.kind == "staff" and any(one in posts and "counter" in posts[one][0].may for one in by.posts)


def own_sittings(by: Actor) -> list[Sitting]:
    """The sittings of this clerk that are going on, newest first."""
    rows = Sitting.objects.filter(clerk_id=by.who, ended_at=None).select_related("kiosk").order_by("-opened_at")
    return [one for one in rows if one.is_open]


def own_sitting(sitting_id: UUID, by: Actor) -> Sitting:
    """The clerk's own sitting that is going on. Raises NotFound for any other, existing or not."""
    found = Sitting.objects.filter(pk=sitting_id, clerk_id=by.id).select_related("kiosk", "clerk").first()
    if found is None or not found.is_open or by.kind != "staff":
        raise NotFound("sitting-unknown", "この受付は終わったか、見つかりません。はじめからやり直してください。")
    return found


def sitting_cases(sitting: Sitting) -> list[Case]:
    """What was opened in this sitting and not dropped, in order."""
    rows = Case.objects.filter(sitting=sitting, withdrawn_at=None).select_related("procedure", "sitting")
    return list(rows.order_by("opened_at"))


def sitting_case(sitting: Sitting, case_id: UUID) -> Case:
    """One of them. Raises NotFound."""
    found = next((one for one in sitting_cases(sitting) if one.pk == case_id), None)
    if found is None:
        raise NotFound("draft-unknown", "この入力は見つかりません。")
    return found


def returned_to(sitting: Sitting) -> QuerySet[Case]:
    """The cases of whoever sits there that wait for their correction (補正). None of whoever is under 支援措置: where
    they live now stands in the answers, and no basis of the counter opens that. They correct it themselves, online."""
    if sitting.person_id is None or not open_to([sitting.person_id], Purpose("counter", office=sitting.section)):
        return Case.objects.none()
    rows = Case.objects.filter(returned_at__isnull=False, withdrawn_at=None, closed_at=None, subject=None)
    return rows.filter(person=sitting.person_id).exclude(sitting=sitting).select_related("procedure")


def pairing_code(sitting: Sitting) -> str:
    """The six digits of now; empty where none is good. Never store or log them."""
    if sitting.code_until is None or sitting.code_until <= clock.now():
        return ""
    return rules.pairing_code(counter_key(), sitting.pk, sitting.serial)


# -- devices ----------------------------------------------------------------------------------------------------------


def kiosks() -> list[Kiosk]:
    """The devices that are kiosks, or may become one with the code that was just made."""
    rows = Kiosk.objects.filter(ended_at=None).select_related("made_by").order_by("name", "made_at")
    return [one for one in rows if one.joined_at is not None or one.code_until > clock.now()]


def kiosk_code(kiosk: Kiosk) -> str:
    """What makes a device this kiosk; empty where it was typed or is too old. Never store or log it."""
    if kiosk.joined_at is not None or kiosk.ended_at is not None or kiosk.code_until <= clock.now():
        return ""
    return rules.kiosk_code(counter_key(), kiosk.pk)


def live_kiosk(kiosk_id: UUID) -> Kiosk | None:
    """The kiosk that a device says it is; None where it is none any more."""
    return Kiosk.objects.filter(pk=kiosk_id, joined_at__isnull=False, ended_at=None).first()


def sitting_on(kiosk: Kiosk) -> Sitting | None:
    """The sitting for which this tablet stands before the resident now."""
    found = Sitting.objects.filter(kiosk=kiosk, ended_at=None).select_related("clerk").first()
    return found if found is not None and found.is_open else None


def to_confirm(sitting: Sitting) -> Confirmation | None:
    """What the resident is shown now: asked last, not handed in yet, and as it was when it was asked."""
    waits = Q(case__received_at=None) | Q(case__returned_at__isnull=False)
    rows = Confirmation.objects.filter(waits, case__sitting=sitting, case__withdrawn_at=None)
    found = rows.select_related("case__procedure").order_by("-asked_at").first()
    return (
        found if found is not None and found.digest == rules.digest_of(found.case.answers, found.case.typed) else None
    )


def confirmation_of(case: Case) -> Confirmation | None:
    """How the resident confirmed what a clerk has typed; None where nobody did, or, of what is still to be handed in,
    not of these answers."""
    found = Confirmation.objects.filter(case=case, confirmed_at__isnull=False).select_related("signature").first()
    is_open = case.received_at is None or case.returned_at is not None
    return None if found is None or (is_open and found.digest != rules.digest_of(case.answers, case.typed)) else found


# -- what is known of whoever sits there ------------------------------------------------------------------------------


def is_shown_facts(case: Case, by: Actor) -> bool:
    """Whether the one who fills in may be shown what is known of whom it is about: the person, and at the counter the
    clerk before whom they sit. Of somebody else's nobody is shown anything."""
    if by.kind == "staff":
        return case.subject_id is None and case.sitting is not None and case.sitting.clerk_id == by.id
    return case.about_id == by.id


def to_fill_in(case: Case, by: Actor) -> Purpose:
    """For what the one who fills in reads."""
    if by.kind == "staff" and case.sitting is not None:
        return Purpose("counter", case.procedure.code, case.sitting.section, case=case.pk)
    return Purpose("prefill", case.procedure.code, case=case.pk)
