import pytest

from knowledge.search import Passage


@pytest.fixture
def passages():
    def make(number, heading, text, similarity=0.6):
        return Passage(
            id=f"p{number}", path="lecture_09/lecture.md", title="Bandits", heading=("Bandits", heading), cell=None,
            page=None, lecture=9, text=text, kind="prose", score=1.0, similarity=similarity, best_sentence=text,
        )  # fmt: skip

    return [
        make(
            1, "Why do we decay epsilon?",
            "Early on the estimates are poor, so exploring pays. Later we know the best arm and every exploring "
            "pull wastes reward, so epsilon shrinks over time."),
        make(
            2, "What is regret?",
            "Regret is the reward lost by not pulling the best arm from the start. The greedy policy ended at "
            "1.02."),
        make(3, "What is a kernel in a CNN?", "A kernel is a small grid of weights that slides over the image."),
    ]  # fmt: skip
