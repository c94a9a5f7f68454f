"""Residents and staff: who may act, and how sure the city is of it."""
