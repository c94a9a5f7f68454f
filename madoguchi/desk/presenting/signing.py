"""電子署名 for the desk: who has signed, when, with which certificate, what was checked, and what was not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Checked, Signature
from madoguchi.desk.presenting.words import day_words, time_words
from madoguchi.ground import clock
from madoguchi.ground.wareki import format_both

SEXES: Final = {"male": gettext_noop("男性"), "female": gettext_noop("女性")}
ATTRIBUTES: Final = {
    "name": gettext_noop("氏名"),
    "born": gettext_noop("生年月日"),
    "address": gettext_noop("住所"),
    "sex": gettext_noop("性別"),
}


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature. ``lines``: what is known of it, by name; ``files``: what can be taken out, with its address."""

    id: str
    when: str
    is_test: bool
    lines: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, str]]


def signature_lines(case: Case) -> list[SignatureLine]:
    """Of a case that the reader may see, newest first: a correction may have been signed anew."""
    return [_line(case, one) for one in cases.signatures(case)]


def _line(case: Case, one: Signature) -> SignatureLine:
    return SignatureLine(str(one.pk), time_words(one.kept_at), one.is_test, list(_known(one)), list(_files(case, one)))


def _known(one: Signature) -> Iterator[tuple[str, str]]:
    yield gettext("署名した方"), one.name
    yield gettext("生年月日"), format_both(one.born_on)
    if one.sex in SEXES:
        yield gettext("性別"), gettext(SEXES[one.sex])
    yield gettext("住所"), one.address
    if one.substituted:
        yield gettext("代替文字がある項目"), "・".join(gettext(ATTRIBUTES[name]) for name in one.substituted)
    if one.signed_at is not None:
        yield gettext("署名の時刻"), time_words(one.signed_at)
    yield (
        gettext("証明書"),
        gettext("シリアル番号 %(serial)s、有効期限 %(until)s")
        % {
            "serial": one.serial,
            "until": day_words(clock.day_of(one.valid_until)),
        },
    )
    yield gettext("発行者"), one.issuer
    yield (
        gettext("確かめたこと"),
        gettext("内容と一致・署名用の証明書（%(policy)s）・発行者・有効期間") % {"policy": one.policy},
    )
    yield (
        gettext("サインインしたカードと一致"),
        "・".join(gettext(ATTRIBUTES[name]) for name in ATTRIBUTES if name in one.agreed),
    )
    yield gettext("失効確認"), gettext(Checked(one.revocation).label)


def _files(case: Case, one: Signature) -> Iterator[tuple[str, str]]:
    def url(what: str) -> str:
        return reverse("desk:signature", args=(case.number, one.pk, what))

    yield gettext("署名された文書（テキスト）"), url("document.txt")
    if one.is_of_several:
        yield gettext("まとめて署名された書面の一覧（テキスト）"), url("cover.txt")
    yield gettext("電子署名（CMS）"), url("signature.p7s")
