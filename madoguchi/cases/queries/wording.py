"""The words of mails that a section may change itself: which sections, which templates, and a case to try them on."""

from datetime import timedelta
from typing import Final

from django.conf import settings

from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.ground.dates import format_day
from madoguchi.messages import queries as messages
from madoguchi.messages.rules.texts import Text
from madoguchi.procedures import queries as procedures
from madoguchi.procedures.rules.city import Section

#: Between the sample case's day and its promised day.
_TWO_WEEKS: Final = timedelta(days=14)


def sections_where_may(actor: Actor, duty: str) -> tuple[Section, ...]:
    """The sections in which a post of organisation.yaml that the actor holds has this duty, in their order there."""
    organisation = procedures.city().organisation
    posts = organisation.posts()
    held = [posts[one] for one in actor.posts if one in posts] if actor.kind == "staff" else []
    units = {unit.id for post, unit in held if duty in post.may}
    return tuple(section for section in organisation.sections() if section.id in units)


_OF_THE_CITY: Final = frozenset({"delegation-given", "delegation-used", "delegation-ended"})


def wordable() -> dict[str, Text]:
    """The templates that a section may word, by code. A confirmation code, or what is said of an agent, is the city's:
    no section is concerned."""
    return {one.code: one for one in messages.templates() if not one.secret and one.code not in _OF_THE_CITY}


def sample_values(section: Section, language: str) -> dict[str, object]:
    """The values of a case that is none, for trying the words of a template: of the section's first procedure."""
    city = procedures.city()
    packages = procedures.packages_offered()
    own = next((one for one in packages if city.section_of(one.procedure) == section), None)
    later = format_day(clock.today() + _TWO_WEEKS, language)
    return {
        "city": city.name.get_for(language),
        "procedure": own.procedure.title.get_for(language) if own else "",
        "reference": "00-0000-0000-0",
        "promised": later,
        "due": later,
        "deleted": later,
        "url": f"{settings.BASE_URL}/cases/00-0000-0000-0/",
        "contact": f"{city.full_name(section, language)}　{section.phone or city.file.contact.phone}",
        "subject": "（件名）",
        "text": "（本文）",
        "office": city.full_name(section, language),
    }
