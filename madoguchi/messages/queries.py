"""What is asked of messages: a person's inbox, a letter's file, and whether a letter is genuine."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from madoguchi.events import Actor
from madoguchi.events.composing import composed_once
from madoguchi.facts import queries as facts
from madoguchi.facts.rules import Purpose
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, NotFound
from madoguchi.messages.models import Letter, LetterFile, Message, Notice, Wording
from madoguchi.messages.ports import AUDIENCES, OFFICES, signer
from madoguchi.messages.rules import codes, letters, texts

#: The page that says genuine or not, and the page behind the QR code: ``/verify`` and ``/verify/<code>``.
VERIFY_PATH: Final = "/verify"
#: What an answer sheet says of itself in its keywords: a letter that was signed but never issued does not.
SHEET: Final = "madoguchi-answer-sheet"
#: How long a mail is kept that is neither a person's nor about a case.
MAIL_KEPT: Final = timedelta(days=30)
#: A letter is about 100 KB; what is larger than this many bytes was not issued here.
LARGEST_UPLOAD: Final = 10 * 1024 * 1024


# --- is it genuine? ---------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """Whether a letter is genuine. Says nothing about the person it was written to.

    ``genuine``: issued here and valid. ``revoked``: issued here, no longer valid. ``signed``: an answer sheet, signed
    here and not changed since; no number, nothing kept. ``altered``: signed here, but changed since. ``unknown``: not
    issued here. The rest is set for genuine, revoked and signed only.
    """

    outcome: Literal["genuine", "revoked", "signed", "altered", "unknown"]
    number: str = ""
    title: str = ""
    issued_on: date | None = None
    revoked_on: date | None = None
    signer: str = ""


def verify_code(typed: str) -> Verdict:
    """By the code printed on the letter, as typed (any width, case and hyphens). Compares what is on paper by number,
    title and date: the code alone does not prove that the words on the paper are the issued ones."""
    code = codes.parse(typed)
    letter = Letter.objects.filter(code=code).first() if code else None
    return _verdict(letter) if letter else Verdict("unknown")


def verify_pdf(pdf: bytes) -> Verdict:
    """By the file itself: byte-identical to one that was issued, or an answer sheet as it was signed here, or
    signed here and changed since, or neither.

    Raises Invalid ``letter-file-too-large`` above 10 MB.
    """
    if len(pdf) > LARGEST_UPLOAD:
        raise Invalid("letter-file-too-large", "ファイルが大きすぎます（10MBまで）。市の通知書ではないようです。")
    letter = Letter.objects.filter(digest=hashlib.sha256(pdf).hexdigest()).first()
    if letter:
        return _verdict(letter)
    seen = signer().inspect(pdf)
    if seen.state == "intact" and (made := letters.sheet_of(pdf, SHEET)) is not None:
        return Verdict("signed", title=made.title, issued_on=clock.day_of(made.at), signer=seen.signer)
    return Verdict("altered" if seen.state in ("intact", "altered") else "unknown")


def _verdict(letter: Letter) -> Verdict:
    return Verdict(
        "revoked" if letter.revoked_at else "genuine",
        letter.number,
        letter.title,
        clock.day_of(letter.issued_at),
        clock.day_of(letter.revoked_at) if letter.revoked_at else None,
        letter.signer,
    )


def verification(code: str) -> dict[str, str]:
    """What a letter prints about its own verification (the key ``verify`` of its data)."""
    return _page(VERIFY_PATH, f"/{codes.shown(code)}") | {"code": codes.shown(code)}


def _page(path: str, more: str = "") -> dict[str, str]:
    base = urlsplit(settings.BASE_URL)
    url = f"{settings.BASE_URL}{path}{more}"
    return {"url": url, "page": f"{base.netloc}{base.path}{path}", "qr": letters.qr(url)}


# --- what was written -------------------------------------------------------------------------------------------


def inbox(person: UUID) -> QuerySet[Message]:
    """The messages of a person, newest first."""
    return Message.objects.filter(person=person).order_by("-created_at")


def forgotten_mails() -> QuerySet[Message]:
    """Mails to an address alone, old enough that nothing comes back for them any more."""
    return Message.objects.filter(person=None, about=None, created_at__lt=clock.now() - MAIL_KEPT)


def messages_about(about: UUID) -> QuerySet[Message]:
    """The messages about a case, oldest first."""
    return Message.objects.filter(about=about).order_by("created_at")


@composed_once
def unread_about(about: UUID, person: UUID) -> QuerySet[Message]:
    """Those of them to this person that have not been opened."""
    return messages_about(about).filter(person_id=person, read_at=None)


def letters_about(about: UUID) -> QuerySet[Letter]:
    """The letters about a case, oldest first, without their files."""
    return Letter.objects.filter(about=about).order_by("issued_at")


def lettered(abouts: Collection[UUID]) -> list[tuple[UUID, UUID | None]]:
    """About which of these cases there are letters, and to whom; nothing is asked where there are no cases."""
    return list(Letter.objects.filter(about__in=abouts).values_list("about", "person_id")) if abouts else []


#: All of them, for the pages of a case.
all_messages_about, all_letters_about = composed_once(messages_about), composed_once(letters_about)


def file_of(letter: Letter) -> bytes:
    """The PDF, byte for byte as issued. Raises NotFound where its keeping period has ended."""
    pdf = LetterFile.objects.filter(letter=letter).values_list("pdf", flat=True).first()
    if pdf is None:
        raise NotFound("letter-file-gone", "この通知書のファイルは保存期間を過ぎたため、ありません。")
    return bytes(pdf)


def receipt(data: Mapping[str, object], *, status_path: str) -> bytes:
    """受付票 as PDF, unsigned and not kept: it can be made again at any time.

    ``data`` has the keys of catalogue/letters/README.md but ``status``, which leads to ``status_path``.
    """
    whole = {"letter": {"sample": settings.DEMO}, **data, "status": _page(status_path)}
    return letters.render(settings.CATALOGUE, "letters/receipt.typ", whole)


def paper(data: Mapping[str, object], *, path: str) -> bytes:
    """書き込める用紙 as PDF, unsigned and not kept. ``path`` is the page where it can be done without."""
    whole = {**data, "sample": settings.DEMO, "page": _page(path)}
    return letters.render(settings.CATALOGUE, "letters/form.typ", whole)


def my_data(data: Mapping[str, object], *, path: str) -> bytes:
    """わたしの情報 as PDF, unsigned and not kept. ``path`` is the page that says the same as it is now."""
    whole = {**data, "sample": settings.DEMO, "page": _page(path)}
    return letters.render(settings.CATALOGUE, "letters/my-data.typ", whole)


def answer_sheet(data: Mapping[str, object], *, path: str, picture: Mapping[str, str] | None = None) -> bytes:
    """この場所に当てはまること as PDF, signed and not kept: what somebody asks is nobody's to know.

    ``path`` is the page that answers anew, ``picture`` the map of it (``svg``, ``alt``, ``credit``). The signature is
    all that proves it (:func:`verify_pdf`).
    """
    where, _, query = path.partition("?")
    page = _page(where, f"?{query}" if query else "")
    made = {"sample": settings.DEMO, "kind": SHEET, "map": picture, "page": page, "verify": _page(f"{VERIFY_PATH}/")}
    return signer().sign(letters.render(settings.CATALOGUE, "letters/here.typ", {**data, **made}, at=clock.now()))


def map_sheet(data: Mapping[str, object]) -> bytes:
    """A printed map as PDF, unsigned and not kept. ``data``: catalogue/letters/README.md."""
    return letters.render(settings.CATALOGUE, "letters/map.typ", {**data, "sample": settings.DEMO})


@lru_cache(maxsize=64)
def _loaded(path: Path, changed_ns: int) -> texts.Text:
    return texts.load(str(path), path.read_text(encoding="utf-8"))


def text(template: str, section: str = "") -> texts.Text:
    """The template of that name: as the section words it, else as ``catalogue/messages`` does.

    The file is read again when it changes; what a section wrote is asked for at every use, because any process may
    have written it.
    """
    path: Path = settings.CATALOGUE / "messages" / f"{template}.yaml"
    default = _loaded(path, path.stat().st_mtime_ns)
    own = wording(template, section) if section else None
    return default.worded(own.subject, own.body) if own is not None and own.subject else default


def templates() -> list[texts.Text]:
    """Every template of the catalogue, by code, as the catalogue words it."""
    return [text(path.stem) for path in sorted((settings.CATALOGUE / "messages").glob("*.yaml"))]


def wording(template: str, section: str) -> Wording | None:
    """The newest change that this section made to the template; one without words went back to the catalogue's."""
    return Wording.objects.filter(template=template, section=section).order_by("-version").first()


