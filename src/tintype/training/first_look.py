"""A first look at a run: how fast it is going to be by a few crops, where the first step takes half a minute."""

import time

import torch

from tintype.data.pairs import PairBatch

from .networks import Training
from .stages import Stage

# Crops of the first look, and of a second where that was short, since what a pass costs by itself weighs in it.
TRIED = 2, 8
SHORT = 3.0  # seconds


def first_look(training: Training, stage: Stage, batch: PairBatch) -> float:
    """Seconds for a crop of a step's passes forward and backward, measured on the first few of `batch`.

    Nothing is learnt, and nothing of the run changes: the networks are in eval mode (norms remember nothing, no
    dropout; so its loss says nothing), chance goes on where it was, and the gradients are thrown away.
    """
    networks = training.networks
    modes = {name: network.training for name, network in networks.items()}
    for network in networks.values():
        network.eval()
    with torch.random.fork_rng(devices=[]):
        each, crops = _timed(training, stage, batch, TRIED[0])
        if each * crops < SHORT:
            each, _ = _timed(training, stage, batch, TRIED[1])
    for name, network in networks.items():
        network.zero_grad()
        network.train(modes[name])
    return each


def _timed(training: Training, stage: Stage, batch: PairBatch, crops: int) -> tuple[float, int]:
    """Seconds for each of up to `crops` of the batch, and how many that were."""
    hints = None if batch.hints is None else batch.hints[:crops]
    here = PairBatch(*map(training.fabric.to_device, (batch.condition[:crops], batch.target[:crops], hints)))
    began = time.monotonic()
    turns = stage.optimizer_steps(training.networks, here, 0)
    while True:
        with training.fabric.autocast():
            turn = next(turns, None)
        if turn is None:
            return (time.monotonic() - began) / len(here.condition), len(here.condition)
        turn.loss.backward()  # type: ignore[no-untyped-call]
