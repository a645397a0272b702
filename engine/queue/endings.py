"""Why a job ended that no studio brought to its end."""

from engine.contracts import Failed
from engine.queue.contracts import JobState, Wants

USED_UP = Failed(
    code="attempts_used_up",
    detail="every studio that tried this brief stopped early; what is missing was not charged",
)
TOO_LATE = Failed(code="deadline_exceeded", detail="the brief was not done before its deadline")
PLAN_USED_UP = Failed(
    code="attempts_used_up", detail="every studio that tried to plan this brief stopped early"
)
PLAN_TOO_LATE = Failed(
    code="deadline_exceeded", detail="the plans were not made before the brief's deadline"
)
RENDITION_USED_UP = Failed(
    code="attempts_used_up", detail="every studio that tried this rendition stopped early"
)
RENDITION_TOO_LATE = Failed(
    code="deadline_exceeded", detail="the rendition was not made in the time it may wait"
)
_HOPELESS: dict[Wants, tuple[Failed, Failed]] = {
    "plans": (PLAN_TOO_LATE, PLAN_USED_UP),
    "renditions": (RENDITION_TOO_LATE, RENDITION_USED_UP),
}


def hopeless(wants: Wants, *, late: bool) -> Failed:
    """Why a job is given up: its time is over, or its attempts are."""
    too_late, used_up = _HOPELESS.get(wants, (TOO_LATE, USED_UP))
    return too_late if late else used_up


def state_after(delivered: int, failure: Failed | None, *, canceled: bool = False) -> JobState:
    """What a job is once it has ended: done, too, where only some of it was delivered."""
    return "canceled" if canceled else "failed" if failure and not delivered else "done"
