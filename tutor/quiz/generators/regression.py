"""Lectures 2 and 3: lines, their loss, gradient descent, several features, scaling, R² and penalties."""

from __future__ import annotations

import numpy as np

from labs.cores.regression import closed_form, gradient_descent, standardise
from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import (
    after,
    choices,
    fixed,
    one_of,
    pick,
    plain,
    signed,
    sound,
    table,
    total,
)

STORIES = (
    ("hours of revision", "the mark"),
    ("degrees above freezing", "the number of ice creams sold"),
    ("years of experience", "the wage in pounds an hour"),
    ("kilometres driven", "the litres of petrol used"),
)


@generator("line_prediction", 2, "What is a model, and what are its parameters?", "predicting with a line")
@sound
def prediction(rng: np.random.Generator) -> Made:
    """y hat = w x + b; plain arithmetic, after the lecture's formula."""
    feature, label = STORIES[int(rng.integers(len(STORIES)))]
    w, b = pick(rng, 0.5, 3.5, 0.25), pick(rng, -4, 6, 0.5)
    x = pick(rng, 3, 12)
    if b == 0:
        b = 1.5
    y = w * x + b
    return Made(
        prompt=f"A model predicts {label} from {feature}: $\\hat{{y}} = {plain(w)}x {signed(b)}$. What does "
        f"it predict for $x = {plain(x)}$?",
        answer=y,
        hints=(
            "The hat on the $y$ means “prediction”.",
            "Put the number in place of $x$: weight times $x$ first, then the intercept.",
            f"${plain(w)} \\times {plain(x)} = {plain(w * x)}$. The intercept is still missing.",
        ),
        solution=f"$\\hat{{y}} = {plain(w)} \\times {plain(x)} {signed(b)} = {fixed(y)}$",
        mistakes=(
            (w * x, "That is without the intercept, the number at the end."),
            (w * (x + b), "Multiplication comes before addition: only $x$ is multiplied."),
            (w * x - b, "The sign of the intercept is turned."),
        ),
    )


@generator("line_mse", 2, "What is a loss, and why do we square the errors?", "mean squared error")
@sound
def mse(rng: np.random.Generator) -> Made:
    """The loss J = mean of (w x + b - y)², as labs.cores.regression has it at its start (w = b = 0), shifted."""
    w, b = pick(rng, 0.5, 2, 0.5), pick(rng, 1, 4)
    x = np.array([1.0, 2.0, 3.0, 4.0])
    error = np.array([one_of(rng, (-2, -1, -0.5, 0.5, 1, 1.5, 2)) for _ in range(4)])
    y = w * x + b - error
    if y.min() < 0 or abs(error.sum()) == np.abs(error).sum():
        return mse(rng)
    loss = float(gradient_descent(x[:, None], y - (w * x + b), 0.1, 0).loss[0])
    squares = error**2
    return Made(
        prompt=f"The line $\\hat{{y}} = {plain(w)}x + {plain(b)}$ is tried on four examples. What is its mean squared "
        "error?\n\n" + table(("$x$", *map(plain, x)), ("$y$", *map(plain, y))),
        answer=loss,
        decimals=3,
        hints=(
            "How wrong is the line at each of the four points?",
            "Error = prediction minus label. Square the four errors, then take their mean.",
            f"At $x = 1$ it predicts ${plain(w + b)}$, so the error is ${plain(w + b)} - {plain(y[0])} = "
            f"{plain(error[0])}$.",
        ),
        solution=f"The errors are ${', '.join(map(plain, error))}$. Their squares add up to ${total(squares)} = "
        f"{plain(squares.sum())}$, and the mean is ${plain(squares.sum())} / 4 = {loss:.3f}$.",
        mistakes=(
            (float(squares.sum()), "That is the sum of the squares; divide it by the four examples."),
            (float(np.abs(error).mean()), "The errors were not squared: that is the mean absolute error."),
            (float(error.mean()), "Plus and minus have cancelled: square each error first."),
            (loss**0.5, "That is the root of it, the RMSE."),
        ),
    )


