"""How each style is mixed: levels by role, equalisers, the room, what ducks under the kick.

Levels are in LU relative to the lead; the numbers are starting values of mixing practice, checked
by measurement (masking, tilt, loudness), not by ear.
"""

from functools import lru_cache

from msgspec import Struct, structs

from engine import styles
from engine.render.dynamics import Duck
from engine.render.space import Space
from engine.render.tones import TONES
from engine.sound.filters import Band

HP, LP, PK, HS, LS = "high_pass", "low_pass", "peak", "high_shelf", "low_shelf"

LEVELS: dict[str, dict[str, float]] = {
    "pop": {"kick": -1, "snare": -2, "hats": -10, "perc": -7, "bass": -1, "comp": -4, "pad": -9,
            "lead": 0, "counter": -7, "fx": -14},
    "lofi": {"kick": -2, "snare": -4, "hats": -11, "perc": -9, "bass": -1, "comp": -1, "pad": -9,
             "lead": -2, "counter": -8, "fx": -14},
    "ambient": {"kick": -8, "snare": -12, "hats": -16, "perc": -12, "bass": -4, "comp": -6,
                "pad": 0, "lead": -3, "counter": -8, "fx": -10},
    "cinematic": {"kick": -3, "snare": -6, "hats": -12, "perc": -5, "bass": -4, "comp": -5,
                  "pad": -3, "lead": 0, "counter": -6, "fx": -10},
    "edm": {"kick": 2, "snare": -1, "hats": -9, "perc": -8, "bass": 0, "comp": -5, "pad": -6,
            "lead": -1, "counter": -5, "fx": -12},
    "chip": {"kick": -3, "snare": -4, "hats": -8, "perc": -7, "bass": -2, "comp": -5, "pad": -8,
             "lead": 0, "counter": -4, "fx": -12},
    "jazz": {"kick": -9, "snare": -8, "hats": -9, "perc": -7, "bass": -2, "comp": -3, "pad": -10,
             "lead": 0, "counter": -7, "fx": -14},
    "chinese": {"kick": -8, "snare": -10, "hats": -12, "perc": -9, "bass": -5, "comp": -5,
                "pad": -7, "lead": 0, "counter": -6, "fx": -16},
    "rock": {"kick": -1, "snare": -1, "hats": -10, "perc": -7, "bass": -1, "comp": -3, "pad": -10,
             "lead": 0, "counter": -8, "fx": -14},
}  # fmt: skip
LEAD_LUFS = -24.0
# Share of the compressors' reduction that a kind of music wants; an orchestra breathes.
SQUEEZE = {"pop": 1.0, "lofi": 1.0, "ambient": 0.2, "cinematic": 0.35, "edm": 1.0, "chip": 0.6,
           "jazz": 0.5, "chinese": 0.4, "rock": 1.0}  # fmt: skip
PARALLEL = ("edm", "rock", "pop")  # flattened drums beside the drums
LONGEST_ROOM_S = 5.0

