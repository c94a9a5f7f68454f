"""The noun's place in Django."""

from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    name = "madoguchi.procedures"
    label = "madoguchi_procedures"
