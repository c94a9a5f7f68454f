"""The noun's place in Django. The label is explicit: ``messages`` is taken by ``django.contrib.messages``."""

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "madoguchi.messages"
    label = "madoguchi_messages"
