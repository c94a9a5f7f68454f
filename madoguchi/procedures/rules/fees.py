"""What is to be paid at a `pay` step, in yen: one rule for the examples of a package and for real cases."""

from collections.abc import Mapping
from typing import Any, Final

from madoguchi.ground.errors import Invalid
from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.flow import Node
from madoguchi.procedures.rules.format import Fee, Procedure

#: The name of the fee's amount in the expression of a payment.
FEE: Final = "fee"


def amount(procedure: Procedure, node: Node, scope: Mapping[str, Any]) -> int:
    """Yen to pay at ``node``, 0 where nothing is owed. ``scope`` is what conditions see.

    Raises Invalid where the expression gives no whole number of yen: then nobody is asked for a guessed amount.
    """
    fee = procedure.fee.yen if isinstance(procedure.fee, Fee) else 0
    said = node.arguments.get("yen")
    if said is None:
        return fee
    found = Expression.parse(said).evaluate({**scope, FEE: fee})
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise Invalid("amount-unknown", "納める額を計算できませんでした。担当課にお問い合わせください。")
    return found
