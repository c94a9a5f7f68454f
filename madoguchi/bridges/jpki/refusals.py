"""What a resident is told when a signature is not accepted. The code says which check failed; nothing that came over
the wire enters a refusal.
"""

from madoguchi.ground.errors import Invalid, Refused


def mismatch(what: str) -> Refused:
    """Something is not as it must be; ``what`` names the check, in kebab-case."""
    return Invalid(
        f"signature-mismatch-{what}",
        "電子署名を確かめられなかったため、まだ申し込んでいません。内容を確かめて、もう一度署名してください。"
        "くり返し起きるときは、市役所へお知らせください。",
    )


def not_for_signing(what: str) -> Refused:
    """A certificate of another kind: that for sign-ins (利用者証明用), of a server, of anything."""
    return Invalid(
        f"signature-not-for-signing-{what}",
        "署名用電子証明書による署名ではないため、まだ申し込んでいません。"
        "マイナンバーカードの署名用電子証明書（英数字6〜16文字のパスワード）で署名してください。",
    )


def unknown_authority() -> Refused:
    """No root that this city knows has issued it."""
    return Invalid(
        "signature-unknown-authority",
        "公的個人認証サービスの電子証明書ではないため、まだ申し込んでいません。マイナンバーカードで署名してください。",
    )


def out_of_date() -> Refused:
    """Not yet, or no longer, on that day."""
    return Invalid(
        "signature-out-of-date",
        "署名用電子証明書の有効期間が過ぎているため、まだ申し込んでいません。"
        "お住まいの市区町村の窓口で更新してから、もう一度署名してください。",
    )
