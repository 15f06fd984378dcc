"""The labs against values that others have published: what `tutor lab verify` checks, as a table."""

from __future__ import annotations

from evaluation.report import Section, table
from labs.registry import LABS


def measure() -> Section:
    checks = [(lab.id, check) for lab in LABS.values() if lab.verify for check in lab.verify()]
    passed = sum(check.ok for _, check in checks)
    rows = [
        [
            lab,
            check.name,
            f"{check.published:g}",
            f"{check.found:.6g}",
            f"{check.tolerance:g}",
            "yes" if check.ok else "**NO**",
            check.source,
        ]
        for lab, check in checks
    ]
    return Section(
        "Labs against published values",
        [
            f"{passed} of {len(checks)} values agree. The same as `tutor lab verify`.",
            table(["lab", "value", "published", "found", "tolerance", "agrees", "source"], rows),
        ],
        [
            f"{lab}: {check.name}: {check.found:g}, not {check.published:g}"
            for lab, check in checks
            if not check.ok
        ],
    )
