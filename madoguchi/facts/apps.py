"""The noun's place in Django."""

from django.apps import AppConfig


class FactsConfig(AppConfig):
    name = "madoguchi.facts"
    label = "madoguchi_facts"
