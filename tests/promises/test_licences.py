"""What is installed beside our code may be shipped with it, and is what the locks say."""

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("gateway", "clerk", "studio", "demo")
"""What runs at a client's; tools of tests and training are not shipped. The studio on a GPU adds
NVIDIA's own libraries, which its container may carry and nobody may change."""

FREE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Public Domain|Unlicense|MPL[ -]?2|"
    r"Mozilla Public License 2|LGPL|Lesser General Public|Zlib|CC0",
    re.IGNORECASE,
)
BOUND = re.compile(
    r"(?<!L)GPL|(?<!Lesser )General Public License|AGPL|Affero|SSPL|Server Side Public|BUSL|"
    r"Business Source|Commons Clause|non-?commercial|CC-BY-NC|Proprietary",
    re.IGNORECASE,
)
_PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def _locked(name: str) -> dict[str, str]:
    return dict(_PIN.findall((ROOT / "locks" / f"{name}.txt").read_text()))


def _licence(package: str) -> str:
    """What a package says of itself: the expression, or the first line of the text and the
    classifiers."""
    told = metadata.metadata(package)
    if expression := told.get("License-Expression"):
        return expression
    classifiers = [one for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    text = (told.get("License") or "").strip().partition("\n")[0]
    return "; ".join([text, *classifiers])


def _shipped() -> list[str]:
    """Every package that is locked for a client's and can be installed on this machine."""
    names = {package for lock in SHIPPED for package in _locked(lock)}
    here = {re.sub(r"[-_.]+", "-", one.name).lower() for one in metadata.distributions()}
    return sorted(names & here)


def test_most_of_what_is_locked_is_here_to_be_looked_at() -> None:
    names = {package for lock in SHIPPED for package in _locked(lock)}
    assert len(_shipped()) >= len(names) - 3, "some are for other systems only"


@pytest.mark.parametrize("package", _shipped())
def test_a_package_we_ship_may_be_shipped(package: str) -> None:
    licence = _licence(package)
    assert FREE.search(licence), f"{package} says {licence!r}"
    assert not BOUND.search(licence), f"{package} says {licence!r}"


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0", "CC-BY-NC-4.0", "BUSL-1.1"])
def test_a_licence_that_binds_our_clients_would_be_found(licence: str) -> None:
    assert BOUND.search(licence)


@pytest.mark.parametrize("lock", sorted(file.stem for file in (ROOT / "locks").glob("*.txt")))
def test_a_lock_names_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    assert "://" not in text
    pins = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    assert pins
    assert not [pin.split("==")[0] for pin in pins if "--hash=sha256:" not in pin]


def test_a_package_has_one_version_wherever_it_is_locked() -> None:
    seen: dict[str, set[str]] = {}
    for lock in SHIPPED:
        for package, version in _locked(lock).items():
            seen.setdefault(package, set()).add(version)
    assert {package: found for package, found in seen.items() if len(found) > 1} == {}
