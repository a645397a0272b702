import os
from pathlib import Path

from cuesmith_client import Cuesmith

wanted = {
    "brand": {"warm": 0.6, "futuristic": 0.3},
    "tonic": "D",
    "seed": 1,
    "candidates": 2,
    "functions": ["welcome", "door_open", "door_close", "seat_belt", "warn"],
    "limits": {"door_open": {"duration_ms": 900}, "all": {"peak_dbfs": -3}},
    "delivery": {"sample_rate": 48000, "channels": 2},
}

with Cuesmith(os.environ["CUESMITH_URL"], os.environ["CUESMITH_KEY"]) as cuesmith:
    quote = cuesmith.quote_family(**wanted)
    print(quote.audition_tokens, "tokens to hear", quote.candidates, "families")
    family = cuesmith.send_family(**wanted, quote=quote.id).wait()
    best = family.candidates[0]
    for function in wanted["functions"]:
        cuesmith.audition(best.id, Path(f"{function}.wav"), format="wav", function=function)

    picked = cuesmith.pick(best.id)
    cuesmith.package(picked.track, "automotive", Path("cabin.zip"))
    cuesmith.certificate(picked.id, Path("license.json"))
