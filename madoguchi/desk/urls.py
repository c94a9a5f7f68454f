"""Addresses of the desk; allauth's own pages (sign-in, second factor) live below ``/desk/account/``."""

from django.urls import URLPattern

app_name = "desk"
urlpatterns: list[URLPattern] = []