@generator("line_step", 2, "What does one gradient step look like with numbers?", "one gradient step")
@sound
def step(rng: np.random.Generator) -> Made:
    """w - eta 2/n sum of e x, by labs.cores.regression: a step from (w, b) is one from 0 on what is left of y."""
    w, b, rate = pick(rng, 0, 2), pick(rng, 0, 3), one_of(rng, (0.01, 0.05, 0.1))
    x = np.array([1.0, 2.0, 3.0, 4.0])
    error = rng.integers(-4, 4, size=4).astype(float)
    y = w * x + b - error
    products = error * x
    if y.min() < 0 or abs(products.sum()) < 4 or products.sum() == error.sum():
        return step(rng)
    moved = float(gradient_descent(x[:, None], y - (w * x + b), rate, 1).weights[1, 0])
    slope = float(products.sum() / 2)
    return Made(
        prompt=f"A line $\\hat{{y}} = wx + b$ stands at $w = {plain(w)}$, $b = {plain(b)}$. One step of gradient "
        f"descent on the mean squared error is taken with the learning rate $\\eta = {rate}$, using these four "
        "examples. What is the new $w$?\n\n" + table(("$x$", *map(plain, x)), ("$y$", *map(plain, y))),
        answer=w + moved,
        decimals=3,
        hints=(
            "First the errors of the present line, prediction minus label.",
            r"The slope is $\frac{\partial J}{\partial w} = \frac{2}{n}\sum_i e_i x_i$, and the step goes against it.",
            f"The four errors are ${', '.join(map(plain, error))}$. Multiply each by its $x$, and add up.",
        ),
        solution=f"$\\sum_i e_i x_i = {total(products)} = {plain(products.sum())}$, so $\\frac{{\\partial J}}"
        f"{{\\partial w}} = \\frac{{2}}{{4}} \\times {after(products.sum())} = {plain(slope)}$ and the new $w$ is "
        f"${plain(w)} - {rate} \\times {after(slope)} = {fixed(w + moved, 3)}$.",
        mistakes=(
            (w - moved, "That went uphill: the step is against the slope, so with a minus."),
            (w + 2 * moved, "The slope is $2/n$ times the sum, here one half of it."),
            (
                w - rate * float(error.sum()) / 2,
                "That is the slope for $b$; for $w$ each error is times its $x$.",
            ),
            (slope, "That is the slope; the step itself is still to be taken."),
        ),
    )


@generator(
    "line_best_slope", 2, "Is there a formula that finds the best line at once?", "least squares by hand"
)
@sound
def best_slope(rng: np.random.Generator) -> Made:
    """The slope of least squares, by labs.cores.regression.closed_form (Hastie et al., equation 3.6)."""
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0]) + int(rng.integers(0, 3))
    while True:
        y = rng.integers(1, 12, size=5).astype(float)
        weights, _ = closed_form(x[:, None], y)
        slope = float(weights[0])
        if y.mean() == round(y.mean()) and abs(slope) > 0.3 and abs(slope - (y[4] - y[0]) / 4) > 0.1:
            break
    dx, dy = x - x.mean(), y - y.mean()
    return Made(
        prompt="What is the slope $w$ of the line with the least squared error through these five points?\n\n"
        + table(("$x$", *map(plain, x)), ("$y$", *map(plain, y))),
        answer=slope,
        hints=(
            "There is a formula; no searching is needed.",
            r"$w = \frac{\sum_i (x_i - \bar{x})(y_i - \bar{y})}{\sum_i (x_i - \bar{x})^2}$, with the two means.",
            f"The means are $\\bar{{x}} = {plain(x.mean())}$ and $\\bar{{y}} = {plain(y.mean())}$; the lower sum is "
            f"${total(dx**2)} = {plain((dx**2).sum())}$.",
        ),
        solution=f"The upper sum is ${total(dx * dy)} = {plain((dx * dy).sum())}$ and the lower one is "
        f"${plain((dx**2).sum())}$, so $w = {plain((dx * dy).sum())} / {plain((dx**2).sum())} = {slope:.2f}$.",
        mistakes=(
            (
                float((y[4] - y[0]) / 4),
                "That joins the first and the last point; the three between count too.",
            ),
            (
                float((x * y).sum() / (x * x).sum()),
                "That forces the line through zero: take off the means first.",
            ),
            (float((dx * dy).sum()), "That is the upper sum; divide it by the lower one."),
        ),
    )


