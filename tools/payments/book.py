"""What the provider knows: sessions, payment intents, refunds, and the answers that were given under a key.

The shapes are those of Stripe's API (objects ``checkout.session``, ``payment_intent``, ``refund``, ``event``), as
far as they mean something here. No card number is kept.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

#: A session can be paid for a day.
LASTS_SECONDS: Final = 24 * 60 * 60
#: Card numbers that the page knows, as in Stripe's own test mode, and why a card is declined.
CARDS: Final = {
    "4242424242424242": "",
    "5555555555554444": "",
    "4000000000000002": "カード会社が支払いを認めませんでした。別のカードでお試しください。",
    "4000000000009995": "カードの利用できる額が足りません。別のカードでお試しください。",
}
FIELDS: Final = frozenset(
    {
        "mode",
        "client_reference_id",
        "locale",
        "line_items",
        "metadata",
        "payment_intent_data",
        "success_url",
        "cancel_url",
    }
)

Thing = dict[str, Any]


class Wrong(Exception):
    """An error as the API tells it."""

    def __init__(self, status: int, code: str, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(code)
        self.status = status
        self.body: Thing = {"error": {"type": kind, "code": code, "message": message}}


class Book:
    """The state, kept as one file under ``folder``. ``tell`` is called with every event, outside the lock."""

    def __init__(self, folder: Path, page: str, tell: Callable[[Thing], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._page, self._tell = folder / "book.json", page, tell
        self._lock = threading.RLock()
        self._kept: dict[str, dict[str, Any]] = {"session": {}, "intent": {}, "refund": {}, "answer": {}}
        if self._file.exists():
            self._kept = json.loads(self._file.read_text())

    # -- the API ------------------------------------------------------------------------------------------------------

    def once(self, key: str, asked: Mapping[str, Any], answer: Callable[[], Thing]) -> Thing:
        """``answer``, or what was answered to the same key before. Raises Wrong where the same key asks otherwise."""
        with self._lock:
            if key and (before := self._kept["answer"].get(key)):
                if before["asked"] != asked:
                    message = "Keys for idempotent requests can only be used with the same parameters."
                    raise Wrong(400, "idempotency_key_in_use", message, "idempotency_error")
                return dict(before["said"])
            said = answer()
            if key:
                self._kept["answer"][key] = {"asked": dict(asked), "said": said}
            self._save()
            return said

    def create(self, asked: Mapping[str, Any]) -> Thing:
        """A new session. Raises Wrong for what the real API would refuse, too."""
        unknown = asked.keys() - FIELDS
        if unknown:
            raise Wrong(400, "parameter_unknown", f"Received unknown parameter: {min(unknown)}")
        lines = list(asked.get("line_items", {}).values())
        if asked.get("mode") != "payment" or not lines or not asked.get("success_url"):
            raise Wrong(400, "parameter_missing", "mode, line_items and success_url are required")
        price = lines[0]["price_data"]
        yen = sum(_whole(one["price_data"]["unit_amount"]) * _whole(one.get("quantity", "1")) for one in lines)
        if price["currency"] != "jpy" or yen < 50:
            raise Wrong(400, "amount_too_small", "The total must be at least ¥50 jpy")
        id_ = f"cs_test_{secrets.token_hex(24)}"
        session = {
            "id": id_,
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": yen,
            "currency": "jpy",
            "client_reference_id": asked.get("client_reference_id"),
            "metadata": dict(asked.get("metadata", {})),
            "locale": asked.get("locale", "auto"),
            "payment_intent": None,
            "success_url": asked["success_url"],
            "cancel_url": asked.get("cancel_url"),
            "url": f"{self._page}/pay/{id_}",
            "created": int(time.time()),
            "expires_at": int(time.time()) + LASTS_SECONDS,
            "livemode": False,
            "title": price["product_data"]["name"],
            "description": price["product_data"].get("description", ""),
        }
        self._kept["session"][id_] = session
        return self._told(session)

    def session(self, id_: str, expand: bool = False) -> Thing:
        """A session as it is now."""
        with self._lock:
            one = self._session(id_)
            if one["status"] == "open" and time.time() > one["expires_at"]:
                self._end(one)
        if time.time() > one.get("arrives_at", float("inf")):  # the timer was lost with the process that had it
            self.arrive(id_)
        with self._lock:
            return self._told(one, expand)

    def expire(self, id_: str) -> Thing:
        """Nobody can pay on it any more."""
        with self._lock:
            one = self._session(id_)
            if one["status"] != "open":
                raise Wrong(400, "resource_already_exists", "Only open Checkout Sessions can be expired.")
            self._end(one)
            return self._told(one)

    def refund(self, asked: Mapping[str, Any]) -> Thing:
        """Give the money of a payment intent back."""
        intent = self._kept["intent"].get(asked.get("payment_intent", ""))
        if intent is None:
            raise Wrong(404, "resource_missing", "No such payment_intent")
        back = sum(one["amount"] for one in self._kept["refund"].values() if one["payment_intent"] == intent["id"])
        yen = _whole(asked.get("amount", intent["amount_received"]))
        if intent["status"] != "succeeded":
            raise Wrong(400, "charge_not_captured", "This PaymentIntent does not have a successful charge to refund.")
        if back >= intent["amount_received"]:
            raise Wrong(400, "charge_already_refunded", "Charge has already been refunded.")
        if yen > intent["amount_received"] - back:
            raise Wrong(400, "amount_too_large", "Refund amount is greater than unrefunded amount on charge")
        one = {
            "id": f"re_{secrets.token_hex(12)}",
            "object": "refund",
            "amount": yen,
            "currency": "jpy",
            "payment_intent": intent["id"],
            "status": "succeeded",
            "created": int(time.time()),
        }
        self._kept["refund"][one["id"]] = one
        return one

    def refunds(self, intent: str) -> Thing:
        """The refunds of a payment intent, newest first."""
        found = [one for one in self._kept["refund"].values() if not intent or one["payment_intent"] == intent]
        return {"object": "list", "url": "/v1/refunds", "has_more": False, "data": found[::-1]}

    # -- the page -----------------------------------------------------------------------------------------------------

    def pay_by_card(self, id_: str, number: str) -> str:
        """Pay; returns why the card is declined, empty where it is not."""
        declined = CARDS.get("".join(one for one in number if one.isdigit()))
        if declined is None:
            return "このカード番号は使えません。下にある見本の番号を使ってください。"
        if declined:
            return declined
        with self._lock:
            one = self._payable(id_)
            one["payment_intent"] = self._intent(one, "succeeded", one["amount_total"])
            one.update(status="complete", payment_status="paid")
            self._save()
        self._happen("checkout.session.completed", one)
        return ""

    def pay_at_a_store(self, id_: str, seconds: float) -> None:
        """The person takes a number to the convenience store: the money comes so much later, see :meth:`arrive`."""
        with self._lock:
            one = self._payable(id_)
            one["payment_intent"] = self._intent(one, "requires_action", 0)
            one.update(status="complete", arrives_at=time.time() + seconds)
            self._save()
        self._happen("checkout.session.completed", one)

    def arrive(self, id_: str, *, paid: bool = True) -> None:
        """What was to be paid at the store has been paid, or never was."""
        with self._lock:
            one = self._session(id_)
            one.pop("arrives_at", None)
            intent = self._kept["intent"].get(one["payment_intent"] or "")
            if intent is None or intent["status"] != "requires_action":
                return
            intent["status"] = "succeeded" if paid else "requires_payment_method"
            intent["amount_received"] = one["amount_total"] if paid else 0
            one["payment_status"] = "paid" if paid else "unpaid"
            self._save()
        self._happen(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", one)

    # -- within -------------------------------------------------------------------------------------------------------

    def _session(self, id_: str) -> Thing:
        one: Thing | None = self._kept["session"].get(id_)
        if one is None:
            raise Wrong(404, "resource_missing", "No such checkout.session")
        return one

    def _payable(self, id_: str) -> Thing:
        one = self._session(id_)
        if one["status"] != "open":
            raise Wrong(400, "session_not_open", "This Checkout Session can no longer be paid.")
        return one

    def _intent(self, session: Thing, status: str, received: int) -> str:
        id_ = f"pi_{secrets.token_hex(12)}"
        self._kept["intent"][id_] = {
            "id": id_,
            "object": "payment_intent",
            "status": status,
            "amount": session["amount_total"],
            "amount_received": received,
            "currency": "jpy",
            "metadata": session["metadata"],
        }
        return id_

    def _end(self, one: Thing) -> None:
        one["status"] = "expired"
        self._save()
        self._happen("checkout.session.expired", one)

    def _told(self, session: Thing, expand: bool = False) -> Thing:
        shown = {name: value for name, value in session.items() if name not in ("title", "description", "arrives_at")}
        if session["status"] != "open":
            shown["url"] = None
        if expand and session["payment_intent"]:
            shown["payment_intent"] = dict(self._kept["intent"][session["payment_intent"]])
        return shown

    def shown(self, id_: str) -> Thing:
        """A session with the words of its page."""
        self.session(id_)
        return dict(self._session(id_))

    def _happen(self, kind: str, session: Thing) -> None:
        self._tell(
            {
                "id": f"evt_{secrets.token_hex(12)}",
                "object": "event",
                "type": kind,
                "created": int(time.time()),
                "livemode": False,
                "data": {"object": self._told(session)},
            }
        )

    def _save(self) -> None:
        half = self._file.with_suffix(".half")
        half.write_text(json.dumps(self._kept, ensure_ascii=False))
        half.rename(self._file)


def _whole(text: Any) -> int:
    if not str(text).isdigit():
        raise Wrong(400, "parameter_invalid_integer", "Invalid integer")
    return int(text)
