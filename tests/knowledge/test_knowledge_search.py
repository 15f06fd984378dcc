import threading
import time

import numpy as np
import pytest
from course_maker import CountingEmbedder, code_cell, markdown_cell, notebook

from knowledge.best_sentence import best_sentence, sentences
from knowledge.errors import MissingIndexError, UnknownDocumentError
from knowledge.refresh import refresh
from knowledge.reranker import RerankerError
from knowledge.search import GLANCE, KnowledgeBase, alike, named_lecture


@pytest.fixture
def base(course, index, embedder):
    refresh([course], index, embedder)
    return KnowledgeBase.open(index, embedder)


def test_a_question_finds_its_section_and_marks_the_sentence(base):
    best = base.search("why do we decay ε?")[0]
    assert (best.path, best.title, best.heading, best.lecture) == (
        "lecture_09/lecture.md",
        "Bandits",
        ("Exploring",),
        9,
    )
    assert best.best_sentence == "We decay epsilon so that it explores early and earns later."
    assert best.best_sentence in best.text
    assert 0 < best.score <= 1
    assert -1 <= best.similarity <= 1


def test_code_is_found_by_its_name_and_cited_by_its_cell(base):
    best = base.search("select_arm")[0]
    assert (best.path, best.cell, best.heading) == ("lecture_09/notebook.ipynb", 1, ("Picking an arm",))
    assert best.cells == (0, 1, 2)


def test_a_number_in_an_output_is_cited_by_its_cell(base):
    assert base.search("1.3512")[0].cell == 2


def test_a_misspelt_word_still_finds_its_passage(base):
    assert base.search("interceptt and slpoe")[0].heading == ("The line",)


def test_a_named_lecture_comes_first(course, index, embedder):
    for number in (3, 4):
        (course / f"lecture_0{number}").mkdir()
        text = f"# Part {number}\n\nThe learning rate of part {number} is small and chosen by hand."
        (course / f"lecture_0{number}" / "a.md").write_text(text, encoding="utf-8")
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)
    for number in (3, 4):
        assert base.search(f"learning rate in week {number}")[0].lecture == number


@pytest.mark.parametrize(
    ("query", "number"),
    [("in week 9", 9), ("Lecture 09?", 9), ("lec. 3", None), ("lecture number 12", 12), ("3 lectures", None)],
)
def test_a_lecture_is_recognised_by_number(query, number):
    assert named_lecture(query) == number


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_question_finds_nothing(base, query):
    assert base.search(query) == []


@pytest.mark.parametrize(
    "query", ["ε" * 100_000, "word " * 20_000, "???", "\x00\ud800", "'; DROP TABLE", "日本語"]
)
def test_odd_and_endless_questions_are_answered_without_complaint(base, query):
    assert len(base.search(query, k=3)) == 3


def test_asking_for_more_than_there_is_gives_all_of_it_once(base):
    found = base.search("epsilon", k=100)
    assert len({passage.id for passage in found}) == len(found) <= base.chunk_count
    assert base.search("epsilon", k=0) == []


def test_scores_never_rise_down_the_list(base):
    scores = [passage.score for passage in base.search("reward of the greedy choice", k=10)]
    assert scores == sorted(scores, reverse=True)


def test_a_whole_document_can_be_opened_at_the_passage(base):
    passage = base.search("mean of the squared residuals")[0]
    views = base.section(passage.path)
    assert [view.heading for view in views] == [("The line",), ("Mean squared error",)]
    assert [passage.id in view.passages for view in views] == [False, True]
    with pytest.raises(UnknownDocumentError):
        base.section("nowhere.md")


def test_files_are_listed_with_their_titles(base):
    listed = [(file.path, file.title, file.lecture) for file in base.files()]
    assert ("lecture_02/lecture.md", "Simple regression", 2) in listed
    assert sum(file.chunks for file in base.files()) == base.chunk_count


def test_an_open_base_picks_up_a_refresh_by_itself_and_keeps_answering(course, index, embedder, base):
    assert base.generation == "gen-1"
    for turn in range(1, 5):
        (course / "new.md").write_text(f"# New\n\nPassage about zebras, edition {turn}.", encoding="utf-8")
        refresh([course], index, embedder)
        best = base.search("zebras")[0]
        assert f"edition {turn}" in best.text
    assert base.generation == "gen-5"


def test_a_deleted_index_is_said_to_be_missing(base, index):
    (index / "CURRENT").unlink()
    with pytest.raises(MissingIndexError):
        base.search("epsilon")


def test_readers_in_many_threads_go_on_while_the_index_is_refreshed(course, index, embedder, base):
    stop, failures, answered = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            try:
                assert base.search("why do we decay epsilon")[0].path == "lecture_09/lecture.md"
                answered.append(1)
            except Exception as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(6):
        (course / "new.md").write_text(f"# New\n\nEdition {turn}.", encoding="utf-8")
        refresh([course], index, CountingEmbedder())
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert answered
    time.sleep(GLANCE)  # for so long the last look may hold
    assert base.generation == "gen-7"


