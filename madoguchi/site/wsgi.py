"""The WSGI door: ``granian --interface wsgi madoguchi.site.wsgi:application``."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
application = get_wsgi_application()

# A page makes some ten thousand objects and drops them all: looking for circles among them after every 700, which is
# Python's own measure, costs a fortieth of its time and finds nothing.
gc.set_threshold(50_000, 20, 20)
