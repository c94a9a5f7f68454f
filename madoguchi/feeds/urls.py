"""Addresses of the face for machines."""

from django.urls import path, re_path

from madoguchi.feeds import documenting, oauth, opendata, payments
from madoguchi.feeds.api import api
from madoguchi.feeds.problems import nothing_here

urlpatterns = [
    path("api/v1/openapi.json", documenting.document, name="api-openapi"),
    path("api/docs/", documenting.page, name="api-docs"),
    path("api/v1/", api.urls),
    path("oauth/token", oauth.token, name="oauth-token"),
    path("oauth/introspect", oauth.introspect, name="oauth-introspect"),
    path("oauth/revoke", oauth.revoke, name="oauth-revoke"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth-metadata"),
    path("payments/notice/", payments.notice, name="payment-notice"),
    path("open-data/procedures.json", opendata.procedures_json, name="open-procedures-json"),
    path("open-data/procedures.csv", opendata.procedures_csv, name="open-procedures-csv"),
    path("open-data/figures.json", opendata.figures_json, name="open-figures-json"),
    path("open-data/figures.csv", opendata.figures_csv, name="open-figures-csv"),
    re_path(r"^(?:api|oauth)/(?P<rest>.*)$", nothing_here, name="api-nothing"),
]
