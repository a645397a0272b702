"""What the price list refuses; operators only ever see it."""

from billing.errors import BillingError


class BookRefused(BillingError):
    """A price book that contradicts itself, or another one."""
