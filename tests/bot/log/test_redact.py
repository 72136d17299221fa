"""No token leaves by what a notebook printed, and nothing else is touched."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import string
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from conftest import Repository
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import HOSTILE, result

from bot.log.redact import Redactor, Secrets, says_secret
from bot.log.redacted_run import redacted_run
from runner.records import Figure, RunError, Table, read_result

VALUE = "correct horse/battery+staple&7"
LETTERS = string.ascii_letters + string.digits
CAPITALS = string.ascii_uppercase + string.digits


def made_up(length: int, alphabet: str = LETTERS, seed: int = 3) -> str:
    """A key that nobody has: made here, so that this file holds none."""
    return "".join(random.Random(seed).choices(alphabet, k=length - 3)) + "aB7"  # noqa: S311


PEM = "\n".join(
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        *textwrap.wrap(made_up(900), 64),
        "-----END " + "RSA PRIVATE KEY-----",
    ]
)
TOKENS = {
    **{f"gh{kind}_": f"gh{kind}_" + made_up(36) for kind in "pousr"},
    "ghs_ with a web token": "ghs_12_" + f"eyJ{made_up(20)}.eyJ{made_up(80)}.{made_up(43)}",
    "github_pat_": "github_pat_" + made_up(22) + "_" + made_up(59),
    "glpat-": "glpat-" + made_up(20),
    "hf_": "hf_" + made_up(34),
    "AKIA": "AKIA" + made_up(16, CAPITALS).upper(),
    "ASIA": "ASIA" + made_up(16, CAPITALS).upper(),
    "sk-": "sk-" + made_up(48),
    "sk-proj-": "sk-proj-" + made_up(60) + "_" + made_up(60),
    "sk-ant-": "sk-ant-api03-" + made_up(90) + "-" + made_up(6),
    "sk_live_": "sk_live_" + made_up(24),
    "xoxb-": "xoxb-123456789012-1234567890123-" + made_up(24),
    "hooks.slack.com": "hooks.slack.com/services/T0" + made_up(8) + "/B0" + made_up(8),
    "AIza": "AIza" + made_up(35),
    "pypi-": "pypi-AgEIcHlwaS5vcmc" + made_up(80),
    "npm_": "npm_" + made_up(36),
    "wandb_v1_": "wandb_v1_" + made_up(40),
    "JWT": f"eyJ{made_up(20)}.eyJ{made_up(80)}.{made_up(43)}",
    "PEM": PEM,
}
AROUND = ["{}", "x = '{}'", "token:{}", '{{"a": "{}"}}', "({})", "\x1b[31m{}\x1b[0m", "a\n{}\nb"]


def redacted(text: str, **environment: str) -> str:
    return Redactor(Secrets.of(environment)).text(text)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_is_known_by_its_form(token: str, around: str) -> None:
    seen = redacted(around.format(token))
    assert "[redacted " in seen
    for part in [token, token[-20:], *token.split("\n")[1:-1]]:
        assert part not in seen
    before, after = around.format("\0").split("\0")
    assert seen.startswith(before)
    assert seen.endswith(after)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("https://ada:s3cret@example.org/x", "https://[redacted password in a URL]@example.org/x"),
        (
            f"git clone https://{made_up(40)}@github.com/a/b",
            "git clone https://[redacted password in a URL]@github.com/a/b",
        ),
        ("postgres://u:p%40ss@db:5432/x", "postgres://[redacted password in a URL]@db:5432/x"),
        (
            "Authorization: Basic dXNlcjpwYXNzd29yZA==",
            "Authorization: Basic [redacted Authorization header]",
        ),
        (
            "{'Authorization': 'Bearer " + made_up(30) + "'}",
            "{'Authorization': 'Bearer [redacted Authorization header]'}",
        ),
        (f"curl -H 'bearer {made_up(40)}'", "curl -H 'bearer [redacted bearer token]'"),
        (
            "environ({'WANDB_API_KEY': '0123456789abcdef0123456789abcdef01234567', 'A': '1'})",
            "environ({'WANDB_API_KEY': '[redacted value of a secret variable]', 'A': '1'})",
        ),
        (
            "export DB_PASSWORD=correct-horse-7",
            "export DB_PASSWORD=[redacted value of a secret variable]",
        ),
        ("AccountKey=" + made_up(86) + "==;x", "AccountKey=[redacted Azure key];x"),
    ],
)
def test_a_secret_is_known_by_what_stands_before_it(text: str, seen: str) -> None:
    assert redacted(text) == seen


def test_a_private_key_that_was_cut_short_is_redacted_as_far_as_it_goes() -> None:
    cut = PEM[:520]
    assert redacted(f"key:\n{cut}\nThe end.") == "key:\n[redacted private key]\nThe end."


NUMBERS = random.Random(5)  # noqa: S311
HARMLESS = [
    hashlib.sha1(b"x", usedforsecurity=False).hexdigest(),
    hashlib.sha256(b"x").hexdigest(),
    "sha256:" + hashlib.sha256(b"y").hexdigest(),
    "12345678-1234-5678-1234-567812345678",
    "token: ' the' 0.25\ntoken: ' cat' 0.125",
    "BOS_TOKEN: <|endoftext|>, EOS_TOKEN=<|endoftext|>",
    "n_tokens=40960000000000, pad_token_id = 50256, key_size: 64",
    "blocks.0.attn.hook_k blocks.0.attn.W_K state_dict_key=blocks.11.attn.hook_q",
    "the disk-backed task-specific risk-free sk-learn-compatible-estimator-wrapper",
    "hf_model_name_or_path hf_hub_download hf_transformers_wrapper",
    "https://example.org/a:b@c?d=e https://medium.com/@somebody/a-long-title-of-a-post-1234",
    "ssh://git@github.com/a/b.git git@github.com:a/b.git mailto:ada@example.org",
    "Authorization: requires the role write",
    "https://arxiv.org/abs/2209.10652 doi:10.1000/182",
    "BEGIN PUBLIC KEY: -----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "tensor([ 0.1234, -0.5678,  1.2e-05], device='cuda:0', grad_fn=<AddBackward0>)",
    "ValueError: KEY_ERROR: 'layer'",
    "1f3a9c0 Merge branch 'main' at 2026-11-21T09:30:15Z",
]


@pytest.mark.parametrize("text", HARMLESS, ids=lambda text: text[:30])
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert (
        redacted(text, PATH="/usr/bin", GPG_KEY="A035C8C19219BA821ECEA86B64E628F8D684696D") == text
    )


def test_random_hexadecimal_and_base64_stay() -> None:
    noise = NUMBERS.randbytes(600_000)
    for text in (noise.hex(), base64.b64encode(noise).decode()):
        assert redacted(text) == text


@given((st.text() | HOSTILE).filter(lambda text: "://" not in text))
def test_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert redacted(text, MY_SECRET=VALUE) == text


@given(HOSTILE, st.sampled_from(list(TOKENS.values())), HOSTILE)
def test_what_is_redacted_stays_so(before: str, token: str, after: str) -> None:
    once = redacted(f"{before} {token} {after}")
    assert token not in once
    assert redacted(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\\n",
            "sk-",
            "-sk-a",
            "xoxb-",
            "eyJ",
        ),
        *(
            "-eyJ",
            "eyJaaaaaaaa.",
            "://",
            "://a:",
            "authorization:",
            "Authorization: bearer ",
            "_KEY=",
        ),
        *("gh", "ghp_", "hf_", "AIza", "bearer a-", "pypi-AgE", "correct", "c \n"),
    ],
)
def test_text_made_to_take_for_ever_does_not(piece: str) -> None:
    """Without a limit on how far each form looks, these would take hours."""
    assert redacted(piece * (1_500_000 // len(piece)), MY_SECRET=VALUE)


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        f"x{VALUE}y",
        quote(VALUE, safe=""),
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(f"user:{VALUE}".encode()).decode(),
        base64.b64encode(f"a:{VALUE}:more".encode()).decode(),
        VALUE.encode().hex(),
        "\n".join(textwrap.wrap(VALUE, 9)),
        "\n".join(VALUE),
        "x" * 500 + VALUE[:20],
        VALUE[6:] + "x" * 500,
    ],
)
def test_a_value_of_the_environment_is_known_however_it_is_written(written: str) -> None:
    seen = redacted(f"{written}", MY_SECRET=VALUE)
    assert "[redacted MY_SECRET]" in seen
    assert len(seen) <= len(written) + 30
    longest = max((VALUE[i : i + 12] for i in range(len(VALUE) - 12)), key=lambda p: p in seen)
    assert longest not in seen


def test_every_line_of_a_value_counts() -> None:
    lines = PEM.split("\n")
    assert redacted(f"it is {lines[4]}.", DEPLOY_KEY=PEM) == "it is [redacted DEPLOY_KEY]."


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        *(
            (name, True)
            for name in ("GITHUB_TOKEN", "hf_token", "WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY")
        ),
        *(
            (name, True)
            for name in ("AWS_ACCESS_KEY_ID", "DB_PASSWORD", "PGPASSWORD_SECRET", "MY.AUTH")
        ),
        *(
            (name, False)
            for name in ("PATH", "TOKENIZERS_PARALLELISM", "SSH_AUTH_SOCK", "HF_TOKEN_PATH")
        ),
        *(
            (name, False)
            for name in (
                "KEYBOARD",
                "PWD",
                "HOME",
                "MONKEY",
                "AUTHOR",
                "PASSING",
                "",
                "AUTH_METHOD",
            )
        ),
    ],
)
def test_a_variable_is_secret_by_its_name(name: str, secret: bool) -> None:
    assert says_secret(name) == secret


def test_secrets_do_not_show_themselves() -> None:
    secrets = Secrets.of({"HF_TOKEN": VALUE})
    assert VALUE not in repr(secrets) + str(secrets)
    assert secrets.values == (("HF_TOKEN", VALUE),)


def executed(*outputs: dict[str, Any]) -> bytes:
    cell = {"cell_type": "code", "metadata": {}, "source": "", "outputs": list(outputs)}
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    ).encode()


GITHUB = TOKENS["ghp_"]


def test_all_that_a_result_says_is_redacted_and_noted() -> None:
    said = f"it is {GITHUB}"
    leaking = result(
        status="failed",
        error=RunError(cell=1, name=said, message=said, traceback=said),
        metrics={said: said, "loss": 0.5},
        figures=(
            Figure(file="a.png", sha256="", cell=1, width=1, height=1, caption=said, alt=said),
        ),
        tables=(Table(cell=1, columns=(said,), rows=((said, "1"),), rows_total=1),),
        stdout_tail=said,
        notes=(said,),
    )
    clean, _ = redacted_run(leaking, {}, Secrets())
    assert GITHUB not in clean.model_dump_json()
    assert clean.metrics == {
        "it is [redacted GitHub token]": "it is [redacted GitHub token]",
        "loss": 0.5,
    }
    assert clean.notes[0].startswith("Redacted from what was printed or shown: a GitHub token.")
    assert redacted_run(clean, {}, Secrets()) == (clean, {})


def test_a_run_without_secrets_stays_byte_for_byte() -> None:
    files = {"notebook.ipynb": executed({"output_type": "stream", "name": "stdout", "text": "a"})}
    assert redacted_run(result(), files, Secrets()) == (result(), files)


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "stream", "name": "stdout", "text": f"a {GITHUB} b"},
        {"output_type": "stream", "name": "stdout", "text": ["a gh", *GITHUB[2:], " b"]},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"text/html": [f"<b>{GITHUB}</b>"]},
        },
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/svg+xml": f"<t>{GITHUB}</t>"},
        },
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"application/x+json": {"a": [GITHUB]}},
        },
        {
            "output_type": "error",
            "ename": "E",
            "evalue": GITHUB,
            "traceback": ["a", f"b {GITHUB}\nc"],
        },
    ],
    ids=str,
)
def test_every_output_of_a_notebook_is_redacted(output: dict[str, Any]) -> None:
    clean, files = redacted_run(result(), {"notebook.ipynb": executed(output)}, Secrets())
    text = files["notebook.ipynb"].decode()
    assert GITHUB not in text.replace('",\n', "").replace('      "', "")
    assert "[redacted GitHub token]" in text
    assert clean.notes
    assert json.loads(text)["cells"][0]["outputs"][0].keys() == output.keys()


def test_a_value_broken_over_lines_is_found_in_a_notebook() -> None:
    key = made_up(40)
    broken = "\n".join(textwrap.wrap(key, 11))
    notebook = executed({"output_type": "stream", "name": "stdout", "text": broken})
    _, files = redacted_run(
        result(), {"notebook.ipynb": notebook}, Secrets.of({"WANDB_API_KEY": key})
    )
    assert "[redacted WANDB_API_KEY]" in files["notebook.ipynb"].decode()


def test_pictures_within_a_notebook_stay_as_they_are() -> None:
    picture = base64.b64encode(NUMBERS.randbytes(1_000)).decode() + "AKIA" + "A" * 16
    shown = {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}}
    printed = {"output_type": "stream", "name": "stdout", "text": GITHUB}
    _, files = redacted_run(result(), {"notebook.ipynb": executed(shown, printed)}, Secrets())
    assert picture in files["notebook.ipynb"].decode()


# What may lie between two characters of a secret in a notebook's JSON.
SEAMS = st.sampled_from(["", " ", "\n   ", "\\n", '","', '",\n    "', '\\n",\r\n\t"'])


@settings(max_examples=30)
@given(
    st.sampled_from([*TOKENS.values(), quote(VALUE, safe="")]),
    st.integers(1, 40),
    SEAMS,
    st.integers(0, 60),
)
def test_a_secret_is_seen_wherever_a_long_notebook_holds_it(
    token: str, at: int, seam: str, before_border: int
) -> None:
    """A notebook is looked at piece by piece, each of a mebibyte."""
    text = f"{token[:at]}{seam}{token[at:]}".encode()
    redactor = Redactor(Secrets.of({"MY_SECRET": VALUE}))
    assert redactor.may_hold(text)
    assert redactor.may_hold(b"~" * ((1 << 20) - before_border) + text)


@settings(max_examples=30)
@given(
    st.lists(SEAMS | st.sampled_from(['"', ",", "\\", "n", VALUE[:9], VALUE[9:]])),
    st.integers(0, 60),
)
def test_a_border_within_a_long_notebook_changes_nothing(parts: list[str], border: int) -> None:
    text = "".join(parts).encode()
    redactor = Redactor(Secrets.of({"MY_SECRET": VALUE}))
    whole = redactor.may_hold(b"~" + text)
    assert redactor.may_hold(b"~" * ((1 << 20) - border) + text) == whole


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_what_is_redacted_is_seen_in_json_first(token: str, around: str) -> None:
    assert Redactor(Secrets()).may_hold(json.dumps([around.format(token)]).encode())


def test_a_value_with_letters_of_any_language_is_seen() -> None:
    redactor = Redactor(Secrets.of({"MY_SECRET": "ÄÖÜ-übergroß"}))
    assert redactor.may_hold("ÄÖÜ-übergroß".encode())


def test_a_large_picture_is_not_taken_for_a_secret() -> None:
    """Reading a notebook takes several times its size, which its pictures must not bring about."""
    picture = base64.b64encode(random.Random(3).randbytes(6_000_000))  # noqa: S311  # no secret
    assert b"eyJ" in picture
    assert not Redactor(Secrets()).may_hold(picture)


def test_a_notebook_that_cannot_be_read_is_left_out_if_it_may_hold_secrets() -> None:
    clean, files = redacted_run(result(), {"notebook.ipynb": GITHUB.encode()}, Secrets())
    assert files == {}
    assert "left out" in clean.notes[0]


def test_a_local_run_redacts_what_its_notebook_prints(repository: Repository) -> None:
    """By form and by value: in the thread, under the ref, beside the thread."""
    repository.ask()
    value = made_up(30, seed=8)
    repository.commit_notebook(
        f"print('{GITHUB[:9]}' + '{GITHUB[9:]}')",
        "import os\nprint(os.environ['MY_API_KEY'])",
        "raise ValueError(os.environ['MY_API_KEY'][:10] + os.environ['MY_API_KEY'][10:])",
    )
    done = repository.excursion("run", "1", MY_API_KEY=value)
    assert done.status == 1, done.err
    published = repository.git("show", "refs/excursions/1/1:notebook.ipynb")
    beside = Path(repository.top, ".excursions/1")
    written = [p.read_text("utf-8", "replace") for p in beside.rglob("*") if p.is_file()]
    for text in [published, repository.git("show", "refs/excursions/1/1:result.json"), *written]:
        assert value not in text
        assert GITHUB not in text
    assert "[redacted MY_API_KEY]" in published
    assert "[redacted GitHub token]" in published
    kept = read_result(repository.git("show", "refs/excursions/1/1:result.json"))
    assert kept.notes[0].startswith("Redacted")
    assert "Redacted from what was printed" in repository.must("show", "1")
    assert "MY_API_KEY" not in os.environ
