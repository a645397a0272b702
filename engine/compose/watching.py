"""Gauges and counters of the desks, for whoever is on call."""

from prometheus_client import Counter, Gauge, Histogram

ROWS = Gauge("composer_rows", "Rows that a desk has.", ["desk"])
BUSY = Gauge("composer_rows_busy", "Rows of a desk in which something is written.", ["desk"])
WAITING = Gauge(
    "composer_rows_waiting", "Passages that could be written, were a row free.", ["desk"]
)
STEPS = Counter(
    "composer_steps_total", "Steps of the network that a desk took, of all rows.", ["desk"]
)
STEP_SECONDS = Histogram(
    "composer_step_seconds",
    "Seconds that one step of all rows took, choices and the panel's word included.",
    ["desk"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5),
)
