"""The city, its staff and residents, as the tests of cases have them."""

from typing import Any

import pytest

from madoguchi.cases.tests.conftest import published, resident, staff

__all__ = ["published", "resident", "staff"]


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """No time goes into making passwords hard to guess."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
