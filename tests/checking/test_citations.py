import pytest

from knowledge.search import Passage
from tutor.checking.citations import check_citations


def test_each_sentence_gets_the_mark_of_the_passage_that_supports_it(passages):
    checked = check_citations(
        "Exploring pays early because the estimates are poor. Regret is the reward lost by not pulling the best arm.",
        passages,
    )
    assert checked.text == (
        "Exploring pays early because the estimates are poor [1]. "
        "Regret is the reward lost by not pulling the best arm [2]."
    )
    assert checked.cited == (1, 2)
    assert checked.unsupported == ()


def test_a_wrong_mark_of_the_model_is_put_right(passages):
    checked = check_citations("Regret is the reward lost by not pulling the best arm [1].", passages)
    assert checked.cited == (2,)
    assert "[1]" not in checked.text


def test_a_mark_that_names_no_passage_never_survives(passages):
    checked = check_citations(
        "Regret is the reward lost by not pulling the best arm [9]. Bananas are yellow fruit [4].", passages
    )
    assert (
        checked.text == "Regret is the reward lost by not pulling the best arm [2]. Bananas are yellow fruit."
    )


def test_an_unsupported_sentence_is_dropped_when_strict(passages):
    checked = check_citations(
        "Exploring pays early because the estimates are poor. Napoleon invented gradient descent in Paris. "
        "Later every exploring pull wastes reward.",
        passages,
        strict=True,
    )
    assert "Napoleon" not in checked.text
    assert checked.unsupported == ("Napoleon invented gradient descent in Paris.",)
    assert checked.claims == 3
    assert checked.supported_share == pytest.approx(2 / 3)


def test_what_points_back_at_a_dropped_sentence_goes_with_it(passages):
    answer = "Napoleon invented gradient descent in Paris. It pays early because the estimates are poor. {}"
    last = "Regret is the reward lost by not pulling the best arm."
    checked = check_citations(answer.format(last), passages, strict=True)
    assert checked.text == "Regret is the reward lost by not pulling the best arm [2]."
    kept = check_citations(answer.format(last).split(". ", 1)[1], passages, strict=True)
    assert kept.text.startswith("It pays early because the estimates are poor [1].")


def test_a_number_that_the_passage_does_not_say_is_not_supported(passages):
    good = check_citations("The greedy policy ended at a reward of 1.02.", passages)
    bad = check_citations("The greedy policy ended at a reward of 1.55.", passages)
    assert good.cited == (2,)
    assert bad.cited == ()


def test_words_of_the_question_alone_are_weak_evidence(passages):
    answer = "Epsilon decay was proposed by Turing for submarines over time."
    assert check_citations(answer, passages, question="why do we decay epsilon over time?").cited == ()


def test_code_questions_and_headings_need_no_mark(passages):
    answer = "## Why?\n\n```python\nepsilon = 0.1\n```\n\nShall we try it?"
    checked = check_citations(answer, passages)
    assert checked.claims == 0
    assert checked.text == answer
    assert checked.supported_share == 1.0


def test_marks_in_other_spellings_are_understood(passages):
    checked = check_citations("Regret is the reward lost by not pulling the best arm (passage 2).", passages)
    assert checked.text == "Regret is the reward lost by not pulling the best arm [2]."


def test_meaning_lets_a_paraphrase_count_only_with_some_shared_words(passages):
    import numpy as np

    def embed(texts):
        return np.tile(np.array([[1.0, 0.0]]), (len(texts), 1))

    paraphrase = "At first our guesses are poor, so trying other arms pays off."
    assert check_citations(paraphrase, passages[:1]).cited == ()
    assert check_citations(paraphrase, passages[:1], embed=embed).cited == (1,)
    assert (
        check_citations("Completely different words about cooking pasta.", passages[:1], embed=embed).cited
        == ()
    )


def test_without_passages_nothing_is_cited():
    assert (
        check_citations("Gradient descent walks downhill on the cost.", []).text
        == "Gradient descent walks downhill on the cost."
    )


