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


@checks.register(deploy=True)
def signatures_are_real(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """Signatures by card are believed by the roots that an operator names; those of test authorities by nobody."""
    if settings.JPKI_TEST_ROOTS:
        hint = "Unset MADOGUCHI_JPKI_TEST_ROOTS (docs/operating.md): whoever has a test card can sign as anybody."
        return [checks.Error("Certificates of a test authority are believed.", hint=hint, id="madoguchi.E001")]
    if not settings.JPKI_ROOTS:
        hint = "Set MADOGUCHI_JPKI_ROOTS (docs/operating.md). Until then what has to be signed cannot be sent."
        return [checks.Warning("No signing authority is known.", hint=hint, id="madoguchi.W002")]
    return []
