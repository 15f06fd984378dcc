"""The figures of a run in a small world: values, policy and path, how values settle, how an agent learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labs.charts import Arrows, Chart, Heatmap, Layer, Line, Panel, Rule, Scatter, Words

if TYPE_CHECKING:
    from labs.reports.mdp import Story

DIRECTIONS = (
    (0.0, -1.0),
    (1.0, 0.0),
    (0.0, 1.0),
    (-1.0, 0.0),
)  # up, right, down, left, as (x, y) with y down


def charts(story: Story) -> tuple[Chart, ...]:
    first = _gambler(story) if story.p.world == "gambler" else _grid(story)
    second = _learning(story) if story.learner else _convergence(story)
    return (
        (first, second) if story.learner or story.p.world == "gambler" else (first, second, *_spread(story))
    )


def _grid(story: Story) -> Chart:
    world, s = story.world, story.series
    rows, columns = world.rows, world.columns
    square = rows == columns
    wide = max(abs(s["values"].min()), abs(s["values"].max()))
    form = "{:.0f}" if wide >= 100 else "{:.1f}" if wide >= 2 else "{:.2f}"
    x_names, y_names = tuple(str(c + 1) for c in range(columns)), tuple(str(r + 1) for r in range(rows))
    draw = story.ties & ~world.terminal[:, None]
    if story.learner:
        draw &= (s["visits"].ravel() > 0)[:, None]
    cells, actions = np.nonzero(draw)
    d = np.array(DIRECTIONS)[actions].reshape(-1, 2) * 0.36
    s["arrow_x"], s["arrow_y"] = cells % columns + d[:, 0] * 0.15, cells // columns + d[:, 1] * 0.15
    s["arrow_dx"], s["arrow_dy"] = d[:, 0], d[:, 1]
    s["path_x"], s["path_y"] = s["path"] % columns + 0.0, s["path"] // columns + 0.0
    s["start_x"], s["start_y"] = s["path_x"][:1], s["path_y"][:1]
    danger = [i for i, text in world.letters.items() if text in ("cliff", "H")]
    ground, drawn = np.zeros(world.states), s["values"].ravel().copy()
    ground[danger] = 1.0
    if (
        story.p.world == "cliff"
    ):  # nobody ever stands on the cliff: a fall leads to the start, and so has its value
        drawn[danger] = drawn[world.start]
    s["ground"], s["values_drawn"] = ground.reshape(rows, columns), drawn.reshape(rows, columns)
    marks = {i: text for i, text in world.letters.items() if i not in danger}
    corner = [Words(i % columns - 0.5, i // columns + 0.5, text) for i, text in marks.items()]
    walk = "path" if len(world.chance) == 1 else "one walk"
    policy_name = {"policy_evaluation": "Greedy moves"}.get(story.p.method, "Best moves")
    if story.learner:
        policy_name = "Moves"
    dark = {"H": " (dark: holes)", "cliff": " (dark: cliff)"}
    legend = dark.get(next((world.letters[i] for i in danger), ""), "")
    path: tuple[Layer, ...] = (
        Line("path_x", "path_y", tone=1),
        Scatter("start_x", "start_y", tone=1, size=40),
    )
    return Chart(
        "values",
        story.headline(),
        (
            Panel(
                "column",
                "row",
                (Heatmap("values_drawn", x_names, y_names, form),),
                "Values",
                equal=square,
            ),
            Panel(
                f"column{legend}",
                "row",
                (
                    Heatmap("ground", x_names, y_names),
                    *path,
                    Arrows("arrow_x", "arrow_y", "arrow_dx", "arrow_dy"),
                    *corner,
                ),
                f"{policy_name} and {walk}",
                labels="none",
                equal=square,
            ),
        ),
        columns=2 if square else 1,
        overlay="panels",
    )


def _gambler(story: Story) -> Chart:
    s = story.series
    inner = np.flatnonzero(~story.world.terminal)  # 0 and 100 are the end of the game
    s["capital"] = inner
    s["stake"] = story.extra["actions"][inner] + 1
    s["values_line"], s["optimal_line"] = s["values"].ravel()[inner], s["optimal_values"].ravel()[inner]
    layers: list[Layer] = []
    if story.p.method == "value_iteration":
        for sweep in (1, 2, 3):
            if f"after_{sweep}" in s:
                s[f"line_{sweep}"] = s[f"after_{sweep}"].ravel()[inner]
                layers.append(Line("capital", f"line_{sweep}", f"sweep {sweep}", style="dashed"))
    else:
        layers.append(Line("capital", "optimal_line", "best possible", tone="muted", style="dashed"))
    layers.append(Line("capital", "values_line", "at the end"))
    return Chart(
        "values",
        story.headline(),
        (
            Panel("capital", "value (chance to win)" if story.p.gamma == 1 else "value", tuple(layers)),
            Panel("capital", "smallest best stake", (Scatter("capital", "stake", tone=0, size=16),)),
        ),
    )


def _convergence(story: Story) -> Chart:
    p, s = story.p, story.series
    changes = s["change"]
    s["change_drawn"] = np.maximum(changes, 1e-16)
    layers: list[Layer] = [Line("sweep", "change_drawn", "")]
    layers.append(Rule(p.theta, label=f"θ = {p.theta:g}"))
    if p.method == "policy_iteration":
        layers += [Rule(float(at), axis="x") for at in story.extra["solution"].improvements]
        title = (
            f"{story.metrics['iterations']:.0f} policies in {len(changes)} sweeps: dashed, each better policy"
        )
    else:
        title = f"{story.method} settles in {len(changes)} sweeps"
    if not story.converged:
        title = f"Not settled after {len(changes)} sweeps"
    return Chart(
        "convergence", title, (Panel("sweep", "largest change of a value", tuple(layers), y_scale="log"),)
    )


def _spread(story: Story) -> tuple[Chart, ...]:
    """The values after the first few sweeps (or policies): rewards travel one step per sweep."""
    s, world = story.series, story.world
    every = sorted(story.extra["solution"].snapshots)
    shown = [k for k in every if k in (1, 2, 3, 10)] or every[-1:]
    wide = world.columns > world.rows
    x_names = tuple(str(c + 1) for c in range(world.columns))
    y_names = tuple(str(r + 1) for r in range(world.rows))
    what = "policy" if story.p.method == "policy_iteration" else "sweep"
    size = max(float(np.abs(s[f"after_{k}"]).max()) for k in shown)
    form = "{:.0f}" if size >= 20 else "{:.1f}" if size >= 2 else "{:.2f}"
    panels = tuple(
        Panel("", "", (Heatmap(f"after_{k}", x_names, y_names, form),), f"After {what} {k}", equal=not wide)
        for k in shown
    )
    if story.p.method == "policy_iteration":
        title = "Each policy's values make the next policy better"
    else:
        title = "Each sweep carries the rewards one step further back"
    return (Chart("spread", title, panels, columns=1 if wide else 2, overlay="panels"),)


def _learning(story: Story) -> Chart:
    s, p = story.series, story.p
    window = max(1, p.episodes // 25)
    kernel = np.ones(window) / window
    s["returns_smooth"] = np.convolve(s["returns"], kernel, "valid")
    s["episode_smooth"] = s["episode"][window - 1 :]
    true = float(s["optimal_values"].ravel()[story.world.start])
    title = (
        f"{story.method} earns {story.metrics['return_last_100']:.3g} per episode while learning; its "
        "greedy policy "
        f"{story.metrics['return_greedy']:.3g}"
    )
    low = float(np.percentile(s["returns_smooth"], 2))
    best = story.extra["return_optimal"]
    room = 0.08 * max(best - low, 1e-9)
    return Chart(
        "learning",
        title,
        (
            Panel(
                "",
                f"reward, mean of {window} episodes" if window > 1 else "reward per episode",
                (
                    Line("episode_smooth", "returns_smooth", story.method),
                    Rule(best, label="best policy"),
                ),
                y_range=(low - room, max(best, float(s["returns_smooth"].max())) + room),
            ),
            Panel(
                "episode",
                "estimated value of the start",
                (Line("episode", "start_values", story.method), Rule(true, label="true value")),
            ),
        ),
    )
