"""A node serves one face or both: the public zone and the zone behind LGWAN run the same program."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import django
django.setup()
from django.test import Client
client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers={"host": "localhost"})
for method, path in (("get", "/robots.txt"), ("get", "/desk/account/login/"), ("post", "/desk/account/login/")):
    print(getattr(client, method)(path).status_code)
"""


@pytest.mark.parametrize(("faces", "answers"), [("web", ["200", "404", "404"]), ("desk", ["404", "200", "403"])])
@pytest.mark.django_db(transaction=True)
def test_a_node_answers_only_for_its_faces_and_refuses_in_words(faces: str, answers: list[str]) -> None:
    from django.db import connection
    from psycopg.conninfo import make_conninfo

    parameters = connection.get_connection_params()
    named = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
    environ = os.environ | {
        "MADOGUCHI_FACES": faces,
        "DATABASE_URL": make_conninfo("", **named),
        "DJANGO_SETTINGS_MODULE": "madoguchi.site.settings",
    }
    told = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, timeout=120)
    assert told.stdout.split() == answers, told.stderr[-2000:]
