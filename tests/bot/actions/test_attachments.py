"""Pictures as attachments: uploaded once with a person's token, and every failure told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import CONFIG, Bench, picture, succeed
from rigs.github.attachments import PATH
from rigs.github.faults import Fault
from rigs.github.server import Server

from bot.forge.github_attachments import NotAttachedError, uploads_url
from bot.forge.github_threads import LONGEST

Ran = tuple[list[dict[str, Any]], Path]


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    made = Bench(github, tmp_path / "jobs", f'{CONFIG}[github]\nimages = "attachments"\n')
    made.prepare()
    made.personal_token = github.token("wes")
    return made


def ran(bench: Bench, text: str = "/run seed=3", pictures: int = 3) -> Ran:
    """Have a command's runs executed, to be published."""
    elements = bench.triage(*bench.say(bench.begin(), text))
    return elements, bench.leave(elements, succeed(pictures))


def shown(bench: Bench, entry: str) -> list[str]:
    """Give the addresses of an entry's pictures."""
    return [
        line.partition("](")[2][:-1]
        for line in entry.splitlines()
        if line.startswith("![") and line.endswith(")")
    ]


def uploads(bench: Bench) -> int:
    """Count what was asked of the store, whatever came of it."""
    return sum(each.request.path == PATH for each in bench.github.exchanges)


def at_the_store(bench: Bench, addresses: list[str]) -> int:
    return sum(address.startswith(f"{bench.github.origin}{PATH}/") for address in addresses)


def test_three_pictures_are_uploaded_once_and_shown_from_there(bench: Bench) -> None:
    left = ran(bench)

    bench.publish(*left)

    entry = bench.entry(1, "run:1.1")
    assert bench.github.world.attachments == [picture(n) for n in (1, 2, 3)]
    assert len(set(shown(bench, entry))) == at_the_store(bench, shown(bench, entry)) == 3
    assert "WARNING" not in entry
    files = bench.github.bare.tree("refs/excursions/1/1", deep=True)  # kept by git as well
    assert "figures/figure-03.png" in {file.path for file in files}


def test_a_job_that_is_run_again_uploads_nothing(bench: Bench) -> None:
    left = ran(bench)
    bench.publish(*left)
    before = bench.github.state()

    bench.publish(*left)

    assert len(bench.github.world.attachments) == 3
    assert bench.github.state() == before


def test_the_same_picture_in_two_runs_of_a_job_is_uploaded_once(bench: Bench) -> None:
    bench.publish(*ran(bench, "/run seed=3\n/run seed=4"))

    assert len(bench.github.world.attachments) == 3
    for run in ("run:1.1", "run:1.2"):
        assert at_the_store(bench, shown(bench, bench.entry(1, run))) == 3


def test_the_picture_of_a_sweep_is_attached_and_those_of_its_points_are_not(bench: Bench) -> None:
    left = ran(bench, "/sweep seed=0..2")
    bench.publish(*left)

    entry = bench.entry(1, "sweep:1.1")
    [attached] = bench.github.world.attachments
    kept = bench.github.bare.raw("cat-file", "blob", "refs/excursions/1/sweep-1:figures/sweep.png")
    assert attached == kept
    assert at_the_store(bench, shown(bench, entry)) == 1

    bench.publish(*left)
    assert len(bench.github.world.attachments) == 1


def test_forty_pictures_and_many_metrics_have_room_in_one_entry(bench: Bench) -> None:
    elements = bench.triage(*bench.say(bench.begin(), "/run seed=3"))
    metrics = {f"a rather long metric's name, number {n}": 0.123456789 for n in range(200)}
    told = {"metrics": metrics, "stdout_tail": ("word " * 30 + "\n") * 40}
    left = elements, bench.leave(elements, succeed(40, **told))

    bench.publish(*left)
    bench.publish(*left)

    entry = bench.entry(1, "run:1.1")
    assert at_the_store(bench, shown(bench, entry)) == 40
    assert len(bench.github.world.attachments) == 40
    assert len(entry) <= LONGEST


def test_the_longest_entry_of_forty_attached_pictures_fits_with_its_marker() -> None:
    from samples import result as sample_result

    from bot.commands.run import run_memory
    from bot.forge.attached import read_attached, write_attached
    from bot.forge.marker import write_marker
    from bot.log.run_entry import LONGEST as LONGEST_BODY

    digests = [f"{n:064x}"[::-1] for n in range(40)]
    at = {
        d: f"https://github.com{PATH}/{n:08x}-0000-4000-8000-000000000000"
        for n, d in enumerate(digests)
    }
    result = sample_result(metrics={f"metric-{n}": 0.123456789 for n in range(400)})
    memory = run_memory(result, beside=write_attached(at))
    more = {"asked": "1234567890.10", "published": "0" * 40, "gpu_s": 123456.789}
    marker = write_marker("run:123456.7890", {**memory, **more})
    assert LONGEST_BODY + len(marker) + 2 <= LONGEST
    assert memory["metrics"]
    assert read_attached(memory, digests, "https://github.com") == at


