import numpy as np
import pytest

from knowledge.reranker import CrossEncoder, RerankerError, reorder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "why", "epsilon", "decays", "pooling"]


def save_model(folder, outputs):
    """A cross-encoder with random weights and a vocabulary of nine words."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizer.from_pretrained(folder).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, num_labels=outputs,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.slow  # transformers alone takes many seconds to import
def test_scores_are_those_of_the_model_whatever_the_batch(tmp_path):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    name = save_model(tmp_path / "model", outputs=1)
    passages = ["epsilon decays", "pooling", "epsilon " * 100, *["decays pooling"] * 8]
    scores = CrossEncoder(name).scores("why epsilon", passages)
    model = AutoModelForSequenceClassification.from_pretrained(name).eval()
    inputs = AutoTokenizer.from_pretrained(name)("why epsilon", "epsilon decays", return_tensors="pt")
    with torch.inference_mode():
        assert scores[0] == pytest.approx(float(model(**inputs).logits[0, 0]), abs=1e-5)
    assert len(scores) == 11
    assert np.allclose(scores[3:], scores[3], atol=1e-5)
    assert CrossEncoder(name).scores("why", []).shape == (0,)


@pytest.mark.slow
def test_a_classifier_with_several_outputs_is_no_cross_encoder(tmp_path):
    name = save_model(tmp_path / "model", outputs=3)
    with pytest.raises(RerankerError, match="3 outputs"):
        CrossEncoder(name).scores("why", ["epsilon"])


def test_scores_are_dealt_out_in_the_order_that_the_reranker_likes():
    class Likes:
        def scores(self, question, passages):
            return np.array([0.1, 7.0, 3.0])

    assert reorder("q", ["a", "b", "c"], np.array([0.9, 0.5, 0.2]), Likes()).tolist() == [0.2, 0.9, 0.5]
