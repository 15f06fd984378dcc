import pytest

from tutor.checking.topics import _topics, plain, stands_in, topics_in


def named(question, known=()):
    return [topic.named for topic in topics_in(question, known)]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Explain the kernel trick!", ["kernel trick"]),
        ("whats t-SNE", ["t sne"]),
        ("normalizing flows or normalising flows?", ["normalizing flow", "normalizing flow"]),
        ("Hidden Markov Models", ["hidden markov"]),
        ("Newton's method", ["newton method"]),
        ("why is the sky blue", []),
    ],
)
def test_topics_are_found_in_any_spelling_and_number(question, found):
    assert named(question) == found


def test_the_longest_name_wins():
    assert named("what is a variational autoencoder") == ["variational autoencoder"]


def test_a_letter_wrong_is_put_right_but_not_where_the_word_is_the_courses_own():
    assert named("the kernal trick") == ["kernel trick"]
    assert named("what is a kernal", known={"kernal"}) == []


def test_a_topic_stands_where_any_of_its_names_does_word_beside_word():
    (svm,) = topics_in("what is an svm")
    assert stands_in(svm, [plain("A support-vector machine looks for the widest street.")])
    assert not stands_in(svm, [plain("A machine gives support; a vector is a list.")])


def test_no_name_is_empty_and_each_leads_to_itself():
    assert len(_topics()) > 900
    assert all(name and all(name) and name in names for name, names in _topics().items())
