"""The layers as views of PostgreSQL, with roles that only read, for the departments' own QGIS (docs/qgis.md).

A schema for each audience, and a role of the same rights: ``map`` and ``madoguchi_map`` for what is public,
``map_staff`` for what staff see, ``map_<section>`` for what a section sees of its own layers, where that is more. One
view per layer, one typed column per attribute; rows as they are today. All are made anew in one transaction, so a layer
or attribute that was narrowed is gone at once.

The views are barriers, and a barrier hides the spatial index from a reader's box as long as PostgreSQL does not know
that comparing two boxes tells nobody what is in them. Only a superuser may say so; who is none is told what to say.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from madoguchi.places.rules.filtering import attribute
from madoguchi.places.rules.layer import Audience, Layer, includes
from madoguchi.procedures import queries as procedures
from madoguchi.site.mapping import Line
from madoguchi.site.owner import owner

#: What a view has beside the layer's attributes; an attribute of the same name is written with a _ behind it.
OWN = ("id", "key", "geom", "valid_from")
#: PostgreSQL cuts a longer name.
LONGEST = 63


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema and the role that reads it."""

    name: str
    reader: Audience
    layers: tuple[Layer, ...]

    @property
    def role(self) -> str:
        return f"madoguchi_{self.name}"


def schemas(layers: Iterable[Layer]) -> Iterator[Schema]:
    """Who has which layers: by the release policy of layer and attribute, and by nothing else."""
    known = list(layers)
    for name, reader in (("map", "public"), ("map_staff", "staff")):
        yield _schema(name, reader, known)  # type: ignore[arg-type]  # both are audiences
    for section in sorted({one.owner for one in known}):
        theirs = [one for one in known if one.owner == section]
        if any("section" in (one.see, *(each.see for each in one.attributes)) for one in theirs):
            yield _schema(f"map_{section.replace('-', '_')}", "section", theirs)


def _schema(name: str, reader: Audience, layers: Iterable[Layer]) -> Schema:
    return Schema(name[:LONGEST], reader, tuple(one for one in layers if includes(one.see, reader)))


def make_views() -> Iterator[Line]:
    """Schemas, views, roles and rights anew. Whoever connects has to be the owner of the database."""
    wanted = list(schemas(procedures.layers().values()))
    with owner(), transaction.atomic():  # noqa: TID251 -- the owner's set-up, no act
        write_views(wanted)
        if not trust_boxes():
            yield Line(f"a box reads a whole layer until a superuser says once: {_TRUST};")
    for one in wanted:
        yield Line(f"{one.name:24} {one.role:32} {len(one.layers)}")


#: PostGIS compares two bounding boxes there, and raises for no value.
_TRUST = "ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF"

_TRUSTED = """
    SELECT proleakproof, rolsuper FROM pg_proc, pg_roles
    WHERE pg_proc.oid = 'geometry_overlaps(geometry, geometry)'::regprocedure AND rolname = current_user
"""


def trust_boxes() -> bool:
    """Let a reader's box through the barrier to the spatial index; whether whoever is connected may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proleakproof FROM pg_proc WHERE oid = 'geometry_overlaps(geometry,geometry)'::regprocedure"
        )
        if cursor.fetchone()[0]:
            return True
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(_TRUST)
        return True


def write_views(wanted: Iterable[Schema]) -> None:
    """The same, as whoever is connected; inside a transaction."""
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        for one in wanted:
            schema, role = quoted(one.name), quoted(one.role)
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [one.role])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE ROLE {role} NOLOGIN")
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            cursor.execute(f"CREATE SCHEMA {schema}")
            for layer in one.layers:
                _view(cursor, one, layer)
            cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
            cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")


def _view(cursor: CursorWrapper, schema: Schema, layer: Layer) -> None:
    """One layer. A barrier, so that no function of a reader is asked about rows that the view leaves out."""
    quoted = connection.ops.quote_name
    columns: list[str] = []
    params: list[str] = []
    for one in layer.seen_by(schema.reader):
        value = attribute(layer, one.key)
        text = f"{value.text}::date" if one.kind == "date" else value.text
        columns.append(f", {text} AS {quoted(one.key + '_' if one.key in OWN else one.key)}")
        params += value.params
    listed = "".join(columns)
    name = f"{quoted(schema.name)}.{quoted(layer.code.replace('-', '_')[:LONGEST])}"
    # One SELECT: PostgreSQL takes a UNION ALL apart and forgets that it was a barrier.
    cursor.execute(
        f"CREATE VIEW {name} WITH (security_barrier) AS"  # noqa: S608 -- names of our own files
        f" SELECT f.id, f.key, f.geom, f.valid_from{listed} FROM layer_feature f"
        " WHERE f.layer = %s AND hashtext(f.layer) = hashtext(%s)"
        " AND f.dropped_in_id IS NULL AND f.valid_from <= (now() AT TIME ZONE %s)::date"
        " AND (f.valid_until IS NULL OR f.valid_until > (now() AT TIME ZONE %s)::date)",
        [*params, layer.code, layer.code, settings.TIME_ZONE, settings.TIME_ZONE],
    )
    words = f"{layer.title['ja']}（{layer.source.credit}）"
    cursor.execute(f"COMMENT ON VIEW {name} IS %s", [words])
