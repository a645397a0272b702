import os
from pathlib import Path

from cuesmith_client import Cuesmith

with Cuesmith(os.environ["CUESMITH_URL"], os.environ["CUESMITH_KEY"]) as cuesmith:
    brief = cuesmith.send(
        prompt="kart selection screen, light retro synths",
        kind="loop",
        style="synthwave",
        bars=4,
        bpm=120,
        tonality="F minor",
        instruments={"require": ["drums", "bass", "lead"], "forbid": ["choir"]},
        stems=["all"],
        candidates=2,
        seed=7,
        max_tokens=4,
    )
    for event in brief.events():
        print(event.type, event.facts)
    best = brief.read().candidates[0]
    for line in cuesmith.candidate(best.id).measured:
        print(line.name, line.asked, line.measured, "kept" if line.passed else "missed")
    cuesmith.audition(best.id, Path("audition.mp3"))

    picked = cuesmith.pick(best.id)
    cuesmith.download(picked.track, "master", Path("loop.wav"))
    cuesmith.download(picked.track, "stem.drums", Path("drums.wav"))
    layers = cuesmith.render(picked.track, version="layers", format="ogg")
    for file in layers.files:
        cuesmith.download_rendition(file, Path(file.name))
    cuesmith.package(picked.track, "unity", Path("kart-select-unity.zip"))
