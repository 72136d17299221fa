"""The template mnist-mlp, for three seeds."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from templates.trials import Trials


def test_unseen_digits_are_named(trial: Trials) -> None:
    for done in trial("mnist-mlp"):
        # 97.8 % in earlier trials; splits differ by some 2 %, and 449 digits by 0.7 % more.
        assert 0.92 <= done.number("test_accuracy") <= 1
        assert done.number("test_accuracy") > done.number("class_mean_accuracy")


def test_shuffled_labels_teach_nothing_about_unseen_digits(trial: Trials) -> None:
    for done in trial("mnist-mlp"):
        # Chance is 0.1 with a standard error of 0.014.
        assert 0.03 <= done.number("shuffled_accuracy") <= 0.17
        # Though some of the labels are learned by heart, which 32 units have room for.
        assert done.number("shuffled_train_accuracy") >= 0.2


def test_real_labels_make_the_first_layer_smoother_than_nonsense_or_nothing_does(
    trial: Trials,
) -> None:
    for done in trial("mnist-mlp"):
        # 1 for independent weights, by definition; 1,300 pairs of pixels leave some 5 %.
        assert 0.9 <= done.number("roughness_untrained") <= 1.1
        assert done.number("roughness_trained") + 0.1 < done.number("roughness_shuffled")
        assert done.number("roughness_shuffled") + 0.1 < done.number("roughness_untrained")


def test_a_first_layer_that_never_learns_is_worse(trial: Trials) -> None:
    for done in trial("mnist-mlp"):
        assert done.number("frozen_accuracy") + 0.05 < done.number("test_accuracy")


def write_idx(path: Path, values: np.ndarray) -> None:
    """Write an idx file as MNIST's are, packed if its name says so."""
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    content = header + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def test_mnist_is_read_where_its_files_are_packed_or_not(trial: Trials, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    for name, count, end in (("train", 600, ".gz"), ("t10k", 200, "")):
        labels = draw.integers(10, size=count)
        pictures = draw.integers(60, size=(count, 28, 28))
        for picture, label in zip(pictures, labels, strict=True):
            picture[2 * label + 3 : 2 * label + 5] += 180  # a bar whose height is the label
        write_idx(tmp_path / f"{name}-images-idx3-ubyte{end}", pictures)
        write_idx(tmp_path / f"{name}-labels-idx1-ubyte{end}", labels)
    (done,) = trial("mnist-mlp", (0,), data=str(tmp_path), epochs=5, max_examples=500)
    assert done.number("test_accuracy") > 0.95  # bars are easy, if rows are read as rows
    assert done.number("shuffled_accuracy") < 0.3


def test_a_folder_without_mnist_says_which_file_is_missing(trial: Trials, tmp_path: Path) -> None:
    (done,) = trial("mnist-mlp", (0,), fails=True, data=str(tmp_path))
    assert "train-images-idx3-ubyte.gz" in str(done.result.error)
