import numpy as np
import pytest
from course_maker import code_cell, markdown_cell, notebook

from knowledge.embedding import HashEmbedder
from knowledge.index import VectorIndex
from knowledge.lexical import acronyms
from knowledge.ranking import WEIGHTS, fused, probability, score
from knowledge.refresh import refresh
from knowledge.search import KnowledgeBase


def test_fusion_rewards_agreement():
    both = fused((np.array([3.0, 2.0, 1.0]), np.array([1.0, 3.0, 2.0])), (1.0, 1.0))
    assert both.argmax() == 1
    assert fused((np.array([5.0]), np.array([0.1])), (1.0, 2.0))[0] == pytest.approx(1)


def test_what_a_ranker_did_not_find_gets_nothing_from_it():
    values = fused((np.array([1.0, -np.inf]), np.array([1.0, 2.0])), (1.0, 1.0))
    assert values.tolist() == pytest.approx([11 / 12 * 0.5 + 0.5, 0.5])


def test_probability_rises_with_the_score_and_falls_with_the_distance_to_the_best():
    first, second = probability(np.array([9.0, 8.0]))
    (alone,) = probability(np.array([8.0]))
    assert 0 < second < alone < first < 1
    assert probability(np.zeros(0)).shape == (0,)


def test_the_score_is_the_weighted_sum_of_every_measure():
    ones = {name: np.ones(2, np.float32) for name in WEIGHTS}
    assert score(ones) == pytest.approx([sum(WEIGHTS.values())] * 2)


@pytest.fixture
def measured(course, index):
    """Measures of every candidate for a question, with the texts of the candidates."""
    embedder = HashEmbedder()

    def measure(question):
        refresh([course], index, embedder)
        generation = KnowledgeBase.open(index, embedder)._fresh()
        ranking, found = generation.look(question, embedder.embed_query(question), 60)
        texts = [generation.chunks[row].text for row in found.rows]
        return texts, ranking.measures(found)

    return measure


def of(texts, values, part):
    """The measure of the first passage that holds `part`."""
    return next(float(value) for text, value in zip(texts, values, strict=True) if part in text)


def test_terms_that_stand_together_count_more_than_scattered_ones(course, measured):
    far = "zeta " + "filler " * 60 + "omega"
    (course / "x.md").write_text(f"# X\n\n## Near\n\nA zeta omega line.\n\n## Far\n\n{far}", encoding="utf-8")
    texts, measures = measured("zeta omega")
    for name in ("close", "beside"):
        assert of(texts, measures[name], "zeta omega") > of(texts, measures[name], "filler") + 0.3
    assert of(texts, measures["text"], "zeta omega") == of(texts, measures["text"], "filler")


def test_the_prose_before_a_cell_speaks_for_it(course, measured):
    cells = (
        markdown_cell("# N\n\n## Shuffling cards\n\n" + "The deck is shuffled at random here. " * 20),
        code_cell("x = draw(7)\n" * 40),
    )
    (course / "cards.ipynb").write_text(notebook(*cells), encoding="utf-8")
    texts, measures = measured("deck draw")
    assert of(texts, measures["before"], "draw(7)") > 0.3
    assert of(texts, measures["before"], "deck is shuffled") == 0


def test_a_heading_that_is_the_question_is_its_topic(measured):
    texts, measures = measured("mean squared error")
    assert of(texts, measures["topic"], "squared residuals") == pytest.approx(1)
    assert of(texts, measures["topic"], "straight line") == 0


def test_code_counts_when_it_is_wanted_and_exercises_are_known(course, measured):
    text = "# E\n\n## Exercises\n\nPlot the reward and select_arm again.\n"
    (course / "e.md").write_text(text, encoding="utf-8")
    texts, measures = measured("code of select_arm")
    assert of(texts, measures["code_wanted"], "def select_arm") == 1
    assert of(texts, measures["exercise"], "Plot the reward") == 1
    assert of(texts, measures["exercise"], "def select_arm") == 0
    _, plain = measured("the arm")
    assert not plain["code_wanted"].any()


def test_word_by_word_agrees_with_a_loop(course, index):
    embedder = HashEmbedder()
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)._fresh()
    asked = embedder.embed_query("random arm with epsilon")
    made = embedder.embed_passages([chunk.embedded for chunk in base.chunks])
    rows = list(range(len(base.chunks)))
    wanted = [
        np.average([max(item.words @ word / 127) for word in asked.words], weights=asked.weights)
        for item in made
    ]
    assert isinstance(base._index, VectorIndex)
    assert base._index.word_by_word(asked, rows) == pytest.approx(wanted, abs=1e-5)
    assert base._index.word_by_word(asked, rows[1:2]) == pytest.approx(wanted[1:2], abs=1e-5)


def test_acronyms_are_read_from_the_course_itself():
    texts = [
        "A **convolutional neural network (CNN)** and large language models (LLMs).",
        "an old note (see ABC)",
    ]
    assert acronyms(texts) == {"cnn": ["convolut", "neural", "network"], "llm": ["larg", "languag", "model"]}
