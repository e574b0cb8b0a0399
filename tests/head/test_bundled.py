"""The head that ships: it belongs to the bundled model, whatever that is quantized with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.head.adapt import BUNDLED, head_for, locate_head
from edgel3_deploy.head.embeddings import embed_clips, int8_embedder
from edgel3_deploy.head.file import load_head
from edgel3_deploy.head.formats import read_dataset
from edgel3_deploy.head.train import clip_probabilities
from edgel3_deploy.models.locate import locate
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.quantize import quantize


def test_it_labels_sounds_of_its_kinds(test_data: Path) -> None:
    """It learned from these clips: no judgement, but another model's embeddings would fail."""
    head, _ = load_head(locate_head(Path(BUNDLED)))
    weights = read_weights(locate("bundled").path)
    model = quantize(weights).tflite
    network = read_network(model, name="bundled")
    fitting = head_for(head, network, model, weights)
    dataset = read_dataset(test_data / "audio" / "esc10", "esc50")
    assert fitting.labels == dataset.labels
    firsts = {clip.labels: clip for clip in reversed(dataset.clips)}
    chosen = [firsts[(label,)] for label in range(len(dataset.labels))]
    clips = embed_clips(chosen, int8_embedder(network, model))
    found = clip_probabilities(fitting.network, fitting.pooling, clips).argmax(axis=1)
    assert (found == np.arange(len(chosen))).sum() >= 8
    assert {clip.sha256 for clip in clips} <= set(fitting.trained_on)


def test_its_card_says_what_it_reaches() -> None:
    path = locate_head(Path(BUNDLED))
    head, _ = load_head(path)
    card = (path.parent / "HEAD.md").read_text()
    assert f"{100 * head.metrics['accuracy']:.1f} % of the {head.metrics['clips']} clips" in card
    assert all(f"| {label} |" in card for label in head.labels)
