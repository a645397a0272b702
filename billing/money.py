"""Money: whole minor units of an ISO 4217 currency. Never a float, and rounded in one place only,
where a rate is applied.

Minor units are counted as Stripe counts them. That is ISO 4217's exponent but for two currencies:
the ISO gives the króna and the Ugandan shilling no decimals, Stripe takes two, both of them nought.
Of the dinars' three decimals the last must be nought for Stripe (``STEPS``).
https://docs.stripe.com/currencies
"""

import math
import re
from fractions import Fraction

from msgspec import Struct

from billing.errors import BillingError

_NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMALS = "bhd jod kwd omr tnd"
_TWO_DECIMALS = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils
inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn
nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd
std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw
"""
EXPONENTS: dict[str, int] = {
    currency: exponent
    for exponent, currencies in ((0, _NO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS))
    for currency in currencies.split()
}
"""Decimals of every currency that Stripe takes."""

STEPS: dict[str, int] = {
    **dict.fromkeys(("isk", "ugx"), 100),
    **dict.fromkeys(_THREE_DECIMALS.split(), 10),
}
"""Currencies of which Stripe takes only multiples of so many minor units."""

_MAJOR = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,12}))?")


class NotMoney(BillingError):
    """A currency nobody knows, or an amount that its currency cannot express."""


class Money(Struct, frozen=True):
    """An amount: ``Money(3000, "cny")`` is thirty yuan, ``Money(450, "jpy")`` 450 yen."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise NotMoney(f"{self.currency!r} is no currency that Stripe takes, in small letters")

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """An amount as people write it: "30.00", "30", "-0.5"; `NotMoney` where it is finer than
        the currency."""
        exponent, found = exponent_of(currency), _MAJOR.fullmatch(text)
        if found is None:
            raise NotMoney(f"{text[:40]!r} is no amount: digits, and a point before decimals")
        sign, whole, decimals = found[1], found[2], (found[3] or "").rstrip("0")
        if len(decimals) > exponent:
            raise NotMoney(f"{currency.upper()} has {exponent} decimals, {text[:40]} has more")
        minor = int(whole) * 10**exponent + int(decimals.ljust(exponent, "0") or "0")
        return cls(-minor if sign else minor, currency)

    def text(self) -> str:
        """The amount and its currency: "30.00 CNY", "450 JPY"."""
        return f"{self.amount()} {self.currency.upper()}"

    def amount(self) -> str:
        """The amount alone, with all its decimals; `parse` reads it back."""
        exponent = EXPONENTS[self.currency]
        whole, rest = divmod(abs(self.minor), 10**exponent)
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{whole}" + (f".{rest:0{exponent}d}" if exponent else "")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    @property
    def chargeable(self) -> bool:
        """Whether Stripe would take exactly this."""
        return self.minor > 0 and self.minor % STEPS.get(self.currency, 1) == 0

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise NotMoney(f"{self.text()} and {other.text()} cannot be counted together")
        return other.minor


def exponent_of(currency: str) -> int:
    """How many decimals a currency has."""
    if currency not in EXPONENTS:
        raise NotMoney(f"{currency!r} is no currency that Stripe takes, in small letters")
    return EXPONENTS[currency]


def cost(quantity: int, rate: str, currency: str) -> Money:
    """So many at a rate in major units, such as "0.045", rounded once at the end, a half away from
    zero: as an invoice's line is rounded, so that both say the same."""
    minor = Fraction(rate) * quantity * 10 ** exponent_of(currency)
    whole = math.floor(abs(minor) + Fraction(1, 2))
    return Money(whole if minor >= 0 else -whole, currency)


def share(whole: Money, part: int, of: int) -> Money:
    """A part of an amount, rounded half to even: what ``part`` of ``of`` tokens cost."""
    return Money(round(Fraction(whole.minor * part, of)), whole.currency)
