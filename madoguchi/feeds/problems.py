"""Refusals as problem documents (RFC 9457): a stable code, the words in Japanese and English, errors by field.

What a caller sent is never repeated: the code, the path of the field and our own words say what is wrong.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from madoguchi.ground.errors import Problem, Refused, fill

MEDIA_TYPE: Final = "application/problem+json"
#: What a status means, whatever its code.
TITLES: Final[Mapping[int, str]] = {
    400: gettext_noop("要求の形が正しくありません"),
    401: gettext_noop("認証が必要です"),
    403: gettext_noop("この操作は許されていません"),
    404: gettext_noop("見つかりません"),
    405: gettext_noop("このアドレスでは使えない操作です"),
    409: gettext_noop("いまの状態と合いません"),
    410: gettext_noop("もう使えません"),
    412: gettext_noop("読んだあとに変わっています"),
    413: gettext_noop("大きすぎます"),
    415: gettext_noop("このデータの形式は受け取れません"),
    422: gettext_noop("内容に誤りがあります"),
    428: gettext_noop("条件を付けてください"),
    429: gettext_noop("要求が多すぎます"),
    500: gettext_noop("こちらの不具合で処理できませんでした"),
    503: gettext_noop("いまは処理できません"),
}
LANGUAGES: Final = ("ja", "en")


def said(problem: Refused | Problem) -> dict[str, str]:
    """The words of a refusal in both languages."""
    words = {}
    for language in LANGUAGES:
        with translation.override(language):
            words[language] = fill(gettext(problem.message), problem.params)
    return words


def document(refusal: Refused) -> dict[str, Any]:
    """The problem document of a refusal."""
    titles = said(Problem("", TITLES.get(refusal.status, TITLES[400])))
    language = "en" if translation.get_language() == "en" else "ja"
    details = said(refusal)
    result: dict[str, Any] = {
        "type": f"urn:madoguchi:problem:{refusal.code}",
        "title": titles[language],
        "status": refusal.status,
        "code": refusal.code,
        "detail": details[language],
        "words": details,
    }
    if refusal.fields:
        result["errors"] = [
            {"path": path, "code": one.code, "words": said(one)} for path, one in sorted(refusal.fields.items())
        ]
    return result


def answer(refusal: Refused, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The refusal as it leaves."""
    text = json.dumps(document(refusal), ensure_ascii=False)
    response = HttpResponse(text, status=refusal.status, content_type=MEDIA_TYPE, headers=dict(headers or {}))
    response.headers["Cache-Control"] = "no-store"
    return response


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any address below ``/api/`` and ``/oauth/`` that is none of ours."""
    return answer(Refused("address-unknown", gettext_noop("このアドレスには何もありません。"), status=404))


def too_large() -> Refused:
    """The body is larger than this address takes."""
    return Refused("request-too-large", gettext_noop("送られたものが大きすぎます。"), status=413)
