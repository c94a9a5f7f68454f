"""The noun's place in Django."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "madoguchi.cases"
    label = "madoguchi_cases"
