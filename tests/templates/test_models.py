"""Pretrained models in templates: they load from folder and cache, and fail at once elsewhere."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import models
import pretrained
import pytest
import torch
import toy_language
from huggingface_hub import constants
from transformers import GPT2LMHeadModel

torch.set_num_threads(1)  # a second one slows models as small as these


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pretrained.save_tiny_gpt2(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that nobody answers for."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    return tmp_path / "hub"


def test_a_model_loads_from_its_folder(folder: Path) -> None:
    transformer = models.load(str(folder))
    tokens = transformer.to_tokens("When Mary and John")
    assert transformer.to_str_tokens("When Mary")[1:] == ["When", " Mary"]
    assert not transformer.training
    reference = GPT2LMHeadModel.from_pretrained(folder)
    reference.train(mode=False)
    assert torch.allclose(transformer(tokens), reference(tokens).logits, atol=1e-4)


def test_a_cached_model_loads_without_asking_the_network(folder: Path, cache: Path) -> None:
    pretrained.put_into_cache(folder, cache, "gpt2")
    assert models.load("gpt2-small").cfg.n_layers == 2  # an alias of gpt2's
    assert constants.HF_HUB_OFFLINE is False  # as it was before


def test_the_untrained_twin_has_the_shape_and_other_weights(folder: Path) -> None:
    transformer = models.load(str(folder))
    twin, again = models.untrained(transformer, 1), models.untrained(transformer, 1)
    tokens = transformer.to_tokens("When Mary and John")
    assert twin(tokens).shape == transformer(tokens).shape
    assert not torch.allclose(twin(tokens), transformer(tokens), atol=1e-2)
    assert torch.equal(twin(tokens), again(tokens))


def test_layers_change_places(folder: Path) -> None:
    for transformer in (models.load(str(folder)), toy_language.build(n_layers=2)):
        tokens = torch.tensor([[0, 1, 2, 3]])
        same, swapped = models.reordered(transformer, [0, 1]), models.reordered(transformer, [1, 0])
        assert torch.allclose(same(tokens), transformer(tokens), atol=1e-5)
        assert not torch.allclose(swapped(tokens), transformer(tokens), atol=1e-3)
        back = models.reordered(swapped, [1, 0])
        assert torch.allclose(back(tokens), transformer(tokens), atol=1e-5)


def test_the_toys_twin_is_the_toy_before_training() -> None:
    toy = toy_language.build(seed=3, n_layers=1)
    tokens = torch.tensor([[0, 1, 2, 3]])
    assert torch.equal(models.untrained(toy, seed=3)(tokens), toy(tokens))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "gpt2",
            ("not in this machine's cache", "not there yet", "127.0.0.1:9", "HF_HOME", "model=toy"),
        ),
        ("nobody/nothing", ("not in this machine's cache", "cannot be reached")),
        ("gtp2", ("no model of that name", "nearest", "gpt2")),
        ("./nowhere", ("no such folder", "save_pretrained")),
    ],
)
def test_weights_that_cannot_be_had_are_told_at_once(
    cache: Path, name: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(models.MissingWeightsError) as refused:
        models.load(name)
    assert all(word in str(refused.value) for word in (name, *words))


@pytest.fixture
def asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a hub is asked that has no model but `silent/one`, of which it says nothing at all."""
    requests: list[str] = []
    heard = threading.Event()

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            requests.append(self.path)
            if "silent" in self.path:
                heard.wait()
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield requests
    heard.set()
    server.shutdown()
    server.server_close()


def test_a_hub_without_the_model_is_asked_once(asked: list[str]) -> None:
    with pytest.raises(models.MissingWeightsError, match="shows us no such model"):
        models.load("nobody/nothing")
    assert asked == ["/api/models/nobody/nothing"]


def test_a_silent_hub_is_not_waited_for(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "PATIENCE", 0.2)
    with pytest.raises(models.MissingWeightsError, match=r"no answer within|timed out"):
        models.load("silent/one")


def test_a_forbidden_network_is_not_asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(models.MissingWeightsError, match="HF_HUB_OFFLINE"):
        models.load("gpt2")


def test_what_the_cache_holds_is_told(folder: Path, cache: Path) -> None:
    pretrained.put_into_cache(folder, cache, "distilgpt2")
    with pytest.raises(models.MissingWeightsError, match="which holds distilgpt2"):
        models.load("gpt2")


def test_a_folder_that_lacks_something_is_told(folder: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(models.MissingWeightsError, match="cannot be used"):
        models.load(str(broken))
    (broken / "model.safetensors").unlink()
    with pytest.raises(models.MissingWeightsError, match="no weights"):
        models.load(str(broken))
