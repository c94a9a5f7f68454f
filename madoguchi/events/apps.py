"""The noun's place in Django."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "madoguchi.events"
    label = "madoguchi_events"
