"""What a brief tells while it is made: each event, when it comes and what it says."""

import json

from msgspec import Struct

from api.docs.frame import coded, text


class Happening(Struct, frozen=True, kw_only=True):
    """An event of the stream, with its facts as they come."""

    when: str
    facts: dict[str, object]


_AT = "2026-11-27T09:14:03.271Z"
_BRIEF = "brf_51c3a0b7d2e94f6810aa7c3e"
HAPPENINGS: dict[str, Happening] = {
    "brief.queued": Happening(
        when="The brief waits for a studio. This one has no `id`: it is said anew to everybody.",
        facts={"brief": _BRIEF, "expected_s": 9.5},
    ),
    "brief.started": Happening(
        when="A studio has taken it. `attempt` counts from 1; at each, forget what was shown of "
        "takes before.",
        facts={"attempt": 1, "expected_s": 9.5},
    ),
    "progress": Happening(
        when="How far the step is: `plan`, `compose` or `render`.",
        facts={"step": "compose", "done": 2, "total": 4},
    ),
    "plans.drawn": Happening(
        when="The forms are decided that takes are written under. `bar` counts from 0, `energy` "
        "from 1 to 7.",
        facts={
            "plans": [
                {
                    "take": 1, "style": "lofi", "tempo": 82.0, "meter": "4/4",
                    "tonality": "F major", "bars": 16, "seconds": 46.8, "sections": ["A", "A'"],
                    "form": [
                        {"name": "A", "bar": 0, "bars": 8, "energy": 3},
                        {"name": "A'", "bar": 8, "bars": 8, "energy": 4},
                    ],
                    "parts": ["drums", "bass", "chords", "lead"],
                }
            ]
        },
    ),
    "stage": Happening(
        when="These takes begin to be written (`composing`) or played (`rendering`), and how "
        "long that is expected to last.",
        facts={"stage": "composing", "takes": [1, 2, 3, 4], "expected_s": 2.5},
    ),
    "bars.written": Happening(
        when="Bars that the panel has kept, by section. Sections are written at the same time, so "
        "bars do not come in order. At most twice a second; chimes and ambiences have none.",
        facts={"takes": [{"take": 1, "bars": 6, "of": 16, "written": [4, 2]}]},
    ),
    "take.written": Happening(
        when="A take stands on paper. `rewrites` are bars that the panel did not keep, `passed` "
        "says whether it kept the whole.",
        facts={
            "take": 1, "rating": 0.71, "passed": True,
            "rewrites": [{"bar": 9, "reason": "clash", "tries": 1}],
        },
    ),
    "takes.ranked": Happening(
        when="All takes are ranked, the best first. Those that are not named were retracted, or "
        "are too much like a better one.",
        facts={"takes": [2, 1, 4, 3]},
    ),
    "take.retracted": Happening(
        when="The panel takes a take back; it is never offered and costs nothing. `code`: `paper` "
        "(weak on paper), `quotes` (quotes a work that the model has learned from), `shares` "
        "(shares a tune with a piece licensed by somebody else), `heard` (fails when it is "
        "heard), `constraint` (misses what was asked for).",
        facts={"take": 3, "reason": "the loop can be heard", "code": "heard"},
    ),
    "candidate.ready": Happening(
        when="A candidate can be heard, and has been charged.",
        facts={
            "brief": _BRIEF, "candidate": "cand_6a5d43cf81d8d0e0a3b1c2d4", "number": 1,
            "take": 3, "rating": 0.71, "tokens": 2, "expires_at": "2026-12-04T09:14:11Z",
        },
    ),
    "brief.requeued": Happening(
        when="The studio gave it up, and another one takes it.",
        facts={"attempt": 1, "expected_s": 9.5},
    ),
    "brief.ended": Happening(
        when="Nothing more comes, and the stream ends.",
        facts={
            "brief": _BRIEF, "status": "succeeded", "candidates": 4, "retracted_takes": 1,
            "failure": None,
        },
    ),
}  # fmt: skip
"""The kinds of events of a brief. Those of a family are called `family.queued` and so on."""


def table() -> str:
    """All of them, each with an example of its line of data."""
    return "".join(
        f"<h3 id='{name}'><code>{name}</code></h3><p>{coded(one.when)}</p>"
        f"<pre>{text(json.dumps({'at': _AT, **one.facts}, ensure_ascii=False))}</pre>"
        for name, one in HAPPENINGS.items()
    )
