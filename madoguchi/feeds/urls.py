"""Addresses of the face for machines."""

from typing import Final

from django.urls import include, path, re_path

from madoguchi.feeds import documenting, exports, oauth, opendata, payments
from madoguchi.feeds.api import api
from madoguchi.feeds.ogc import tiles
from madoguchi.feeds.ogc import views as ogc
from madoguchi.feeds.problems import nothing_here

_OGC: Final = [
    path("", ogc.landing, name="ogc-landing"),
    path("conformance", ogc.conformance, name="ogc-conformance"),
    path("api", ogc.api, name="ogc-api"),
    path("collections", ogc.collections, name="ogc-collections"),
    path("collections/<slug:code>", ogc.one_collection, name="ogc-collection"),
    path("collections/<slug:code>/queryables", ogc.queryables, name="ogc-queryables"),
    path("collections/<slug:code>/items", ogc.items, name="ogc-items"),
    path("collections/<slug:code>/items/<path:key>", ogc.item, name="ogc-item"),
    path("collections/<slug:code>/tiles", tiles.tilesets, name="ogc-tilesets"),
    path("collections/<slug:code>/tiles/WebMercatorQuad", tiles.tileset, name="ogc-tileset"),
    path("collections/<slug:code>/tiles/WebMercatorQuad/<int:z>/<int:row>/<int:column>", tiles.tile, name="ogc-tile"),
    path("tileMatrixSets", tiles.matrix_sets, name="ogc-matrix-sets"),
    path("tileMatrixSets/WebMercatorQuad", tiles.matrix_set, name="ogc-matrix-set"),
]

_OPEN_DATA: Final = [
    path("procedures.json", opendata.procedures_json, name="open-procedures-json"),
    path("procedures.csv", opendata.procedures_csv, name="open-procedures-csv"),
    path("figures.json", opendata.figures_json, name="open-figures-json"),
    path("figures.csv", opendata.figures_csv, name="open-figures-csv"),
    path("catalog.jsonld", exports.catalogue, name="open-catalog"),
    path("layers/<slug:code>.<slug:form>", exports.layer, name="open-layer"),
    path("standard/<slug:name>.csv", exports.standard, name="open-standard"),
]

_OAUTH: Final = [
    path("token", oauth.token, name="oauth-token"),
    path("introspect", oauth.introspect, name="oauth-introspect"),
    path("revoke", oauth.revoke, name="oauth-revoke"),
]

urlpatterns = [
    path("api/v1/openapi.json", documenting.document, name="api-openapi"),
    path("api/docs/", documenting.page, name="api-docs"),
    path("api/v1/", api.urls),
    path("oauth/", include(_OAUTH)),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
    path("payments/notice/", payments.notice, name="payment-notice"),
    path("open-data/", include(_OPEN_DATA)),
    # Clients ask for the landing page with and without the slash, and a redirect would cost them the query.
    path("ogc", ogc.landing),
    path("ogc/", include(_OGC)),
    # Whatever else is asked, also with a line break in it, is answered as machines are.
    re_path(r"^(?:api|oauth|ogc)/(?P<rest>[\s\S]*)\Z", nothing_here, name="api-nothing"),
]