def wordings(template: str, section: str) -> list[Wording]:
    """All changes of the section to this template, newest first, with who made them."""
    rows = Wording.objects.filter(template=template, section=section).select_related("changed_by")
    return list(rows.order_by("-version"))


def unread_letters() -> QuerySet[Letter]:
    """The letters in force that their addressees have not opened."""
    return Letter.objects.filter(read_at=None, revoked_at=None)


# --- notices to those who live somewhere ------------------------------------------------------------------------

#: Below this nobody is told how many are meant, and above it only in tens: whoever draws an area around one house
#: learns nothing of it.
FEW: Final = 10


def offices_of(by: Actor) -> frozenset[str]:
    """The offices for which this member of staff may send notices."""
    if by.kind != "staff":
        return frozenset()
    office = OFFICES.get("organisation")
    return frozenset(one for one in by.sections if (found := office(one)) is not None and by.posts & found.posts)


def notices(by: Actor) -> QuerySet[Notice]:
    """The notices of their offices, newest first."""
    return Notice.objects.filter(office__in=offices_of(by)).select_related("written_by").order_by("-written_at")


def notice(key: UUID, by: Actor) -> Notice:
    """One of them. Raises NotFound for any other, existing or not."""
    found = notices(by).filter(pk=key).first()
    if found is None:
        raise NotFound("notice-unknown", "このお知らせは見つかりません。")
    return found


def meant(one: Notice, by: Actor) -> int:
    """How many people live in the area of a notice today, down to tens; 0 is fewer than ten. Leaves an event.

    Raises NoBasis where no law lets the office of the notice know, Invalid where the area has gone from the map.
    """
    there = facts.addresses(Purpose("notify", office=one.office), by=by)
    chosen = AUDIENCES.get("area").chosen(one.audience, there.keys())
    return in_tens(sum(there[address] for address in chosen))


def in_tens(people: int) -> int:
    """A number of people as it may be shown to who sends."""
    return people // FEW * FEW


def papers(one: Notice) -> list[Letter]:
    """The letters of a notice that are made, in the order of their numbers."""
    return list(Letter.objects.filter(about=one.pk).order_by("issued_at", "id"))


def papers_to_make(one: Notice) -> int:
    """How many are still to be made."""
    return one.letters.filter(letter=None).count()
