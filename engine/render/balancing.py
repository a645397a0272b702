"""Balancing: every part through its equaliser and compressor, to its role's level, into the sums.

A part is played, heard, balanced and laid into the mix before the next one is played.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from msgspec import Struct, structs

from engine.render import instruments
from engine.render.automation import Automation
from engine.render.banks import Bank
from engine.render.colouring import hand_bands, passed, response, role_bands
from engine.render.console import SIZE, Console
from engine.render.control import CELL, Curve, Sound, cells, channels, powers, products
from engine.render.desk import DEPTH_DB, DRIVEN, FRONT, PARALLEL, ROLE_ROW, SQUEEZE, WIDE, Desk
from engine.render.dynamics import COMPRESSORS, compressed, drum_gain, duck_curve, duck_low_band
from engine.render.levels import WINDOW, Heard, behind, faders, listened, loudness
from engine.render.masking import Energies, energies, pocket
from engine.render.performance import perform
from engine.render.strips import Strip
from engine.score import Part, Score
from engine.sound.filters import Band, fold, middle
from engine.sound.tilts import tilt

SAMPLE_RATE = 48_000
LOOP_TAIL_S = 8.0
LONG_FRAMES = 200 * SAMPLE_RATE


class Session(Struct, frozen=True, kw_only=True):
    """What is known of the mix before a note of it is played."""

    desk: Desk
    bank: Bank
    pace: float  # frames per tick
    kicks: list[int]
    moves: Automation
    echo_frames: int
    has_bass: bool
    has_lead: bool
    frames: int
    loop: bool
    seed: int
    apart: bool


class Bus(Struct, frozen=True, kw_only=True):
    """One part, or one hand of the drummer, as it was played: (frames,) or (frames, 2)."""

    row: str  # which line of the level table and which equaliser
    group: str
    sound: Sound
    heard: Heard  # behind its equaliser
    bands: tuple[Band, ...]
    pan: float
    squeezed: Curve | float  # the compressor's gain


def mixed(score: Score, session: Session) -> dict[str, Sound]:
    """Every part played, balanced and added up: the groups, (frames, 2) each."""
    console = Console(session.frames, loop=session.loop)
    _drums(score, console, session)
    lead: Energies | None = None
    for part in sorted(score.parts, key=lambda part: _row(part) != "lead"):
        if _is_drums(part):
            continue
        for bus in _buses(part, score, session):
            bus, fader, heard = _beside(bus, lead, session)
            if bus.row == "lead":
                lead = heard if lead is None else lead + heard
            _sent(console, bus, fader, 1.0, session)
    return console.returned(session.desk, session.echo_frames, session.moves.send, session.seed)


def _beside(bus: Bus, lead: Energies | None, session: Session) -> tuple[Bus, float, Energies]:
    """The bus with a pocket for the lead, its fader, and the energy it has then."""
    fader, heard = _balanced(bus, session)
    cuts = pocket(lead, heard, bus.row)
    if cuts:
        behind_cuts = behind(bus.heard, passed(cuts, WINDOW))
        bus = structs.replace(bus, bands=bus.bands + cuts, heard=behind_cuts)
        fader, heard = _balanced(bus, session)
    return bus, fader, heard


def _balanced(bus: Bus, session: Session) -> tuple[float, Energies]:
    (fader,) = _faders([bus], session)
    loud = loudness(bus.heard, bus.squeezed, loop=session.loop) + fader
    return fader, energies(bus.heard.spectrum, loud)


def _row(part: Part) -> str:
    return ROLE_ROW.get(part.plan.role, "comp")


def _drums(score: Score, console: Console, session: Session) -> None:
    """The drummer's hands, which are balanced together and so heard twice.

    Of a short piece they are kept in between; of a long one they are played again, because four
    of them would take more memory than all the rest.
    """
    parts = [part for part in score.parts if _is_drums(part)]
    kept = list(_hands(parts, score, session)) if session.frames <= LONG_FRAMES else None
    heard = [
        structs.replace(bus, sound=np.zeros(0, np.float32))
        for bus in (kept if kept is not None else _hands(parts, score, session))
    ]
    levels = _faders(heard, session)
    total = np.zeros(cells(session.frames))
    for bus, fader in zip(heard, levels, strict=True):
        total += bus.heard.powers * bus.heard.weight * (bus.squeezed * 10 ** (fader / 20)) ** 2
    together = drum_gain(
        total,
        SQUEEZE[session.desk.column],
        parallel=session.desk.column in PARALLEL,
        loop=session.loop,
    )
    hands = iter(kept) if kept is not None else _hands(parts, score, session)
    for bus, fader in zip(hands, levels, strict=True):
        _sent(console, bus, fader, together, session)


def _hands(parts: list[Part], score: Score, session: Session) -> Iterator[Bus]:
    for part in parts:
        yield from _buses(part, score, session)


def _is_drums(part: Part) -> bool:
    return part.plan.group == "drums"


def _buses(part: Part, score: Score, session: Session) -> Iterator[Bus]:
    """The part's sound, one bus or four for the drums, equalised and heard; no silent ones."""
    for row, sound in _played(part, score, session):
        heard, sound, pan = _heard(sound, row)
        if heard is None:
            continue
        bands = role_bands(row, session.desk, has_bass=session.has_bass)
        bands += hand_bands(heard.spectrum, bands, row, tilt(score.plan.style))
        yield Bus(
            row=row,
            group=part.plan.group,
            sound=sound,
            heard=behind(heard, passed(bands, WINDOW)),
            bands=bands,
            pan=pan if _is_drums(part) else part.plan.pan / 100,
            squeezed=_squeezed(row, heard.powers, session),
        )


