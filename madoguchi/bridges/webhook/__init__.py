"""Webhooks to partners by HTTPS, guarded against being sent to where they must not go."""

from madoguchi.bridges.webhook.poster import open_poster
from madoguchi.people.ports import POSTERS

POSTERS.add("https", open_poster)
