"""What it costs to sign a long file: our own placing of a manifest beside the library's whole way.

``python -m loadtests.bench_signing``: ten minutes of stereo at 96 kHz and 24 bit, 345 MB, each way
in a process of its own, which says by how much its memory grew while it signed and how many seconds
of CPU it took. Exits 1 where signing a file on the disk takes more than 64 MB, one in memory more
than one further copy of it, a sidecar more than 64 MB, or where a reader does not trust the result.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np

from engine.marks import credentials
from engine.marks.content import Origin, _embed, read, sidecar, sign_file, signed

ORIGIN = Origin(title="bench", version="0", facts={"seed": 1})
SECONDS, RATE = 600, 96_000
FRAME = 6
MEGABYTES = {"disk": 64, "beside": 64, "memory": 400}


def main() -> int:
    """Print a row for every way; 1 where a bound is broken."""
    if len(sys.argv) > 1:
        return _signed(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    with tempfile.TemporaryDirectory(prefix="cuesmith-signing-") as folder:
        who = Path(folder) / "marks.pem"
        credentials.create(who)
        rows = [_row(way, Path(folder), who) for way in ("disk", "beside", "memory", "library")]
    print("| way | MB more | CPU s |\n|---|---|---|")
    for row in rows:
        print(f"| {row['way']} | {row['mb']} | {row['cpu_s']} |")
    broken = [row["way"] for row in rows if row["mb"] > MEGABYTES.get(row["way"], 10**6)]
    untrusted = [row["way"] for row in rows if row["state"] != "Trusted"]
    if broken or untrusted:
        print(f"too much memory: {broken}; not trusted: {untrusted}")
    return bool(broken or untrusted)


def _row(way: str, folder: Path, who: Path) -> dict[str, Any]:
    file = folder / f"{way}.wav"
    _write(file)
    command = [sys.executable, "-m", "loadtests.bench_signing", way, str(file), str(who)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    file.unlink()
    return json.loads(done.stdout)


def _write(file: Path) -> None:
    """Noise: what no encoder could make shorter, were there one."""
    size = SECONDS * RATE * FRAME
    second = np.random.default_rng(1).bytes(RATE * FRAME)
    with file.open("wb") as out:
        out.write(b"RIFF" + pack("<I", size + 36) + b"WAVEfmt " + pack("<I", 16))
        out.write(pack("<HHIIHH", 1, 2, RATE, RATE * FRAME, FRAME, 24) + b"data")
        out.write(pack("<I", size))
        for _ in range(SECONDS):
            out.write(second)


def _signed(way: str, file: Path, pem: Path) -> int:
    """Sign in this process, which does nothing else, and say what it took."""
    who = credentials.load(pem)
    content = file.read_bytes() if way == "memory" else b""
    before, began = _peak_mb(), time.process_time()
    beside, made = None, None
    if way == "disk":
        sign_file(file, "audio/wav", ORIGIN, who)
    elif way == "beside":
        beside = sidecar(file, ORIGIN, who)
    elif way == "memory":
        made = signed(content, "audio/wav", ORIGIN, who)
    else:
        with file.open("r+b") as held:
            _embed(held, "audio/wav", ORIGIN, who)
    spent, grown = time.process_time() - began, _peak_mb() - before
    if made is not None:
        file.write_bytes(made)
    found = read(file, "audio/wav", roots=who.root, beside=beside)
    print(json.dumps({"way": way, "mb": grown, "cpu_s": round(spent, 2), "state": found.state}))
    return 0


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
