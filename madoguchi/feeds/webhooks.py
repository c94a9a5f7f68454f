"""Webhooks."""

from ninja import Router

router = Router()
