"""Every statement is prepared against the real schema, so a misspelt column never reaches a
customer."""

import importlib
import re
from pathlib import Path

import asyncpg
import pytest

ROOT = Path(__file__).resolve().parents[2]
_STATEMENT = re.compile(r"^\s*(select|insert|update|delete|with)\b", re.IGNORECASE)
_NAME = re.compile(r"[A-Z][A-Z_]*")


def _statements() -> list[tuple[str, str]]:
    found = []
    for package in ("api", "billing", "engine"):
        for file in sorted((ROOT / package).rglob("*.py")):
            if not re.search(r"asyncpg|\bconn\.", file.read_text()):
                continue
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for constant, value in vars(importlib.import_module(name)).items():
                texts = value.values() if isinstance(value, dict) else (value,)
                found += [
                    (f"{name}.{constant}", text)
                    for text in texts
                    if _NAME.fullmatch(constant) and isinstance(text, str)
                    and _STATEMENT.match(text)
                ]  # fmt: skip
    return found


STATEMENTS = _statements()


async def test_every_statement_fits_the_schema(postgres: str) -> None:
    conn = await asyncpg.connect(postgres)
    broken = []
    for name, text in STATEMENTS:
        try:
            await conn.prepare(text)
        except asyncpg.PostgresError as error:
            broken.append(f"{name}: {error}")
    await conn.close()
    assert broken == []
    assert len(STATEMENTS) > 60


async def test_a_misspelt_column_would_be_found(postgres: str) -> None:
    conn = await asyncpg.connect(postgres)
    with pytest.raises(asyncpg.UndefinedColumnError):
        await conn.prepare("select nmae from api.accounts")
    await conn.close()
