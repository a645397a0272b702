import os
from pathlib import Path

from cuesmith_client import Cuesmith

lines = [
    {"reference": "UP-001", "prompt": "bright corporate pop, claps", "kind": "bed",
     "duration_ms": 10_000, "candidates": 2},
    {"reference": "UP-002", "prompt": "温暖的低保真节拍", "kind": "bed",
     "duration_ms": 8_000, "candidates": 1},
    {"reference": "UP-003", "prompt": "a door to a mystery", "kind": "sting",
     "duration_ms": 3_000, "candidates": 2},
]  # fmt: skip

with Cuesmith(os.environ["CUESMITH_URL"], os.environ["CUESMITH_KEY"]) as cuesmith:
    print(cuesmith.quote_batch(lines).tokens, "tokens to hear all candidates")
    batch = cuesmith.send_batch(lines, name="spring-2027")
    for view in batch.progress():
        print(f"{view.done} of {view.briefs}, until about {view.expected_end_at}")
    for picked in batch.pick_best(rating_min=0.2):
        print(picked.reference, picked.license, picked.tokens, "tokens")
    batch.statement(Path("spring-2027.csv"))
    batch.package(Path("spring-2027.zip"))
