"""The face's place in Django."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    name = "madoguchi.feeds"
    label = "madoguchi_feeds"
