"""文例: the sentences of a section, kept by those who write them; the head takes out what is to be said no more."""

from collections.abc import Mapping

from madoguchi.cases.models import Phrase, Use
from madoguchi.cases.queries.phrases import procedures_of
from madoguchi.cases.rules import phrases as rules
from madoguchi.events import Actor, Reason, act, record
from madoguchi.ground import clock
from madoguchi.ground.errors import Invalid, Problem, Stale
from madoguchi.ground.languages import READ, SOURCE
from madoguchi.ground.text import clean
from madoguchi.people.queries import leads

IN_SECTION = Reason(
    "in-section",
    "この課の職員だから",
    lambda actor, section: actor.kind == "staff" and section in actor.sections,
)
WROTE_IT = Reason(
    "wrote-it",
    "ご自分が書いた文例だから",
    lambda actor, one: actor.kind == "staff" and actor.who == one.written_by_id and one.section in actor.sections,
)
LEADS_ITS_SECTION = Reason(
    "leads-section", "この課の仕事を割り振る職だから", lambda actor, one: leads(actor, [one.section])
)


@act("phrase.add", allow=(IN_SECTION,))
def add(section: str, *, use: str, title: str, words: Mapping[str, str], code: str = "", by: Actor) -> Phrase:
    """文例の追加: a sentence that the section writes again and again, in Japanese and in whatever else it has it."""
    if Phrase.objects.filter(section=section, retired_at=None).count() >= rules.MOST_OF_SECTION:
        raise Invalid(
            "phrases-too-many",
            "文例は1つの課で%(most)s件までです。使わないものを外してから足してください。",
            {"most": rules.MOST_OF_SECTION},
        )
    made = _make(section, use, title, words, code, by)
    record(section=section, use=use, code=code, languages=sorted(made.words))
    return made


@act("phrase.change", allow=(WROTE_IT, LEADS_ITS_SECTION))
def change(one: Phrase, *, use: str, title: str, words: Mapping[str, str], code: str = "", by: Actor) -> Phrase:
    """文例の書き直し: a new one in its place; the old one is kept, and what was written with it stays as it is."""
    _retire(one)
    made = _make(one.section, use, title, words, code, by)
    record(section=one.section, use=use, code=code, languages=sorted(made.words), new=made.pk)
    return made


@act("phrase.retire", allow=(LEADS_ITS_SECTION,))
def retire(one: Phrase, *, by: Actor) -> Phrase:
    """文例を外すこと: it is not offered any more; what was written with it stays as it is."""
    _retire(one)
    record(section=one.section, use=one.use)
    one.refresh_from_db()
    return one


def _retire(one: Phrase) -> None:
    if not Phrase.objects.filter(pk=one.pk, retired_at=None).update(retired_at=clock.now()):
        raise Stale("phrase-retired", "この文例は、ほかの職員がすでに書き直したか、外しました。")


def _make(section: str, use: str, title: str, words: Mapping[str, str], code: str, by: Actor) -> Phrase:
    wrong: dict[str, Problem] = {}
    if use not in Use.values:
        wrong["use"] = Problem("phrase-use", "使うところを選んでください。")
    if code and code not in procedures_of(section):
        wrong["code"] = Problem("phrase-code", "この課の手続を選んでください。")
    said = _kept(wrong, "title", title, rules.MOST_TITLE, multiline=False)
    if not said and "title" not in wrong:
        wrong["title"] = Problem("phrase-title", "見出しを書いてください。")
    kept = {}
    for language in READ:
        name = f"words.{language}"
        # A reason stands on a line of its own: two lines would be two reasons.
        text = _kept(wrong, name, words.get(language, ""), rules.MOST_TEXT, multiline=use != Use.REASON)
        if name not in wrong and (problem := rules.wrong_with(text)):
            wrong[name] = Problem("text-place", problem)
        if text:
            kept[language] = text
    if SOURCE not in kept and f"words.{SOURCE}" not in wrong:
        wrong[f"words.{SOURCE}"] = Problem("phrase-words", "日本語の文を書いてください。")
    if wrong:
        raise Invalid("text-wrong", "直すところがあります。", fields=wrong)
    return Phrase.objects.create(section=section, use=use, code=code, title=said, words=kept, written_by_id=by.who)


def _kept(wrong: dict[str, Problem], name: str, text: str, most: int, *, multiline: bool) -> str:
    try:
        return clean(text, multiline=multiline, max_length=most)
    except Invalid as refusal:
        wrong[name] = refusal.as_problem()
        return ""
