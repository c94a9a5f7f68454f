"""A life event from its first question to the number, as a browser without scripts goes through it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from madoguchi.cases.models import Case
from madoguchi.cases.tests.conftest import flat
from madoguchi.cases.tests.test_examples import photograph
from madoguchi.events import Actor
from madoguchi.procedures.rules.examples import answers_of
from madoguchi.procedures.rules.form import UPLOADED, get
from madoguchi.procedures.tests.shipped import catalogue
from madoguchi.web.presenting.formpage import Draft

#: More pages than any life event has: a page that leads back to itself ends the walk.
MOST_PAGES = 60


@dataclass
class Walk:
    """What was met on the way: ``asked``, what had to be answered by fact or path; ``pages`` by their address."""

    journey: Case
    asked: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)


def walk(client: Client, by: Actor, code: str, example: str, person: Mapping[str, Any]) -> Walk:
    """Through the life event by its example, through each part by the one that explains it; ``person`` tells of oneself
    what nobody knows yet."""
    told = answers_of(catalogue().packages[code].examples[example])
    at = client.post(f"/procedures/{code}/start/", follow=True).redirect_chain[-1][0]
    found = Walk(Case.objects.get(person_id=by.who, part_of=None))
    for _ in range(MOST_PAGES):
        page = client.get(at)
        found.pages[at] = page.content.decode()
        if "/received/" in at:
            return found
        at = _onward(client, by, at, told, person, found)
    raise AssertionError(f"{at} leads nowhere")


def _onward(client: Client, by: Actor, at: str, told: Mapping[str, Any], person: Mapping[str, Any], found: Walk) -> str:
    """Answer what this page asks; where it leads."""
    if section := re.fullmatch(r"/cases/([0-9a-f-]{36})/sections/([a-z0-9-]+)/", at):
        case = Case.objects.get(pk=section[1])
        posted, uploads = _answers(case, section[2], by, told if case == found.journey else person, found)
        answer = client.post(at, {**posted, **uploads, "_do": "next"})
    elif at.endswith("/parts/"):
        found.parts = re.findall(r'name="part" value="([a-z-]+)"', found.pages[at])
        answer = client.post(at, {"part": found.parts})
    elif at.endswith("/companies/"):
        answer = client.post(at)  # to nobody
    else:
        assert at.endswith("/review/"), at
        answer = client.post(at.replace("/review/", "/submit/"), {"email": ""})
    assert answer.status_code == 302, f"{at}: {answer.content.decode()}"
    return answer.headers["Location"].partition("#")[0]


def _answers(
    case: Case, section_id: str, by: Actor, told: Mapping[str, Any], found: Walk
) -> tuple[dict[str, list[str]], dict[str, list[SimpleUploadedFile]]]:
    """What is posted for a section: only what nobody has told yet, and what is known as it is known."""
    draft = Draft(case)
    section = draft.form.section(section_id)
    assert section is not None
    answers = dict(told)
    if case.part_of_id is not None:
        examples = catalogue().packages[case.procedure.code].examples
        main = next(one for _, one in sorted(examples.items()) if one.asked is not None)
        answers = {**answers_of(main), "person": told}
    posted, uploads = dict[str, list[str]](), dict[str, list[SimpleUploadedFile]]()
    raw = flat(answers)
    if section.each:
        posted = {name: value for name, value in raw.items() if name.startswith(f"{section.each}.")}
        found.asked += [f"{case.procedure.code}: {name}" for name in posted]
        return posted, uploads
    for cell in draft.form.cells(section, {**answers, **case.answers}):
        known = next(
            (
                one
                for row in draft.page(section, by=by).rows
                for one in row.questions
                if one.path == cell.path and one.known is not None
            ),
            None,
        )
        if get(case.answers, cell.path) is not None:
            continue
        if known is not None:
            posted[f"{cell.path}.known"] = ["keep"]
            continue
        found.asked.append(cell.field.fact or f"{case.procedure.code}: {cell.path}")
        if cell.field.type in UPLOADED:
            uploads[cell.path] = [SimpleUploadedFile("1.jpg", photograph(len(found.asked)), "image/jpeg")]
        posted |= {
            name: value
            for name, value in raw.items()
            if (name == cell.path or name.startswith(f"{cell.path}.")) and cell.field.type not in UPLOADED
        }
    return posted, uploads
