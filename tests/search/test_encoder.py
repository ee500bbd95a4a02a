from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbot.errors import ModelError
from kbot.search.encoder import MAX_TOKENS, Encoder, HashEncoder, OnnxEncoder
from kbot.search.export import PARITY
from kbot.search.index import SearchIndex, is_heading, open_index, passage_of, sentence_of
from kbot.search.models import find_model
from kbot.search.onnx import TokenCounter
from kbot.search.retriever import readable
from kbot.search.vectors import FaissStore

if TYPE_CHECKING:
    from pathlib import Path

    from kbot.service import Service


@pytest.fixture(scope="module")
def index(service: Service) -> SearchIndex:
    return open_index(service.settings)


def test_the_served_encoder_agrees_with_the_one_that_encoded_the_corpus(index: SearchIndex) -> None:
    assert isinstance(index.vectors, FaissStore)
    ids, stored = index.vectors.items()
    texts = []
    for id_ in ids[::4]:
        passage, number = index.passages[passage_of(id_)], sentence_of(id_)
        if is_heading(id_):
            texts.append(passage.heading[-1])
        elif number is None:
            texts.append(readable(passage, index.documents[passage.document_id].text))
        else:
            texts.append(passage.text[slice(*passage.sentences[number])])

    served = index.encoder.encode(texts)

    cosines = (served * stored[::4]).sum(axis=1)
    assert cosines.min() >= PARITY
    assert cosines.mean() >= 0.985


def test_a_text_is_encoded_alike_alone_and_among_others(index: SearchIndex) -> None:
    texts = ["What is ketamine?", "How long does a session last, and will somebody have to drive me home?", "cost"]
    together = index.encoder.encode(texts)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_array_equal(row, index.encoder.encode([text])[0])


def test_texts_that_mean_the_same_are_nearer_than_others(index: SearchIndex) -> None:
    lasts, same, other = index.encoder.encode(
        ["How long does a session take?", "What is the duration of one appointment?", "Is it covered by Aetna?"]
    )
    assert float(lasts @ same) > 0.4 > float(lasts @ other)


@pytest.mark.parametrize("text", ["", " ", "🦓" * 50, "word " * 5000, "\x00", "مرحبا بالعالم"])
def test_any_text_has_a_unit_vector(index: SearchIndex, text: str) -> None:
    vectors = index.encoder.encode([text])
    assert vectors.shape == (1, index.encoder.dimension)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1.0, abs=1e-4)


def test_no_texts_make_no_vectors(index: SearchIndex) -> None:
    assert index.encoder.encode([]).shape == (0, 384)


def test_tokens_are_counted_without_padding_and_up_to_the_longest_text_it_reads() -> None:
    counter = TokenCounter(find_model("all-MiniLM-L6-v2", "encoder").folder / "tokenizer.json", max_tokens=MAX_TOKENS)
    # WordPiece: "ke", "##tam", "##ine", "helps", "."
    assert counter.count("ketamine helps.") == 5
    assert counter.count("") == 0
    assert counter.count("word " * 1000) == MAX_TOKENS


def test_a_model_that_is_no_model_is_refused_with_its_path(index: SearchIndex, tmp_path: Path) -> None:
    del index
    (tmp_path / "model.onnx").write_bytes(b"rubbish")
    with pytest.raises(ModelError, match=r"model\.onnx can't be opened .* run `kbot build` again"):
        OnnxEncoder(tmp_path / "model.onnx", tmp_path / "tokenizer.json", dimension=384, threads=1)


@given(st.lists(st.text(max_size=40), max_size=5))
def test_the_hash_encoder_gives_the_same_unit_vector_to_the_same_text_every_time(texts: list[str]) -> None:
    encoder: Encoder = HashEncoder(64)
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), 64)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    np.testing.assert_array_equal(vectors, HashEncoder(64).encode(texts))


def test_the_hash_encoder_knows_words_whatever_their_order_and_form() -> None:
    one, other, unlike = HashEncoder().encode(["ketamine infusions", "Infusion of ketamine!", "insurance"])
    assert float(one @ other) == pytest.approx(1.0, abs=1e-6)
    assert float(one @ unlike) == pytest.approx(0.0, abs=1e-6)
