"""The template what-if, for three seeds."""

from __future__ import annotations

from templates.trials import Trials


def test_erasing_salient_ink_hurts_more_than_any_control(trial: Trials) -> None:
    for done in trial("what-if"):
        # From about 0.92, six of some thirty ink pixels leave chance where they are salient and
        # 0.6 or more in every control; three seeds differ by 0.02.
        assert done.number("deletion_gap") >= 0.4
        for control in ("random", "darkest", "untrained"):
            assert done.number(f"accuracy_{control}_erased") > 0.5
        assert done.number("accuracy_salient_erased") < 0.2


def test_an_untrained_map_looks_alike_and_is_not(trial: Trials) -> None:
    for done in trial("what-if"):
        assert done.number("similarity_untrained") > 0.3  # the picture's ink is in both maps
        assert done.number("deletion_gap_untrained") < 0.15


def test_the_default_edit_changes_the_answer(trial: Trials) -> None:
    for done in trial("what-if"):
        assert done.number("probability_before") > 0.9
        assert done.number("probability_after") < 0.1


def test_well_chosen_pixels_of_a_counterfactual_change_the_answer_sooner(trial: Trials) -> None:
    for done in trial("what-if"):
        assert done.number("pixels_to_flip") <= 8  # of the sixty that may differ
        assert done.number("pixels_to_flip_random") >= 2 * done.number("pixels_to_flip")


def test_a_cloud_of_points_says_little_about_training(trial: Trials) -> None:
    for done in trial("what-if"):
        gain = done.number("purity_trained") - done.number("purity_pixels")
        assert abs(gain) < 0.1
        assert done.number("purity_untrained") > 0.2  # twice chance, with nothing learned


def test_plain_gradients_of_two_networks_do_not_look_alike(trial: Trials) -> None:
    (done,) = trial("what-if", (0,), method="gradient")
    assert abs(done.number("similarity_untrained")) < 0.15
    assert done.number("deletion_gap") >= 0.3


def test_an_edit_beyond_the_picture_is_refused(trial: Trials) -> None:
    (done,) = trial("what-if", (0,), fails=True, edit_column=7, edit_size=2)
    assert "leaves the 8 × 8 picture" in str(done.result.error)
