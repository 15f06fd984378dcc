"""The colours of every figure: Okabe and Ito's palette, which colour-blind readers can tell apart."""

from __future__ import annotations

from labs.charts import Tone

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5C3E", "#000000")
INK, MUTED, GRID = "#222222", "#8A8A8A", "#E6E6E6"


class Tones:
    """Colours by label: the same label has the same colour in every panel of a chart."""

    def __init__(self) -> None:
        self._by_label: dict[str, int] = {}

    def __call__(self, tone: Tone, label: str = "") -> str:
        if tone == "muted":
            return MUTED
        if tone == "ink":
            return INK
        if isinstance(tone, int):
            return PALETTE[tone % len(PALETTE)]
        return PALETTE[self._by_label.setdefault(label, len(self._by_label)) % len(PALETTE)]
