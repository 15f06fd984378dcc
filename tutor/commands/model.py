"""`tutor model list` and `tutor model pull`: the weights that this program knows by name."""

from __future__ import annotations

from dataclasses import asdict

from knowledge.weights import WeightStore
from tutor.commands.output import Progress, put_json, say, tell
from tutor.models import store as models
from tutor.settings import Settings


def list_models(settings: Settings, weights: WeightStore, as_json: bool) -> int:
    rows = models.list_rows(weights)
    if as_json:
        listed = [{**asdict(row), "path": str(row.path) if row.path else None} for row in rows]
        put_json({"models": listed, "in_use": settings.model, "folder": str(weights.folder)})
        return 0
    for row in rows:
        here = "here" if row.here else "not fetched"
        say(f"{row.name:20} {row.bytes / 1e6:>6.0f} MB  {here:12} {row.use}: {row.note}")
    say(f"\nFetch one with: tutor model pull NAME. Kept in {weights.folder}")
    return 0


def pull(weights: WeightStore, name: str) -> int:
    progress = Progress()
    try:
        path = models.pull(
            weights, name, lambda done, total, what: progress(done / total if total else 0.0, what)
        )
    finally:
        progress.clear()
    tell(f"{name} is ready.")
    say(str(path))
    return 0
