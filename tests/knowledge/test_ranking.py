from dataclasses import replace
from types import SimpleNamespace
from zlib import crc32

import numpy as np
import pytest
from course_maker import code_cell, markdown_cell, notebook

from knowledge.embedding import HashEmbedder
from knowledge.index import STEP, VectorIndex
from knowledge.lexical import acronyms
from knowledge.manifest import SCHEMA
from knowledge.question_encoder import fitted
from knowledge.ranking import SOME_PROSE, WEIGHTS, fused, layout, probability, score
from knowledge.refresh import refresh
from knowledge.search import COMMON, KnowledgeBase

PROJECTED = 1369322580  # checksum of the passages' projection


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


def test_terms_that_stand_side_by_side_count_more_than_scattered_ones(course, measured):
    far = "zeta " + "filler " * 60 + "omega"
    (course / "x.md").write_text(f"# X\n\n## Near\n\nA zeta omega line.\n\n## Far\n\n{far}", encoding="utf-8")
    texts, measures = measured("zeta omega")
    assert of(texts, measures["beside"], "zeta omega") > of(texts, measures["beside"], "filler") + 0.3
    assert of(texts, measures["text"], "zeta omega") == of(texts, measures["text"], "filler")


def test_the_passages_next_to_it_speak_for_a_passage(course, measured):
    cells = (
        code_cell("x = draw(7)\n" * 40),
        markdown_cell("# N\n\n## Shuffling cards\n\n" + "The deck is shuffled at random here. " * 20),
    )
    (course / "cards.ipynb").write_text(notebook(*cells), encoding="utf-8")
    texts, measures = measured("deck draw")
    # Each has one of the two words, and the other one is met next to it: a hash knows no likeness between words.
    for part in ("draw(7)", "deck is shuffled"):
        met = of(texts, measures["words"], part)
        assert 0.3 < met < 0.7
        assert of(texts, measures["neighbours"], part) == pytest.approx(1 - met, abs=0.02)
    assert of(texts, measures["neighbours"], "straight line") < 0.3


def test_a_passage_is_spoken_for_by_its_section_and_its_file_and_by_no_other(course, measured):
    long = "Filler about nothing at all. " * 60
    (course / "s.md").write_text(
        f"# S\n\n## Cups\n\nA zeta line.\n\n{long}\n\nAn omega line.\n\n## Mugs\n\nA kappa line.\n",
        encoding="utf-8",
    )
    (course / "t.md").write_text("# T\n\n## Bowls\n\nA zeta here.\n", encoding="utf-8")
    texts, measures = measured("zeta omega kappa")
    third = pytest.approx(1 / 3, abs=0.1)  # three words that tell about the same
    assert of(texts, measures["text"], "A zeta line") == third
    assert of(texts, measures["section"], "A zeta line") == third
    assert of(texts, measures["section"], "A kappa line") == 0
    assert of(texts, measures["file"], "A zeta line") == of(texts, measures["file"], "A kappa line") == 1
    assert of(texts, measures["file"], "A zeta here") == third
    assert of(texts, measures["section"], "A zeta here") == 0


def test_the_candidates_of_a_file_are_counted(course, measured):
    (course / "many.md").write_text(
        "# M\n\n" + "\n\n".join(f"## Part {n}\n\nA zeta, number {n}." for n in range(3)), encoding="utf-8"
    )
    texts, measures = measured("zeta")
    shares = measures["file_share"]
    assert of(texts, shares, "A zeta") == pytest.approx(sum("A zeta" in t for t in texts) / len(texts))


def test_a_cells_output_is_told_from_its_code(course, measured):
    printed = {"output_type": "stream", "name": "stdout", "text": ["zeta 0.75\n" * 9]}
    (course / "z.ipynb").write_text(notebook(code_cell("print(zeta)", printed)), encoding="utf-8")
    texts, measures = measured("zeta")
    assert 0.5 < of(texts, measures["output"], "0.75") < 1
    assert of(texts, measures["output"], "def select_arm") < 0.1
    assert of(texts, measures["output"], "straight line") == 0


def test_a_listing_is_not_what_something_is(course, measured):
    (course / "z.ipynb").write_text(notebook(code_cell("zeta = grow()")), encoding="utf-8")
    texts, measures = measured("what is zeta")
    assert of(texts, measures["code_unasked"], "grow()") == 1
    assert of(texts, measures["code_unasked"], "def select_arm") == 0  # prose goes along with it
    assert of(texts, measures["code_unasked"], "straight line") == 0
    texts, measures = measured("grow zeta")
    assert of(texts, measures["code_unasked"], "grow()") == 0


