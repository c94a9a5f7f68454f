"""Procedures: what people can ask for, as packages of the catalogue and as the versions that were published."""
