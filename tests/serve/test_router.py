"""The LiteLLM proxy's config: who gets which share, who steps in, and no key in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli, router
from pipeline.errors import InputError
from pipeline.settings import Config, EndpointConfig, EvaluateConfig, ServeConfig

URLS = tuple(f"http://10.0.0.{n}:8100/v1" for n in range(1, 9))


def config(route: str, url: str = "https://api.example.com/v1", own: str | None = None) -> Config:
    evaluate = EvaluateConfig(own=EndpointConfig(model=own), frontier=EndpointConfig(url, "big-model"))
    return Config(evaluate=evaluate, serve=ServeConfig(route=route))


def made(route: str, urls: tuple[str, ...] = URLS[:2], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(router.text(config(route, **more), urls))
    return found


def shares(document: dict[str, Any]) -> dict[str, float]:
    """Share of the public model's requests by address, as LiteLLM's simple-shuffle takes its weights."""
    public = [m["litellm_params"] for m in document["model_list"] if m["model_name"] == router.PUBLIC]
    total = sum(params["weight"] for params in public)
    return {params["api_base"]: params["weight"] / total for params in public}


@given(st.integers(1, 999), st.integers(1, 8))
def test_a_canary_gets_its_share_however_many_replicas_there_are(parts: int, replicas: int) -> None:
    document = made(f"canary=0.{parts:03}", URLS[:replicas])
    found = shares(document)
    assert sum(found[url] for url in URLS[:replicas]) == pytest.approx(parts / 1000)
    assert len({found[url] for url in URLS[:replicas]}) == 1
    assert all(isinstance(m["litellm_params"].get("weight", 0), int) for m in document["model_list"])


def test_the_whole_routes_and_who_steps_in() -> None:
    assert shares(made("own")) == {URLS[0]: 0.5, URLS[1]: 0.5}
    assert shares(made("frontier")) == {"https://api.example.com/v1": 1}
    assert made("own")["router_settings"]["fallbacks"] == [{"switchover": ["frontier"]}]
    assert made("frontier", ())["router_settings"]["fallbacks"] == []
    for route in ("own", "frontier", "canary=0.1"):
        names = [m["model_name"] for m in made(route)["model_list"]]
        assert names[-3:] == ["own", "own", "frontier"], "each can be asked for by its own name, whatever the route"


def test_keys_are_named_and_never_there() -> None:
    for model in made("canary=0.1")["model_list"]:
        of = {"hosted_vllm/own": "OWN", "openai/big-model": "FRONTIER"}[model["litellm_params"]["model"]]
        assert model["litellm_params"]["api_key"] == f"os.environ/SWITCHOVER_{of}_KEY"
    assert made("own")["general_settings"] == {"master_key": "os.environ/LITELLM_MASTER_KEY"}


def test_anthropic_is_spoken_to_in_its_own_form() -> None:
    frontier = made("frontier", url="https://api.anthropic.com/v1")["model_list"][-1]["litellm_params"]
    assert (frontier["model"], frontier["api_base"]) == ("anthropic/big-model", "https://api.anthropic.com")
    assert made("own", own="ours")["model_list"][0]["litellm_params"]["model"] == "hosted_vllm/ours"


def test_a_router_with_nobody_to_send_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="own's address"):
        router.text(config("canary=0.1"), ())
    for url in ("", "scripted"):
        with pytest.raises(InputError, match=r"evaluate\.frontier"):
            router.text(config("own", url=url), URLS)
    with pytest.raises(InputError, match="cannot be written"):
        router.write(tmp_path / "none" / "file", config("own"), URLS)


def test_own_addresses_are_read_back_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "litellm.yaml"
    assert router.own_urls(file) == ()
    for route in ("own", "frontier"):
        router.write(file, config(route), URLS[:3])
        assert router.own_urls(file) == URLS[:3]
    assert [p.name for p in tmp_path.iterdir()] == ["litellm.yaml"]
    for bad in ("{", "[1]", "model_list: [3]", "model_list: [{model_name: own}]"):
        file.write_text(bad)
        with pytest.raises(InputError, match="no config of the LiteLLM proxy"):
            router.own_urls(file)


FRONTIER = "evaluate: {frontier: {url: 'https://api.example.com/v1', model: big-model}}\n"


def switch(tmp_path: Path, *arguments: str) -> int:
    return cli.run(["switch", "--config", str(tmp_path / "so.yml"), "--repo", str(tmp_path), *arguments])


def test_switch_writes_the_routers_config_and_keeps_own_addresses(tmp_path: Path) -> None:
    file = tmp_path / "litellm.yaml"
    (tmp_path / "so.yml").write_text(FRONTIER)
    to_file = ("--router-config", str(file))
    assert switch(tmp_path, "canary=0.25", *to_file, "--own-url", URLS[0], "--own-url", URLS[1]) == 0
    assert shares(yaml.safe_load(file.read_text())) == pytest.approx(
        {URLS[0]: 0.125, URLS[1]: 0.125, "https://api.example.com/v1": 0.75}
    )
    assert switch(tmp_path, "own", *to_file) == 0
    assert shares(yaml.safe_load(file.read_text())) == {URLS[0]: 0.5, URLS[1]: 0.5}
    assert "route: own" in (tmp_path / "so.yml").read_text()


def test_own_address_may_stand_in_the_config(tmp_path: Path) -> None:
    (tmp_path / "so.yml").write_text(FRONTIER.replace("{frontier", f"{{own: {{url: '{URLS[3]}'}}, frontier"))
    assert switch(tmp_path, "own", "--router-config", str(tmp_path / "litellm.yaml")) == 0
    assert router.own_urls(tmp_path / "litellm.yaml") == (URLS[3],)


def test_a_route_that_the_router_cannot_take_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "so.yml").write_text(FRONTIER)
    assert switch(tmp_path, "own", "--router-config", str(tmp_path / "litellm.yaml")) == 2
    assert "needs own's address" in capsys.readouterr().err
    assert switch(tmp_path, "own", "--own-url", URLS[0]) == 2
    assert (tmp_path / "so.yml").read_text() == FRONTIER and len(list(tmp_path.iterdir())) == 1