# A name, who the token is of, and what the entry says.
REFUSALS = (
    ("no token", "", "EXCURSIONS_ATTACHMENTS_TOKEN is empty"),
    ("an unknown token", "ghp_" + "0" * 36, "does not know the token"),
    ("a reader's token", "rea", "must be a person's who may push"),
    ("the job's own token", "job", "must be a person's who may push"),
)


@pytest.mark.parametrize(("who", "says"), [case[1:] for case in REFUSALS], ids=lambda case: case)
def test_a_token_that_will_not_do_is_named_in_the_entry(
    who: str, says: str, bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    known = {"rea": lambda: bench.github.token("rea"), "job": bench.token}
    bench.personal_token = known[who]() if who in known else who
    left = ran(bench)

    bench.publish(*left)

    entry = bench.entry(1, "run:1.1")
    assert says in entry.replace("\\", "")
    assert "3 of 3 pictures could not be attached" in entry
    commit = bench.github.bare.refs()["refs/excursions/1/1"]
    assert f"/raw/{commit}/figures/figure-01.png" in entry
    assert len(shown(bench, entry)) == 3
    assert uploads(bench) == (1 if who else 0)  # the next would fare no better
    assert "succeeded" in entry
    if who:
        assert bench.personal_token not in entry + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Fault.UNPROCESSABLE, "GitHub answered 422: Validation Failed"),
        (Fault.TIMEOUT_AFTER, "did not answer in time"),
        (Fault.RESET_BEFORE, "could not be reached"),
        (Fault.BAD_GATEWAY_AFTER, "GitHub answered 502"),
        (Fault.TOO_MANY_RETRY_AFTER, "asked too often"),
    ],
)
def test_a_failure_is_named_and_made_good_when_the_job_is_run_again(
    kind: Fault, says: str, bench: Bench
) -> None:
    left = ran(bench)
    bench.github.fault(at=2, kind=kind, path=PATH)
    bench.clock.answer_s = 1 if kind.hangs else 30

    bench.publish(*left)

    entry = bench.entry(1, "run:1.1")
    lacking = 1 if kind is Fault.UNPROCESSABLE else 2  # it is about that picture alone
    assert f"{lacking} of 3 pictures could not be attached: " in entry
    assert says in entry
    assert at_the_store(bench, shown(bench, entry)) == 3 - lacking
    assert len(shown(bench, entry)) == 3

    bench.clock.answer_s = 30
    before = uploads(bench)
    bench.publish(*left)

    assert uploads(bench) - before == lacking  # what was attached stays so
    entry = bench.entry(1, "run:1.1")
    assert at_the_store(bench, shown(bench, entry)) == 3
    assert "could not be attached" not in entry


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://pictures.example/user-attachments/assets",
        "{origin}.example/user-attachments/assets",
    ],
)
def test_an_address_elsewhere_is_never_shown(elsewhere: str, bench: Bench) -> None:
    bench.github.world.attached_at = elsewhere.format(origin=bench.github.origin)
    bench.publish(*ran(bench))
    entry = bench.entry(1, "run:1.1")
    assert "gave an address that is not on" in entry
    assert ".example" not in entry
    assert all("/raw/" in address for address in shown(bench, entry))


def test_a_redirect_is_not_followed(bench: Bench) -> None:
    bench.github.world.store_moved_to = f"{bench.github.origin}/elsewhere"
    bench.publish(*ran(bench))
    assert "GitHub answered 307" in bench.entry(1, "run:1.1")
    assert not [e for e in bench.github.exchanges if e.request.path == "/elsewhere"]


def test_no_picture_needs_no_token(bench: Bench) -> None:
    bench.personal_token = ""
    bench.publish(*ran(bench, pictures=0))
    assert "could not be attached" not in bench.entry(1, "run:1.1")


def test_the_token_stands_in_no_address_and_nothing_that_is_published(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    elements = bench.triage(*bench.say(bench.begin(), "/run seed=3"))
    printed = {"stdout_tail": f"the token is {bench.personal_token}\n"}
    bench.publish(elements, bench.leave(elements, succeed(2, **printed)))

    token = bench.personal_token
    assert "redacted" in bench.entry(1, "run:1.1")
    sent = [e.request for e in bench.github.api_exchanges()]
    assert any(request.path == PATH for request in sent)
    assert not [r for r in sent if token in r.raw_query or token.encode() in r.body]
    assert token not in str(bench.github.state())
    assert token not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("https://github.com", "https://uploads.github.com"),
        ("https://team.ghe.com", "https://uploads.team.ghe.com"),
    ],
)
def test_the_token_goes_to_githubs_own_place(server: str, place: str) -> None:
    assert uploads_url(server) == place


@pytest.mark.parametrize(
    ("server", "stand_in"),
    [
        ("https://git.example.org", ""),
        ("https://github.com.example.org", ""),
        ("https://evilghe.com", ""),
        ("http://github.com", ""),
        ("https://github.com", "https://uploads.example.org"),
        ("https://github.com", "https://127.0.0.1.example.org"),
    ],
)
def test_it_goes_nowhere_else(server: str, stand_in: str) -> None:
    with pytest.raises(NotAttachedError):
        uploads_url(server, stand_in)
