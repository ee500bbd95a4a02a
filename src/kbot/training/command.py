"""`kbot train-safety`: the safety model anew, after its prototypes were changed.

That takes minutes, and its result is measured and kept beside the code; a clinic's build only exports it.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from kbot.errors import CorpusError, InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from kbot.ingest.progress import Progress
    from kbot.settings import Settings

_RUNS = 2  # whose weights are averaged
_VARIANTS = 2
_RANK = 64
_SEED = 20


def add_training_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # the only name that argparse has for it
    settings_flags: Callable[..., None],
) -> None:
    """Add the command to the command line."""
    train = commands.add_parser("train-safety", help="train the safety model anew, after a change of its prototypes")
    train.add_argument("--epochs", type=int, default=3, metavar="N", help="how often each message is seen; default 3")
    train.add_argument(
        "--target", type=Path, metavar="FOLDER", help="where to write it; default: where builds read it"
    )
    train.add_argument("--spanish-only", action="store_true", help="only what reads Spanish, which takes seconds")
    train.set_defaults(run=run_train)
    settings_flags(train, "corpus")


def run_train(options: argparse.Namespace, settings: Settings) -> int:
    """Train, write, and say on what."""
    from kbot.ingest.progress import Quiet
    from kbot.progress import TerminalProgress
    from kbot.search.danger_build import FOLDER

    target = options.target or FOLDER
    if options.epochs < 1:
        raise InputError(f"--epochs is {options.epochs}: give 1 or more")
    with TerminalProgress() if sys.stderr.isatty() else Quiet() as progress:
        counts = train_spanish(target)
        if not options.spanish_only:
            counts |= train_safety(settings.corpus, target, epochs=options.epochs, progress=progress)
    for what, count in counts.items():
        print(f"{count:6} {what.replace('_', ' ')}")
    print(f"Written to {target}. Next: `kbot build`, then `kbot evaluate --safety`.")
    return 0


def train_safety(corpus: Path, target: Path, *, epochs: int, progress: Progress) -> dict[str, int]:
    """Train the safety model on the prototypes and a corpus's question bank, and write it into `target`.

    Args:
        corpus: its bank's phrasings are the ordinary messages.
        target: a folder; `kbot.search.danger_model` is the one that builds read.
        epochs: how often each message is seen, 1 or more.
        progress: told what is done.

    Returns:
        How many messages were trained on, by their sign.

    Raises:
        CorpusError: the corpus has no question bank.
        ModelError: the original encoder is missing, or not the reviewed one.
    """
    from kbot.search.danger import BASE, LEARNT, WORDING
    from kbot.search.danger_network import open_network, save_learnt
    from kbot.search.models import find_model
    from kbot.search.signs import Sign
    from kbot.search.word_runs import ngrams
    from kbot.training.network import average, train_network
    from kbot.training.prototypes import examples_of, hash_of, read_prototypes
    from kbot.training.variants import vary
    from kbot.training.wording import train_wording

    phrasings = phrasings_of(corpus)
    if not phrasings:
        raise CorpusError([f"{corpus}/questions has no phrasings: the model needs ordinary messages too"])
    examples = examples_of(phrasings)
    base = find_model(BASE, "encoder")
    prototypes = read_prototypes()
    networks = []
    for run in range(_RUNS):
        # The phrasings are many already, and of one kind: they stay as they are.
        varied = vary(prototypes, _VARIANTS, random.Random(_SEED + run)) + examples[len(prototypes) :]  # noqa: S311
        network = open_network(base)
        train_network(network, base, varied, epochs=epochs, seed=_SEED + run, progress=progress)
        networks.append(network)
    source = hash_of(prototypes)
    progress.step("Learning the wording")
    target.mkdir(parents=True, exist_ok=True)
    train_wording(examples, ngrams, source=source).save(target, WORDING)
    save_learnt(average(networks), target / LEARNT, rank=_RANK, about={"base": base.fingerprint(), "source": source})
    return {sign.value: sum(example.sign is sign for example in examples) for sign in Sign}


def train_spanish(target: Path) -> dict[str, int]:
    """Train what reads Spanish on its own prototypes and the Spanish ones among the others; write it into `target`.

    Returns:
        How many messages were trained on, by what they are.
    """
    from kbot.search.danger import SPANISH
    from kbot.search.signs import Sign
    from kbot.search.word_runs import spanish_runs
    from kbot.training.prototypes import hash_of, read_spanish
    from kbot.training.wording import train_wording

    examples = read_spanish()
    target.mkdir(parents=True, exist_ok=True)
    train_wording(examples, spanish_runs, source=hash_of(examples)).save(target, SPANISH)
    counts = Counter(example.sign for example in examples)
    return {f"in Spanish: {sign.value}": counts[sign] for sign in Sign if counts[sign]}


def phrasings_of(corpus: Path) -> list[str]:
    """Return what a corpus's bank says people ask; its quotes don't matter here."""
    from kbot.ingest.corpus import read_corpus
    from kbot.ingest.passages import TOKEN_BUDGET, split_passages
    from kbot.ingest.questions import read_bank

    documents = [document for document in read_corpus(corpus) if document.searchable]
    passages = [
        passage
        for document in documents
        for passage in split_passages(document, lambda text: len(text.split()), budget=TOKEN_BUDGET)
    ]
    return [phrasing for topic in read_bank(corpus, passages).topics for phrasing in topic.phrasings]
