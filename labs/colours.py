"""The colours of every figure: Okabe and Ito's palette, which colour-blind readers can tell apart.

`DARK` is the same palette for a dark page: each colour lifted until it has the contrast on dark paper that it has on
white, black become the ink. It is what the page's interactive figures wear as well (tutor/web/assets/labs.css).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labs.charts import Tone

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5C3E", "#000000")


@dataclass(frozen=True)
class Look:
    """What a figure wears. Ramps of colours begin at the smallest value; a name is one of matplotlib's."""

    palette: Sequence[str]
    paper: str
    ink: str
    muted: str
    grid: str
    strongest: str  # a pixel at its full value
    rising: str | Sequence[str]  # of a map of amounts
    diverging: str | Sequence[str]  # of a map around zero, which is the paper
    valley: Sequence[str]  # of a surface that is walked down


LIGHT = Look(
    palette=PALETTE,
    paper="#FFFFFF",
    ink="#222222",
    muted="#8A8A8A",
    grid="#E6E6E6",
    strongest="#000000",
    rising="Blues",
    diverging="RdBu_r",
    valley=("#F4F8FB", "#C9DDEC", "#8DB4D2", "#4F86B0"),
)
DARK = Look(
    palette=("#5FB2EC", "#FF9253", "#3ECF9F", "#EA9AC8", "#F2BB4B", "#9AD4FA", "#C7A27C", "#D8DCEA"),
    paper="#171C2C",
    ink="#E6E9F2",
    muted="#97A1BA",
    grid="#2B3350",
    strongest="#FFFFFF",
    rising=("#1D2740", "#1F4E79", "#2F7FBF", "#7FC0F0", "#D3EBFF"),
    diverging=("#8CC8F5", "#2F6FA8", "#1D2336", "#A8402F", "#FF9A80"),
    valley=("#1B2438", "#22415F", "#2F6690", "#5C9CCB"),
)


class Tones:
    """Colours by label: the same label has the same colour in every panel of a chart."""

    def __init__(self, look: Look = LIGHT) -> None:
        self.look = look
        self._by_label: dict[str, int] = {}

    def __call__(self, tone: Tone, label: str = "") -> str:
        palette = self.look.palette
        if tone == "muted":
            return self.look.muted
        if tone == "ink":
            return self.look.ink
        if isinstance(tone, int):
            return palette[tone % len(palette)]
        return palette[self._by_label.setdefault(label, len(self._by_label)) % len(palette)]
