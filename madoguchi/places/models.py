"""Places: where something is. A place that somebody named, and the features of the map's layers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.indexes import GistIndex
from django.db.models import Case, F, Func, Index, IntegerField, Q, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Collate

from madoguchi.ground import clock
from madoguchi.ground.ids import uuid7
from madoguchi.ground.sensitivity import Sensitivity, classified
from madoguchi.places.rules.editing import KINDS
from madoguchi.places.rules.layer import DRAWN, STORED


@classified(
    id=Sensitivity.INTERNAL,
    text=Sensitivity.PERSONAL,
    town=Sensitivity.INTERNAL,
    point=Sensitivity.PERSONAL,
    error=Sensitivity.INTERNAL,
)
class Place(models.Model):
    """A place that somebody named: the words as written, the town (町字ID) and, where known, the point.

    Coordinates are JGD2011 longitude and latitude, stored as EPSG:4326. ``error``: metres within which it lies from
    there (an address is known as far as its town); None where nobody said.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    text = models.TextField()
    town = models.TextField(blank=True)
    point = models.PointField(srid=4326, null=True)
    error = models.FloatField(null=True)

    class Meta:
        db_table = "place"
        constraints: ClassVar = [
            models.CheckConstraint(name="place_is_described", condition=~models.Q(text="")),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def is_named(self, said: Mapping[str, Any]) -> bool:
        """Whether an answer (``actions.name_place``) names this place, as it is kept."""
        at = self.point.coords if self.point is not None else (None, None)
        told = (said["text"], said.get("town", ""), *(said.get(part) for part in ("lon", "lat", "error")))
        return (self.text, self.town, *at, self.error) == told


@classified(
    id=Sensitivity.PUBLIC,
    layer=Sensitivity.PUBLIC,
    number=Sensitivity.PUBLIC,
    as_of=Sensitivity.PUBLIC,
    recorded_at=Sensitivity.PUBLIC,
    why=Sensitivity.INTERNAL,
    digest=Sensitivity.INTERNAL,
    report=Sensitivity.INTERNAL,
)
class Edition(models.Model):
    """One change of a layer: a file that was taken in, or an edit. ``number`` counts from 1 in each layer.

    ``as_of`` is the day on which things were as it says; ``recorded_at`` when the city came to know it. ``digest`` is
    the SHA-256 of the file and of how it was read. ``report``: how many features came, changed and went, and what of
    the file was refused, by row. Who made it and by what right is the event's to say.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    layer = models.TextField()
    number = models.PositiveIntegerField()
    as_of = models.DateField()
    recorded_at = models.DateTimeField(default=clock.now)
    why = models.TextField(blank=True)
    digest = models.TextField(blank=True)
    report = models.JSONField(default=dict)

    class Meta:
        db_table = "layer_edition"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["layer", "number"], name="a_layer_counts_its_editions"),
        ]

    def __str__(self) -> str:
        return f"{self.layer} {self.number}"


class Hashed(Func):
    """The hash of a text that PostgreSQL itself uses (32 bits; hash indexes keep it the same in every version)."""

    function = "hashtext"
    output_field = IntegerField()


@classified(
    id=Sensitivity.PUBLIC,
    layer=Sensitivity.PUBLIC,
    key=Sensitivity.PUBLIC,
    properties=Sensitivity.INTERNAL,
    geom=Sensitivity.PUBLIC,
    drawn=Sensitivity.PUBLIC,
    digest=Sensitivity.PUBLIC,
    valid_from=Sensitivity.PUBLIC,
    valid_until=Sensitivity.PUBLIC,
    added_in=Sensitivity.PUBLIC,
    ended_in=Sensitivity.PUBLIC,
    dropped_in=Sensitivity.PUBLIC,
)
class Feature(models.Model):
    """Something on a layer, as it was from ``valid_from`` until before ``valid_until`` (days of Asia/Tokyo).

    What changed in the world ends the old row and adds a new one (``ended_in``); what was recorded wrongly is dropped
    (``dropped_in``): it never was so, but one can still see that the city thought so. So two questions have an answer:
    how was it on that day, and what did we know then. ``key`` is the feature's own within its layer; ``digest`` is of
    its attributes and shape. ``geom`` is JGD2011 (EPSG:6668), ``drawn`` the same for tiles (EPSG:3857).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    layer = models.TextField()
    key = models.TextField()
    properties = models.JSONField(default=dict)
    geom = models.GeometryField(srid=STORED, spatial_index=False)
    drawn = models.GeneratedField(
        expression=Transform("geom", DRAWN),
        output_field=models.GeometryField(srid=DRAWN, spatial_index=False),
        db_persist=True,
    )
    digest = models.TextField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    # That the editions exist is checked for all rows of a statement at once (migration 0011): row by row that took a
    # fifth of the time in which a file is taken in.
    added_in = models.ForeignKey(Edition, models.PROTECT, related_name="added", db_constraint=False, db_index=False)
    ended_in = models.ForeignKey(
        Edition, models.PROTECT, related_name="ended", null=True, db_constraint=False, db_index=False
    )
    dropped_in = models.ForeignKey(
        Edition, models.PROTECT, related_name="dropped", null=True, db_constraint=False, db_index=False
    )

    class Meta:
        db_table = "layer_feature"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["layer", "key"],
                condition=Q(valid_until=None, dropped_in=None),
                name="a_key_is_one_feature_now",
            ),
            models.CheckConstraint(
                name="ending_has_an_edition",
                condition=Q(valid_until__isnull=True, ended_in__isnull=True)
                | Q(valid_until__isnull=False, ended_in__isnull=False, valid_until__gte=models.F("valid_from")),
            ),
        ]
        indexes: ClassVar = [
            # A place is looked up in each layer within the layer's own reach: shelters two kilometres away do not bring
            # every lot between. Tiles look here, too: to fill a second index took a third of the time in which a
            # file is taken in.
            # Of a layer it has the hash: a GiST of texts takes four times as long to read and twice to fill. So whoever
            # looks here asks for ``hashtext(layer) = hashtext(…)``, too.
            GistIndex(Hashed("layer"), F("geom"), name="feature_at"),
            # How it was on a day, page by page; and the history of one feature.
            Index(fields=["layer", "key", "-valid_from", "id"], name="feature_states"),
            Index(fields=["added_in"], name="feature_added"),
            Index(fields=["ended_in"], name="feature_ended", condition=Q(ended_in__isnull=False)),
            Index(fields=["dropped_in"], name="feature_dropped", condition=Q(dropped_in__isnull=False)),
            # An address is a lot: by town, and by how the lot begins.
            Index(
                KT("properties__town"),
                Collate(KT("properties__lot"), "C"),
                name="feature_lot",
                condition=Q(layer="parcels", valid_until=None, dropped_in=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.layer} {self.key}"


class ChangeState(models.TextChoices):
    """Where a change stands; it follows from its dates."""

    WAITING = "waiting", "承認待ち"
    APPROVED = "approved", "反映ずみ"
    REFUSED = "refused", "認めない"
    WITHDRAWN = "withdrawn", "取下げ"


_STATE = Case(
    When(approved_at__isnull=False, then=Value(ChangeState.APPROVED)),
    When(refused_at__isnull=False, then=Value(ChangeState.REFUSED)),
    When(withdrawn_at__isnull=False, then=Value(ChangeState.WITHDRAWN)),
    default=Value(ChangeState.WAITING),
    output_field=models.TextField(),
)


@classified(
    id=Sensitivity.INTERNAL,
    layer=Sensitivity.PUBLIC,
    why=Sensitivity.INTERNAL,
    valid_from=Sensitivity.PUBLIC,
    asked_at=Sensitivity.INTERNAL,
    asked_by=Sensitivity.INTERNAL,
    undoes=Sensitivity.INTERNAL,
    decided_by=Sensitivity.INTERNAL,
    approved_at=Sensitivity.INTERNAL,
    refused_at=Sensitivity.INTERNAL,
    refused_why=Sensitivity.INTERNAL,
    withdrawn_at=Sensitivity.INTERNAL,
    edition=Sensitivity.PUBLIC,
    state=Sensitivity.INTERNAL,
)
class Change(models.Model):
    """An edit by hand, of one feature or of many, from the asking to its edition. Nobody outside sees it before.

    ``asked_by`` and ``decided_by`` are accounts of staff; the second is empty where the layer asks nobody.
    ``valid_from`` is the day on which the world changed; None where only what was recorded did.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    layer = models.TextField()
    why = models.TextField()
    valid_from = models.DateField(null=True)
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.UUIDField()
    undoes = models.ForeignKey("self", on_delete=models.PROTECT, related_name="undone_by", null=True)
    decided_by = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refused_why = models.TextField(blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    edition = models.OneToOneField(Edition, on_delete=models.PROTECT, related_name="change", null=True)
    state = models.GeneratedField(expression=_STATE, output_field=models.TextField(), db_persist=True)

    class Meta:
        db_table = "layer_change"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_change_ends_once",
                condition=Q(refused_at__isnull=True, withdrawn_at__isnull=True)
                | Q(approved_at__isnull=True, withdrawn_at__isnull=True)
                | Q(approved_at__isnull=True, refused_at__isnull=True),
            ),
            models.CheckConstraint(
                name="what_counts_is_an_edition",
                condition=Q(approved_at__isnull=True, edition__isnull=True)
                | Q(approved_at__isnull=False, edition__isnull=False),
            ),
            models.CheckConstraint(
                name="a_refused_change_has_a_reason",
                condition=Q(refused_at__isnull=True, refused_why="")
                | (Q(refused_at__isnull=False, decided_by__isnull=False) & ~Q(refused_why="")),
            ),
            models.CheckConstraint(
                name="nobody_decides_on_their_own_change",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["layer"],
                name="change_waits",
                condition=Q(approved_at=None, refused_at=None, withdrawn_at=None),
            ),
            models.Index(fields=["layer", "-asked_at"], name="changes_of_layer"),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    change=Sensitivity.INTERNAL,
    number=Sensitivity.INTERNAL,
    kind=Sensitivity.INTERNAL,
    feature=Sensitivity.INTERNAL,
    key=Sensitivity.INTERNAL,
    properties=Sensitivity.INTERNAL,
    geom=Sensitivity.INTERNAL,
    until=Sensitivity.INTERNAL,
)
class Amendment(models.Model):
    """One feature in a change. ``feature`` is the row on which it was made: the feature as it was then.

    ``properties`` and ``geom`` are what it will be (None of what ends or is dropped); ``until`` the end that a restored
    feature had.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    kind = models.TextField()
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, related_name="amendments", null=True)
    key = models.TextField()
    properties = models.JSONField(null=True)
    geom = models.GeometryField(srid=STORED, spatial_index=False, null=True)
    until = models.DateField(null=True)

    class Meta:
        db_table = "layer_amendment"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["change", "number"], name="a_change_counts_its_lines"),
            models.CheckConstraint(name="an_amendment_is_of_a_kind", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(
                name="only_what_is_new_had_nothing_before",
                condition=Q(kind="add", feature__isnull=True) | (~Q(kind="add") & Q(feature__isnull=False)),
            ),
            models.CheckConstraint(
                name="an_amendment_says_what_will_be",
                condition=Q(kind__in=("end", "drop"), properties__isnull=True, geom__isnull=True)
                | (~Q(kind__in=("end", "drop")) & Q(properties__isnull=False, geom__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


@classified(
    id=Sensitivity.INTERNAL,
    layer=Sensitivity.INTERNAL,
    key=Sensitivity.INTERNAL,
    name=Sensitivity.PERSONAL,
    media_type=Sensitivity.INTERNAL,
    size=Sensitivity.INTERNAL,
    sha256=Sensitivity.INTERNAL,
    width=Sensitivity.INTERNAL,
    height=Sensitivity.INTERNAL,
    added_at=Sensitivity.INTERNAL,
    added_by=Sensitivity.INTERNAL,
    removed_at=Sensitivity.INTERNAL,
    removed_by=Sensitivity.INTERNAL,
)
class Photo(models.Model):
    """A photograph of a feature, for staff. ``size`` in bytes, ``width`` and ``height`` in pixels. Who is in it nobody
    knows: what should not be kept is removed, and then its content is gone."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    layer = models.TextField()
    key = models.TextField()
    name = models.TextField()
    media_type = models.TextField()
    size = models.PositiveIntegerField()
    sha256 = models.TextField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    added_at = models.DateTimeField(default=clock.now)
    added_by = models.UUIDField()
    removed_at = models.DateTimeField(null=True)
    removed_by = models.UUIDField(null=True)

    class Meta:
        db_table = "layer_photo"
        indexes: ClassVar = [models.Index(fields=["layer", "key"], name="photos_of_feature")]

    def __str__(self) -> str:
        return str(self.id)


@classified(photo=Sensitivity.INTERNAL, content=Sensitivity.PERSONAL)
class PhotoContent(models.Model):
    """The bytes of a photograph, apart from its row so that lists never read them."""

    photo = models.OneToOneField(Photo, on_delete=models.CASCADE, primary_key=True, related_name="content")
    content = models.BinaryField()

    class Meta:
        db_table = "layer_photo_content"

    def __str__(self) -> str:
        return str(self.photo_id)