def test_prose_counts_where_a_course_mostly_tells_in_prose():
    def made(*kinds):
        chunks = [SimpleNamespace(path="a.md", heading=(), kind=kind) for kind in kinds]
        return layout(chunks).prose

    assert made("prose", "prose", "prose", "code") == pytest.approx(0.75 - SOME_PROSE)
    assert made("prose", "code", "code", "mixed") == 0
    assert made() == 0


def test_files_and_sections_are_runs_of_passages():
    places = (("a", "1"), ("a", "1"), ("a", "2"), ("b", "2"), ("a", "1"))
    found = layout([SimpleNamespace(path=path, heading=(head,), kind="code") for path, head in places])
    assert found.files == [(0, 3), (0, 3), (0, 3), (3, 4), (4, 5)]
    assert found.sections == [(0, 2), (0, 2), (2, 3), (3, 4), (4, 5)]


def test_a_summary_and_a_caption_are_known(course, measured):
    parts = (
        "## Growth\n\nThe zeta grows and grows.",
        "## Summary\n\nA zeta grows.",
        "## Look\n\n![a zeta](z.png)\n",
    )
    text = "# Q\n\n" + "\n\n".join(parts)
    (course / "q.md").write_text(text, encoding="utf-8")
    texts, measures = measured("zeta")
    assert of(texts, measures["summary"], "A zeta grows") == 1
    assert of(texts, measures["picture"], "[Picture") == 1
    assert of(texts, measures["summary"], "grows and grows") == 0
    assert of(texts, measures["picture"], "straight line") == 0


def test_a_heading_that_is_the_question_is_its_topic(measured):
    texts, measures = measured("mean squared error")
    assert of(texts, measures["topic"], "squared residuals") == pytest.approx(1)
    assert of(texts, measures["topic"], "straight line") == 0


def test_what_a_passage_emphasises_is_told_from_what_it_mentions(course, measured):
    parts = (
        "## Bold\n\nThis is **zeta\ngrowth**.",
        "## Slanted\n\nThis is _zeta growth_, slanted.",
        "## Plain\n\nThis is zeta growth, mentioned.",
        "## Sum\n\n```python\ny = a * zeta * growth * b\n```",
        "## Name\n\n```python\nx = my_zeta_growth_name\n```",
    )
    (course / "m.md").write_text("# M\n\n" + "\n\n".join(parts), encoding="utf-8")
    texts, measures = measured("zeta growth")
    for part, held in (("**zeta", 1), ("slanted", 1), ("mentioned", 0), ("a * zeta", 0), ("my_zeta", 0)):
        assert of(texts, measures["emphasis"], part) == pytest.approx(held), part


def test_what_is_quoted_to_the_letter_counts_whatever_the_spaces(course, measured):
    text = "# V\n\n## One\n\n```python\nzeta=grow(3,4)[0]\n```\n\n## Two\n\n```python\nzeta = 4\ngrow\n```\n"
    (course / "v.md").write_text(text, encoding="utf-8")
    texts, measures = measured("Zeta = grow(3, 4)[0]")
    assert of(texts, measures["verbatim"], "grow(3,4)") == 1
    assert of(texts, measures["verbatim"], "zeta = 4") == 0
    texts, measures = measured("zeta " * 400)  # as long as a question may be
    assert 0 <= of(texts, measures["verbatim"], "zeta = 4") <= 1
    texts, measures = measured("grow")  # shorter than a stretch
    assert of(texts, measures["verbatim"], "zeta = 4") == 1


def test_exercises_are_known(course, measured):
    text = "# E\n\n## Exercises\n\nPlot the reward and select_arm again.\n"
    (course / "e.md").write_text(text, encoding="utf-8")
    texts, measures = measured("code of select_arm")
    assert of(texts, measures["exercise"], "Plot the reward") == 1
    assert of(texts, measures["exercise"], "def select_arm") == 0