EQUALISERS: dict[str, tuple[Band, ...]] = {
    "kick": (Band(HP, 28, 0, 0.54), Band(HP, 28, 0, 1.31), Band(PK, 280, -4, 1.2),
             Band(PK, 55, 2, 1.0)),
    "snare": (Band(HP, 100), Band(PK, 420, -3, 1.5), Band(PK, 190, 2, 1.0),
              Band(HS, 5000, 1.5)),
    "hats": (Band(HP, 350, 0, 0.54), Band(HP, 350, 0, 1.31), Band(PK, 3200, -2, 2.0),
             Band(LP, 15_000)),
    "perc": (Band(HP, 50), Band(PK, 400, -2, 1.2), Band(LP, 15_000)),
    "bass": (Band(HP, 30, 0, 0.54), Band(HP, 30, 0, 1.31), Band(PK, 250, -2.5, 1.0),
             Band(PK, 100, 1.5, 1.0), Band(PK, 800, 2, 1.0), Band(LP, 5500)),
    "comp": (Band(HP, 75), Band(PK, 300, -2.5, 0.9), Band(PK, 2600, -0.5, 1.5),
             Band(HS, 6000, 1.5), Band(LP, 13_000)),
    "pad": (Band(HP, 110), Band(PK, 300, -2.5, 0.8), Band(PK, 2800, -1, 0.7),
            Band(HS, 9000, 1), Band(LP, 10_000)),
    "lead": (Band(HP, 120), Band(PK, 2000, 1, 0.8), Band(PK, 3600, 1.5, 0.8),
             Band(LP, 13_000)),
    "counter": (Band(HP, 110), Band(PK, 350, -1.5, 1.0), Band(PK, 4000, 1, 0.8),
                Band(LP, 12_000)),
    "fx": (Band(HP, 32), Band(PK, 2200, -4, 0.5), Band(LP, 11_000)),
}  # fmt: skip
SOLO_COMP = (Band(HP, 35), Band(PK, 300, -2, 0.9), Band(PK, 2600, -1, 1.5), Band(LP, 12_000))


class Desk(Struct, frozen=True, kw_only=True):
    """One style's mix."""

    column: str
    space: Space
    send_db: float
    drum_send_db: float = -17.0
    ducks: dict[str, Duck] = {}
    echo: tuple[float, float, float] | None = None  # sixteenths apart, feedback, level dB
    extra: dict[str, tuple[Band, ...]] = {}
    wobble_cents: float = 0.0
    energy_span_db: float = 3.0
    drive: float = 0.0
    tone: tuple[float, ...] = ()  # see `engine.render.tones`
    faders: dict[str, float] = {}  # dB by row, on top of the column's level


# Styles that end below 15 kHz by intention: a worn tape, a cave, bowls without air.
NARROW = frozenset({"lofi", "dark_ambient", "meditation"})


def _room(low: float, mid: float, high: float, top: float, pre: float, **more: float) -> Space:
    return Space(times_s=(low, mid, high, top), pre_delay_ms=pre, **more)  # type: ignore[arg-type]


_WIDE_DUCK = {"pad": Duck(depth_db=4, release_s=0.18), "comp": Duck(depth_db=3, release_s=0.18),
              "counter": Duck(depth_db=3, release_s=0.18),
              "bass": Duck(depth_db=4, release_s=0.15)}  # fmt: skip

