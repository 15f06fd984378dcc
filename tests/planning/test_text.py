"""Numbers and words as students type them."""

from __future__ import annotations

import pytest

from tutor.planning.text import tokens_of


def numbers(text: str) -> list[float | int | None]:
    return [token.value for token in tokens_of(text) if token.kind == "number"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ten", 10),
        ("a thousand", 1000),
        ("two hundred and fifty", 250),
        ("twenty five", 25),
        ("three thousand five hundred", 3500),
        ("nought point one", 0.1),
        ("1k", 1000),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("1,000", 1000),
        ("eps0.1", 0.1),
        ("seed7", 7),
        ("½", 0.5),
    ],
)
def test_a_number_is_read_however_it_is_written(text: str, value: float) -> None:
    assert numbers(text) == [value]


def test_numbers_in_a_list_stay_apart() -> None:
    assert numbers("0, 0.01 and 0.1") == [0, 0.01, 0.1]
    assert numbers("32 and 16") == [32, 16]
    assert numbers("[64,32]") == [64, 32]


@pytest.mark.parametrize("text", ["20%", "20 percent", "20 per cent"])
def test_percent_is_remembered(text: str) -> None:
    (token,) = tokens_of(text)
    assert (token.value, token.percent) == (20, True)


def test_spellings_meet_in_one_form() -> None:
    assert [t.text for t in tokens_of("Regularization")] == [t.text for t in tokens_of("regularisation")]
    assert [t.text for t in tokens_of("ε-greedy")] == ["epsilon", "greedy"]
    assert [t.text for t in tokens_of("don't")] == ["do", "not"]


def test_quoted_text_is_kept_as_typed() -> None:
    assert [t.raw for t in tokens_of('prompt "To Be, 2 b"') if t.kind == "quote"] == ["To Be, 2 b"]
