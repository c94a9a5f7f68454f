"""What an operator should know before this node serves residents (``madoguchi django check --deploy``)."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(deploy=True)
def virus_scanner_is_connected(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """Files that residents send are looked at by clamd only where an operator connects one."""
    if settings.CLAMD:
        return []
    hint = "Set MADOGUCHI_CLAMD (docs/operating.md). Until then staff open files that nothing has looked at."
    return [checks.Warning("No virus scanner is connected.", hint=hint, id="madoguchi.W001")]