DESKS: dict[str, Desk] = {
    "solo_piano": Desk(column="jazz", space=_room(2.0, 2.2, 1.8, 0.9, 25), send_db=-14),
    "orchestral_epic": Desk(
        column="cinematic", space=_room(2.8, 2.6, 2.1, 1.0, 30, early_stretch=2.1), send_db=-9,
        drum_send_db=-10, energy_span_db=4,
        ducks={"pad": Duck(depth_db=1.5, release_s=0.2)},
    ),
    "orchestral_tender": Desk(
        column="cinematic", space=_room(2.8, 2.8, 2.2, 1.0, 30, early_stretch=2.1), send_db=-10,
        energy_span_db=4,
    ),
    "cinematic_tension": Desk(
        column="cinematic", space=_room(3.2, 3.2, 2.2, 0.9, 15, early_db=-6), send_db=-12,
        drum_send_db=-11, ducks={"pad": Duck(depth_db=3, release_s=0.18)},
        extra={"pad": (Band(LP, 3000),)},
    ),
    "dark_ambient": Desk(
        column="ambient", space=_room(6, 5.2, 3.6, 1.4, 40, early_db=-12, high_hz=5000),
        send_db=-6, extra={"all": (Band(LP, 5000), Band(PK, 250, -2, 1.0))}, energy_span_db=2,
    ),
    "meditation": Desk(
        column="ambient", space=_room(4.5, 4.5, 3.4, 1.5, 50, early_db=-10, high_hz=7000),
        send_db=-7, energy_span_db=2,
    ),
    "lofi": Desk(
        column="lofi", space=_room(1.0, 1.1, 0.9, 0.4, 10, early_db=-2, high_hz=5500),
        send_db=-15, drum_send_db=-16, wobble_cents=6, drive=0.35,
        ducks={"comp": Duck(depth_db=2.5, release_s=0.16),
               "pad": Duck(depth_db=3, release_s=0.16)},
        extra={"all": (Band(LP, 11_000), Band(PK, 3000, -2, 0.8)), "kick": (Band(LP, 3000),),
               "hats": (Band(LP, 9000),), "snare": (Band(LP, 7000),),
               "comp": (Band(PK, 120, 2, 0.8),)},
    ),
    "jazz_trio": Desk(
        column="jazz", space=_room(0.9, 0.9, 0.8, 0.5, 12, early_db=0), send_db=-15,
        extra={"bass": (Band(PK, 90, 2, 1.0),)},
    ),
    "bossa": Desk(
        column="jazz", space=_room(1.0, 1.2, 1.1, 0.6, 20, early_db=0), send_db=-13,
        faders={"lead": -1},  # plucked: its strokes stand far above its loudness
    ),
    "funk_corporate": Desk(
        column="pop", space=_room(0.6, 0.7, 0.6, 0.4, 8, early_db=2), send_db=-17,
        ducks={"pad": Duck(depth_db=3, release_s=0.12),
               "bass": Duck(depth_db=3, release_s=0.1, below_hz=180)},
        extra={"bass": (Band(PK, 90, 2, 1.0),)}, drive=0.25,
    ),
    "acoustic_folk": Desk(
        column="pop", space=_room(0.9, 1.0, 0.9, 0.6, 12, early_db=0), send_db=-15
    ),
    "country": Desk(
        column="pop", space=_room(1.1, 1.3, 1.2, 0.8, 20, early_db=-6), send_db=-16,
    ),
    "rock": Desk(
        column="rock", space=_room(0.7, 0.8, 0.7, 0.5, 10, early_db=1), send_db=-16, drive=0.35,
        echo=(3, 0.3, -18), ducks={"bass": Duck(depth_db=2, release_s=0.09, below_hz=180)},
        extra={"comp": (Band(PK, 350, -2, 1.0), Band(LP, 9000)),
               "bass": (Band(PK, 800, 1.5, 1.0),)},
    ),
    "metal": Desk(
        column="rock", space=_room(0.5, 0.6, 0.5, 0.3, 6, early_db=2), send_db=-19, drive=0.4,
        ducks={"bass": Duck(depth_db=3, release_s=0.06, below_hz=180)},
        extra={"comp": (Band(PK, 300, -2, 1.0), Band(PK, 4000, -2, 1.5), Band(LP, 10_000)),
               "kick": (Band(PK, 60, 2, 1.0), Band(PK, 4000, 4, 1.0))},
    ),
    "synthwave": Desk(
        column="edm", space=_room(2.0, 2.4, 2.0, 1.2, 20, early_db=-6), send_db=-12,
        drum_send_db=-13, ducks=_WIDE_DUCK, echo=(3, 0.35, -14), drive=0.3,
        extra={"pad": (Band(HP, 180),)},
    ),
    "house_edm": Desk(
        column="edm", space=_room(1.5, 1.8, 1.6, 1.0, 20, early_db=-8), send_db=-14, drive=0.3,
        ducks={"bass": Duck(depth_db=6, release_s=0.2), "pad": Duck(depth_db=5, release_s=0.2),
               "comp": Duck(depth_db=5, release_s=0.2), "counter": Duck(depth_db=4, release_s=0.2),
               "lead": Duck(depth_db=2, release_s=0.15)},
        echo=(3, 0.3, -16),
        extra={"comp": (Band(HP, 130),), "pad": (Band(HP, 130),)},
    ),
    "trap_hiphop": Desk(
        column="edm", space=_room(1.6, 2.0, 1.7, 1.0, 15, early_db=-8), send_db=-15,
        ducks={"bass": Duck(depth_db=3, release_s=0.05)}, echo=(3, 0.3, -16), drive=0.3,
        extra={"bass": (Band(PK, 200, 3, 0.8),), "lead": (Band(LP, 8000),)},
    ),
    "chiptune": Desk(
        column="chip", space=_room(0.3, 0.3, 0.25, 0.2, 0, early_db=4), send_db=-30,
        drum_send_db=-40, echo=(3, 0.3, -13), extra={"all": (Band(LP, 12_000),)},
    ),
    "waltz_ballroom": Desk(
        column="cinematic", space=_room(1.9, 2.0, 1.7, 0.9, 22, early_stretch=1.6), send_db=-12
    ),
    "chinese_traditional": Desk(
        column="chinese", space=_room(1.3, 1.6, 1.5, 0.9, 25, early_db=-3), send_db=-12,
        drum_send_db=-13, extra={"lead": (Band(PK, 2800, -2, 2.0),)},
    ),
    "fantasy_tavern": Desk(
        column="pop", space=_room(0.8, 0.9, 0.8, 0.5, 10, early_db=1), send_db=-14
    ),
    "horror": Desk(
        column="cinematic", space=_room(4.5, 4.5, 3.0, 1.2, 60, early_db=-8), send_db=-8,
        drum_send_db=-9, energy_span_db=4,
    ),
}  # fmt: skip
_PLAIN = Desk(column="pop", space=_room(1.2, 1.4, 1.2, 0.8, 18), send_db=-15)
_CHIME = Desk(
    column="pop", space=_room(0.5, 0.5, 0.4, 0.25, 0, early_db=-10, low_hz=300), send_db=-18
)


