"""What is true of all of the console's files, whoever wrote them."""

import re
from pathlib import Path
from typing import Any

import pytest

from api.console.files import FOLDER, find
from tests.console.conftest import Visit

MODULES = sorted(file for file in FOLDER.rglob("*.js") if file.name != "theme.js")
BYTES_MAX = 300_000
LINES_MAX = 400
BANNED = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
    "createContextualFragment", "DOMParser", "srcdoc", "javascript:",
)  # fmt: skip


def _named(file: Path) -> str:
    return str(file.relative_to(FOLDER))


@pytest.mark.parametrize("file", MODULES, ids=_named)
def test_no_module_makes_markup_or_code_of_strings(file: Path) -> None:
    text = file.read_text()
    assert [one for one in BANNED if one in text] == []


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.*")), ids=_named)
def test_nothing_is_fetched_from_elsewhere(file: Path) -> None:
    namespaces = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
    links = [one for one in re.findall(r"https?://[^\s\"'`)]+", file.read_text())
             if not one.startswith(namespaces) and "example" not in one]  # fmt: skip
    assert links == []


def test_no_page_carries_style_or_script_of_its_own() -> None:
    page = (FOLDER / "index.html").read_text()
    assert "style=" not in page
    assert "<style" not in page
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", page))


@pytest.mark.parametrize("file", [*MODULES, *FOLDER.rglob("*.css")], ids=_named)
def test_no_file_is_too_long_to_read(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LINES_MAX


def test_all_files_together_travel_small() -> None:
    names = [_named(file) for file in FOLDER.rglob("*.*")]
    found = [find(name) for name in names]
    assert None not in found
    assert sum(len(file.zipped) for file in found if file) <= BYTES_MAX


@pytest.fixture
def words(visit: Visit) -> dict[str, dict[str, str]]:
    """Everything that any module can say, in both languages."""
    names = [f"/console/{_named(file)}" for file in MODULES if file.name != "main.js"]
    said: Any = visit("#/key").evaluate(
        """async (names) => {
          for (const name of names) await import(name);
          const { everything } = await import("/console/words.js");
          return everything();
        }""",
        names,
    )
    return said


def test_all_words_are_there_in_both_languages(words: dict[str, dict[str, str]]) -> None:
    assert set(words["en"]) == set(words["zh"])
    for key, english in words["en"].items():
        chinese = words["zh"][key]
        assert set(re.findall(r"\{(\w+)", chinese)) <= set(re.findall(r"\{(\w+)", english)), key
    written = [key for key, text in words["en"].items() if re.search(r"[一-鿿]", text)]
    assert written == []


def test_all_words_that_are_said_are_there(words: dict[str, dict[str, str]]) -> None:
    for file in MODULES:
        said = re.findall(r"\bsay\(\s*\"([^\"]+)\"", file.read_text())
        assert sorted(set(said) - set(words["en"])) == [], _named(file)
