import json
import os
import time
from pathlib import Path

import httpx

lines = [
    {"reference": "UP-001", "prompt": "bright corporate pop, claps", "kind": "bed",
     "duration_ms": 10_000, "candidates": 2},
    {"reference": "UP-002", "prompt": "温暖的低保真节拍", "kind": "bed",
     "duration_ms": 8_000, "candidates": 1},
    {"reference": "UP-003", "prompt": "a door to a mystery", "kind": "sting",
     "duration_ms": 3_000, "candidates": 2},
]  # fmt: skip
key = {"authorization": f"Bearer {os.environ['CUESMITH_KEY']}"}

with httpx.Client(base_url=os.environ["CUESMITH_URL"], headers=key, timeout=90) as door:
    upload = {"content-type": "application/jsonl", "idempotency-key": "spring-2027"}
    content = "\n".join(json.dumps(line) for line in lines)
    batch = door.post("/v1/batches", content=content, headers=upload).raise_for_status().json()
    while batch["status"] != "ended":  # or wait for the webhook batch.ended
        time.sleep(2)
        batch = door.get(f"/v1/batches/{batch['id']}").raise_for_status().json()
        print(batch["counts"])

    wanted = {"first_line": 1, "last_line": 3, "rating_min": 0.2}
    picked = door.post(f"/v1/batches/{batch['id']}/picks", json=wanted).raise_for_status().json()
    for line in picked["picks"]:
        print(line["reference"], line["license"], line["tokens"], "tokens")
    with (
        door.stream("GET", f"/v1/batches/{batch['id']}/package?files=masters") as answer,
        Path("spring-2027.zip").open("wb") as file,
    ):
        for chunk in answer.raise_for_status().iter_bytes():
            file.write(chunk)