def test_look_alikes_are_folded_into_one_passage_that_names_both_files(course, index, embedder):
    text = "The convolution slides a small kernel over the picture and adds up the products at each place"
    for name, ending in (("lecture7", "."), ("lecture7_original", " again.")):
        # What follows is each file's own: two files that are alike as a whole would be one at the ingest.
        own = markdown_cell("## More\n\n" + " ".join(f"{name}word{number}" for number in range(80)))
        cells = markdown_cell(f"# CNN\n\n## Sliding\n\n{text}{ending}"), own
        (course / f"{name}.ipynb").write_text(notebook(*cells), encoding="utf-8")
    refresh([course], index, embedder)
    found = KnowledgeBase.open(index, embedder).search("convolution kernel")
    assert [passage.path for passage in found if "kernel" in passage.text] == ["lecture7.ipynb"]
    assert found[0].also == ("lecture7_original.ipynb",)


def test_two_passages_are_alike_only_when_they_share_most_words():
    assert alike(frozenset("abcdefghij"), frozenset("abcdefghi"))
    assert not alike(frozenset("abcdef"), frozenset("abcxyz"))
    assert not alike(frozenset(), frozenset())


def test_the_best_sentence_is_never_a_fence_or_a_marker():
    text = "- First point. Second point about decay.\n\n```python\ndecay = 0.99\n```"
    assert list(sentences(text)) == ["First point.", "Second point about decay.", "decay = 0.99"]
    assert best_sentence(text, {"second": 2.0, "decay": 1.0}) == "Second point about decay."
    assert best_sentence("One two. Three four five.", {}) == "Three four five."


def test_the_cell_that_holds_the_best_sentence_is_cited(course, index, embedder):
    cells = (
        markdown_cell("# Prices\n\n## Read\n\nWe read them."),
        code_cell("a = 1"),
        code_cell("lookback = 50"),
    )
    (course / "p.ipynb").write_text(notebook(*cells), encoding="utf-8")
    refresh([course], index, embedder)
    best = KnowledgeBase.open(index, embedder).search("lookback")[0]
    assert (best.cell, best.cells) == (2, (0, 1, 2))


def test_a_follow_up_is_searched_with_the_words_of_the_question_before_it(base):
    alone = base.search("and why that one?")
    followed = base.search("and why that one?", context=["slope and intercept of the line"])
    assert alone[0].heading != ("The line",)
    assert followed[0].heading == ("The line",)


def test_a_question_that_stands_alone_takes_nothing_along(base):
    question = "mean of the squared residuals"
    assert base.search(question, context=["why do we decay epsilon?"]) == base.search(question)


def test_a_probability_is_higher_where_the_course_answers(base):
    answered = base.search("the mean of the squared residuals")[0].probability
    off = base.search("who won the football match yesterday")[0].probability
    assert 0 <= off < answered <= 1


def test_the_same_number_is_found_however_it_is_written(course, index, embedder):
    (course / "n.md").write_text("# N\n\n## Rate\n\nalpha = 5.0e-4 gave 79.0 percent.", encoding="utf-8")
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)
    for query in ("0.0005", "79", "79.00%"):
        assert base.search(query)[0].path == "n.md"


def test_words_written_apart_or_as_an_acronym_find_the_passage(course, index, embedder):
    first = "## First\n\nA convolutional neural network (CNN) sees."
    second = "## Second\n\nIt learns by backpropagation."
    (course / "n.md").write_text(f"# Nets\n\n{first}\n\n{second}", encoding="utf-8")
    refresh([course], index, embedder)
    base = KnowledgeBase.open(index, embedder)
    generation = base._fresh()
    for question, heading in (("back propagation", "Second"), ("the convolutional neural network", "First")):
        scores = generation._lexical.scores(generation._lexical.terms(question))
        assert generation.chunks[int(scores.argmax())].heading == (heading,)
    assert base.search("CNN")[0].path == base.search("the convolutional neural network")[0].path == "n.md"


class Backwards:
    """A reranker that turns the order round."""

    def scores(self, question, passages):
        return np.arange(len(passages), dtype=float)


def test_a_reranker_has_the_last_word_and_scores_still_fall(course, index, embedder, base):
    second = KnowledgeBase.open(index, embedder, reranker=Backwards())
    found = second.search("epsilon", k=10)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert [p.text for p in found] == [p.text for p in base.search("epsilon", k=10)][::-1]


def test_a_reranker_that_is_no_model_is_one_clear_sentence(
    course, index, embedder, base, tmp_path, monkeypatch
):
    monkeypatch.setenv("TUTOR_RERANKER", str(tmp_path))
    with pytest.raises(RerankerError, match="TUTOR_RERANKER must name a folder"):
        KnowledgeBase.open(index, embedder).search("epsilon")


@pytest.mark.weights
def test_meaning_is_found_where_no_word_is_shared(course, index, minilm):
    refresh([course], index, minilm)
    best = KnowledgeBase.open(index, minilm).search("forecasting someone's pay")[0]
    assert best.heading == ("The line",)
