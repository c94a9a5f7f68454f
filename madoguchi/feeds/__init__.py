"""The face for machines: the API of partners, their tokens, open data. HTTP only, no rules.

A request becomes an :class:`Actor` of kind ``partner`` (``calling``), every call is an act or a query that takes it,
and every refusal is a problem document (``problems``).
"""
