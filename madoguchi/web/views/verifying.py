"""Is this letter genuine? By the code printed on it, or by the file itself. Says nothing about its addressee."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from madoguchi.ground.errors import Refused
from madoguchi.messages import queries as messages
from madoguchi.messages.queries import Verdict
from madoguchi.web.words import day_words, words


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """The two ways to ask, and the answer to an uploaded file."""
    code = request.GET.get("code", "").replace("\0", "").strip()[:100]
    if code:
        return redirect("web:verify-code", code.replace("/", ""))
    if request.method != "POST":
        return render(request, "web/verify.html")
    sent = request.FILES.get("pdf")
    if sent is None:
        return _answer(request, problem=gettext("PDFを選んでから押してください。"), status=422)
    if sent.size and sent.size > messages.LARGEST_UPLOAD:
        return _answer(
            request,
            problem=gettext("ファイルが大きすぎます（10MBまで）。市の通知書ではないようです。"),
            status=413,
        )
    try:
        verdict = messages.verify_pdf(sent.read())
    except Refused as refusal:
        return _answer(request, problem=words(refusal), status=refusal.status)
    return _answer(request, verdict)


@require_safe
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """The page behind the QR code."""
    return _answer(request, messages.verify_code(code.replace("\0", "")[:100]), code=code[:100])


def _answer(
    request: HttpRequest,
    verdict: Verdict | None = None,
    *,
    problem: str = "",
    code: str = "",
    status: int = 200,
) -> HttpResponse:
    shown = None
    if verdict is not None:
        why = {
            "genuine": "",
            "revoked": gettext("この通知書は市が発行しましたが、%(day)sに取り消されています。")
            % {"day": day_words(verdict.revoked_on) if verdict.revoked_on else ""},
            "signed": "",
            "altered": gettext("市が署名したPDFですが、発行したあとで中身が変えられています。"),
            "unknown": gettext(
                "市が発行した通知書の中に見つかりませんでした。番号やファイルをもう一度確かめてください。"
            ),
        }[verdict.outcome]
        shown = {
            "genuine": verdict.outcome in ("genuine", "signed"),
            "signed": verdict.outcome == "signed",
            "title": verdict.title,
            "reference": verdict.number,
            "issued_on": verdict.issued_on,
            "why": why,
        }
    elif problem:
        shown = {"genuine": False, "why": problem}
    return render(request, "web/verify.html", {"verdict": shown, "code": code}, status=status)
