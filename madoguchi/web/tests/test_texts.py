"""Every word that a resident can read exists in やさしい日本語 and in English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

from madoguchi.procedures.tests import shipped

PACKAGE = Path(__file__).resolve().parents[2]
OGC_PAGE = PACKAGE / "feeds" / "templates" / "feeds" / "ogc.html"
JAPANESE = re.compile("[ぁ-んァ-ヶ一-龥]")
CALLS = {"gettext", "gettext_noop", "ngettext", "_"}
#: What raises or carries a refusal: its second argument is a source string.
REFUSALS = {"Invalid", "Refused", "NotFound", "NotAllowed", "Stale", "Problem", "_refused"}
#: Where refusals come from that a resident may read; those of the office stay Japanese.
LOWER = (
    "ground/*.py",
    "procedures/rules/form.py",
    "cases/rules/uploads.py",
    "cases/rules/counter.py",
    "cases/actions/counter.py",
    "cases/actions/asking.py",
    "cases/actions/attaching.py",
    "cases/actions/connecting.py",
    "cases/actions/cosigning.py",
    "cases/actions/delegating.py",
    "cases/actions/drafting.py",
    "cases/actions/rating.py",
    "cases/actions/giving.py",
    "cases/actions/handing_out.py",
    "cases/actions/journeying.py",
    "cases/actions/opening.py",
    "cases/actions/representing.py",
    "cases/actions/signing.py",
    "cases/actions/submitting.py",
    "cases/actions/uploading.py",
    "cases/actions/withdrawing.py",
    "cases/queries/*.py",
    "events/acting.py",
    "people/actions/individuals.py",
    "people/rules.py",
    "messages/queries.py",
    "places/queries.py",
    "places/rules/area.py",
    "asking/here.py",
    "bridges/jpki/refusals.py",
    "bridges/oidc/refusals.py",
)


#: Among them what only the office asks and does.
OFFICE = {
    "cases/queries/counter.py",
    "cases/queries/batch.py",
    "cases/queries/load.py",
    "cases/queries/persons.py",
    "cases/queries/printing.py",
    "cases/queries/phrases.py",
    "cases/queries/rounds.py",
    "cases/queries/sealing.py",
}


def called(tree: ast.AST, names: set[str], place: int) -> Iterator[str]:
    """The literal at ``place`` among the arguments of every call of one of ``names``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in names and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                yield str(ast.literal_eval(node.args[place]))


def texts() -> Iterator[tuple[str, str]]:
    """(where, source string) of templates, of the face's code and of the refusals below it."""
    pages = [*(PACKAGE / "web").rglob("*.html"), *(PACKAGE / "mapping").rglob("*.html"), OGC_PAGE]
    for path in sorted(pages):
        code = templatize(path.read_text(), origin=str(path))
        for found in re.finditer(r"\bgettext\(u?((?:'(?:[^'\\]|\\.)*')|(?:\"(?:[^\"\\]|\\.)*\"))", code):
            yield path.name, ast.literal_eval(found[1])
        for found in re.finditer(r"ngettext\(u?((?:'(?:[^'\\]|\\.)*')|(?:\"(?:[^\"\\]|\\.)*\")),", code):
            yield path.name, ast.literal_eval(found[1])
    code_of = [one for part in ("web", "asking", "mapping") for one in (PACKAGE / part).rglob("*.py")]
    for path in sorted(
        [*code_of, *(PACKAGE / "feeds/ogc" / one for one in ("describing.py", "openapi.py", "paging.py"))]
    ):
        if "tests" not in path.relative_to(PACKAGE).parts:
            for text in called(ast.parse(path.read_text()), CALLS, 0):
                yield path.name, text
    for pattern in LOWER:
        for path in sorted(PACKAGE.glob(pattern)):
            if str(path.relative_to(PACKAGE)) in OFFICE:
                continue
            for text in called(ast.parse(path.read_text()), REFUSALS, 1):
                yield str(path.relative_to(PACKAGE)), text


def catalogue(locale: str) -> dict[str, str]:
    """msgid → first msgstr of a .po, read without gettext's tools."""
    entries: dict[str, str] = {}
    source = (settings.ROOT / "locale" / locale / "LC_MESSAGES" / "django.po").read_text()
    # Where two branches added entries at one place, a merge may leave no empty line between them.
    source = re.sub(r'(\n(?:msgstr(?:\[\d\])? .*|".*"))\n(?=msgid |#)', r"\1\n\n", source)
    for block in source.split("\n\n"):
        said = dict.fromkeys(("msgid", "msgstr"), "")
        part = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if not line.startswith('"'):
                part, _, line = line.partition(" ")
                part = "msgstr" if part == "msgstr[0]" else part
            if part in said:
                said[part] += ast.literal_eval(line)
        entries[said["msgid"]] = said["msgstr"]
    return entries


