"""Backends for studios that something happens to: named by CUESMITH_BACKEND."""

import time
from typing import Any

from engine.backends.contracts import Performance
from engine.errors import DeviceLost
from engine.queue.contracts import Job
from engine.settings import StudioSettings
from loadtests.light import Light

BEGINS_LOST = "acc_lost"
"""The account over whose briefs the device goes; those of others take for ever."""


def losing(settings: StudioSettings) -> Light:
    """A backend whose device goes after one candidate of a certain account."""
    return _Losing(candidate_s=0)


def still(settings: StudioSettings) -> Light:
    """A backend that stands still, whatever it is told."""
    return _Still()


class _Losing(Light):
    def make(self, job: Job, **told: Any) -> Performance:
        if job.account != BEGINS_LOST:
            yield from Light(candidate_s=3600).make(job, **told)
        made = super().make(job, **told)
        yield next(made)
        raise DeviceLost("CUDA error 999: the device does not answer")


class _Still(Light):
    def make(self, job: Job, **told: Any) -> Performance:
        time.sleep(3600)
        yield from super().make(job, **told)