@lru_cache(maxsize=64)
def desk_for(style: str, kind: str) -> Desk:
    """The mix of a style; cabin sounds stay almost dry, their car adds a room of its own.

    The style's sheet decides how long its room rings, how late and how loud it answers; what a
    sheet does not say (equalisers, depths, what ducks) is here.
    """
    if kind == "chime":
        return _CHIME
    desk = structs.replace(DESKS.get(style, _PLAIN), tone=TONES.get(style, ()))
    if style not in styles.names():
        return desk
    mix = styles.load(style).mix
    if mix.room == "none" or mix.decay_s <= 0:
        return desk
    times = desk.space.times_s
    scale = min(mix.decay_s, LONGEST_ROOM_S) / ((times[1] + times[2]) / 2)
    space = structs.replace(
        desk.space,
        times_s=(times[0] * scale, times[1] * scale, times[2] * scale, times[3] * scale),
        pre_delay_ms=mix.predelay_ms,
    )
    return structs.replace(desk, space=space, send_db=mix.send_db)


# Where a style names no level of its own, roles share one.
ROLE_ROW = {"harmony": "counter", "comp": "comp", "pad": "pad", "lead": "lead", "bass": "bass",
            "counter": "counter", "fx": "fx"}  # fmt: skip
# How far each role stands from the listener, dB added to the style's send.
DEPTH_DB = {"lead": 0.0, "comp": -1.0, "pad": 2.0, "counter": 2.0, "fx": 2.0, "bass": -14.0,
            "kick": -10.0, "snare": 2.0, "hats": -3.0, "perc": 2.0}  # fmt: skip
# Whose pre-delay: the front is answered late, the back at once.
FRONT = {"lead": 1.0, "bass": 0.6, "comp": 0.6, "kick": 0.6, "snare": 0.6, "hats": 0.4,
         "perc": 0.3, "counter": 0.3, "pad": 0.15, "fx": 0.15}  # fmt: skip
WIDE = ("pad", "comp", "counter", "fx")
DRIVEN = ("comp", "bass", "pad", "kick", "snare")
# How bright a part is beside the style's own tilt, dB above 2 kHz: the front is bright, the back
# is not. Basses and drums keep the brightness they are made with.
BRIGHTNESS = {"lead": 1.0, "comp": 0.0, "counter": 0.0, "pad": -2.0}
