"""The sounds of a cabin family as a package takes them: each file, and what was measured of it."""

from collections.abc import Mapping
from typing import Any

from engine.contracts import Asset, FamilyMade, FamilyMember, ResolvedFunction, SoundFile

FOLDED = ".mono"  # what a file is called that holds a sound for one loudspeaker


def family_sounds(made: FamilyMade) -> tuple[tuple[SoundFile, Asset], ...]:
    """Every file of a family, described; with the content of its asset it can be packed."""
    resolved = {one.name: one for one in made.resolved.functions}
    return tuple(
        (_described(made, member, resolved[member.name], asset), asset)
        for member in made.members
        for asset in member.assets
    )


def _described(
    made: FamilyMade, member: FamilyMember, one: ResolvedFunction, asset: Asset
) -> SoundFile:
    delivery, measured = made.resolved.delivery, _measured(member)
    folded = asset.name.endswith(FOLDED)
    return SoundFile(
        name=asset.name,
        version="function",
        media_type=asset.media_type,
        sample_rate=delivery.sample_rate,
        channels=1 if folded else delivery.channels,
        bit_depth=delivery.bit_depth,
        frames=member.frames,
        exit=member.frames,
        loop=(0, member.frames - 1) if one.loop else None,
        lufs=measured.get("loudness_lufs"),
        true_peak_dbtp=measured.get("true_peak_dbtp"),
        parent=member.name if folded else None,
        facts=_facts(member, one, measured),
    )


def _facts(
    member: FamilyMember, one: ResolvedFunction, measured: Mapping[str, Any]
) -> dict[str, Any]:
    """Under the names of the columns of `engine.packages.automotive`, and what has none."""
    low, high = one.band_hz or (None, None)
    levels = member.facts.get("level_dba") or {}
    margins = measured.get("audible_margin_db") or {}
    return {
        "function": one.function,
        "urgency": one.urgency,
        "speed_kmh": one.speed_kmh,
        "band_low_hz": low,
        "band_high_hz": high,
        "attack_ms": measured.get("attack_ms"),
        "decay_ms": measured.get("decay_ms"),
        "peak_dbfs": measured.get("peak_dbfs"),
        "loudness_of": next((m.detail for m in member.measured if m.name == "loudness_lufs"), ""),
        "level_db_re_family": member.facts.get("level_db_re_family"),
        **{f"level_dba_{speed}": level for speed, level in levels.items()},
        "margin_db": margins.get(str(one.speed_kmh), {}).get("margin_db"),
        "gain_db_by_speed": member.facts.get("gain_db_by_speed"),
    }


def _measured(member: FamilyMember) -> dict[str, Any]:
    return {one.name: one.measured for one in member.measured}
