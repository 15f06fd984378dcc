"""The keys of generated questions, found a second time: numbers read out of the prompt, other libraries, autograd."""

import math
import re
import statistics
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn import linear_model, metrics
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch.nn import functional

from tutor.quiz.generators import generators

NUMBER = r"-?\d+(?:\.\d+)?"
SEEDS = range(12)


def numbers(text):
    return [float(found) for found in re.findall(NUMBER, text)]


def value(prompt, name):
    """The number after "name =" in the prompt; `name` is LaTeX."""
    return float(re.search(rf"{re.escape(name)}\s*=\s*\$?({NUMBER})", prompt)[1])


def rows(prompt):
    """The cells of the table without its head and its first column; numbers as such."""
    lines = [line.strip("| ").split(" | ") for line in prompt.splitlines() if line.startswith("|")]
    body = [[cell.strip("$ ") for cell in line] for line in lines[:1] + lines[2:]]
    return [[float(c) if re.fullmatch(NUMBER, c) else c for c in line[1:]] for line in body]


def matrix(prompt, at=0):
    inside = re.findall(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", prompt)[at]
    return torch.tensor(
        [[float(c) for c in row.split("&")] for row in inside.split(r"\\")], dtype=torch.float64
    )


def vector(text):
    return torch.tensor(numbers(text), dtype=torch.float64)


def slope(loss, start):
    """The derivative of `loss` at `start`, by PyTorch's automatic differentiation."""
    at = torch.as_tensor(start, dtype=torch.float64).requires_grad_()
    return torch.autograd.grad(loss(at), at)[0]


def bowl(prompt):
    """Where gradient descent goes on a(w - c)² + 1: three steps with autograd."""
    found = re.search(rf"= ({NUMBER})\(w ([+-]) ({NUMBER})\)\^2", prompt)
    a, centre, rate = float(found[1]), float(found[2] + found[3]) * -1, value(prompt, r"\eta")
    w = [torch.tensor(centre + 1.0, dtype=torch.float64)]
    for _ in range(2):
        w.append(w[-1] - rate * slope(lambda v: a * (v - centre) ** 2 + 1, w[-1].detach()))
    away = [float(v) - centre for v in w]
    if away[1] * away[0] > 0:
        return "it comes closer with every step, always from the same side"
    nearer = abs(away[2]) < abs(away[1])
    return (
        f"it jumps from side to side, and {'comes closer' if nearer else 'gets further away'} with every step"
    )


def gradient_step(prompt):
    x, y = (torch.tensor(row, dtype=torch.float64) for row in rows(prompt))
    w, b = value(prompt, "$w"), value(prompt, "$b")
    return w - value(prompt, r"\eta") * float(slope(lambda v: ((v * x + b - y) ** 2).mean(), w))


def line_error(prompt):
    found = re.search(rf"= ({NUMBER})x \+ ({NUMBER})", prompt)
    x, y = (np.array(row) for row in rows(prompt))
    return metrics.mean_squared_error(y, float(found[1]) * x + float(found[2]))


def best_line(prompt):
    x, y = (np.array(row) for row in rows(prompt))
    return linear_model.LinearRegression().fit(x[:, None], y).coef_[0]


def standardised(prompt):
    ages = np.array(numbers(re.search(r"ages \$(.*?)\$", prompt)[1]))
    new = float(re.search(r"is (\d+) years", prompt)[1])
    return StandardScaler().fit(ages[:, None]).transform([[new]])[0, 0]


def ridge(prompt):
    w, alpha = float(re.search(rf"weight \$({NUMBER})\$", prompt)[1]), value(prompt, r"\alpha")
    x = np.array([-1.0, 1.0, -1.0, 1.0])
    return (
        linear_model.Ridge(alpha=4 * alpha).fit(x[:, None], w * x).coef_[0]
    )  # scikit-learn's is n times ours


def lasso(prompt):
    w = np.array([float(found) for found in re.findall(rf"\$({NUMBER})\$ \(", prompt)])
    X = np.array([[-1, -1, 1], [1, -1, -1], [-1, 1, -1], [1, 1, 1]], dtype=float)
    model = linear_model.Lasso(alpha=value(prompt, r"\alpha") / 2, tol=1e-10).fit(X, X @ w)  # half of ours
    return ("area", "distance", "colour of the door")[int(np.abs(model.coef_).argmin())]


def neuron(prompt):
    layer = torch.nn.Linear(2, 1, dtype=torch.float64)
    w, x = ([value(prompt, f"{name}_{i}") for i in (1, 2)] for name in "wx")
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = torch.tensor([w]), value(prompt, "bias $b")
        z = layer(torch.tensor([x], dtype=torch.float64))
    return float(torch.relu(z) if "ReLU" in prompt else torch.sigmoid(z))


def dense(prompt):
    sizes = [int(n) for n in re.search(r"network ([\d-]+)", prompt)[1].split("-")]
    layers = [torch.nn.Linear(*pair) for pair in pairwise(sizes)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


def softmaxed(prompt):
    place = re.search("to the (first|second|third) class", prompt)[1]
    share = torch.softmax(vector(re.search(r"scores \$(.*?)\$", prompt)[1]), dim=0)
    return float(share[("first", "second", "third").index(place)])


def nll(prompt):
    names = ["cat", "dog", "bird"]
    right = names.index(re.search(r"shows a (\w+)", prompt)[1])
    p = torch.tensor([[float(re.search(rf"{name} \$({NUMBER})", prompt)[1]) for name in names]])
    return float(functional.nll_loss(p.double().log(), torch.tensor([right])))


def output_slopes(prompt):
    p = vector(re.search(r"\$\((.*?)\)\$", prompt)[1])
    at = ("first", "second", "third").index(re.search(r"the (\w+) class is right", prompt)[1])
    found = slope(lambda z: functional.cross_entropy(z[None], torch.tensor([at])), p.log())
    return [round(float(v), 6) for v in found]


def weight_slope(prompt):
    w, b, x, y = (value(prompt, f"${name}") for name in ("w", "b", "x", "y"))
    right = torch.tensor(y, dtype=torch.float64)
    return float(slope(lambda v: functional.binary_cross_entropy_with_logits(v * x + b, right), w))


def ball(prompt):
    theta = torch.nn.Parameter(torch.tensor(value(prompt, r"at $\theta"), dtype=torch.float64))
    rate = value(prompt, r"rate $\eta")
    rule = torch.optim.SGD([theta], lr=rate, momentum=0.9)
    # PyTorch adds gradients up and multiplies by the rate afterwards: its buffer is -v / rate
    velocity = torch.tensor(-value(prompt, "velocity $v") / rate, dtype=torch.float64)
    rule.state[theta]["momentum_buffer"] = velocity
    theta.grad = torch.tensor(value(prompt, "$g"), dtype=torch.float64)
    rule.step()
    return float(theta.detach())


def confusion(prompt):
    if "|" in prompt:
        (tp, fn), (fp, tn) = [[int(c) for c in row] for row in rows(prompt)[1:]]
    else:
        tp, fp, fn, tn = (int(n) for n in re.findall(r"\d+", prompt)[:4])
    return np.repeat([1, 1, 0, 0], [tp, fn, fp, tn]), np.repeat([1, 0, 1, 0], [tp, fn, fp, tn])


def precision_or_recall(prompt):
    score = metrics.precision_score if "its precision" in prompt else metrics.recall_score
    return score(*confusion(prompt))


def auc(prompt):
    score, label = rows(prompt)
    return metrics.roc_auc_score([name == "spam" for name in label], score)


def vote(prompt):
    new = [float(n) for n in re.search(r"has (\d+) links and (\d+)", prompt).groups()]
    X, y = [row[:2] for row in rows(prompt)[1:]], [row[2] for row in rows(prompt)[1:]]
    share = KNeighborsClassifier(3).fit(X, y).predict_proba([new])[0]  # of ham and of spam
    winner = ("ham", "spam")[int(share.argmax())]
    return f"{winner}, by {round(3 * share.max())} votes to {round(3 * share.min())}"


def gini(prompt):
    n, first, spam1, second, spam2 = (int(v) for v in re.findall(r"\d+", prompt))
    y = np.repeat([1, 0, 1, 0], [spam1, first - spam1, spam2, second - spam2])
    tree = DecisionTreeClassifier(max_depth=1).fit(np.repeat([0, 1], [first, second])[:, None], y).tree_
    if tree.node_count == 1:  # the question does not help at all, so the tree does not ask it
        return tree.impurity[0]
    return float(tree.impurity[1:] @ tree.n_node_samples[1:] / n)


def bayes(prompt):
    spam, with_word, ham_with_word = (int(v) for v in numbers(prompt))  # all in per cent
    mail = [("spam", True)] * (spam * with_word) + [("ham", True)] * ((100 - spam) * ham_with_word)
    return sum(kind == "spam" for kind, _ in mail) / len(mail)


def convolved(prompt):
    out = functional.conv2d(matrix(prompt)[None, None], matrix(prompt, 1)[None, None])[0, 0]
    where = re.search("stands at the (top|bottom) (left|right)", prompt)
    return float(out[("top", "bottom").index(where[1]), ("left", "right").index(where[2])])


def output_rows(prompt):
    n, _, k, _, p, s = (int(v) for v in re.findall(r"\d+", prompt))
    return functional.conv2d(torch.ones(1, 1, n, n), torch.ones(1, 1, k, k), padding=p, stride=s).shape[2]


def filters(prompt):
    c_out, k, _, c_in = (int(v) for v in re.findall(r"\d+", prompt)[:4])
    return sum(p.numel() for p in torch.nn.Conv2d(c_in, c_out, k).parameters())


def pooled(prompt):
    pool = functional.max_pool2d if "max pooling" in prompt else functional.avg_pool2d
    return pool(matrix(prompt)[None, None], 2)[0, 0].tolist()


def receptive_field(prompt):
    """How many pixels the middle unit's gradient reaches, in one dimension, with weights of 1."""
    x = torch.ones(1, 1, 200, dtype=torch.float64, requires_grad=True)
    out = x
    for pooling, k in re.findall(r"(a 2 × 2 pooling)|a (\d) × \d convolution", prompt):
        size = 2 if pooling else int(k)
        out = functional.conv1d(out, torch.ones(1, 1, size, dtype=torch.float64), stride=2 if pooling else 1)
    return int((torch.autograd.grad(out[0, 0, out.shape[2] // 2], x)[0] != 0).sum())


def attention(prompt):
    q, k1, k2 = (vector(v) for v in re.findall(r"=\$ \$\((.*?)\)\$", prompt))
    keys, values = torch.stack([k1, k2])[None], torch.eye(2, 4, dtype=torch.float64)[None]
    return float(functional.scaled_dot_product_attention(q[None, None], keys, values)[0, 0, 0])


def warmed(prompt):
    z = torch.tensor([float(v) for v in re.findall(rf"(?:mat|sofa|moon) \$({NUMBER})\$", prompt)])
    word = re.search("write “(.*?)”", prompt)[1]
    return float(
        torch.softmax(z.double() / value(prompt, r"\tau"), dim=0)[("mat", "sofa", "moon").index(word)]
    )


def perplexity(prompt):
    p = numbers(re.search(r"probabilities (.*?) by a", prompt)[1])
    return 1 / statistics.geometric_mean(p)


def cosine(prompt):
    a, b = (vector(v) for v in re.findall(r"= \((.*?)\)", prompt))
    return float(functional.cosine_similarity(a, b, dim=0))


def discounted(prompt):
    return np.polyval(
        numbers(re.search("rewards (.*?), one after", prompt)[1])[::-1], value(prompt, r"\gamma")
    )


def swept(prompt):
    """Two sweeps written out from the prompt's own sentences."""
    brew, worn = float(re.search(r"F pays (\d+)", prompt)[1]), float(re.search(r"W pays (\d+)", prompt)[1])
    repair, gamma = float(re.search(rf"W pays \$({NUMBER})", prompt)[1]), value(prompt, r"\gamma")
    fine, bad = 0.0, 0.0
    for _ in range(2):
        fine, bad = brew + gamma * (fine + bad) / 2, max(worn + gamma * bad, repair + gamma * fine)
    return bad


def q_step(prompt):
    reward, old = float(re.search(rf"reward \${NUMBER}", prompt)[0].split("$")[1]), value(prompt, "$Q(s, a)")
    ahead = max(float(v) for v in re.search(rf"values \$({NUMBER})\$ and \$({NUMBER})", prompt).groups())
    alpha = value(prompt, r"\alpha")
    return (1 - alpha) * old + alpha * (reward + value(prompt, r"\gamma") * ahead)


def double_target(prompt):
    learning, target = rows(prompt)[1:]
    reward = float(re.search(rf"reward \$({NUMBER})", prompt)[1])
    return reward + value(prompt, r"\gamma") * dict(zip(learning, target, strict=True))[max(learning)]


def recurrent(prompt):
    cell = torch.nn.RNNCell(1, 1, dtype=torch.float64)
    weights = [value(prompt, name) for name in ("$w_x", "$w_h", "$b")]
    with torch.no_grad():
        for parameter, v in zip(cell.parameters(), [*weights, 0.0], strict=True):
            parameter.fill_(v)
        state = torch.full((1, 1), value(prompt, "h_{t-1}"), dtype=torch.float64)
        return float(cell(torch.full((1, 1), value(prompt, "x_t"), dtype=torch.float64), state))


def lstm(prompt):
    d, h = (int(v) for v in re.search(r"nn.LSTM\((\d+), (\d+)\)", prompt).groups())
    return sum(p.numel() for p in torch.nn.LSTM(d, h).parameters())


def belt(prompt):
    """PyTorch's LSTM cell without weights, whose biases set the gates."""
    cell = torch.nn.LSTMCell(1, 1, dtype=torch.float64)
    f, i, o, g, c = (value(prompt, f"${name}") for name in ("f", "i", "o", "g", "c_{t-1}"))
    sums = [math.log(i / (1 - i)), math.log(f / (1 - f)), math.atanh(g), math.log(o / (1 - o))]
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih[:] = torch.tensor(sums)
        zero = torch.zeros(1, 1, dtype=torch.float64)
        return float(cell(zero, (zero, torch.full_like(zero, c)))[1])


def clipped(prompt):
    weight = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    weight.grad = vector(re.search(r"g = \((.*?)\)", prompt)[1])
    torch.nn.utils.clip_grad_norm_([weight], value(prompt, "$c"))
    return float(weight.grad[int("second entry" in prompt)])


def log_return(prompt):
    first, _, last = numbers(prompt)
    return math.log1p((last - first) / first)


def naive(prompt):
    close = rows(prompt)[1]
    return metrics.mean_squared_error(close[1:], close[:-1]) ** 0.5


def against_a_coin(prompt):
    right, n = (int(v) for v in re.search(r"on (\d+) of (\d+) days", prompt).groups())
    return (right - n / 2) / math.sqrt(n * 0.5 * 0.5)  # in days: mean and spread of a binomial


def drawdown(prompt):
    wealth = numbers(re.search("was (.*?) pounds", prompt)[1])
    return max((a - b) / a for i, a in enumerate(wealth) for b in wealth[i:])


SECOND = {
    "intro_spread": lambda prompt: statistics.pstdev(numbers(prompt)),
    "intro_slope": lambda prompt: np.polyfit(numbers(prompt)[::2], numbers(prompt)[1::2], 1)[0],
    "line_mse": line_error, "line_step": gradient_step, "line_best_slope": best_line, "line_rate": bowl,
    "reg_standardise": standardised, "reg_ridge": ridge, "reg_lasso": lasso,
    "reg_r2": lambda prompt: metrics.r2_score(*rows(prompt)),
    "net_neuron": neuron, "net_parameters": dense, "back_softmax": softmaxed, "back_cross_entropy": nll,
    "back_output_slopes": output_slopes, "back_weight_slope": weight_slope, "back_momentum": ball,
    "class_precision_recall": precision_or_recall, "class_auc": auc, "class_vote": vote, "class_gini": gini,
    "class_f1": lambda prompt: metrics.f1_score(*confusion(prompt.replace("F1", ""))), "class_bayes": bayes,
    "image_convolution": convolved, "image_output_size": output_rows, "image_parameters": filters,
    "image_pooling": pooled, "image_receptive_field": receptive_field,
    "language_attention": attention, "language_temperature": warmed, "language_perplexity": perplexity,
    "language_cosine": cosine,
    "trade_drawdown": drawdown, "mdp_return": discounted, "mdp_sweep": swept, "mdp_q_learning": q_step,
    "dqn_double": double_target, "rnn_step": recurrent, "rnn_clip": clipped, "lstm_cell": belt,
    "lstm_parameters": lstm, "stock_log_return": log_return, "stock_naive": naive,
    "stock_direction": against_a_coin,
}  # fmt: skip


@pytest.mark.parametrize("name", SECOND)
def test_a_second_way_from_the_prompt_alone_finds_the_same_key(name):
    for seed in SEEDS:
        question = generators()[name].question(seed)
        found = SECOND[name](question.prompt)
        if question.kind == "number":
            assert found == pytest.approx(question.answer, abs=1e-6), seed
            continue
        right = next(option.text for option in question.options if option.right)
        if isinstance(found, str):
            assert right == found, seed
        elif isinstance(found[0], list):
            assert matrix(right).tolist() == found, seed
        else:
            assert numbers(right) == pytest.approx(found, abs=1e-6), seed


def test_the_choices_can_be_told_apart_and_their_order_changes():
    for maker in generators().values():
        places = set()
        for seed in range(30):
            options = maker.question(seed).options
            assert len({" ".join(option.text.split()).lower() for option in options}) == len(options)
            places |= {i for i, option in enumerate(options) if option.right}
        assert not options or len(places) > 1, maker.id


def test_every_lecture_has_three_generators_and_every_skill_is_practised_by_one():
    places = [(maker.lecture, maker.skill) for maker in generators().values()]
    assert len(set(places)) == len(places) >= 44
    for lecture in range(1, 13):
        assert sum(at == lecture for at, _ in places) >= 3, lecture
