"""Start-up: the storeys meet here. Bridges register into ports, jobs into the relay."""

from importlib import import_module

from django.apps import AppConfig

from madoguchi.site import times

#: Everything that registers itself on import: jobs that follow events, and the bridges into the ports.
JOBS = ("madoguchi.people.jobs", "madoguchi.messages.jobs", "madoguchi.cases.jobs")
BRIDGES = (
    "madoguchi.bridges.clamd",
    "madoguchi.bridges.jpki",
    "madoguchi.bridges.mail",
    "madoguchi.bridges.oidc",
    "madoguchi.bridges.pades",
    "madoguchi.bridges.stripe",
    "madoguchi.bridges.webhook",
)
CHECKS = ("madoguchi.site.checks",)


class SiteConfig(AppConfig):
    name = "madoguchi.site"
    label = "madoguchi_site"

    def ready(self) -> None:
        for module in JOBS + BRIDGES + CHECKS:
            import_module(module)
        times.register()
