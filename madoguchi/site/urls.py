"""All addresses. A node may serve one face only (``MADOGUCHI_FACES=web`` outside, ``desk`` behind LGWAN)."""

import os

from django.urls import URLPattern, URLResolver, include, path

FACES = os.environ.get("MADOGUCHI_FACES", "web,desk").split(",")

urlpatterns: list[URLPattern | URLResolver] = []
if "desk" in FACES:
    urlpatterns += [
        path("desk/account/", include("madoguchi.desk.signin.urls")),
        path("desk/", include("madoguchi.desk.urls")),
    ]
if "web" in FACES:
    urlpatterns += [path("", include("madoguchi.web.urls"))]