def test_word_by_word_agrees_with_a_loop(course, index):
    embedder = HashEmbedder()
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)._fresh()
    asked = embedder.embed_query("random arm with epsilon")
    made = embedder.embed_passages([chunk.embedded for chunk in base.chunks])
    rows = list(range(len(base.chunks)))
    wanted = np.array([[max(item.words @ word / 127) for word in asked.words] for item in made])
    assert isinstance(base._index, VectorIndex)
    assert base._index.word_by_word(asked, rows) == pytest.approx(wanted, abs=1e-5)
    assert base._index.word_by_word(asked, rows[1:2]) == pytest.approx(wanted[1:2], abs=1e-5)
    _, found = base.look("random arm with epsilon", asked, 60)
    met = wanted[list(found.rows)]
    # A word that every candidate meets tells them not apart.
    counts = asked.weights * np.exp(-COMMON * met.mean(axis=0))
    assert counts.min() < 0.9 * counts.max()
    assert found.words == pytest.approx(met @ counts / counts.sum(), abs=1e-5)


def test_what_meets_the_words_best_is_a_candidate_where_it_is_near_enough(course, index, monkeypatch):
    (course / "far.md").write_text("# Pasta\n\nBoil the water, and salt it well.\n", encoding="utf-8")
    embedder = HashEmbedder()
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)._fresh()
    asked = replace(embedder.embed_query("boil the water salt"), vector=embedder.embed(["epsilon arm"])[0])
    nearest = int(np.argmax(base.vectors @ asked.vector))
    pasta = next(row for row, chunk in enumerate(base.chunks) if chunk.path == "far.md")
    monkeypatch.setattr("knowledge.search.WIDER", len(base.chunks))
    _, found = base.look("(nothing that stands anywhere)", asked, 1)
    assert list(found.rows) == sorted({nearest, pasta})
    assert nearest != pasta
    monkeypatch.setattr("knowledge.search.WIDER", 1)
    _, found = base.look("(nothing that stands anywhere)", asked, 1)
    assert list(found.rows) == [nearest]


def test_an_index_whose_words_another_training_projected_is_built_again():
    """What is stored of passages' words fits one projection alone, and nothing in an index says which it was."""
    made = crc32(fitted().passage_basis.tobytes())
    assert (SCHEMA, made) == (7, PROJECTED), (
        "the passages' projection is new: raise SCHEMA of knowledge/manifest.py"
    )


def test_the_similarity_is_that_of_the_model_as_it_was_published(course, index):
    """What training added finds something near for any question: nothing could be abstained from by it."""

    class Trained(HashEmbedder):
        def embed_query(self, text):
            asked = super().embed_query(text)
            return replace(asked, vector=super().embed(["something else altogether"])[0])

    refresh([course], index, embedder := Trained())
    base = KnowledgeBase.open(index, embedder)
    plain = embedder.embed(["random arm with epsilon"])[0]
    first, *_ = base.search("random arm with epsilon")
    row = [chunk.id for chunk in base._fresh().chunks].index(first.id)
    assert first.similarity == pytest.approx(base._fresh().vectors[row] @ plain, abs=1e-3)


def test_windows_agree_with_a_loop(course, index):
    (course / "long.md").write_text("# L\n\n" + " ".join(f"word{n}" for n in range(150)), encoding="utf-8")
    embedder = HashEmbedder()
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)._fresh()
    asked = embedder.embed_query("word40 word41 word42")
    wanted = []
    for item in embedder.embed_passages([chunk.embedded for chunk in base.chunks]):
        words = item.words / 127
        stretches = [words[at : at + 2 * STEP].sum(0) for at in range(0, max(1, len(words) - 8), STEP)]
        question = (asked.words * asked.weights[:, None]).sum(0)
        lengths = [np.linalg.norm(stretch) * np.linalg.norm(question) for stretch in stretches]
        wanted.append(max(s @ question / n for s, n in zip(stretches, lengths, strict=True)))
    rows = list(range(len(base.chunks)))
    assert base._index.by_windows(asked, rows) == pytest.approx(wanted, abs=1e-4)
    assert base._index.by_windows(asked, rows[2:3]) == pytest.approx(wanted[2:3], abs=1e-4)


def test_acronyms_are_read_from_the_course_itself():
    texts = [
        "A **convolutional neural network (CNN)** and large language models (LLMs).",
        "an old note (see ABC)",
    ]
    assert acronyms(texts) == {"cnn": ["convolut", "neural", "network"], "llm": ["larg", "languag", "model"]}
