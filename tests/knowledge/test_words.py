import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.words import Spelling, plain_symbols, tokens


@pytest.mark.parametrize("text", ["ε", "eps", "epsilon", "\\epsilon", "$\\varepsilon$", "𝜀", "ϵ", "Epsilon"])
def test_every_way_to_write_epsilon_is_one_word(text):
    assert tokens(text) == ["epsilon"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("train_test_split", {"train_test_split", "train", "test", "split"}),
        ("LSTMCell", {"lstm", "cell"}),
        ("nn.CrossEntropyLoss()", {"nn", "cross", "entropi", "loss"}),
        ("lr_value", {"lr_valu", "lr", "valu"}),
    ],
)
def test_identifiers_are_found_whole_and_by_their_parts(text, parts):
    assert parts <= set(tokens(text))


def test_words_meet_in_their_stem_and_in_one_spelling():
    assert tokens("decaying") == tokens("decays") == tokens("decay")
    assert tokens("normalisation") == tokens("normalization")
    assert tokens("behaviour") == tokens("behavior")


def test_r_squared_is_one_word_however_it_is_written():
    assert tokens("R²") == tokens("R^2") == tokens("$R^{2}$") == ["r2"]


def test_layout_commands_are_no_words():
    assert tokens("\\frac{\\partial J}{\\partial w}") == ["partial", "j", "partial", "w"]


def test_greek_capitals_and_ligatures_become_plain():
    assert plain_symbols("Σ of ﬁnal λ") == "sigma of final lambda"


@given(st.text())
def test_any_text_gives_words_without_complaint(text):
    assert all(tokens(text)) or tokens(text) == []


@pytest.mark.parametrize("word", ["gradeint", "gradint", "gradientt", "grodient"])
def test_one_slip_of_the_keys_is_forgiven(word):
    assert Spelling({"gradient": 3, "regress": 1}).correct(word) == "gradient"


@pytest.mark.parametrize("word", ["relu", "xqzzzt", "gradient", "12345"])
def test_short_strange_and_known_words_are_left_alone(word):
    assert Spelling({"gradient": 3, "relo": 5, "12346": 2}).correct(word) == word
