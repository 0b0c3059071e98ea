"""`policy show`: what was learned, for contexts that come again and for such that never do, and what has changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from loopwright.cli import rows
from loopwright.cli.screen import fitting

# The fixtures of the neighbouring conftest, by their shape.
Here = Any

LINEAR = "items: 160\nwindow: 8\nrewards: measured\nseed: 3\n"
TURNING = "items: 800\nsteps: 1\nwindow: 1\nrewards: turning\narms: {plain: 10, steep: 1000}\n"


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["{linucb: 0.25}", "{lin_ts: {shared: true}}", "{discounted: {policy: lin_ts}}"])
def test_what_a_linear_policy_makes_of_contexts_that_never_come_again(here: Here, policy: str) -> None:
    here.spec("whole.yaml", f"{LINEAR}policy: {policy}\n")
    assert here.call("run", "whole.yaml").code == 0
    shown = here.call("policy", "show", "whole")
    assert shown.code == 0, shown.err
    assert re.search(r"load \(0 to 50\) +[+-]0\.\d{3}  [+-]0\.\d{3} to [+-]0\.\d{3}", shown.out)
    assert "contexts, hardly any of which came again" in shown.out
    assert not re.search(r"^load=.*▁", shown.out, re.M)
    (data,) = here.call("policy", "show", "whole", "--json").lines
    assert sum(arm["decisions"] for arm in data["overall"]) == 320
    assert data["arms"] == []
    assert {model["arm"] for model in data["models"]} == ({None} if "shared" in policy else {"narrow", "wide"})
    report = here.call("report", "whole", "-o", "whole.html")
    assert report.code == 0, report.err
    page = (here.folder / "whole.html").read_text()
    assert "What the policy takes each feature to add" in page
    assert "all other contexts" not in page


@pytest.mark.slow
def test_a_run_with_a_linear_policy_that_was_killed_is_the_same_run(here: Here) -> None:
    for name in ("whole", "killed"):
        here.spec(f"{name}.yaml", f"{LINEAR}policy: {{lin_ts: 0.25}}\nsleep_s: 0.1\n")
    with here.begun("killed.yaml") as process:
        process.kill()
    (before,) = here.call("runs", "show", "killed", "--json").lines
    assert before["status"] == "killed"
    assert here.call("run", "killed.yaml").code == here.call("run", "whole.yaml").code == 0
    assert here.call("runs", "diff", "whole", "killed").code == 0
    (changed,) = here.call("policy", "show", "killed", "--json", "--last", "0").lines
    (whole,) = here.call("policy", "show", "whole", "--json", "--last", "0").lines
    assert changed == whole


def test_a_short_run_has_no_line_for_each_decision(here: Here) -> None:
    here.spec("short.yaml", "items: 8\nwindow: 1\nrewards: measured\npolicy: {linucb: 0.25}\n")
    assert here.call("run", "short.yaml").code == 0
    shown = here.call("policy", "show", "short", "--last", "0").out
    assert "contexts, hardly any of which came again: they are counted together." in shown
    assert not re.search(r"^load=", shown, re.M)
    assert re.search(r"^load=", here.call("policy", "show", "short", "--last", "0", "--contexts", "20").out, re.M)


def test_contexts_are_shown_apart_where_they_come_again(here: Here) -> None:
    here.spec("toy.yaml", "items: 120\npolicy: {epsilon_greedy: 0.2}\n")
    here.call("run", "toy.yaml")
    shown = here.call("policy", "show", "toy").out
    assert len(re.findall(r"^step=.*[▁-█]", shown, re.M)) == 8
    assert re.search(r"^narrow +\d+ +\d+\.\d %", shown, re.M)
    fewer = here.call("policy", "show", "toy", "--contexts", "1", "--last", "0").out
    assert len(re.findall(r"^step=", fewer, re.M)) == 2
    assert "3 more contexts are not shown: --contexts 4 shows them." in fewer
    assert "context " not in here.call("policy", "show", "toy", "--contexts", "0", "--last", "0").out.replace("contexts", "")


@pytest.mark.slow
def test_an_arm_that_turned_is_named_with_what_it_cost(here: Here) -> None:
    here.spec("stays.yaml", f"{TURNING}policy: {{epsilon_greedy: 0.05}}\n")
    here.spec("follows.yaml", f"{TURNING}policy: {{discounted: {{by: 0.95, policy: {{epsilon_greedy: 0.05}}}}}}\n")
    cost = {}
    for name in ("stays", "follows"):
        assert here.call("run", f"{name}.yaml").code == 0
        shown = " ".join(here.call("policy", "show", name).out.split())
        assert re.search(r"The reward of arm steep has fallen: 0\.\d+ until about trial (3[89]|4[012])\d ", shown)
        assert "Since then arm steep was chosen" in shown
        (changed,) = json.loads(here.call("policy", "show", name, "--json").out)["changes"]
        assert (changed["arm"], changed["cost"]["better"]) == ("steep", "plain")
        cost[name] = changed["cost"]["decisions"] * changed["cost"]["each"]
        here.call("report", name, "-o", f"{name}.html")
        page = (here.folder / f"{name}.html").read_text()
        assert "The reward of arm steep has fallen" in page
        assert ("<code>windowed</code> lets it follow" in page) == (name == "stays")
    assert cost["follows"] < cost["stays"] / 2


def test_nothing_is_said_where_nothing_changed(here: Here) -> None:
    here.spec("toy.yaml", "items: 200\nrewards: measured\npolicy: {linucb: 0.5}\n")
    here.call("run", "toy.yaml")
    assert "has fallen" not in here.call("policy", "show", "toy").out


@pytest.mark.parametrize("kind", ["empty", "failed"])
def test_a_run_that_learned_nothing_can_be_shown(here: Here, kind: str) -> None:
    here.spec("toy.yaml", "items: 5\n" + ("crash_at: 0\n" if kind == "empty" else "fail_every: 1\n"))
    here.call("run", "toy.yaml")
    assert here.call("policy", "show", "toy").code == 0
    assert here.call("policy", "show", "toy", "--json").code == 0
    assert here.call("report", "toy").code == 0


@pytest.mark.parametrize("width", [60, 80, 200])
def test_what_there_is_no_room_for_is_left_out_the_least_needed_first(width: int) -> None:
    columns = rows.OVERALL
    cells = [["narrow", "1,234", "51.0 %", "1,234", "0.512", "0.485 to 0.540", "1.024", "▅" * 20]]
    shown = [columns[place].name for place in fitting(columns, cells, width)]
    assert {"arm", "pulls", "mean", "95 % interval"} <= set(shown)
    assert ("over time" in shown) == (width >= 80)
    assert ("mean unscaled" in shown) == (width == 200)


@pytest.mark.slow
def test_numbers_stay_whole_on_a_narrow_terminal(here: Here, terminal: Callable[..., Any]) -> None:
    here.spec("toy.yaml", "items: 120\nwindow: 4\npolicy: {epsilon_greedy: 0.2}\n")
    here.call("run", "toy.yaml")
    shown = terminal("policy", "show", "toy", "--last", "1", COLUMNS="60")
    assert shown.end() == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.shown)
    assert re.search(r"wide +\d+ +\d+\.\d % +\d\.\d{3} +\d\.\d{3} to \d\.\d{3}", plain)
    assert "there is no room for: rewards, mean unscaled, over time" in plain
    assert max(map(len, plain.splitlines())) <= 60