@generator("line_rate", 2, "When exactly does gradient descent diverge?", "diverging learning rate")
@sound
def rate(rng: np.random.Generator) -> Made:
    """Each step multiplies the distance by 1 - eta L; the key is how labs.cores.regression really moves."""
    a, centre = pick(rng, 2, 10), pick(rng, -3, 5)
    eta = one_of(rng, (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4))
    factor = 1 - 2 * a * eta
    if min(abs(factor), abs(1 - abs(factor))) < 0.15 or centre == 0 or abs(factor) > 3:
        return rate(rng)
    # J(w) = a (w - c)² is the loss of two points at ±√a that lie on the line of slope c
    x = np.array([[a**0.5], [-(a**0.5)]])
    went = gradient_descent(x, centre * x[:, 0], eta, 2).weights[:, 0] - centre
    name = ("creeps", "hops", "flies")
    truth = 0 if went[1] * went[0] > 0 else (1 if abs(went[1]) < abs(went[0]) else 2)
    text = {
        "creeps": "it comes closer with every step, always from the same side",
        "hops": "it jumps from side to side, and comes closer with every step",
        "flies": "it jumps from side to side, and gets further away with every step",
    }
    says = f"Each step multiplies the distance by $1 - \\eta L = 1 - {eta} \\times {plain(2 * a)} = {plain(factor)}$"
    means = ("positive and below 1", "negative, but of a size below 1", "negative and of a size above 1")[
        truth
    ]
    return Made(
        prompt=f"Gradient descent runs on the loss $J(w) = {plain(a)}(w {signed(-centre)})^2 + 1$ with the "
        f"learning rate $\\eta = {eta}$. How does $w$ move, seen from the minimum at $w = {plain(centre)}$?",
        options=choices(
            (text[name[truth]], f"{says}, which is {means}."),
            *((text[n], f"{says}, which is {means}.") for n in name if n != name[truth]),
        ),
        hints=(
            "Ask what one step does to the distance from the minimum.",
            "The distance is multiplied by $1 - \\eta L$, where $L$ is the second derivative, the bowl's curvature.",
            f"The derivative is ${plain(2 * a)}(w {signed(-centre)})$, so $L = {plain(2 * a)}$.",
        ),
        solution=f"{says}: {means}. So {text[name[truth]]}.",
    )


# ---------------------------------------------------------------------------------------------- lecture 3


@generator("reg_standardise", 3, "What are scaling and normalisation?", "standardising a value")
@sound
def standardising(rng: np.random.Generator) -> Made:
    """z = (x - mean) / standard deviation of the training values, by labs.cores.regression.standardise."""
    middle, size = int(rng.integers(20, 60)), int(rng.integers(2, 9))
    shape = [(-1, -1, 1, 1), (-2, 0, 0, 2), (-3, -1, 1, 3), (-1, 0, 0, 1)][int(rng.integers(4))]
    ages = [middle + size * s for s in shape]
    _, mean, deviation = standardise(np.array(ages, dtype=float)[:, None])
    mu, sigma = float(mean[0]), float(deviation[0])
    new = middle + int(rng.choice([-11, -7, -5, 4, 6, 9, 13]))
    z = (new - mu) / sigma
    return Made(
        prompt=f"The training examples have the ages ${', '.join(map(str, ages))}$. A new person is {new} years old. "
        "What is this age after standardising with the training examples (standard deviation as NumPy computes it, "
        "dividing by 4)?",
        answer=z,
        tolerance=0.011,
        hints=(
            "Standardising says how many standard deviations a value lies above the mean.",
            r"$z = \frac{x - \mu}{\sigma}$, with mean $\mu$ and standard deviation $\sigma$ of the training examples.",
            f"The mean is $\\mu = {plain(mu)}$, and the squared distances from it add up to "
            f"${plain(4 * sigma**2)}$; divide that by 4 and take the root for $\\sigma$.",
        ),
        solution=f"$\\mu = {plain(mu)}$ and $\\sigma = \\sqrt{{{plain(sigma**2)}}} = {plain(sigma, 3)}$, so "
        f"$z = ({new} - {plain(mu)}) / {plain(sigma, 3)} = {z:.2f}$.",
        mistakes=(
            ((new - mu) / sigma**2, "That divides by the variance; take its root first."),
            ((mu - new) / sigma, "The sign is turned: it is the value minus the mean."),
            (
                (new - min(ages)) / (max(ages) - min(ages)),
                "That is min-max normalisation, not standardising.",
            ),
            (float(new - mu), "That is the distance from the mean; divide it by the standard deviation."),
        ),
    )