def _squeezed(row: str, power: Curve, session: Session) -> Curve | float:
    rule = COMPRESSORS.get(row)
    if rule is None:
        return 1.0
    return compressed(power, rule, SQUEEZE[session.desk.column], loop=session.loop)


def _played(part: Part, score: Score, session: Session) -> Iterable[tuple[str, Sound]]:
    """The part's raw sound with its row."""
    frames, loop = session.frames, session.loop
    performance = perform(part, score.plan, session.pace, frames, loop=loop, seed=session.seed)
    room = frames + int(LOOP_TAIL_S * SAMPLE_RATE) if loop else frames
    if _is_drums(part):
        sounds = instruments.drum(part, performance, room)
    else:
        sounds = {
            _row(part): instruments.play(part, score.plan.style, session.bank, performance, room)
        }
    for row in list(sounds):
        # Nothing here holds on to what was handed out: a hand of ten minutes is 230 MB.
        yield row, fold(sounds.pop(row), frames) if loop else sounds.pop(row)


def _heard(sound: Sound, row: str) -> tuple[Heard | None, Sound, float]:
    """How it sounds, in one channel where one is enough, and where that stands; None for silence.

    One channel is enough where both have the same to say, and for what holds the mix up from below.
    """
    if sound.ndim == 2 and row in ("kick", "bass"):
        sound = middle(sound)
    if sound.ndim == 1:
        power = powers(sound)
        return (listened(sound, power) if power.any() else None), sound, 0.0
    one, two = channels(sound)
    left, right, both = products(one, two)
    power = (left + right) / CELL
    if not power.any():
        return None, sound, 0.0
    a, b, c = float(left.sum()), float(right.sum()), float(both.sum())
    if c <= 0 or c**2 < (1 - 1e-6) * a * b:
        return listened(sound, power, min(max(0.5 + c / (a + b), 0.1), 1.0)), sound, 0.0
    pan = float(np.arctan2(np.sqrt(b), np.sqrt(a)) * 4 / np.pi - 1)
    single = (one if a >= b else two) * np.float32(np.sqrt(0.5 * (a + b) / max(a, b)))
    return listened(single, power), single, pan if abs(pan) > 1e-4 else 0.0


def _faders(buses: list[Bus], session: Session) -> list[float]:
    rows = [(bus.row, loudness(bus.heard, bus.squeezed, loop=session.loop)) for bus in buses]
    return faders(rows, session.desk, has_lead=session.has_lead)


def _sent(
    console: Console, bus: Bus, fader: float, together: Curve | float, session: Session
) -> None:
    """One bus at its level, driven, ducked, placed and added up; its sound is used up."""
    desk, moves, drums = session.desk, session.moves, bus.group == "drums"
    gain = bus.squeezed * moves.level * (10 ** (fader / 20)) * together
    if bus.row in ("hats", "perc"):
        gain = gain * moves.hats
    gain = gain * _ducked(bus, session)
    send = (desk.drum_send_db if drums else desk.send_db) + DEPTH_DB[bus.row]
    strip = Strip(
        group=bus.group if session.apart else "mix",
        gain=gain,
        equaliser=response(bus.bands, SIZE),
        send=10 ** (send / 20) / np.sqrt(bus.heard.middle),
        pan=bus.pan,
        late_frames=round(desk.space.pre_delay_ms * FRONT[bus.row] * SAMPLE_RATE / 1000),
        echoed=bool(desk.echo) and bus.row == "lead",
        width=moves.width if bus.row in WIDE else None,
        drive=desk.drive if bus.row in DRIVEN else 0.0,
    )
    console.add(bus.sound, bus.heard.powers, strip)


def _ducked(bus: Bus, session: Session) -> Curve | float:
    """The gain of what goes down under the kick; a bass may do so in its low band alone."""
    duck = session.desk.ducks.get(bus.row)
    if not duck or not session.kicks:
        return 1.0
    loop = session.loop
    curve = duck_curve(session.kicks, duck, cells(session.frames), loop=loop)
    if not duck.below_hz:
        return curve
    for channel in channels(bus.sound):
        duck_low_band(channel, curve, duck.below_hz, loop=loop)
    return 1.0
