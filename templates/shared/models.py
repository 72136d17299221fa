"""A model's name in; the model as a TransformerBridge out, or within seconds why it cannot be had.

The library itself asks the network again and again for some 23 seconds before it gives up. Here
the folder, the cache and the network are looked at first, so that a mistake costs no time.
"""

from __future__ import annotations

import copy
import difflib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import torch
from huggingface_hub import constants, get_token, scan_cache_dir, snapshot_download
from huggingface_hub.errors import CacheNotFound, HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from transformer_lens import TransformerBridge
from transformer_lens.supported_models import MODEL_ALIASES, OFFICIAL_MODEL_NAMES

PATIENCE = 2.5  # seconds that the network has for a first answer
WEIGHTS = ("*.safetensors", "*.bin")


class MissingWeightsError(RuntimeError):
    """A model's weights cannot be had; the message says what, where and what would be right."""

    def __init__(self, name: str, why: str, right: str) -> None:
        super().__init__(f"model “{name}” cannot be loaded: {why}. {right}")


def load(name: str, device: str | None = None) -> TransformerBridge:
    """Load a pretrained model, in evaluation mode, its weights as they were published.

    Args:
        name: A folder with a Hugging Face model, a name or alias that TransformerLens knows
            (`gpt2`, `pythia-70m`), or any `owner/name` on the Hugging Face hub.
        device: Where to put it; a GPU if there is one, else the CPU, if not given.

    Raises:
        MissingWeightsError: At once, if no weights can be had, or what is there is not a model.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if _is_folder(name):
        where = str(Path(name).expanduser())
        _check_folder(name, Path(where))
        offline = True
    else:
        where = _official(name)
        offline = _in_cache(where)
        if not offline:
            _check_the_hub_has(where, asked_as=name)
    try:
        with _no_network() if offline else nullcontext():
            return TransformerBridge.boot_transformers(where, device=device).eval()
    except (OSError, ValueError, SafetensorError) as error:  # files that the library cannot use
        place = where if _is_folder(name) else f"the cache {constants.HF_HUB_CACHE}"
        raise MissingWeightsError(
            name,
            f"what is there ({place}) cannot be used: {str(error).splitlines()[0].rstrip('.')}",
            "A whole model has config.json, its weights (*.safetensors) and its tokenizer's files; "
            "load it again where there is a network, or take model=toy.",
        ) from error


def tokens_of(transformer: TransformerBridge, text: str) -> torch.Tensor:
    """Return the tokens of a whole text, [1, pos]; the library itself cuts off what is too long.

    Raises:
        ValueError: If the model cannot read so many tokens at once.
    """
    tokens: torch.Tensor = transformer.to_tokens(text, truncate=False)
    if tokens.shape[1] > transformer.cfg.n_ctx:
        raise ValueError(
            f"“{text[:60]}{'…' * (len(text) > 60)}” has {tokens.shape[1]} tokens, and this model "
            f"reads {transformer.cfg.n_ctx} at most: give it a shorter text."
        )
    return tokens


def untrained(transformer: TransformerBridge, seed: int = 0) -> TransformerBridge:
    """Build a model of the same shape with random weights and the same tokenizer: a control."""
    device = next(transformer.parameters()).device
    if transformer.cfg.architecture == "TransformerLensNative":  # made here, not pretrained
        config = copy.deepcopy(transformer.cfg)
        config.seed = seed
        return TransformerBridge.boot_native(config, transformer.tokenizer, device=device).eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        original = transformer.original_model
        twin = TransformerBridge.boot_transformers(
            transformer.cfg.model_name,
            hf_model=type(original)(original.config).to(device),
            tokenizer=transformer.tokenizer,
            device=device,
        )
    return twin.eval()


def reordered(transformer: TransformerBridge, order: Sequence[int]) -> TransformerBridge:
    """Build the same model with its layers in another order: layer i does what order[i] did."""
    twin = untrained(transformer)
    parameters = dict(transformer.named_parameters())
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            source = re.sub(  # the first number in a parameter's name is its layer
                r"\.(\d+)\.", lambda found: f".{order[int(found[1])]}.", name, count=1
            )
            parameter.copy_(parameters[source])
    return twin


def _is_folder(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or Path(name).is_dir()


def _check_folder(name: str, folder: Path) -> None:
    """Look for what every model's folder has, before anything slow.

    Raises:
        MissingWeightsError: If the folder, its configuration or its weights are missing.
    """
    if not folder.is_dir():
        why = "there is no such folder"
    elif not (folder / "config.json").exists():
        why = "the folder has no config.json"
    elif not any(True for pattern in WEIGHTS for _ in folder.glob(pattern)):
        why = f"the folder has no weights ({' or '.join(WEIGHTS)})"
    else:
        return
    raise MissingWeightsError(
        name, why, "Give a folder that `save_pretrained` of model and tokenizer wrote to."
    )


def _official(name: str) -> str:
    """Return the name that the hub knows a model by; names in full are taken as they are.

    Raises:
        MissingWeightsError: If TransformerLens does not know the name; it tells the nearest ones.
    """
    known = {official.lower(): official for official in OFFICIAL_MODEL_NAMES}
    for official, aliases in MODEL_ALIASES.items():
        known |= {alias.lower(): official for alias in aliases}
    if name.lower() in known:
        return known[name.lower()]
    if "/" in name:
        return name
    raise MissingWeightsError(
        name, f"TransformerLens knows no model of that name{_nearest(name)}", _HELP
    )


_HELP = "Its list is transformer_lens.supported_models.OFFICIAL_MODEL_NAMES; or take model=toy."


def _nearest(name: str) -> str:
    names = {*OFFICIAL_MODEL_NAMES, *(a for aliases in MODEL_ALIASES.values() for a in aliases)}
    lower = {each.lower(): each for each in sorted(names)}
    nearest = difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)
    return f" (the nearest are {', '.join(lower[each] for each in nearest)})" if nearest else ""


def _in_cache(name: str) -> bool:
    """Tell whether a model's weights lie in this machine's cache."""
    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns="config.json"))
    except (LocalEntryNotFoundError, HFValidationError):
        return False
    return any(True for pattern in WEIGHTS for _ in folder.glob(pattern))


def _check_the_hub_has(name: str, asked_as: str) -> None:
    """Ask the hub for a model once, with little patience.

    Raises:
        MissingWeightsError: If the network is off or silent, or the hub has no such model for us.
    """
    here = f"its weights are not in this machine's cache ({constants.HF_HUB_CACHE}{_cached()})"
    elsewhere = (
        "Load it once where there is a network and copy that cache here (HF_HOME says where it "
        "is), give a folder that holds the model, or take model=toy."
    )
    if constants.HF_HUB_OFFLINE:
        raise MissingWeightsError(
            asked_as, f"{here} and HF_HUB_OFFLINE forbids the network", elsewhere
        )
    answer = _ask(f"{constants.ENDPOINT}/api/models/{quote(name)}")
    if isinstance(answer, HTTPError) and answer.code in (401, 403, 404):
        raise MissingWeightsError(
            asked_as,
            f"{here} and {constants.ENDPOINT} shows us no such model{_nearest(asked_as)}",
            "Check the name; for a gated model, accept its terms there and set HF_TOKEN.",
        )
    if answer is not None:
        raise MissingWeightsError(
            asked_as, f"{here} and {constants.ENDPOINT} cannot be reached ({answer})", elsewhere
        )


def _ask(url: str) -> Exception | None:
    """Return what went wrong when asking for a page, None if nothing did.

    In a thread of its own, since looking up an address may ignore any time limit.
    """
    outcome: list[Exception | None] = []
    token = get_token()

    def ask() -> None:
        try:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            request = Request(url, headers=headers, method="HEAD")  # noqa: S310 (https)
            with urlopen(request, timeout=PATIENCE):  # noqa: S310
                outcome.append(None)
        except (OSError, ValueError) as error:
            outcome.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return outcome[0] if outcome else TimeoutError(f"no answer within {PATIENCE} s")


def _cached() -> str:
    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return ", which is not there yet"
    names = sorted(repo.repo_id for repo in repos if repo.repo_type == "model")
    return f", which holds {', '.join(names)}" if names else ", which is empty"


@contextmanager
def _no_network() -> Iterator[None]:
    """Keep the library from asking the hub about files that lie here already."""
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
