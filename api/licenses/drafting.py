"""What the certificate of a candidate says, before it is signed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from api import composer
from api.licenses import human, rights
from api.licenses.certificate import Certificate
from api.licenses.contracts import NewLicense
from api.licenses.human import Choice
from api.licenses.store import Sold
from engine.contracts import Asset, Delivery, FamilyMade, FamilyMember, Made

NOTICE = {
    "live": "The holder may use the track as its rights say.",
    "test": "Made by a test account: this license grants nothing and the track may not be used.",
}
TRAINING_DATA = "/training-data"
STATEMENT = (
    "Trained only on scores that are in the public domain or under CC0, CC BY, BSD or MIT; "
    "clients' briefs and uploads are never trained on."
)
MASTER = "master"
HIDDEN = frozenset({"evaluation", "preview", "score", "sheet"})
"""Files of a candidate that no license delivers."""
_MODELS = (
    "build", "model_sha256", "planner_sha256", "sound_set", "sound_set_sha256",
)  # fmt: skip


class Names(Struct, frozen=True, kw_only=True):
    """What the license and its track are called."""

    license: str
    track: str


def certificate(
    sold: Sold,
    names: Names,
    asked: NewLicense,
    choices: Sequence[Choice],
    tokens: int,
    now: datetime,
) -> Certificate:
    """Everything that is true of this license now."""
    made = sold.made
    grants = sold.account_mode == "live"
    given = rights.granted(made.resolved.rights, asked)
    return Certificate(
        license=names.license,
        track=names.track,
        candidate=sold.candidate,
        brief=sold.brief,
        account=sold.account,
        mode=sold.account_mode,
        grants=grants,
        notice=NOTICE[sold.account_mode],
        rights=msgspec.to_builtins(given),
        rights_read=rights.read(given),
        audio=_audio(made) if isinstance(made, Made) else _sounds(made),
        files={asset.name: _digest(asset) for asset in delivered(made)},
        provenance=made.provenance,
        models={name: str(made.provenance[name]) for name in _MODELS if name in made.provenance},
        originality=made.provenance.get("originality") or {},
        training_data=TRAINING_DATA,
        training=_training(made.provenance),
        human_input=human.told(
            sold.request, sold.asked_at, choices, made.number, now,
            plainly=asked.words == "plain",
        ),
        marking=made.resolved.marking,
        tokens=tokens,
        issued_at=now,
    )  # fmt: skip


def delivered(made: Made | FamilyMade) -> Iterable[Asset]:
    """The files that a license comes with; the sounds of a family by their own names."""
    if isinstance(made, Made):
        return [asset for asset in made.assets if asset.name not in HIDDEN]
    return [asset for one in made.members for asset in one.assets if asset.name not in HIDDEN]


def _training(provenance: dict[str, Any]) -> dict[str, str]:
    """What the composing model has learned from. The manifest's digest is told where it is the
    manifest of the very model that wrote the music."""
    said = {"statement": STATEMENT, "address": TRAINING_DATA}
    if provenance.get("model_sha256") == composer.digest():
        said["manifest_sha256"] = composer.manifest_digest()
    return said


def _audio(made: Made) -> dict[str, Any]:
    """The very file that a license is for."""
    master = next(asset for asset in made.assets if asset.name == MASTER)
    return _named(master, made.resolved.duration_frames) | _form(made.resolved.delivery)


def _sounds(made: FamilyMade) -> dict[str, Any]:
    """The very files that the license of a family is for, by the names of its sounds."""
    files = {one.name: _named(_master(one), one.frames) for one in made.members}
    return {"files": files} | _form(made.resolved.delivery)


def _named(asset: Asset, frames: int) -> dict[str, Any]:
    return _digest(asset) | {"frames": frames}


def _digest(asset: Asset) -> dict[str, Any]:
    return {"sha256": asset.sha256, "bytes": asset.bytes}


def _form(delivery: Delivery) -> dict[str, Any]:
    return {
        "sample_rate": delivery.sample_rate,
        "bit_depth": delivery.bit_depth,
        "channels": delivery.channels,
    }


def _master(member: FamilyMember) -> Asset:
    return next(asset for asset in member.assets if asset.name == member.name)
