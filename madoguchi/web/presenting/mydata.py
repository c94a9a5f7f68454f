"""What the log says of a person, in that person's words; and the page from which they receive all that is kept."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from madoguchi.asking.kinds import KINDS
from madoguchi.asking.questions import ProblemLink, Question, links, questions
from madoguchi.cases import queries as cases
from madoguchi.cases.models import Case, Service
from madoguchi.cases.ports import Page
from madoguchi.cases.queries import correcting, known
from madoguchi.cases.queries.correcting import Asked
from madoguchi.cases.queries.handout import Happened
from madoguchi.cases.queries.known import PAGE, WHAT_FOR, Group, Read, Use, Uses, answer
from madoguchi.cases.rules import uploads
from madoguchi.events import Actor
from madoguchi.events.rules import ACTS
from madoguchi.facts.models import Level, Source
from madoguchi.facts.queries import Known
from madoguchi.facts.rules.delegating import KEY
from madoguchi.ground.clock import day_of
from madoguchi.ground.errors import Problem
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.form import fits, get
from madoguchi.web.annotating import annotated
from madoguchi.web.presenting.formpage import key_of
from madoguchi.web.words import day_words, language, said

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})

#: What was done, by verb.
DONE: Final[Mapping[str, str]] = {
    "case.open": gettext_noop("入力を始めた"),
    "case.open-for-another": gettext_noop("ほかの方の代わりに入力を始めた"),
    "case.open-for-principal": gettext_noop("代理人として入力を始めた"),
    "case.open-correction": gettext_noop("訂正の申出を書いた"),
    "case.save": gettext_noop("入力を保存した"),
    "case.take-over": gettext_noop("ほかの手続きの答えを引き継いだ"),
    "case.open-parts": gettext_noop("まとめて申し込む手続きを選んだ"),
    "case.submit-parts": gettext_noop("まとめて提出した"),
    "case.end-part": gettext_noop("まとめて申し込んだ手続きの一つが終わった"),
    "case.take-one": gettext_noop("市が知っている方から選んだ"),
    "case.add-row": gettext_noop("入力の行を足した"),
    "case.remove-row": gettext_noop("入力の行を消した"),
    "case.add-document": gettext_noop("写真・ファイルを付けた"),
    "case.remove-document": gettext_noop("写真・ファイルを外した"),
    "case.begin-upload": gettext_noop("写真・ファイルを送りはじめた"),
    "case.drop-upload": gettext_noop("写真・ファイルを送るのをやめた"),
    "case.scan-document": gettext_noop("ファイルのウイルス検査をした"),
    "case.file": gettext_noop("連携先のシステムから提出した"),
    "case.revise": gettext_noop("連携先のシステムから直した"),
    "case.submit": gettext_noop("提出した"),
    "case.sign": gettext_noop("電子署名をした"),
    "case.withdraw": gettext_noop("取り下げた"),
    "service.choose": gettext_noop("連絡する会社を選んだ"),
    "service.take-back": gettext_noop("会社への連絡を取り消した"),
    "service.call-off": gettext_noop("会社に渡した連絡を取りやめた"),
    "service.give-up": gettext_noop("会社に届けられず、連絡を打ち切った"),
    "service.read": gettext_noop("会社が連絡の内容を受け取った"),
    "service.answer": gettext_noop("会社が返事をした"),
    "case.read": gettext_noop("内容を見た"),
    "case.show-part": gettext_noop("確認をお願いされた方が、そのところを見た"),
    "case.check": gettext_noop("内容を一つ確かめた"),
    "case.uncheck": gettext_noop("確かめた印を外した"),
    "case.examine": gettext_noop("審査した"),
    "case.approve": gettext_noop("決裁した"),
    "case.consult": gettext_noop("ほかの課として意見を述べた"),
    "case.do": gettext_noop("画面の外で行ったことを記録した"),
    "case.perform": gettext_noop("自動の段階を行った"),
    "case.fire": gettext_noop("期限がきた"),
    "case.place": gettext_noop("選考の結果を記録した"),
    "case.migrate": gettext_noop("手続きの新しい版に移した"),
    "case.remind": gettext_noop("直しのお願いをもう一度送った"),
    "case.note": gettext_noop("庁内のメモを書いた"),
    "case.keep-map-answer": gettext_noop("地図で調べた結果を、案件に残した"),
    "case.amend-note": gettext_noop("庁内のメモを書き直した"),
    "case.hand_over": gettext_noop("担当の課を変えた"),
    "case.rate": gettext_noop("感想を送った"),
    "case.hold": gettext_noop("廃棄を止めた"),
    "case.release": gettext_noop("廃棄を止めるのをやめた"),
    "case.warn": gettext_noop("まもなく消すことを知らせた"),
    "case.delete": gettext_noop("消した"),
    "delegation.give": gettext_noop("代理人を招待した"),
    "delegation.withdraw": gettext_noop("代理人への招待を取り消した"),
    "delegation.accept": gettext_noop("代理人が引き受けた"),
    "delegation.record": gettext_noop("窓口で代理人を登録した"),
    "delegation.end": gettext_noop("代理権を取り消した"),
    "delegation.run-out": gettext_noop("代理権の期間が終わった"),
    "facts.meet": gettext_noop("カードの記載を受け取った"),
    "facts.state": gettext_noop("次の手続きで使えるように覚えた"),
    "facts.read": gettext_noop("覚えていることを見た"),
    "facts.withdraw_consent": gettext_noop("同意を取り消した"),
    "register.decide": gettext_noop("市の台帳の記載と同じ方かどうかを決めた"),
    "register.ask_again": gettext_noop("市の台帳の記載と同じ方かどうかを、もう一度確かめることにした"),
    "register.part": gettext_noop("市の台帳の記載との結びつきを取り消した"),
    "letter.issue": gettext_noop("通知書を出した"),
    "letter.post": gettext_noop("通知書を発送した"),
    "letter.read": gettext_noop("通知書を開いた"),
    "letter.revoke": gettext_noop("通知書を取り消した"),
    "message.send": gettext_noop("お知らせを書いた"),
    "message.deliver": gettext_noop("お知らせのメールを送った"),
    "message.bounce": gettext_noop("お知らせのメールが戻ってきた"),
    "message.read": gettext_noop("お知らせを開いた"),
    "message.write": gettext_noop("担当課にメッセージを送った"),
    "message.answer": gettext_noop("メッセージを書いた"),
    "thread.read": gettext_noop("メッセージを読んだ"),
    "payment.ask": gettext_noop("支払いを始めた"),
    "payment.present": gettext_noop("支払いの画面を用意した"),
    "payment.pend": gettext_noop("支払いの確認を待った"),
    "payment.hear": gettext_noop("決済会社から知らせを受けた"),
    "payment.confirm": gettext_noop("支払いを確かめた"),
    "payment.expire": gettext_noop("支払いの画面を閉じた"),
    "payment.refund": gettext_noop("返金を始めた"),
    "payment.give_back": gettext_noop("返金を終えた"),
    "person.recognise": gettext_noop("あなたを確かめた"),
    "person.introduce": gettext_noop("ほかの方があなたのことを伝えた"),
    "person.sign_in": gettext_noop("サインインした"),
    "person.heed_sign_out": gettext_noop("認証アプリの側でサインアウトした"),
    "person.answer_email_confirmation": gettext_noop("メールアドレスを確かめた"),
    "person.export": gettext_noop("あなたの情報をまとめて渡した"),
    "person.find_usage": gettext_noop("見られた記録を調べた"),
    "person.correct": gettext_noop("自分の情報を直した"),
    "step.claim": gettext_noop("担当になった"),
    "step.assign": gettext_noop("担当を決めた"),
    "step.release": gettext_noop("担当を外した"),
}
#: Why it was allowed, by the code of the reason.
BECAUSE: Final[Mapping[str, str]] = {
    "own": gettext_noop("ご本人のものだから"),
    "own-case": gettext_noop("ご本人の手続だから"),
    "own-facts": gettext_noop("ご本人の情報だから"),
    "partner-tracks": gettext_noop("ご本人が自分の記録を見るための連携先だから"),
    "own-person": gettext_noop("ご本人の記録だから"),
    "basis": gettext_noop("法令の定めによる"),
    "signed-in": gettext_noop("手続が求める方法でご本人を確かめたから"),
    "signs-in": gettext_noop("ご本人がいまサインインした"),
    "speaks": gettext_noop("ほかの方の代わりに申し込むから"),
    "addressee": gettext_noop("ご本人が同意して連絡した相手だから"),
    "system": gettext_noop("システムの定めた時刻または出来事による"),
    "section-of-case": gettext_noop("この手続を担当する課だから"),
    "section-of-step": gettext_noop("この段階を担当する課だから"),
    "post-of-step": gettext_noop("この段階を決裁する職だから"),
    "step-of-case": gettext_noop("この手続に自分の段階があるから"),
    "consulted": gettext_noop("合議を求められた課だから"),
    "examines": gettext_noop("この手続をいま審査しているから"),
    "at-counter": gettext_noop("窓口で、ご本人の前で入力しているから"),
    "named": gettext_noop("申請者が名前を挙げ、その方ご本人と確かめられたから"),
    "staff-in-charge": gettext_noop("担当の職員が手続の中で行った"),
    "in-service": gettext_noop("職員が手続の中で確認したから"),
    "leads-section": gettext_noop("その課の仕事を割り振る立場だから"),
    "own-step": gettext_noop("自分が担当している段階だから"),
    "may-hold": gettext_noop("この課の文書の廃棄を保留できる職だから"),
    "may-export": gettext_noop("保有個人情報の開示を担当する職だから"),
    "principal": gettext_noop("ご本人の代理人だから"),
    "agent": gettext_noop("代理人ご自身だから"),
    "invited": gettext_noop("ご本人から渡された招待だから"),
    "may-delegate": gettext_noop("代理権を窓口で登録する職だから"),
    "in-the-round": gettext_noop("募集の選考の中で"),
}
_WHO: Final[Mapping[str, str]] = {
    "self": gettext_noop("あなた"),
    "resident": gettext_noop("ほかの方"),
    "staff": gettext_noop("職員"),
    "partner": gettext_noop("連携先のシステム"),
    "system": gettext_noop("自動"),
}


def did_words(one: Happened) -> str:
    """「通知書を出した」; of what was refused 「審査した（断られた）」."""
    spec = ACTS.get(one.verb)
    word = gettext(DONE[one.verb]) if one.verb in DONE else spec.title.partition(":")[0] if spec else one.verb
    return word if one.outcome == "done" else gettext("%(what)s（できなかった）") % {"what": word}


def why_words(one: Happened) -> str:
    """The reason for which it was allowed; of a refusal nothing, because its reason was told to whoever tried."""
    if one.outcome != "done":
        return ""
    spec = ACTS.get(one.verb)
    title = next((reason.title for reason in spec.allow if reason.code == one.why), "") if spec else ""
    return gettext(BECAUSE[one.why]) if one.why in BECAUSE else title


def who_words(one: Happened) -> str:
    """「あなた」, section and post of staff, the name of a partner."""
    return one.office or gettext(_WHO[one.who])


def page_in(language: str) -> Page:
    """Makes the parts of ``index.html`` in this language: they are made while the file is sent, after the page's own
    language has gone."""

    def page(part: str, context: Mapping[str, Any]) -> str:
        here = procedures.city()
        with translation.override(language):
            city = {"name": said(here.name), "telephone": here.file.contact.phone}
            html = render_to_string(f"web/handout/{part}.html", {**context, "language": language, "city": city})
        return annotated(html, None)

    return page


# -- what is known, and who has read it -------------------------------------------------------------------------------

#: How far a fact was verified, in the words of its person.
VERIFIED: Final[Mapping[Level, str]] = {
    Level.STATED: gettext_noop("申告のまま"),
    Level.CHECKED: gettext_noop("職員が確かめた"),
    Level.ATTESTED: gettext_noop("証明書で確かめた"),
    Level.REGISTERED: gettext_noop("公の台帳の記載"),
}


@dataclass(frozen=True, slots=True)
class FactLine:
    """A fact as its person reads it. ``correct_url``: where it is corrected, empty where it is not; ``is_word``: only
    said, so that it is corrected at once; ``beside``: said since by its person, beside the record above; ``earlier``:
    said before, and something else since; ``asked``: how its correction stands."""

    label: str
    shown: str
    source: Source
    as_of: dt.date
    level: str
    correct_url: str
    is_word: bool
    beside: bool
    asked: "AskedLine | None"
    uses: Sequence[str]
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class FactGroup:
    """What is known of the person (``title`` is empty), or of one of whom they have told: ``name`` is theirs as it was
    told, ``title`` what they are."""

    title: str
    name: str
    lines: Sequence[FactLine]


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """A consent as it stands. ``after``: what taking it back means, or why it cannot be taken back any more; ``code``:
    the procedure to which it is taken back, or what a company would get; ``url``: the case in which it was given."""

    label: str
    given: bool
    since: dt.date
    after: str
    code: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ForAnother:
    """What was begun for somebody else: their name, what it is, where it is read."""

    name: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class AskedLine:
    """「訂正を申し出ています（11月29日）」, and the case in which it is."""

    words: str
    url: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """The form on which one fact is corrected. ``is_open``: it is with the office already."""

    fact: FactLine
    url: str
    questions: Sequence[Question]
    problems: Sequence[ProblemLink]
    asked: AskedLine | None
    keeper: str
    limits: str
    accept: str


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """Who has read what, for what, by which law. ``day_only``: the hour is not shown."""

    at: dt.datetime
    day_only: bool
    who: str
    done: bool
    what: Sequence[str]
    purpose: str
    procedure: str
    laws: Sequence[str]
    by_consent: bool


@dataclass(frozen=True, slots=True)
class FactsPage:
    """``groups``: what is known of the person, then of each of whom they have told (a child); ``more``: the last
    reading, where there are more behind it."""

    groups: Sequence[FactGroup]
    consents: Sequence[ConsentLine]
    others: Sequence[ForAnother]
    readings: Sequence[ReadingLine]
    more: str
    uses: Sequence[str]


def facts_page(by: Actor, told: Sequence[Known], readings: Sequence[Read], uses: Uses | None = None) -> FactsPage:
    """All that ``web/my_facts.html`` shows, and what is printed. ``told`` in the order of the vocabulary, each human
    being by themselves; ``uses``: for what facts are used."""
    order = list(procedures.vocabulary())
    asked = correcting.asked_of(by)
    shown_facts = [fact for fact in told if fact.key != KEY]  # they have a page of their own
    shown_facts.sort(key=lambda fact: order.index(fact.key) if fact.key in order else len(order))
    groups, nameless = [], Counter[str]()
    for group in known.groups([fact for fact in shown_facts if not _is_consent(fact)], by.who):
        nameless[group.kind] += not group.name
        title = gettext(_KINDS.get(group.kind, "そのほか")) if group.kind else ""
        if title and not group.name:
            title = f"{title} {nameless[group.kind]}"
        groups.append(FactGroup(title, group.name, list(_lines(group, shown_facts, asked, uses))))
    shown = readings[:PAGE]
    more = str(shown[-1].reading.id) if len(readings) > PAGE else ""
    # Of whose hour is not shown, the place among the others tells none: they come last of their day.
    ordered = sorted(shown, key=lambda one: (day_of(one.reading.at), not one.reading.day_only), reverse=True)
    general = [use_words(one) for one in uses.of_all] if uses is not None else []
    return FactsPage(
        groups, list(consent_lines(by, told)), for_others(by), [reading_line(one) for one in ordered], more, general
    )


#: What somebody of whom a person has told is to them.
_KINDS: Final[Mapping[str, str]] = {
    "spouse": gettext_noop("配偶者"),
    "child": gettext_noop("お子さん"),
    "member": gettext_noop("世帯の方"),
    "dog": gettext_noop("犬"),
    "": gettext_noop("そのほか"),
}


def _is_consent(one: Known) -> bool:
    return one.key.startswith("consent.")


def _lines(
    group: Group, told: Sequence[Known], asked: Mapping[tuple[str, str], Asked], uses: Uses | None
) -> Iterator[FactLine]:
    """The facts of one human being; of what was told otherwise in another case, the newest word first."""
    newest = sorted(group.facts, key=lambda fact: fact.as_of, reverse=True) if group.kind else group.facts
    order = list(dict.fromkeys(one.key for one in group.facts))
    said_of: set[str] = set()
    for one in sorted(newest, key=lambda fact: order.index(fact.key)):
        line = _fact_line(one, told, asked.get((one.key, one.row)), _uses_of(one.key, uses))
        yield replace(line, earlier=bool(group.kind) and one.key in said_of)
        said_of.add(one.key)


def _fact_line(
    one: Known, told: Sequence[Known] = (), asked: Asked | None = None, uses: Sequence[str] = ()
) -> FactLine:
    cell = answer(one)
    word = correcting.is_word(one)
    beside = word and any((rec.key, rec.row) == (one.key, one.row) and not correcting.is_word(rec) for rec in told)
    line = None if word or asked is None else _asked_line(asked, one)
    may = correcting.may_be_corrected(one) and not (line is not None and line.is_open)
    return FactLine(
        said(cell.field.label),
        KINDS.get(cell.field.type).show(cell.value, cell.field, language()),
        one.source,
        one.as_of,
        gettext(VERIFIED[one.level]),
        reverse("web:correct-fact", args=(one.id,)) if may else "",
        word,
        beside,
        line,
        uses,
    )


# -- consents ---------------------------------------------------------------------------------------------------------


def consent_lines(by: Actor, told: Sequence[Known]) -> Iterator[ConsentLine]:
    """Every consent: to look-ups of a procedure, to companies, and what was agreed to within a case."""
    services = cases.consented(by)
    for one in told:
        kind, _, code = one.key.partition(".")
        of, _, company = code.partition(".")
        if kind == "consent" and of == "company":
            yield _to_company(one, company, services.get((one.row, company)))
        elif kind == "consent":
            yield _to_look_up(one, code)
    for case, label in cases.agreed_in_cases(by):
        title = said(procedures.package(case.procedure).procedure.title)
        yield ConsentLine(
            f"{said(label)}（{title}）",
            True,
            day_of(case.received_at or case.opened_at),
            gettext(
                "手続きの中で出したものです。取り消したいときは、手続きのページから担当課にメッセージを送ってください。"
                "手続きを進められなくなることがあります。すでに行われたことは、元に戻りません。"
            ),
            url=reverse("web:case", args=(key_of(case),)),
        )


def _to_look_up(one: Known, code: str) -> ConsentLine:
    label = gettext("情報を確かめることへの同意（%(procedure)s）") % {"procedure": said(answer(one).field.label)}
    if one.value is not True:
        after = gettext("この手続きで、同意によってあなたの情報を確かめることは、ありません。")
        return ConsentLine(label, False, one.as_of, after)
    after = gettext(
        "取り消すと、これからは、この手続きで同意によってあなたの情報を確かめません。"
        "すでに確かめたことと、出した手続きは、そのままです。確かめられないことは、担当課が書類などをお願いします。"
    )
    return ConsentLine(label, True, one.as_of, after, code)


def _to_company(one: Known, code: str, row: Service | None) -> ConsentLine:
    label = gettext("会社への連絡の同意（%(company)s）") % {"company": said(answer(one).field.label)}
    if row is None or row.handed_at is None:
        if one.value is not True or row is None or row.refused_at is not None:
            return ConsentLine(label, one.value is True, one.as_of, gettext("この会社には、何も渡していません。"))
        after = gettext(
            "まだ何も渡していません。いま取り消すと、この会社には何も渡しません。ほかの手続きは、そのまま進みます。"
        )
        return ConsentLine(label, True, one.as_of, after, str(row.pk))
    if row.called_off_at is not None:
        after = gettext(
            "%(day)sに会社が受け取ったあと、取りやめを伝えました。会社の返事は、手続きのページで見られます。"
            "渡した内容を消してほしいときは、会社に直接伝えてください。%(phone)s"
        )
    elif row.done_at is None and row.refused_at is None:
        after = gettext(
            "%(day)sに会社が受け取りました。やめたいときは、手続きのページから、取りやめを会社に伝えられます。"
            "渡した内容を消してほしいときは、会社に直接伝えてください。%(phone)s"
        )
    else:
        after = gettext(
            "%(day)sに会社が受け取ったので、ここでは取り消せません。やめたいときや、消してほしいときは、"
            "会社に直接伝えてください。%(phone)s"
        )
    company = cases.company(code)
    number = row.telephone or (company.telephone if company is not None else "")
    phone = gettext("電話 %(number)s") % {"number": number} if number else ""
    after = after % {"day": day_words(row.handed_at), "phone": phone}
    return ConsentLine(label, one.value is True, one.as_of, after, url=reverse("web:case", args=(key_of(row.case),)))


def for_others(by: Actor) -> list[ForAnother]:
    """What the person has begun for others; what is known of those is theirs, and stands in the case alone."""
    lines = []
    for case in cases.for_others(by):
        name = case.applicant or str(get(case.answers, "person.full_name") or "")
        title = said(procedures.package(case.procedure).procedure.title)
        lines.append(ForAnother(name, title, reverse("web:case", args=(key_of(case),))))
    return lines


def _uses_of(key: str, uses: Uses | None) -> list[str]:
    """「手続きの審査に要ることを確かめるため：児童手当（…法第69条）」, a line for each law; how many forms show it."""
    if uses is None:
        return []
    shown = uses.forms.get(key, 0)
    forms = gettext("あなたが書く%(count)s件の手続きの入力らんに、あらかじめ出すため") % {"count": shown}
    return ([forms] if shown else []) + [use_words(one) for one in uses.of_key.get(key, ())]


def use_words(one: Use) -> str:
    """For what, in which procedures, by which law."""
    where = gettext("、").join([*map(said, one.procedures), *map(said, one.offices)])
    what = gettext(WHAT_FOR.get(one.purpose, one.purpose))
    return gettext("%(what)s：%(where)s（%(law)s）") % {
        "what": what,
        "where": where or gettext("すべての手続き"),
        "law": one.law,
    }


def _asked_line(asked: Asked, fact: Known) -> AskedLine | None:
    """How a correction stands; nothing once the record says something new since."""
    url = reverse("web:case", args=(key_of(asked.case),))
    if asked.granted is None or asked.decided_on is None:
        return AskedLine(gettext("%(day)sに、訂正を申し出ています") % {"day": day_words(asked.on)}, url, True)
    if fact.as_of > asked.decided_on or fact.value == (asked.case.corrects or {}).get("value"):
        return None
    if asked.granted:
        said = gettext("%(day)sに、訂正することが決まりました。台帳の次の更新で、ここも変わります。")
    else:
        said = gettext("%(day)sに、訂正しないことが決まりました。理由と、不服があるときの方法は通知書にあります。")
    return AskedLine(said % {"day": day_words(asked.decided_on)}, url, False)


def correction_page(
    fact: Known,
    draft: Case | None,
    *,
    posted: Mapping[str, Sequence[str]] | None = None,
    problems: Mapping[str, Problem] = NOTHING,
) -> CorrectionPage:
    """The form for a fact, as the vocabulary asks for it; a request that was begun stands in it."""
    form = correcting.form_for(fact)
    section = form.sections[0]
    answers: dict[str, Any] = {correcting.VALUE: fact.value}
    if draft is not None and draft.corrects is not None:
        answers = {correcting.VALUE: draft.corrects["value"], correcting.WHY: draft.answers.get("why")}
    if not fits(section.fields[0], answers[correcting.VALUE]):
        answers.pop(correcting.VALUE)
    asked = list(
        questions(
            form.cells(section, answers, {}, problems),
            section,
            language=language(),
            known={},
            files={},
            posted=posted,
        )
    )
    with_office = draft is not None and draft.received_at is not None
    line = _asked_line(correcting.how_it_stands(draft), fact) if draft is not None and with_office else None
    keeper = procedures.city().organisation.section(correcting.keeper_of(fact))
    labels = {one.path: one.label for one in asked}
    return CorrectionPage(
        _fact_line(fact),
        reverse("web:correct-fact", args=(fact.id,)),
        asked,
        links(problems, lambda path: labels.get(path, path)),
        line,
        said(keeper.name) if keeper is not None else "",
        gettext("写真（JPEG・PNG）かPDFを5個まで、1個%(megabytes)sMBまで付けられます。")
        % {"megabytes": uploads.MAX_BYTES // 1024 // 1024},
        uploads.ACCEPT_FILES,
    )


def reading_line(one: Read) -> ReadingLine:
    """A reading as its person reads it."""
    reading = one.reading
    what = [*map(said, one.labels), *map(gettext, one.what)]
    laws = list(one.laws)
    if one.consented_at is not None:
        laws.append(gettext("あなたの同意（%(day)s）") % {"day": day_words(one.consented_at)})
    return ReadingLine(
        reading.at,
        reading.day_only,
        _reader_words(one),
        reading.done,
        what or [gettext("すべて")],
        gettext(WHAT_FOR.get(reading.purpose, reading.purpose)),
        said(one.procedure) if one.procedure is not None else "",
        laws,
        one.consented_at is not None,
    )


def _reader_words(one: Read) -> str:
    """「子ども室（子ども室職員）」, 「代理人　見本　次郎」, 「見本電力（引越しの連絡をまとめるシステム）」."""
    reading = one.reading
    offices = "・".join(f"{said(unit)}（{said(post)}）" if post else said(unit) for unit, post in one.offices)
    if one.company is not None:
        return f"{said(one.company)}（{offices}）" if offices else said(one.company)
    if one.provider:
        return gettext("決済会社（%(name)s）") % {"name": one.provider}
    if reading.actor_kind == "system":
        return gettext("%(office)s（自動）") % {"office": offices} if offices else gettext(_WHO["system"])
    if one.agent:
        return gettext("代理人　%(name)s") % {"name": one.agent}
    if reading.purpose == "case.show-part":
        return gettext("あなたが名前を挙げた方")
    kind = "self" if reading.actor_kind == "resident" and not one.is_other else reading.actor_kind
    return offices or gettext(_WHO.get(kind, _WHO["resident"]))
