"""Products and their prices, and what a quantity costs: decimals of minor units, never floats."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple

from billing.money import EXPONENTS
from billing.sandbox.errors import Refused, Unsupported
from billing.sandbox.store import Does, Given, Ids, Object, Store, listed, merged

DECIMALS_AT_MOST = 12
_PLAIN = ("name", "description", "unit_label", "url", "tax_code", "statement_descriptor")
_PRODUCT = "name description unit_label url tax_code statement_descriptor metadata active"
_PRICE = (
    "product product_data currency unit_amount unit_amount_decimal recurring lookup_key nickname "
    "transfer_lookup_key metadata active billing_scheme tiers tiers_mode tax_behavior"
)


class Line(NamedTuple):
    """A part of an amount: so many at one price."""

    quantity: int
    amount: int
    unit: str  # decimal minor units
    words: str


# --- products -------------------------------------------------------------------------------------


def create_product(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/products, under an id of the caller's if one is given."""
    chosen = given.get("id")
    if chosen is not None and chosen in store.objects:
        raise Refused(400, "resource_already_exists", f"Product already exists: {chosen}", "id")
    fields = {"id": chosen} if chosen else {}
    made = store.make(
        "prod", "product", **fields, **{key: given[key] for key in _PLAIN if key in given},
        active=given.get("active", True), metadata=merged(None, given.get("metadata")),
        images=[], marketing_features=[], updated=store.now(),
    )  # fmt: skip
    store.emit("product.created", made)
    return made


