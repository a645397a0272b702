"""What the till refuses. It knows nothing of HTTP; `api.problems` translates."""

from typing import TYPE_CHECKING

from billing.contracts import Tokens

if TYPE_CHECKING:
    from billing.money import Money


class BillingError(Exception):
    """Anything the till says no to."""


class InsufficientTokens(BillingError):
    """The account cannot cover the quote."""

    def __init__(self, needed: Tokens, available: Tokens) -> None:
        super().__init__(f"this needs {needed} tokens, {available} are available")
        self.needed, self.available = needed, available


class BudgetExceeded(BillingError):
    """A monthly cap that the account has set itself does not allow it."""

    def __init__(
        self, needed: Tokens, available: Tokens, scope: str, subject: str, cap: Tokens
    ) -> None:
        super().__init__(
            f"this needs {needed} tokens; the monthly cap of {cap} for {scope} {subject} "
            f"leaves {available}"
        )
        self.needed, self.available = needed, available
        self.scope, self.subject, self.cap = scope, subject, cap


class Mismatch(BillingError):
    """A repeat that asks for something else than the first time."""


class AccountFrozen(BillingError):
    """The account may not spend until an open invoice or dispute is settled."""


class UnknownAccount(BillingError):
    """The till has no wallet for this account."""


class HoldClosed(BillingError):
    """The hold has been closed or has expired; nothing more can be captured from it."""


class HoldOpen(BillingError):
    """The tokens are still set aside; they are captured, not charged anew."""


class OverQuote(BillingError):
    """Capturing this would exceed what was quoted."""


class WrongStripeMode(BillingError):
    """This ledger belongs to the other Stripe mode; it refuses to mix sandbox and live money."""


class StripeUnavailable(BillingError):
    """Stripe did not answer, or not now; the row stays and is tried again."""


class StripeRefused(StripeUnavailable):
    """Stripe will not do this, however often it is asked."""


class BadSignature(BillingError):
    """A webhook whose signature does not match, or is too old or from the future."""


class NotYet(BillingError):
    """Something that must come first has not come yet; it is tried again."""


class UnknownPayment(BillingError):
    """The account has made no such payment."""


class UnknownInvoice(BillingError):
    """The account has no such invoice, or none that can be changed."""


class RefundTooLarge(BillingError):
    """More is to go back than has come in, or than is left of it."""

    def __init__(self, possible: "Money") -> None:
        super().__init__(f"of this payment at most {possible.text()} can be refunded now")
        self.possible = possible


class CreditTooLarge(BillingError):
    """More is to come off an invoice than is left on it."""

    def __init__(self, possible: "Money") -> None:
        super().__init__(f"at most {possible.text()} can be taken off this invoice")
        self.possible = possible
