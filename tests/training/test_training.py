from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from kbot.errors import ModelError
from kbot.ingest.progress import Quiet
from kbot.search.danger import NETWORK, SPANISH, WORDING, OnnxNetwork
from kbot.search.danger_build import FOLDER
from kbot.search.danger_network import add_learnt, export_network, open_network, save_learnt
from kbot.search.models import find_model
from kbot.search.onnx_export import AnyEncoder, LeanEncoder, open_transformer
from kbot.search.signs import Sign
from kbot.training.network import average, train_network
from kbot.training.prototypes import Example, examples_of, hash_of, read_prototypes, read_spanish
from kbot.training.variants import vary

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = [
    Example("i will not be here on sunday", Sign.ACTIVE),
    Example("everything is grey and heavy", Sign.DISTRESS),
    Example("what does a session cost", Sign.ORDINARY),
    Example("where can i park", Sign.ORDINARY),
]


def test_the_prototypes_have_every_sign_and_are_folded() -> None:
    prototypes = read_prototypes()
    assert {example.sign for example in prototypes} == set(Sign)
    assert all(example.text == example.text.lower() for example in prototypes)


def test_phrasings_about_suicide_are_its_topic_and_others_ordinary() -> None:
    added = examples_of(
        ["Does the lozenge ease suicidal thinking at Harbour Clinic?", "Has Harbour Clinic a garden?"]
    )
    signs = {example.text: example.sign for example in added}
    assert signs["does the lozenge ease suicidal thinking at harbour clinic?"] is Sign.TOPIC
    assert signs["has harbour clinic a garden?"] is Sign.ORDINARY


def test_the_model_beside_the_code_was_trained_on_today_s_prototypes() -> None:
    # After a change of them: `kbot train-safety`, `kbot build`, `kbot evaluate --safety`.
    source = json.loads((FOLDER / WORDING.vocabulary).read_text(encoding="utf-8"))["source"]
    assert source == hash_of(read_prototypes())
    # This one in seconds: `kbot train-safety --spanish-only`.
    source = json.loads((FOLDER / SPANISH.vocabulary).read_text(encoding="utf-8"))["source"]
    assert source == hash_of(read_spanish())


def test_variants_keep_the_label_and_the_words() -> None:
    varied = vary(EXAMPLES, 3, random.Random(1))  # noqa: S311
    assert varied[: len(EXAMPLES)] == EXAMPLES
    assert [v.sign for v in varied[len(EXAMPLES) :]] == [e.sign for e in EXAMPLES for _ in range(2)]
    danger = [v.text for v in varied[len(EXAMPLES) :] if v.sign is Sign.ACTIVE]
    assert all("not be here on sunday" in text for text in danger)


def test_training_tells_apart_what_it_was_shown_and_survives_the_export(tmp_path: Path) -> None:
    base = find_model("all-MiniLM-L6-v2", "encoder")
    network = open_network(base)
    train_network(network, base, EXAMPLES * 8, epochs=6, seed=1, progress=Quiet())
    learnt = tmp_path / "learnt.safetensors"
    save_learnt(network, learnt, rank=16, about={"base": base.fingerprint()})
    again = open_network(base)
    add_learnt(again, learnt)
    export_network(again, base, tmp_path / "model")
    served = OnnxNetwork(tmp_path / "model", threads=1)
    for example in EXAMPLES:
        tuned, plain = served.logits(example.text)
        assert list(Sign)[int(np.argmax(tuned))] is example.sign
        assert list(Sign)[int(np.argmax(plain))] is example.sign
    assert not list(tmp_path.rglob("*.pkl"))
    assert (tmp_path / "model" / NETWORK).is_file()


def test_the_graph_for_one_text_computes_what_the_original_does() -> None:
    transformer = open_transformer(find_model("all-MiniLM-L6-v2", "encoder"))
    ids = torch.tensor([[101, 2129, 2146, 2515, 1037, 5219, 2202, 1029, 102]])
    with torch.no_grad():
        lean = LeanEncoder(transformer).eval()(ids)
        whole = AnyEncoder(transformer).eval()(ids, torch.ones_like(ids), torch.zeros_like(ids))
    assert float((lean - whole).abs().max()) < 1e-5


def test_the_untrained_network_is_the_original_encoder_twice() -> None:
    base = find_model("all-MiniLM-L6-v2", "encoder")
    network = open_network(base)
    tokens = torch.tensor([[101, 2054, 2003, 102, 0]])
    mask = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0]])
    with torch.no_grad():
        states = network.states(tokens, mask, torch.zeros_like(tokens))
        tuned, plain = network.tuned_vector(states, mask), network.plain_vector(states, mask)
    assert torch.allclose(torch.nn.functional.normalize(tuned, dim=-1), plain, atol=1e-6)
    assert float(plain.norm()) == pytest.approx(1.0, abs=1e-5)


def test_the_mean_of_two_networks_lies_between_them() -> None:
    base = find_model("all-MiniLM-L6-v2", "encoder")
    one, two = open_network(base), open_network(base)
    with torch.no_grad():
        one.tuned_head.bias.fill_(1.0)
        two.tuned_head.bias.fill_(4.0)
    assert average([one, two]).tuned_head.bias.tolist() == [2.5] * len(Sign)


def test_weights_of_another_make_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "learnt.safetensors"
    path.write_bytes(b"not weights")
    with pytest.raises(ModelError, match="train-safety"):
        add_learnt(open_network(find_model("all-MiniLM-L6-v2", "encoder")), path)
