"""All addresses. A node may serve one face only (``MADOGUCHI_FACES=web`` outside, ``desk`` behind LGWAN)."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from madoguchi.web.views.plain import styles

#: What the pages of all faces look like.
urlpatterns: list[URLPattern | URLResolver] = [path("styles-<str:mark>.css", styles, name="styles")]
if "desk" in settings.FACES:
    urlpatterns += [
        path("desk/account/", include("madoguchi.desk.signin.urls")),
        path("desk/", include("madoguchi.desk.urls")),
    ]
if "feeds" in settings.FACES:
    urlpatterns += [path("", include("madoguchi.feeds.urls"))]
if "web" in settings.FACES:
    urlpatterns += [path("", include("madoguchi.web.urls"))]
    handler400 = "madoguchi.web.views.plain.bad_request"
    handler403 = "madoguchi.web.views.plain.forbidden"
    handler404 = "madoguchi.web.views.plain.not_found"
    handler500 = "madoguchi.web.views.plain.server_error"
