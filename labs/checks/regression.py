"""Reference checks of the regression lab: the diabetes data, whose fit is published."""

from __future__ import annotations

from labs.base import Check, Context


def verify() -> tuple[Check, ...]:
    """Ordinary least squares on all ten columns and all 442 rows of the diabetes data, against published
    values.
    """
    from labs.regression import RegressionParams, run
    from labs.reports.regression import PUBLISHED, PUBLISHED_SOURCE

    exact = run(RegressionParams(dataset="diabetes", method="ols", test_fraction=0), Context()).metrics
    walked = RegressionParams(dataset="diabetes", test_fraction=0, epochs=20_000)
    descended = run(walked, Context()).metrics
    checks = [
        Check(f"closed form, {name}", PUBLISHED_SOURCE, value, exact[name], tolerance)
        for name, (value, tolerance) in PUBLISHED.items()
    ]
    checks += [
        Check(
            f"gradient descent after 20000 epochs, {name}",
            PUBLISHED_SOURCE,
            value,
            descended[name],
            tolerance,
        )
        for name, (value, tolerance) in PUBLISHED.items()
    ]
    return tuple(checks)
