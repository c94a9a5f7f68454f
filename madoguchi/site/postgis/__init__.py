"""Django's PostGIS, for connections of a pool (``base``)."""
