"""The empty notebook: its example's coin is fair, and its control's is not."""

from __future__ import annotations

import pytest

from templates.trials import Trials


def test_a_fair_coin_settles_at_one_half_and_its_control_elsewhere(trial: Trials) -> None:
    for done in trial("blank"):
        # Four standard errors of a thousand draws, √(p (1 - p) / 1000) each.
        assert done.number("share_of_heads") == pytest.approx(0.5, abs=0.063)
        assert done.number("share_of_heads_control") == pytest.approx(0.7, abs=0.058)
