"""The residents' face in Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "madoguchi.web"
    label = "madoguchi_web"
