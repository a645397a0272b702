"""What a difference between our hour and Stripe's is; pure, so that every case can be tried."""

from billing.reconcile.contracts import Finding, Hour


def judge(hour: Hour, counted: int) -> Finding | None:
    """What differs and what sets it right; None where nothing does, or where it is too early to say
    because something of the hour is still to be sent, or only just was."""
    expected = hour.told + hour.corrected
    if hour.fresh_rows:
        # The meter still knows their identifiers: to say them again is safe and settles it.
        return Finding(kind="sent_again", ledger=expected + hour.fresh, counted=counted)
    if hour.moving_rows:
        return None
    if hour.stale_rows:
        return _unknown(hour, expected, counted)
    if counted > expected:
        return Finding(
            kind="foreign", ledger=expected, counted=counted, correction=expected - counted
        )
    if counted < expected:
        return Finding(
            kind="missing", ledger=expected, counted=counted, correction=expected - counted
        )
    if hour.refused:
        return Finding(kind="refused", ledger=expected + hour.refused, counted=counted)
    return None


def _unknown(hour: Hour, expected: int, counted: int) -> Finding:
    """Rows whose outcome nobody knows and which may not be said again: the sum tells."""
    whole = expected + hour.stale
    if counted == whole:
        return Finding(kind="was_counted", ledger=whole, counted=counted)
    return Finding(kind="never_counted", ledger=whole, counted=counted, correction=whole - counted)
