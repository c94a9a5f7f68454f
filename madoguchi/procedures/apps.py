"""The noun's place in Django, and what it tells the nouns below: who leads a section, who keeps its register."""

from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    name = "madoguchi.procedures"
    label = "madoguchi_procedures"

    def ready(self) -> None:
        from madoguchi.facts.ports import KEEPERS
        from madoguchi.people.ports import LEADERS
        from madoguchi.procedures.queries import city

        LEADERS.add("organisation", lambda section: city().organisation.leaders(section))
        KEEPERS.add("organisation", lambda section: city().organisation.keepers(section))
