"""Electric guitars and basses as their pick-ups hear them; `amps` says what they are heard through.

Harmonics are placed by where the string is plucked and where the pick-up hears it.
"""

from engine.render.synth.patches.patch import Patch
from engine.render.synth.voices import Plucked

GUITARS: dict[str, Patch] = {
    "guitar_heavy": Patch(
        voice=Plucked(
            t60_s=7.0, damping=0.006, position=0.09, bright_hz=2600, stiffness=3e-5, roll=0.95,
            attack_s=0.0015, nail=(1200, 5000, 0.003, -20), body=((700, 5, 0.7),),
        ),
        release_s=0.03, longest_s=8, dynamics_db=10, low=28, high=91,
    ),
    "guitar_lead": Patch(
        voice=Plucked(
            t60_s=9.0, damping=0.008, position=0.16, bright_hz=2200, stiffness=2e-5, roll=1.05,
            attack_s=0.002, nail=(1200, 5000, 0.003, -24), body=((900, 4, 0.7),), halving=30,
        ),
        release_s=0.05, longest_s=9, dynamics_db=10, low=40, high=93,
    ),
    "guitar_palm": Patch(
        voice=Plucked(
            t60_s=0.5, damping=0.03, position=0.07, bright_hz=1700, roll=1.0,
            attack_s=0.0015, nail=(90, 420, 0.018, -14),
        ),
        release_s=0.02, longest_s=1, dynamics_db=12, low=28, high=91,
    ),
    "guitar_drive": Patch(
        voice=Plucked(
            t60_s=6.0, damping=0.008, position=0.12, bright_hz=2400, stiffness=3e-5, roll=1.0,
            attack_s=0.0015, nail=(1200, 5000, 0.003, -22), body=((800, 4, 0.8),),
        ),
        release_s=0.04, longest_s=7, dynamics_db=12, low=28, high=93,
    ),
    "guitar_muted": Patch(
        voice=Plucked(
            t60_s=0.55, damping=0.02, position=0.1, bright_hz=2400, roll=0.95,
            nail=(1500, 5000, 0.003, -16),
        ),
        release_s=0.03, longest_s=1.2, dynamics_db=18, low=28, high=91,
    ),
    "guitar_clean": Patch(
        voice=Plucked(
            t60_s=4.5, damping=0.006, position=0.12, bright_hz=2600, stiffness=4e-5, roll=0.95,
            nail=(1500, 5500, 0.003, -22),
        ),
        release_s=0.08, longest_s=5, dynamics_db=18, low=28, high=93,
    ),
    "guitar_jazz": Patch(
        voice=Plucked(
            t60_s=3.2, damping=0.02, position=0.26, bright_hz=1300, stiffness=2e-5, roll=1.05,
            body=((190, 2, 3), (420, 2, 3)), nail=(500, 2200, 0.004, -26),
        ),
        release_s=0.1, longest_s=4, dynamics_db=18, low=28, high=93,
    ),
    "bass_drive": Patch(
        voice=Plucked(
            t60_s=3.5, damping=0.03, position=0.1, bright_hz=2200, roll=1.0, halving=36,
            attack_s=0.0015, nail=(900, 4200, 0.003, -16), body=((900, 4, 0.8),),
        ),
        release_s=0.04, longest_s=4, dynamics_db=9, low=20, high=67,
    ),
}  # fmt: skip
