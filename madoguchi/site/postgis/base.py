"""Django's PostGIS, but a connection of the pool is told once what a shape is, not each time that it is lent.

Telling takes as long as a tile that is kept takes to find.
"""

from typing import Any

from django.contrib.gis.db.backends.postgis import base


class DatabaseWrapper(base.DatabaseWrapper):
    def register_geometry_adapters(self, pg_connection: Any, clear_caches: bool = False) -> None:
        if clear_caches or not getattr(pg_connection, "knows_shapes", False):
            super().register_geometry_adapters(pg_connection, clear_caches)
            pg_connection.knows_shapes = True
