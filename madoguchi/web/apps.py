"""The residents' face in Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "madoguchi.web"
    label = "madoguchi_web"

    def ready(self) -> None:
        """The pages of what a person is handed out are this face's, whoever hands it out."""
        from madoguchi.cases.ports import HANDOUT_PAGES
        from madoguchi.web.presenting.mydata import page_in

        HANDOUT_PAGES.add("html", page_in)
