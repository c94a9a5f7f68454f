"""The WSGI door: ``granian --interface wsgi madoguchi.site.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "madoguchi.site.settings")
application = get_wsgi_application()
