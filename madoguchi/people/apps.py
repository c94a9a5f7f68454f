"""The noun's place in Django."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "madoguchi.people"
    label = "madoguchi_people"