@generator("reg_r2", 3, "What do MSE and R² tell me?", "R² of a fit")
@sound
def r_squared(rng: np.random.Generator) -> Made:
    """1 - squared errors / squared distances from the mean, after the lecture's formula (plain NumPy)."""
    while True:
        y = rng.integers(1, 15, size=5).astype(float)
        error = rng.integers(-3, 4, size=5).astype(float)
        if y.mean() == round(y.mean()) and error.any() and (y - error).min() >= 0:
            break
    left, around = float((error**2).sum()), float(((y - y.mean()) ** 2).sum())
    if around == 0 or left / around > 1.5 or left in (around, 0):
        return r_squared(rng)
    score = 1 - left / around
    return Made(
        prompt="Five flats, their rents and what a model predicts (both in hundreds of pounds). What is the model's "
        "$R^2$?\n\n" + table(("rent", *map(plain, y)), ("prediction", *map(plain, y - error))),
        answer=score,
        hints=(
            "$R^2$ compares the model with a lazy rival that always predicts the mean rent.",
            "Two sums of squares: errors of the model, and distances of the rents from their mean.",
            f"The mean rent is ${plain(y.mean())}$; the squared distances from it add up to ${plain(around)}$.",
        ),
        solution=f"The squared errors add up to ${plain(left)}$, so $R^2 = 1 - {plain(left)}/{plain(around)} = "
        f"{fixed(score)}$.",
        mistakes=(
            (left / around, "That is the share left unexplained; take it from 1."),
            (left / 5, "That is the mean squared error."),
            (1 - around / left, "The two sums are swapped: the model's errors go on top."),
        ),
    )


@generator("reg_weights", 3, "How do I read the weights?", "reading weights")
@sound
def weights(rng: np.random.Generator) -> Made:
    """The difference of two predictions, w1 dx1 + w2 dx2; the intercept drops out."""
    w1, w2, b = pick(rng, 0.05, 0.2, 0.05), -pick(rng, 0.5, 2, 0.25), pick(rng, 3, 8, 0.5)
    area, km = int(pick(rng, 30, 60, 5)), int(pick(rng, 1, 3))
    more, further = int(pick(rng, 10, 40, 5)), int(pick(rng, 1, 4))
    change = w1 * more + w2 * further
    return Made(
        prompt=f"A model predicts rents in hundreds of pounds: $\\hat{{y}} = {plain(w1)}x_1 - {plain(-w2)}x_2 + "
        f"{plain(b)}$, with the area $x_1$ in square metres and the distance $x_2$ to the station in kilometres. Flat "
        f"A has {area} square metres at {km} km, flat B has {area + more} square metres at {km + further} km. By how "
        "much is the prediction for B above that for A (in hundreds of pounds; negative if it is below)?",
        answer=change,
        hints=(
            "You need not work out both rents: what is the same for both drops out.",
            "Each weight says by how much the prediction changes when its feature grows by one.",
            f"B has {more} square metres more, which alone brings ${plain(w1)} \\times {more} = {plain(w1 * more)}$. "
            "Now the distance.",
        ),
        solution=f"${plain(w1)} \\times {more} - {plain(-w2)} \\times {further} = {plain(w1 * more)} - "
        f"{plain(-w2 * further)} = {fixed(change)}$",
        mistakes=(
            (w1 * more, "That counts the area only; B is also further away."),
            (
                w1 * more - w2 * further,
                "The distance has a negative weight: being further away lowers the rent.",
            ),
            (change + b, "The intercept is the same for both flats, so it drops out of the difference."),
        ),
    )


@generator("reg_ridge", 3, "What do ridge and lasso do to our flats?", "ridge shrinkage")
@sound
def ridge(rng: np.random.Generator) -> Made:
    """w / (1 + alpha) for a standardised column, by labs.cores.regression.closed_form with that penalty."""
    w, alpha = pick(rng, -6, 6, 0.5), one_of(rng, (0.25, 0.5, 0.6, 1.5, 2, 3, 4))
    if abs(w) < 1:
        return ridge(rng)
    x = np.array([-1.0, 1.0])
    small = float(closed_form(x[:, None], w * x, ridge=alpha)[0][0])
    return Made(
        prompt=f"One standardised feature has the weight ${plain(w)}$ without any penalty. What is its weight under "
        f"ridge with $\\alpha = {plain(alpha)}$ (loss = mean squared error $+\\ \\alpha w^2$, as in the lecture)?",
        answer=small,
        hints=(
            "Ridge shrinks every weight, and makes none exactly zero.",
            "For standardised, uncorrelated features there is a formula: divide by something.",
            f"Divide by $1 + \\alpha$, here $1 + {plain(alpha)}$.",
        ),
        solution=f"$w_{{\\text{{ridge}}}} = \\frac{{w}}{{1 + \\alpha}} = \\frac{{{plain(w)}}}{{{plain(1 + alpha)}}} = "
        f"{small:.2f}$",
        mistakes=(
            (float(np.sign(w)) * max(abs(w) - alpha / 2, 0.0), "That is what lasso does: it takes off α/2."),
            (w / alpha, "The 1 is missing: divide by $1 + \\alpha$."),
            (w * (1 - alpha), "Ridge divides by $1 + \\alpha$; it does not multiply by $1 - \\alpha$."),
        ),
    )


