"""The noun's place in Django, and what it tells the nouns below: who leads a section, who keeps its register,
who sends notices and to those who live where."""

from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    name = "madoguchi.procedures"
    label = "madoguchi_procedures"

    def ready(self) -> None:
        from madoguchi.facts.ports import KEEPERS
        from madoguchi.messages.ports import AUDIENCES, OFFICES
        from madoguchi.people.ports import LEADERS
        from madoguchi.procedures.queries import city
        from madoguchi.procedures.telling import Area, office

        LEADERS.add("organisation", lambda section: city().organisation.leaders(section))
        AUDIENCES.add("area", Area())
        OFFICES.add("organisation", office)
        KEEPERS.add("organisation", lambda section: city().organisation.keepers(section))
