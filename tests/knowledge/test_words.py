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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("79.0", "79"),
        (".1", "0.10"),
        ("5.0e-4", "0.0005"),
        ("20,000", "20000"),
        ("∑", "\\sum"),
        ("∂", "\\partial"),
        ("∇", "\\nabla"),
        ("√", "\\sqrt"),
        ("\\arg\\max", "argmax"),
        ("arg min", "argmin"),
        ("ŷ", "y hat"),
        ("J(\\mathbf{w}, b)", "J(w,b)"),
    ],
)
def test_two_ways_to_write_the_same_are_one_word(one, other):
    assert set(tokens(one)) == set(tokens(other)) != set()


def test_a_long_number_is_also_found_by_its_first_three_digits():
    assert tokens("0.66524096") == ["0.66524096", "~0.665"]
    assert tokens("0.665") == ["0.665"]


def test_a_function_of_mathematics_is_a_word_of_its_own():
    assert "q(s,a)" in tokens("the value $Q(s, a)$ of")
    assert "print(x)" not in tokens("print(x)")


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


def test_a_correction_keeps_the_first_letter():
    assert Spelling({"slope": 3}).correct("elope") == "elope"


@pytest.mark.parametrize("word", ["relu", "xqzzzt", "gradient", "12345"])
def test_short_strange_and_known_words_are_left_alone(word):
    assert Spelling({"gradient": 3, "relo": 5, "12346": 2}).correct(word) == word
