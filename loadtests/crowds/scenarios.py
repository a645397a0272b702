"""Who comes: a few of them first, alone; then the crowd."""

from msgspec import Struct


class Scenario(Struct, frozen=True, kw_only=True):
    """``users`` of these ``people`` come, ``per_s`` a second; ``watched`` are the lines whose 95th
    percentile is compared with the idle one. ``kills``: which parts get kill -9 meanwhile."""

    about: str
    people: tuple[str, ...]
    idle_people: tuple[str, ...]
    users: int
    per_s: float = 10.0
    watched: tuple[str, ...]
    kills: tuple[str, ...] = ()
    candidate_s: float = 0.05
    studios: int = 1


SCENARIOS: dict[str, Scenario] = {
    "buying": Scenario(
        about="beds of a minute are bought, heard and licensed",
        people=("Buyer",), idle_people=("Buyer",), users=30,
        watched=("POST briefs", "brief to its end", "GET audio", "POST pick"),
    ),
    "chimes": Scenario(
        about="twenty chimes at once, again and again",
        people=("Burster",), idle_people=("Buyer",), users=6, candidate_s=0.0,
        watched=("POST briefs", "brief to its end"),
    ),
    "polling": Scenario(
        about="everybody asks for one brief as fast as it is answered",
        people=("Poller", "Buyer"), idle_people=("Buyer",), users=40,
        watched=("POST briefs", "brief to its end", "POST pick"),
    ),
    "events": Scenario(
        about="everybody listens to the events of a brief of their own",
        people=("Listener",), idle_people=("Listener",), users=80,
        watched=("POST briefs", "first event", "events to their end"),
    ),
    "catalogue": Scenario(
        about="two programs order thousands of beds in the batch lane, while others buy",
        people=("Cataloguer", "Buyer"), idle_people=("Buyer",), users=6,
        watched=("POST briefs", "brief to its end", "POST pick"),
    ),
    "slow": Scenario(
        about="many send and read byte by byte, while others buy",
        people=("Slow", "Buyer"), idle_people=("Buyer",), users=100, per_s=20,
        watched=("POST briefs", "brief to its end", "POST pick"),
    ),
    "podloss": Scenario(
        about="beds are bought while studios and gateways get kill -9",
        people=("Buyer",), idle_people=("Buyer",), users=15,
        kills=("studio", "gateway", "studio-2", "gateway-2"),
        studios=2,
        watched=("POST briefs", "brief to its end", "POST pick"),
    ),
}  # fmt: skip
