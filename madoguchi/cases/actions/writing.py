"""The words of a case: what its letters, receipts and mails are filled with."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db.models import Sum

from madoguchi.cases.models import Case, Cosigner
from madoguchi.cases.queries.represented import reader_of
from madoguchi.cases.rules.keeping import DRAFT_KEPT, DRAFT_NOTICE, RECORD_NOTICE
from madoguchi.ground import clock
from madoguchi.ground.dates import format_day
from madoguchi.ground.languages import LANGUAGES
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules import papers, speaking
from madoguchi.procedures.rules.city import Section
from madoguchi.procedures.rules.course import Course
from madoguchi.procedures.rules.form import get
from madoguchi.procedures.rules.published import Published

#: What happens next, for whoever asked at the counter and may have no sign-in here.
AT_COUNTER: Final[Mapping[str, tuple[str, ...]]] = {
    "ja": (
        "窓口で職員が入力し、ご本人が内容を確かめて申し込みました。",
        "担当の課が内容を確かめます。直していただきたいところがあるときは、お知らせします。直すときも、窓口で職員が入力できます。",
        "オンラインで状況を見るには、マイナンバーカードでサインインしてください。市の台帳で同じ方と確かめられたときに、"
        "この手続きが「わたしの手続き」に出ます。サインインしない方には、担当の課からご連絡します。",
    ),
    "ja-simple": (
        "窓口（まどぐち）で 市役所の 人が 書きました。あなたが 見て、たしかめました。",
        "市役所の 人が、書いて あることを たしかめます。直して ほしい ところが あるときは 知らせます。"
        "窓口でも 直せます。",
        "インターネットで 見たい 人は、マイナンバーカードで サインインしてください。"
        "同じ 人だと わかったときに 見ることが できます。",
    ),
    "en": (
        "A member of staff typed this at the counter; you have checked and confirmed it.",
        "The section in charge looks at your request and tells you if something needs to be corrected. "
        "That can be typed at the counter, too.",
        "To see it online, sign in with your My Number Card. It appears under “My procedures” once the city's "
        "register shows that you are the same person. Whoever does not sign in is contacted by the section.",
    ),
}


def symbol(package: Published, section: str = "") -> str:
    """文書記号: the first characters of the city and of the section in charge (大子, 大環)."""
    return f"{procedures.city().name['ja'][0]}{_in_charge(package, section).name['ja'][0]}"


def _in_charge(package: Published, section: str) -> Section:
    """The section that has the case, or where none is said that of the procedure."""
    return procedures.city().organisation.section(section) or procedures.section_of(package.procedure)


def contact(package: Published, language: str = "ja", section: str = "") -> dict[str, str]:
    """Whom to ask: section, address, telephone and hours of the section in charge."""
    city, section_ = procedures.city(), _in_charge(package, section)
    said = city.file.contact
    return {
        "section": city.full_name(section_, language),
        "address": f"〒{said.postal_code} {said.address.get_for(language)}",
        "phone": section_.phone or said.phone,
        "hours": said.hours.get_for(language),
    }


def status_path(case: Case) -> str:
    """The status page, by 受付番号 (a draft: its form, by id); it opens for the applicant only."""
    return f"/cases/{case.number or case.pk}/"


def _told_path(case: Case) -> str:
    """Where whoever is told of the case reads how it stands."""
    return status_path(case) if reader_of(case) == case.person_id else f"/by-proxy/{case.number}/"


def cosign_path(cosigner: Cosigner) -> str:
    """The page on which a part is confirmed. It opens for whoever was named, and says nothing before the sign-in."""
    return f"/cosign/{cosigner.pk}/"


def base_data(case: Case, package: Published, language: str = "ja") -> dict[str, Any]:
    """What every paper about a case begins with (catalogue/letters/README.md)."""
    city = procedures.city()
    name = get(case.answers, "person.full_name") or get(case.answers, "applicant_name") or ""
    address = get(case.answers, "person.registered_address")
    return {
        "to": {"name": name, "honorific": "様", "address": [address] if address else [], **_care_of(case)},
        "from": {
            "city": city.name.get_for(language),
            "title": city.file.authorities.mayor.get_for(language),
        },
        "contact": contact(package, language, case.section),
        "case": {
            "reference": case.number,
            "procedure": package.procedure.title.get_for(language),
            "received_on": clock.day_of(case.received_at).isoformat() if case.received_at else "",
        },
    }


def _care_of(case: Case) -> dict[str, str]:
    """Who asked for the addressee and is told: it stands below the name, and the letter stays the addressee's."""
    name = case.answers.get(speaking.NAME) if case.subject_id else ""
    office = case.answers.get(speaking.OFFICE) or ""
    return {"care_of": f"{office} {name}".strip()} if name else {}


def letter_data(case: Case, package: Published, course: Course) -> dict[str, Any]:
    """All that a letter of the package may name, but what messages add (number, date, verification)."""
    return papers.letter_data(package.procedure, course, case.answers, base_data(case, package), paid=paid(case))


def template_of(case: Case, letter: str) -> str:
    """The path of a letter of the case's procedure under the catalogue."""
    return f"procedures/{case.procedure.code}/letters/{letter}.typ"


def paid(case: Case) -> int:
    """Yen that were paid online and have not been asked back."""
    kept = case.payments.filter(paid_at__isnull=False, refund_asked_at=None)
    return int(kept.aggregate(yen=Sum("paid_yen"))["yen"] or 0)


def receipt_data(case: Case, package: Published, language: str) -> dict[str, Any]:
    """What the receipt (受付票) says; ``language`` is the reader's."""
    assert case.received_at is not None
    assert case.due_on is not None
    if language not in LANGUAGES:
        language = "en"  # the receipt's own words are in these languages
    data = base_data(case, package, language)
    data["case"]["received_at"] = clock.in_tokyo(case.received_at).strftime("%Y-%m-%d %H:%M")
    data["case"]["promised_on"] = case.due_on.isoformat()
    at_counter = {"next": AT_COUNTER[language]} if case.channel == "counter" else {}
    return {**data, "language": language, **at_counter}


def deleted_on(case: Case) -> dt.date:
    """The day from which an unfinished draft, or a record whose period is over, is deleted."""
    if case.keep_until is None:
        return clock.day_of(max(case.saved_at + DRAFT_KEPT, (case.warned_at or clock.now()) + DRAFT_NOTICE))
    notice_over = clock.day_of((case.warned_at or clock.now()) + RECORD_NOTICE)
    return max(case.keep_until + dt.timedelta(days=1), notice_over)


def message_values(case: Case, package: Published) -> dict[str, object]:
    """The values that the mail templates use. Neither name nor answers: those stand in the portal only."""
    language = case.language
    said = contact(package, language, case.section)
    open_step = case.steps.filter(kind__in=("correction", "pay", "cosign"), done_at=None).first()
    due = clock.day_of(open_step.due_at) if open_step is not None and open_step.due_at else None
    return {
        "city": procedures.city().name.get_for(language),
        "procedure": package.procedure.title.get_for(language),
        "reference": case.number or "",
        "promised": format_day(case.due_on, language) if case.due_on else "",
        "due": format_day(due, language) if due else "",
        "deleted": format_day(deleted_on(case), language),
        "url": f"{settings.BASE_URL}{_told_path(case)}",
        "contact": f"{said['section']}　{said['phone']}",
    }
