"""From a pick to what a client ships: another format, a package, and the sounds of a car."""

import io
import zipfile

import pytest

from tests.flow.conftest import Customer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

CHIME = {"prompt": "soft chime", "kind": "chime", "duration_ms": 800, "candidates": 1}
FAMILY = {"functions": ["door_open", "door_close"], "brand": {"warm": 0.5}, "candidates": 1}


def _picked(customer: Customer, ended: dict[str, object]) -> str:
    """The track of the first candidate."""
    (one,) = ended["candidates"]  # type: ignore[misc]
    answer = customer.post(f"/v1/candidates/{one['id']}/pick", f"pick-{one['id']}")
    assert answer.status_code == 201, answer.text
    return answer.json()["track"]


def _packed(customer: Customer, track: str, profile: str) -> list[str]:
    params = {"profile": profile, "wait": "60"}
    answer = customer.door.get(f"/v1/tracks/{track}/package", params=params)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_a_track_is_had_in_another_format_and_packed(customer: Customer) -> None:
    track = _picked(customer, customer.ended(customer.send(CHIME)))
    before = customer.get("/v1/balance")["balance"]["available"]
    answer = customer.post(
        f"/v1/tracks/{track}/renditions", "flac", {"format": "flac"}, prefer="wait=60"
    )
    assert answer.status_code == 200, answer.text
    files = {file["name"]: file for file in answer.json()["files"]}
    assert set(files) == {"master.flac", "master.c2pa"}, "the file, and its credentials beside it"
    assert customer.door.get(files["master.flac"]["url"]).content[:4] == b"fLaC"
    assert any(name.endswith(".wav") for name in _packed(customer, track, "unity"))
    assert customer.get("/v1/balance")["balance"]["available"] == before, "both are free"


def test_the_sounds_of_a_car_are_made_heard_picked_and_packed(customer: Customer) -> None:
    asked = customer.post("/v1/families", "family", FAMILY, prefer="wait=60")
    assert asked.is_success, asked.text
    family = customer.get(f"/v1/families/{asked.json()['id']}", wait=60)
    assert family["status"] == "succeeded", family
    (one,) = family["candidates"]
    for member in customer.get(f"/v1/candidates/{one['id']}")["family"]["members"]:
        assert customer.door.get(member["audio"]["mp3"]).is_success
    names = _packed(customer, _picked(customer, family), "automotive")
    assert any(name.endswith("functions.csv") for name in names)
    assert customer.metered(2 + 8) == 10, "an audition and a license, told to Stripe"
