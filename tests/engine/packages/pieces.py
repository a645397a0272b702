"""A loop and a bed of our own noise with all that belongs to them, as a studio hands them over."""

from typing import Any

import numpy as np

from engine.contracts import Marker, Party, SoundFile, TrackFacts
from engine.master import files
from engine.master.files import Labels
from engine.words.formats import Form

RATE = 48_000
BAR = 24_000  # two beats of 6/8 at 240 a minute
FACTS = TrackFacts(
    track="trk_1",
    title="Kart Select",
    description="Choose your kart",
    keywords=("light", "retro"),
    genre="Electronic",
    kind="loop",
    tempo=240.0,
    meter="6/8",
    tonality="D minor",
    instruments=("bass", "lead"),
    composers=(Party(name="Ada King Lovelace", share=60, society="PRS", ipi="00012345678"),
               Party(name="Plato", share=40)),
    publishers=(Party(name="Press Ltd", share=100),),
    library="Our Library",
    album="Karts",
    album_code="KRT001",
    release_date="2026-11-30",
    license="lic_9",
    originality={"longest_shared_notes": 4},
)  # fmt: skip


def sound(
    name: str, version: str, frames: int, form: str = "wav", **known: Any
) -> tuple[SoundFile, bytes]:
    """One described and labelled file; its noise is that of its name."""
    rng = np.random.default_rng(list(name.encode()))
    audio = (rng.standard_normal((frames, 2)) * 0.1).astype(np.float32)
    wanted = Form(format=form)  # type: ignore[arg-type]
    about = SoundFile(
        name=name, version=version, media_type=wanted.media_type, sample_rate=RATE, channels=2,
        bit_depth=24, frames=frames, tempo=240.0, meter="6/8", **{"bars": frames // BAR} | known,
    )  # fmt: skip
    labels = Labels(title=name, loop=about.loop, markers=about.markers)
    return about, files.sound_file(audio, wanted, labels)


def loop(form: str = "wav") -> list[tuple[SoundFile, bytes]]:
    """Four bars that go round, with all that a game asks for."""
    frames = 4 * BAR
    round_ = {"loop": (0, frames - 1), "exit": frames}
    marks = (Marker(frame=0, name="A"), Marker(frame=2 * BAR, name="B"))
    synced = (Marker(frame=BAR, name="sync"),)
    return [
        sound("master", "master", frames, form, markers=marks, lufs=-16.02, **round_),
        *(
            sound(f"layer-{at}", "layers", frames, form, parent="master", **round_)
            for at in (1, 2, 3)
        ),
        *(
            sound(f"stem.{group}", "stems", frames, form, parent="master", **round_)
            for group in ("bass", "drums", "lead")
        ),
        sound("intro", "loop_parts", 2 * BAR + 9_000, form, exit=2 * BAR, bars=2),
        sound("first_pass", "loop_parts", frames, form, exit=frames),
        sound("loop", "loop_parts", frames, form, **round_),
        sound("tail", "loop_parts", 9_001, form, bars=0),
        sound("sting", "sting", BAR + 7_000, form, exit=BAR, markers=synced),
        sound("transition", "transition", BAR + 100, form, exit=BAR, markers=synced),
    ]


def bed() -> list[tuple[SoundFile, bytes]]:
    """A piece of 6.25 s in the versions of a catalogue."""
    lengths = {
        ("master", "master"): 300_000,
        ("cut-3s", "cut"): 3 * RATE,
        ("cut-1.5s", "cut"): 72_000,
        ("sting", "sting"): 40_000,
        ("underscore", "underscore"): 300_000,
        ("no_drums", "no_drums"): 300_000,
    }
    return [
        sound(name, version, frames, exit=frames - 100)
        for (name, version), frames in lengths.items()
    ]