def test_a_heading_that_the_model_copied_in_front_of_a_sentence_goes(passages):
    checked = check_citations(
        "[2] What is regret?: Regret is the reward lost by not pulling the best arm.", passages, strict=True
    )
    assert checked.text == "Regret is the reward lost by not pulling the best arm [2]."


def test_what_was_said_already_and_a_reason_for_nothing_go(passages):
    answer = (
        "Regret is the reward lost by not pulling the best arm. Because pulling the best arm pays. "
        "The reward lost by not pulling the best arm is the regret."
    )
    checked = check_citations(answer, passages, strict=True)
    assert checked.text == "Regret is the reward lost by not pulling the best arm [2]."
    assert checked.unsupported == ()
    reasoned = "Because later we know the best arm, every exploring pull wastes reward."
    assert check_citations(reasoned, passages, strict=True).text == f"{reasoned[:-1]} [1]."


def test_numbers_of_the_question_with_a_result_that_the_course_has_for_others_go():
    text = "A layer has inputs times units weights. With 4 inputs and 3 units it has 12 weights. 2 layers are usual."
    layers = [
        Passage("p", "a.md", "Layers", ("How many weights?",), None, None, 4, text, "prose", 0.9, 0.9, "")
    ]
    question = "how many weights in a network with 3 inputs, 4 hidden and 2 outputs"
    false = "A network with 3 inputs, 4 hidden and 2 outputs has 12 weights."
    assert check_citations(false, layers, question, strict=True).text == ""
    true = "With 4 inputs and 3 units it has 12 weights."
    assert check_citations(true, layers, "4 inputs, 3 units?", strict=True).text == f"{true[:-1]} [1]."
    assert check_citations(true, layers, "how many weights?", strict=True).cited == (1,)


@pytest.fixture
def market():
    text = "Charts on which an LSTM follows a price almost perfectly are common. An LSTM does not beat the market."
    return [Passage("p", "a.md", "Stocks", ("What is it?",), None, None, 12, text, "prose", 0.9, 0.9, "")]


def embedding(near):
    """Every pair is `near`, whatever it says."""
    import numpy as np

    def embed(texts):
        vectors = np.full((len(texts), len(texts) + 1), 0.0)
        vectors[:, 0] = np.sqrt(near)
        vectors[np.arange(len(texts)), np.arange(len(texts)) + 1] = np.sqrt(1 - near)
        return vectors

    return embed


def test_the_answer_to_a_yes_or_no_question_is_the_course_s_own_or_goes(market):
    said, question = "An LSTM can beat the market, but not perfectly.", "can an lstm beat the market"
    assert check_citations(said, market, question, embedding(0.75), strict=True).text == ""
    assert check_citations(said, market, question, embedding(0.9), strict=True).cited == (1,)
    asked_late = "an lstm follows the price, can it beat the market"
    assert check_citations(said, market, asked_late, embedding(0.75), strict=True).text == ""
    assert check_citations(said, market, "what is an lstm", embedding(0.75), strict=True).cited == (1,)
    assert check_citations(said, market, question, embedding(0.75)).cited == (1,)  # not of capable models


def test_a_sentence_full_of_numbers_is_the_course_s_own_or_goes():
    text = "The first weight becomes 0.55 after one step, the second 1.13, the third 1.21 and the last 1.82."
    steps = [Passage("p", "a.md", "Steps", ("What changes?",), None, None, 5, text, "prose", 0.9, 0.9, "")]
    said = "The first weight moves by 0.55, the second by 1.13, the third by 1.21 and the last by 1.82."
    assert check_citations(said, steps, "what changes", embedding(0.75), strict=True).text == ""
    assert check_citations(said, steps, "what changes", embedding(0.9), strict=True).cited == (1,)
    few = "The first weight becomes 0.55 after one step."
    assert check_citations(few, steps, "what changes", embedding(0.75), strict=True).cited == (1,)
