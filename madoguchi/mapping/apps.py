"""Templates and scripts of the map."""

from django.apps import AppConfig


class MappingConfig(AppConfig):
    name = "madoguchi.mapping"
    label = "madoguchi_mapping"
