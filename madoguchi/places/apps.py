"""The noun's place in Django."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "madoguchi.places"
    label = "madoguchi_places"
