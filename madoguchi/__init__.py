"""Madoguchi (窓口): a digital city hall in which what starts digitally finishes digitally."""
