"""Makes dashboards of ``boards.yaml``; ``python deploy/grafana/boards.py`` writes them."""

import json
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FOLDER = HERE / "dashboards"
_SOURCE = {"type": "prometheus", "uid": "prometheus"}


def written() -> dict[str, str]:
    """Every dashboard's text by its file's name."""
    boards = yaml.safe_load((HERE / "boards.yaml").read_text())
    return {
        f"{name}.json": json.dumps(_board(name, panels), indent=1, ensure_ascii=False) + "\n"
        for name, panels in boards.items()
    }


def _board(name: str, panels: list[dict[str, Any]]) -> dict[str, Any]:
    """One dashboard as Grafana reads it, two panels a row."""
    return {
        "uid": f"cuesmith-{name}",
        "title": f"Cuesmith: {name}",
        "tags": ["cuesmith"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [_MODE] if name == "business" else []},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": said["title"],
        "description": said["about"],
        "datasource": _SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
        "fieldConfig": {
            "defaults": {
                "unit": said["unit"],
                "min": 0,
                "custom": {"fillOpacity": 8, "lineWidth": 1},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}},
        "targets": [
            {"refId": chr(65 + at), "datasource": _SOURCE, "expr": expr, "legendFormat": legend}
            for at, (legend, expr) in enumerate(said["queries"].items())
        ],
    }


# Test accounts and live ones.
_MODE = {
    "name": "mode",
    "type": "custom",
    "query": "live,test",
    "multi": True,
    "includeAll": True,
    "allValue": ".*",
    "current": {"text": "All", "value": "$__all"},
    "options": [],
}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in written().items():
        (FOLDER / name).write_text(text)
        print(FOLDER / name)
