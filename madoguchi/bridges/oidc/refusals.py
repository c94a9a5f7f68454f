"""What a resident is told when a sign-in does not come about. The code says which check failed; the words do not,
because the difference helps nobody but an attacker. Nothing that came over the wire enters a refusal.
"""

from madoguchi.ground.errors import Refused


def cancelled() -> Refused:
    """The person stopped in the app."""
    return Refused(
        "sign-in-cancelled", "認証をとりやめました。サインインするときは、もう一度はじめからお進みください。"
    )


def expired(code: str = "sign-in-expired") -> Refused:
    """Too much time went by, or the answer was used before."""
    return Refused(
        code,
        "時間がたったか、すでに使われたため、サインインできませんでした。もう一度はじめからお進みください。",
    )


def unavailable(what: str) -> Refused:
    """The provider is out of reach, slow or out of order; ``what`` names the part: discovery, token, keys, userinfo."""
    return Refused(
        f"provider-unavailable-{what}",
        "認証アプリの側につながりません。しばらくたってから、もう一度お試しください。入力した内容は残っています。",
        status=503,
    )


def mismatch(what: str) -> Refused:
    """Something is not as it must be; ``what`` names the check, in kebab-case."""
    return Refused(
        f"sign-in-mismatch-{what}",
        "認証の結果を確かめられなかったため、サインインできませんでした。もう一度はじめからお進みください。"
        "くり返し起きるときは、市役所へお知らせください。",
    )


def too_weak() -> Refused:
    """The provider authenticated the person less strictly than we asked."""
    return Refused(
        "sign-in-too-weak",
        "カードの電子証明書が有効なことを確かめられなかったため、サインインできませんでした。"
        "電子証明書の有効期限をお確かめください。",
    )


def for_signing(refusal: Refused) -> Refused:
    """The same where the visitor was sent off to sign: nothing was sent in, and nothing typed is lost."""
    code = refusal.code.replace("sign-in", "signing")
    if refusal.code.startswith("provider-unavailable"):
        return refusal
    if refusal.code == "sign-in-cancelled":
        return Refused(code, "署名をとりやめました。まだ申し込んでいません。入力した内容は残っています。")
    if refusal.code.startswith("sign-in-expired"):
        return Refused(
            code,
            "時間がたったか、すでに使われたため、署名できませんでした。まだ申し込んでいません。もう一度署名してください。",
        )
    return Refused(
        code,
        "署名の結果を確かめられなかったため、まだ申し込んでいません。もう一度署名してください。"
        "くり返し起きるときは、市役所へお知らせください。",
    )
