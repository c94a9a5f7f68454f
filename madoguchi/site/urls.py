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
    handler400 = "madoguchi.web.views.plain.bad_request"
    handler403 = "madoguchi.web.views.plain.forbidden"
    handler404 = "madoguchi.web.views.plain.not_found"
    handler500 = "madoguchi.web.views.plain.server_error"
