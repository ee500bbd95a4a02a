"""Trains the network of the safety model: its upper half further, and a head on each half."""

from __future__ import annotations

import math
import random
import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import Tokenizer

from kbot.search.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kbot.ingest.progress import Progress
    from kbot.search.danger_network import DangerNetwork
    from kbot.search.models import ModelFiles
    from kbot.training.prototypes import Example

_TOKENS = 96  # of one message; longer ones are read in parts when they are asked
_BATCH = 32
_RATE, _HEAD_RATE = 1e-4, 2e-3
_WARM_UP = 0.06  # share of the steps in which the rate rises
_SMOOTHING = 0.05  # of the labels: some are debatable
_RARE = 0.3  # how much rarer signs weigh more: 0 not at all, 1 in full
_C_PLAIN = 10.0  # inverse regularisation of the head on the original vectors

State = tuple[torch.Tensor, int]  # what the lower half makes of a message (tokens, width), and its sign


def train_network(
    network: DangerNetwork,
    base: ModelFiles,
    examples: Sequence[Example],
    *,
    epochs: int,
    seed: int,
    progress: Progress,
) -> None:
    """Train the tuned half and both heads in place.

    The lower half is frozen, so that what it makes of each message is computed once.

    Args:
        network: as `open_network` returns it.
        base: the original, for its tokenizer.
        examples: messages with their variants.
        epochs: how often each is seen.
        seed: of the order in which they are seen, and of what is left out of a step.
        progress: told what is done.
    """
    torch.manual_seed(seed)
    chance = random.Random(seed)  # noqa: S311  no secret
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    for part in (network.tuned, network.tuned_head):
        part.requires_grad_(True)
    states = _states(network, base, examples, progress)
    _fit_plain_head(network, states)
    counts = np.bincount([sign for _, sign in states], minlength=len(Sign)).clip(1)
    weights = torch.tensor((counts.mean() / counts) ** _RARE, dtype=torch.float32)
    loss_of = torch.nn.CrossEntropyLoss(weight=weights, label_smoothing=_SMOOTHING)
    steps = epochs * math.ceil(len(states) / _BATCH)
    groups = [
        {"params": network.tuned.parameters(), "lr": _RATE},
        {"params": network.tuned_head.parameters(), "lr": _HEAD_RATE},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (_WARM_UP * steps)) * max(0.0, 1 - step / steps)
    )
    dropout = torch.nn.Dropout(0.1)
    network.train()
    progress.step("Training the network", steps)
    for _ in range(epochs):
        for batch in _batches(states, chance):
            hidden, mask = _padded([states[number][0] for number in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network.tuned_head(dropout(network.tuned_vector(hidden, mask)))
            loss = loss_of(logits.float(), torch.tensor([states[number][1] for number in batch]))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.tuned.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            progress.advance()
    network.eval()


def _states(network: DangerNetwork, base: ModelFiles, examples: Sequence[Example], progress: Progress) -> list[State]:
    tokenizer = Tokenizer.from_file(str(base.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=_TOKENS)
    ids = [tokenizer.encode(example.text).ids for example in examples]
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    found: dict[int, torch.Tensor] = {}
    signs = list(Sign)
    starts = range(0, len(order), 64)
    progress.step("Reading the messages", len(starts))
    with torch.no_grad():
        for start in starts:
            numbers = order[start : start + 64]
            width = max(len(ids[number]) for number in numbers)
            tokens = torch.tensor([ids[number] + [0] * (width - len(ids[number])) for number in numbers])
            mask = torch.tensor([[1.0] * len(ids[n]) + [0.0] * (width - len(ids[n])) for n in numbers])
            states = network.states(tokens, mask, torch.zeros_like(tokens))
            for row, number in enumerate(numbers):
                found[number] = states[row, : len(ids[number])].to(torch.bfloat16)
            progress.advance()
    return [(found[number], signs.index(example.sign)) for number, example in enumerate(examples)]


def _padded(states: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(state) for state in states)
    hidden = torch.zeros(len(states), width, states[0].shape[1])
    mask = torch.zeros(len(states), width)
    for row, state in enumerate(states):
        hidden[row, : len(state)] = state.float()
        mask[row, : len(state)] = 1.0
    return hidden, mask


def _batches(states: Sequence[State], chance: random.Random) -> list[list[int]]:
    """Return the numbers of the messages in batches of like length, in random order."""
    order = sorted(range(len(states)), key=lambda number: len(states[number][0]) + chance.random() * 8)
    batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    chance.shuffle(batches)
    return batches


def _fit_plain_head(network: DangerNetwork, states: Sequence[State]) -> None:
    """Fit a logistic regression on the original sentence vectors."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    rows: list[NDArray[np.float32]] = []
    with torch.no_grad():
        for start in range(0, len(states), 64):
            hidden, mask = _padded([state for state, _ in states[start : start + 64]])
            rows.append(network.plain_vector(hidden, mask).numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=_C_PLAIN, max_iter=150).fit(np.concatenate(rows), [sign for _, sign in states])
    with torch.no_grad():
        network.plain_head.weight.zero_()
        network.plain_head.bias.fill_(-30.0)  # a sign without examples is never seen
        network.plain_head.weight[model.classes_] = torch.from_numpy(model.coef_).float()
        network.plain_head.bias[model.classes_] = torch.from_numpy(model.intercept_).float()


def average(networks: Sequence[DangerNetwork]) -> DangerNetwork:
    """Return the first of several networks with the mean weights of all.

    Networks trained further from one start lie close together, and their mean is steadier on new texts than each of
    them. Source: Wortsman et al., Model soups, ICML 2022.
    """
    with torch.no_grad():
        weights = [dict(network.named_parameters()) for network in networks]
        for name, parameter in weights[0].items():
            parameter.copy_(torch.stack([each[name] for each in weights]).mean(dim=0))
    return networks[0]