def retrieve_product(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/products/{id}."""
    return store.find(ids["id"], "product")


def update_product(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/products/{id}."""
    product = store.find(ids["id"], "product")
    if given.get("name") == "":
        raise Refused(400, "parameter_invalid_empty", "A product has a name", "name")
    fields: dict[str, Any] = {key: given[key] or None for key in _PLAIN if key in given}
    if "active" in given:
        fields["active"] = given["active"]
    if "metadata" in given:
        fields["metadata"] = merged(product["metadata"], given["metadata"])
    store.change(product, **fields, updated=store.now())
    store.emit("product.updated", product)
    return product


def list_products(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/products."""
    found = [
        one for one in store.all("product")
        if given.get("active") in (None, one["active"])
        and ("ids" not in given or one["id"] in given["ids"])
    ]  # fmt: skip
    return listed(found, given, "/v1/products")


# --- prices ---------------------------------------------------------------------------------------


def create_price(store: Store, given: Given, _: Ids) -> Object:
    """POST /v1/prices: per unit or in tiers, once or recurring, metered or licensed."""
    known(given["currency"])
    fields = _amounts(given) | {"recurring": _recurring(store, given.get("recurring"))}
    lookup_key = _lookup_key(store, given)
    product = _product(store, given)
    made = store.make(
        "price", "price", product=product, currency=given["currency"], lookup_key=lookup_key,
        active=given.get("active", True), metadata=merged(None, given.get("metadata")),
        nickname=given.get("nickname"), tax_behavior=given.get("tax_behavior", "unspecified"),
        type="recurring" if fields["recurring"] else "one_time", **fields,
    )  # fmt: skip
    store.emit("price.created", made)
    return made


def retrieve_price(store: Store, _: Given, ids: Ids) -> Object:
    """GET /v1/prices/{price}."""
    return store.find(ids["price"], "price")


def update_price(store: Store, given: Given, ids: Ids) -> Object:
    """POST /v1/prices/{price}: its words and whether it is offered; never its amount."""
    price = store.find(ids["price"], "price")
    fields: dict[str, Any] = {key: given[key] for key in ("active", "nickname") if key in given}
    if "lookup_key" in given:
        fields["lookup_key"] = _lookup_key(store, given, price["id"])
    if "metadata" in given:
        fields["metadata"] = merged(price["metadata"], given["metadata"])
    store.change(price, **fields)
    store.emit("price.updated", price)
    return price


def list_prices(store: Store, given: Given, _: Ids) -> Object:
    """GET /v1/prices."""
    keys = given.get("lookup_keys")
    found = [
        one for one in store.all("price")
        if given.get("active") in (None, one["active"])
        and given.get("product") in (None, one["product"])
        and given.get("currency") in (None, one["currency"])
        and given.get("type") in (None, one["type"])
        and (keys is None or one["lookup_key"] in keys)
    ]  # fmt: skip
    return listed(found, given, "/v1/prices")


def once(given: Given) -> int:
    """The amount of Checkout's ``price_data`` for one, in minor units."""
    known(given["currency"])
    amount = _decimal(given.get("unit_amount_decimal", given.get("unit_amount")))
    return to_minor(amount)


def known(currency: str) -> None:
    """Refuse a currency Stripe does not take."""
    if currency not in EXPONENTS:
        raise Refused(400, None, f"Invalid currency: {currency[:20]}", "currency")


def to_minor(amount: Decimal) -> int:
    """Whole minor units, halves away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def cost(price: Object, quantity: int) -> list[Line]:
    """What a quantity costs: one line, or one for each tier it reaches."""
    if price["billing_scheme"] == "per_unit":
        unit = Decimal(price["unit_amount_decimal"])
        return [Line(quantity, to_minor(unit * quantity), price["unit_amount_decimal"], "")]
    if price["tiers_mode"] == "volume":
        return _volume(price["tiers"], quantity)
    return _graduated(price["tiers"], quantity)


def _volume(tiers: list[Object], quantity: int) -> list[Line]:
    tier = next(one for one in tiers if one["up_to"] is None or quantity <= one["up_to"])
    return _tier(tier, quantity, "")


def _graduated(tiers: list[Object], quantity: int) -> list[Line]:
    lines: list[Line] = []
    begin = 0
    for tier in tiers:
        end = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        if end > begin or (not lines and quantity == 0):
            lines += _tier(tier, end - begin, f" (from {begin + 1})")
        begin = max(begin, end)
    return lines


def _tier(tier: Object, quantity: int, words: str) -> list[Line]:
    unit = Decimal(tier["unit_amount_decimal"] or "0")
    flat = Decimal(tier["flat_amount_decimal"] or "0") if quantity else Decimal(0)
    lines = [Line(quantity, to_minor(unit * quantity), str(unit), words)]
    if flat:
        lines.append(Line(0, to_minor(flat), str(flat), f"{words} flat fee"))
    return lines


def _amounts(given: Given) -> Object:
    scheme = given.get("billing_scheme", "per_unit")
    if scheme == "tiered":
        if given.get("tiers_mode") is None or not given.get("tiers"):
            raise Refused(400, "parameter_missing", "Tiers need `tiers` and `tiers_mode`", "tiers")
        return {"billing_scheme": scheme, "tiers_mode": given["tiers_mode"], "unit_amount": None,
                "unit_amount_decimal": None, "tiers": _tiers(given["tiers"])}  # fmt: skip
    if "unit_amount" in given and "unit_amount_decimal" in given:
        raise Refused(400, None, "Give one of unit_amount and unit_amount_decimal", "unit_amount")
    amount = _decimal(given.get("unit_amount_decimal", given.get("unit_amount")))
    return {"billing_scheme": scheme} | _pair("unit_amount", amount)


def _tiers(asked: list[Object]) -> list[Object]:
    made: list[Object] = []
    before = 0
    for number, tier in enumerate(asked):
        last = number == len(asked) - 1
        up_to = None if tier["up_to"] == "inf" else int(tier["up_to"])
        if (up_to is None) is not last or (up_to is not None and up_to <= before):
            raise Refused(400, None, "Tiers go up, and the last one up to `inf`", "tiers")
        before = up_to or before
        unit, flat = (tier.get(f"{name}_decimal", tier.get(name)) for name in _TIER)
        made.append(
            {"up_to": up_to}
            | _pair("unit_amount", None if unit is None else _decimal(unit))
            | _pair("flat_amount", None if flat is None else _decimal(flat))
        )
    return made


_TIER = ("unit_amount", "flat_amount")


def _pair(name: str, amount: Decimal | None) -> Object:
    if amount is None:
        return {name: None, f"{name}_decimal": None}
    whole = amount == amount.to_integral_value()
    return {name: int(amount) if whole else None, f"{name}_decimal": f"{amount.normalize():f}"}


def _decimal(value: int | str | None) -> Decimal:
    if value is None:
        raise Refused(400, "parameter_missing", "Missing required param: unit_amount.",
                      "unit_amount")  # fmt: skip
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise Refused(400, "parameter_invalid_integer", f"Not an amount: {value}",
                      "unit_amount_decimal") from None  # fmt: skip
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or amount < 0 or exponent < -DECIMALS_AT_MOST:
        raise Refused(400, None, f"An amount has at most {DECIMALS_AT_MOST} decimals and is not "
                      "negative", "unit_amount_decimal")  # fmt: skip
    if amount > 99_999_999:
        raise Refused(400, "amount_too_large", "The amount is above 99999999", "unit_amount")
    return amount


def _recurring(store: Store, given: Given | None) -> Object | None:
    if given is None:
        return None
    usage_type = given.get("usage_type", "licensed")
    if usage_type == "metered":
        store.find(given.get("meter"), "billing.meter", "recurring[meter]")
    elif "meter" in given:
        raise Refused(400, None, "Only a metered price has a meter", "recurring[meter]")
    if "trial_period_days" in given:
        raise Unsupported("the parameter recurring[trial_period_days] of POST /v1/prices")
    return {
        "interval": given["interval"], "interval_count": given.get("interval_count", 1),
        "usage_type": usage_type, "meter": given.get("meter"),
    }  # fmt: skip


def _lookup_key(store: Store, given: Given, own: str | None = None) -> str | None:
    key = given.get("lookup_key")
    for one in store.all("price"):
        if key and one["lookup_key"] == key and one["active"] and one["id"] != own:
            if not given.get("transfer_lookup_key"):
                raise Refused(400, None, f"A price ({one['id']}) already uses the lookup key "
                              f"'{key}'", "lookup_key")  # fmt: skip
            store.change(one, lookup_key=None)
    return key


def _product(store: Store, given: Given) -> str:
    if "product" in given:
        return store.find(given["product"], "product", "product")["id"]
    if "product_data" not in given:
        raise Refused(400, "parameter_missing", "Missing required param: product.", "product")
    allowed = {key: one for key, one in given["product_data"].items() if key in _PRODUCT.split()}
    return create_product(store, allowed, {})["id"]


OPERATIONS = {
    ("POST", "/v1/products"): Does(create_product, f"{_PRODUCT} id"),
    ("GET", "/v1/products"): Does(
        list_products, "active ids created limit starting_after ending_before"
    ),
    ("GET", "/v1/products/{id}"): Does(retrieve_product),
    ("POST", "/v1/products/{id}"): Does(update_product, _PRODUCT),
    ("POST", "/v1/prices"): Does(
        create_price, _PRICE, "no trials, no other currencies beside the first, no transformed "
        "quantities; tiers are always shown"
    ),
    ("GET", "/v1/prices"): Does(
        list_prices,
        "active product currency type lookup_keys created limit starting_after ending_before",
    ),
    ("GET", "/v1/prices/{price}"): Does(retrieve_price),
    ("POST", "/v1/prices/{price}"): Does(
        update_price, "active nickname metadata lookup_key transfer_lookup_key"
    ),
}  # fmt: skip
