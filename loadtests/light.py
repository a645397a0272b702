"""A backend that plays a second of sine and noise: all of a studio but the music is real.

``CUESMITH_BACKEND=loadtests.light:backend`` for a studio. ``LIGHT_S`` is how long each candidate
takes, slept through, as long as a GPU would take: 0 unless said. Every tenth take is retracted,
which one its seed decides. Plans and families are those of the house.
"""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import structs

from engine.arrange import arrange
from engine.arrange.midi import write_midi
from engine.backends.contracts import (
    FamilyPerformance,
    File,
    Label,
    Offered,
    Others,
    Performance,
    Stop,
    Tell,
)
from engine.contracts import Brief, Made, Measured, Outline, Plan, Resolved, RetractedTake
from engine.errors import Stopped
from engine.master import files
from engine.master.files import Labels
from engine.provenance.origin import derive_seed, origin
from engine.queue.contracts import Job, Progress
from engine.settings import StudioSettings
from engine.studio import manuscript
from engine.studio.family import perform_family
from engine.studio.manuscript import Manuscript
from engine.studio.takes import outlines, sheets
from engine.words import resolve
from engine.words.formats import Form

SECONDS = 1
RETRACTED_SHARE = 0.1
LOOK_S = 0.02
"""How soon a candidate that is slept through hears that it is to end."""


def backend(settings: StudioSettings) -> "Light":
    """A light backend; of the settings it needs none."""
    return Light(float(os.environ.get("LIGHT_S", "0")))


class Light:
    """Makes one second a candidate, in some milliseconds of work and as long as it is told."""

    name = "light"
    digest = hashlib.sha256(b"loadtests.light/1").hexdigest()

    def __init__(self, candidate_s: float = 0.0) -> None:
        self._candidate_s = candidate_s
        plan = _chime()
        self._plan, self._score = plan, arrange(plan, (), 1)
        self._midi = write_midi(self._score)
        self._preview = _sound(1, 48_000, mp3=True)

    def make(
        self,
        job: Job,
        *,
        label: Label,
        tell: Tell,
        done: Mapping[int, int],
        others: Others,
        stop: Stop,
    ) -> Performance:
        """So many candidates as were asked for; takes are tried in order until they are there."""
        resolved, take, made = job.music, 0, len(done)
        free = [one for one in range(1, resolved.candidates + 1) if one not in done]
        while free:
            take += 1
            if take in done.values():
                continue
            tell(Progress(step="render", done=made, total=resolved.candidates))
            self._take_time(tell, stop)
            seed = derive_seed(job.seed, take)
            if np.random.default_rng(seed).random() < RETRACTED_SHARE:
                yield RetractedTake(take=take, reason="its seed would have it so")
                continue
            number = free.pop(0)
            made += 1
            yield self._offered(resolved, number, take, seed, label(number))

    def plans(self, job: Job) -> Sequence[Outline]:
        """What our own backend would plan."""
        return outlines(job.music, job.seed)

    def family(
        self, job: Job, *, tell: Tell, done: Mapping[int, int], stop: Stop
    ) -> FamilyPerformance:
        """What our own backend draws."""
        return perform_family(job.family, tell=tell, done=done)

    def close(self) -> None:
        """Nothing is held."""

    def _take_time(self, tell: Tell, stop: Stop) -> None:
        end = time.monotonic() + self._candidate_s
        while (left := end - time.monotonic()) > 0:
            if stop():
                raise Stopped
            time.sleep(min(left, LOOK_S))

    def _offered(
        self, resolved: Resolved, number: int, take: int, seed: int, label: str
    ) -> Offered:
        master = _sound(seed, resolved.delivery.sample_rate)
        made = Made(
            number=number,
            take=take,
            seed=seed,
            rating=round(0.5 + seed % 1000 / 2000, 4),
            resolved=resolved,
            plan=structs.replace(self._plan, kind=resolved.kind, style=resolved.style),
            measured=(Measured(name="duration_ms", asked=SECONDS * 1000, measured=SECONDS * 1000),),
            peaks=(0.5, 0.5, 0.5, 0.5),
            provenance=origin(
                resolved=resolved, plan=self._plan, seed=seed, model_digest=self.digest,
                planner_digest=self.digest, bank_name="light", bank_digest=self.digest,
                midi=self._midi, master=master,
            )
            | {"originality": {}},
        )  # fmt: skip
        kept = manuscript.written(Manuscript(seed=seed, score=self._score))
        return Offered(
            made=made,
            files=(
                File(name="master", content=master, media_type="audio/wav"),
                File(
                    name="evaluation",
                    content=files.evaluation_wav(master, label=label),
                    media_type="audio/wav",
                ),
                File(
                    name="preview",
                    content=files.preview_mp3(self._preview, label=label),
                    media_type="audio/mpeg",
                ),
                File(name="midi", content=self._midi, media_type="audio/midi"),
                File(name="score", content=kept, media_type=manuscript.MEDIA_TYPE),
            ),
        )


def _chime() -> Plan:
    """The plan of a chime, which no model is asked for."""
    resolved = resolve(Brief(kind="chime", candidates=1), 1)
    return sheets(resolved, 1, 0, 1, 1)[0].plan


def _sound(seed: int, sample_rate: int, *, mp3: bool = False) -> bytes:
    """A sine of the seed's own pitch in a little noise, mono, as a file."""
    dice = np.random.default_rng(seed)
    pitch_hz = 110 * 2 ** dice.uniform(0, 4)
    at = np.arange(SECONDS * sample_rate, dtype=np.float32) / np.float32(sample_rate)
    audio = np.float32(0.4) * np.sin(np.float32(2 * np.pi * pitch_hz) * at)
    audio += dice.random(len(at), np.float32) * np.float32(0.1) - np.float32(0.05)
    form = Form(format="mp3" if mp3 else "wav", sample_rate=sample_rate, bit_depth=16, channels=1)  # type: ignore[arg-type]
    return files.sound_file(audio, form, Labels(title="light"), seed=seed, dithered=False)
