"""The face's place in Django."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "madoguchi.desk"
    label = "madoguchi_desk"