@pytest.mark.parametrize("locale", ["ja_Simple", "en"])
def test_every_text_of_the_residents_face_is_translated(locale: str) -> None:
    known = catalogue(locale)
    lacking = sorted({f"{where}: {text}" for where, text in texts() if JAPANESE.search(text) and not known.get(text)})
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("locale", ["ja_Simple", "en"])
def test_places_in_texts_survive_translation(locale: str) -> None:
    for source, text in catalogue(locale).items():
        if source:
            assert set(re.findall(r"%\(\w+\)[sd]", source)) == set(re.findall(r"%\(\w+\)[sd]", text)), source


def test_the_texts_are_found_at_all() -> None:
    found = {text for _, text in texts()}
    assert {"始める", "保存して次へ", "入力してください。", "受け付けました"} <= found


def test_sources_of_facts_are_translated() -> None:
    from madoguchi.facts.models import Source

    for locale in ("ja_Simple", "en", *FOUR):
        known = catalogue(locale)
        assert all(known.get(str(label)) for label in Source.labels)


FOUR = ("zh_Hans", "ko", "vi", "pt")
#: What one meets from the home page to the end of a procedure: complete in the four languages, too. What tells about
#: the site itself, about its figures and about the data that it keeps of a person is read in English there.
COMMON = {
    "base.html", "_languages.html", "_steps.html", "_problems.html", "_case_card.html", "_procedure_card.html",
    "sign_in.html", "email_code.html", "email_link.html", "home.html", "procedures.html", "office.html",
    "404.html", "page.html", "refused.html", "choice.html", "consent.html", "date.html", "line.html", "_known.html",
    "_label.html", "_opinion.html", "_below.html", "_cosigners.html", "_events.html", "_left_out.html",
    "_support.html", "_thread.html", "_upload_words.html", "bank_account.html", "bare.html", "case.html",
    "cosign.html", "devices.html", "foot.html", "for_another.html", "help.html", "help_page.html", "inbox.html",
    "life_event.html", "lines.html", "my_cases.html", "notice.html", "pay.html", "place.html", "procedure.html",
    "parts.html", "sign.html", "companies.html", "_told.html", "_told_review.html", "companies.py",
    "received.html", "review.html", "review_of_parts.html", "_answer_sections.html", "section.html", "upload.html",
    "verify.html", "withdraw.html",
    "_kiosk.html", "kiosk_over.html", "counter_code.html", "counter.html", "counter.py", "identity.py", "pages.py",
    "applying.py", "billing.py", "cards.py", "casepage.py", "context.py", "devices.py", "flow.py", "following.py",
    "formpage.py", "guard.py", "journeying.py", "journeys.py", "kinds.py", "middleware.py", "offers.py",
    "paper.py", "paying.py",
    "plain.py",
    "questions.py", "signing.py", "thread.py", "verifying.py", "web.py",
    "bridges/jpki/refusals.py",
    "bridges/oidc/refusals.py", "cases/actions/asking.py", "cases/actions/attaching.py", "cases/actions/cosigning.py",
    "cases/actions/drafting.py", "cases/actions/giving.py", "cases/actions/handing_out.py",
    "cases/actions/journeying.py", "cases/actions/opening.py", "cases/actions/rating.py", "cases/actions/signing.py",
    "cases/actions/submitting.py", "cases/actions/uploading.py", "cases/actions/withdrawing.py",
    "cases/queries/cosigning.py", "cases/queries/documents.py", "cases/queries/inbox.py", "cases/queries/own.py",
    "cases/queries/staff.py", "cases/queries/unknown.py", "cases/rules/uploads.py", "cases/rules/counter.py",
    "events/acting.py",
    "ground/ids.py", "ground/text.py", "ground/wareki.py", "messages/queries.py", "people/actions/individuals.py",
    "people/rules.py", "procedures/rules/form.py",
}  # fmt: skip


@pytest.mark.parametrize("locale", FOUR)
def test_the_way_of_a_procedure_exists_in_four_more_languages(locale: str) -> None:
    known = catalogue(locale)
    lacking = {f"{where}: {text}" for where, text in texts() if where in COMMON and not known.get(text)}
    assert not lacking, "\n".join(sorted(lacking))


def test_the_four_languages_say_the_same_things() -> None:
    said = {locale: set(catalogue(locale)) for locale in FOUR}
    assert len(said["ko"]) > 600
    assert len(set(map(frozenset, said.values()))) == 1


@pytest.mark.parametrize("locale", FOUR)
def test_places_in_texts_survive_the_four(locale: str) -> None:
    test_places_in_texts_survive_translation(locale)


@pytest.mark.django_db
def test_what_the_four_languages_lack_is_english() -> None:
    with translation.override("vi"):
        assert translation.gettext("はい") == "Có"
        assert translation.gettext("記録媒体") == "storage medium"


def test_every_life_event_of_the_catalogue_is_translated_and_drawn() -> None:
    from madoguchi.web.presenting.offers import LIFE_EVENTS

    named = {event for one in shipped.catalogue().packages.values() for event in one.procedure.life_events}
    assert named <= LIFE_EVENTS.keys()
    sheet = (PACKAGE / "web" / "static" / "web" / "icons.svg").read_text()
    assert all(f'id="{name}"' in sheet for name in LIFE_EVENTS.values())