@generator("reg_lasso", 3, "What is regularisation, and how do ridge and lasso work?", "lasso drops features")
@sound
def lasso(rng: np.random.Generator) -> Made:
    """Lasso takes alpha / 2 off each size; one step of labs.cores.regression is exact for columns of ±1 at rate 0.5."""
    alpha = one_of(rng, (0.8, 1.0, 1.2, 1.6, 2.0))
    sizes = [
        round(alpha / 2 * one_of(rng, (0.5, 0.6, 0.75)), 2),
        round(alpha / 2 * one_of(rng, (1.25, 1.5, 1.75)), 2),
        round(alpha * one_of(rng, (1.25, 1.5, 2.0)), 2),
    ]
    w = np.array(sizes) * rng.choice([-1, 1], size=3)
    w = w[rng.permutation(3)]
    X = np.array(
        [[-1, -1, 1], [1, -1, -1], [-1, 1, -1], [1, 1, 1]], dtype=float
    )  # standardised, uncorrelated
    left = gradient_descent(X, X @ w, 0.5, 1, lasso=alpha).weights[1]
    names = ("area", "distance", "colour of the door")
    gone = [i for i in range(3) if abs(left[i]) < 1e-12]
    at = gone[0]
    why = [
        f"Lasso takes ${plain(alpha / 2)}$ off its size, which leaves ${plain(left[i])}$." for i in range(3)
    ]
    return Made(
        prompt=f"Three standardised, uncorrelated features have the weights ${plain(w[0])}$ (area), ${plain(w[1])}$ "
        f"(distance) and ${plain(w[2])}$ (colour of the door) without penalty. Under lasso with $\\alpha = "
        f"{plain(alpha)}$ (loss = mean squared error $+\\ \\alpha \\sum_j |w_j|$), which feature gets the weight zero?",
        options=choices(
            (names[at], why[at]),
            *((names[i], why[i]) for i in range(3) if i != at),
            ("none of them", "That would be ridge: it shrinks weights, and makes none exactly zero."),
        ),
        hints=(
            "Only the size of a weight counts here, not its sign.",
            "Lasso takes the same amount off the size of every weight, and stops at zero.",
            f"The amount is $\\alpha / 2 = {plain(alpha / 2)}$. Which size is no larger than that?",
        ),
        solution=" ".join(
            f"{names[i].capitalize()}: ${plain(w[i])}$ becomes ${plain(left[i])}$." for i in range(3)
        ),
    )


@generator("reg_degree", 3, "How do I choose the right flexibility?", "choosing a degree")
@sound
def degree(rng: np.random.Generator) -> Made:
    """The least validation error decides, not the least training error; the errors are drawn to fall and to turn."""
    degrees = (1, 3, 5, 9)
    train = np.sort(rng.choice(np.arange(2, 60), size=4, replace=False))[::-1] / 10
    best = int(rng.integers(1, 3))
    rise = np.abs(np.arange(4) - best) * one_of(rng, (0.6, 0.9, 1.3)) + one_of(rng, (0.1, 0.2, 0.3))
    valid = np.round(train[best] + rise, 1)
    if (valid <= train).any():
        return degree(rng)
    why = [
        "It is the simplest, but bad on both sets: it underfits.",
        f"Its validation error is {valid[1]}; another degree has less.",
        f"Its validation error is {valid[2]}; another degree has less.",
        "Its training error is lowest, but it does worse on points that it has not seen: it overfits.",
    ]
    why[best] = "It has the least error on points that no model was trained on."
    names = [f"degree {d}" for d in degrees]
    rows = [(d, float(t), float(v)) for d, t, v in zip(degrees, train, valid, strict=True)]
    return Made(
        prompt="Polynomials of four degrees were fitted to the same training set. Which degree should you choose?\n\n"
        + table(("degree", "training error", "validation error"), *rows),
        options=choices((names[best], why[best]), *((names[i], why[i]) for i in range(4) if i != best)),
        hints=(
            "What counts is how a model does on points that it has not seen.",
            "The training error nearly always falls as the degree grows, so it cannot decide.",
            f"Look at the last column only; degree 1, for instance, has {valid[0]} there.",
        ),
        solution=f"The validation error is least, {valid[best]}, for degree {degrees[best]}. The test set stays "
        "untouched until the very end.",
    )
