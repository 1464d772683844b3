"""Memory and time of a training: the arithmetic, its laws, and what a real layer keeps."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.recipes import NAMES, recipe
from pipeline.settings import Price, TrainConfig
from pipeline.train import devices, plan, planning
from pipeline.train.plan import Device, Work, duration, memory, work_of
from pipeline.train.samples import Conversation, as_served
from pipeline.train.shape import Shape, shape_of

QWEN32 = planning.shape_for("Qwen/Qwen3-32B")
H100 = Device("H100", 80 * 1024**3, 989, 8)
METHODS: tuple[Literal["lora", "qlora", "full"], ...] = ("lora", "qlora", "full")


@pytest.mark.parametrize(
    ("base", "billions"),
    [
        ("Qwen/Qwen3-8B", 8.19), ("Qwen/Qwen3-14B", 14.77), ("Qwen/Qwen3-32B", 32.76),
        ("Qwen/Qwen2.5-Coder-32B-Instruct", 32.76), ("small", 0.1345),
    ],
)  # fmt: skip
def test_the_known_models_have_the_sizes_that_their_makers_tell(base: str, billions: float) -> None:
    assert planning.shape_for(base).parameters / 1e9 == pytest.approx(billions, rel=2e-3)


def test_parts_that_were_worked_out_by_hand() -> None:
    """The table of docs/gpu-plans.md for 32B."""
    assert QWEN32.layer_parameters == 487_587_840
    assert QWEN32.adapter_parameters(16) == 134_217_728
    config = TrainConfig(method="qlora", rank=16, checkpointing="recompute")
    needs = memory(QWEN32, config)
    assert needs.weights / 1e9 == pytest.approx(16.1 + 3.1, abs=0.1)
    assert needs.checkpoints == 64 * 32768 * 5120 * 2
    assert needs.trained == 134_217_728 * 16
    assert memory(QWEN32, dataclasses.replace(config, method="lora")).weights / 1e9 == pytest.approx(65.5, abs=0.1)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "trial"])
def test_each_recipe_fits_the_gpu_in_its_name(name: str) -> None:
    config = recipe(name).apply(TrainConfig())
    gpu = 24 * 1024**3 if name.endswith("24gb") else 80 * 1024**3
    assert memory(planning.shape_for(config.base), config).total < 0.95 * gpu


def test_what_does_not_fit() -> None:
    bf16 = TrainConfig(method="lora", rank=16, checkpointing="recompute")
    assert memory(QWEN32, bf16).total > H100.bytes, "32B in bfloat16 on one GPU of 80 GB"
    full = memory(QWEN32, TrainConfig(method="full"))
    assert plan.is_plainly_too_small(full, H100)
    edge = dataclasses.replace(H100, bytes=int(memory(QWEN32, bf16).total * 0.95))
    assert not plan.is_plainly_too_small(memory(QWEN32, bf16), edge), "a plan a few percent too high refuses nothing"


shapes = st.builds(
    lambda layers, hidden, ffn, heads, share, vocab, tied: Shape(
        layers, hidden * 64, ffn * 64, heads * share * 64, heads * 64, vocab * 64, tied
    ),
    st.integers(1, 80), st.integers(1, 128), st.integers(1, 512), st.integers(1, 16), st.integers(1, 8),
    st.integers(16, 4000), st.booleans(),
)  # fmt: skip
configs = st.builds(
    TrainConfig,
    method=st.sampled_from(METHODS),
    rank=st.integers(1, 256),
    context_tokens=st.integers(128, 131072),
    checkpointing=st.sampled_from(["none", "recompute", "offload"]),
    gpus=st.integers(1, 16),
)


@given(shapes, configs, st.integers(1, 100_000), st.integers(1, 256))
def test_more_context_or_rank_never_takes_less(shape: Shape, config: TrainConfig, tokens: int, rank: int) -> None:
    longer = dataclasses.replace(config, context_tokens=config.context_tokens + tokens)
    wider = dataclasses.replace(config, rank=config.rank + rank)
    assert memory(shape, config).total <= memory(shape, longer).total
    assert memory(shape, config).total <= memory(shape, wider).total
    assert all(value >= 0 for value in vars(memory(shape, config)).values())


@given(shapes, configs)
def test_what_saves_memory_saves_it(shape: Shape, config: TrainConfig) -> None:
    def total(**change: Any) -> int:
        return memory(shape, dataclasses.replace(config, **change)).total

    assert total(checkpointing="offload") <= total(checkpointing="recompute")
    assert total(method="qlora", gpus=1) <= total(method="lora", gpus=1)
    assert (
        memory(shape, dataclasses.replace(config, method="full", gpus=2)).trained
        <= memory(shape, dataclasses.replace(config, method="full", gpus=1)).trained
    )
    assert memory(shape, config, longest=64).total <= memory(shape, config).total


@given(shapes, configs, st.lists(st.integers(1, 50_000), min_size=1, max_size=30))
def test_time_goes_with_the_work(shape: Shape, config: TrainConfig, lengths: list[int]) -> None:
    cut = dataclasses.replace(config, too_long="cut")
    work, more = work_of(lengths, cut), work_of([*lengths, 1000], cut)
    assert duration(shape, cut, work, H100).seconds < duration(shape, cut, more, H100).seconds
    twice = dataclasses.replace(cut, gpus=2 * cut.gpus)
    assert duration(shape, twice, work, H100).seconds == pytest.approx(duration(shape, cut, work, H100).seconds / 2)
    assert work_of(lengths, dataclasses.replace(config, too_long="drop")).tokens <= work.tokens
    assert work.longest <= config.context_tokens


def test_speed_of_32b_on_one_gpu_is_that_of_the_arithmetic_on_paper() -> None:
    """About 350 GFLOP a token at 32k, 1,100 tokens a second at 40% of an H100: ml.md section 7."""
    config = TrainConfig(method="lora", checkpointing="recompute", epochs=1)
    lasts = duration(QWEN32, config, work_of([32768] * 8, config), H100)
    assert lasts.flop / lasts.tokens / 1e9 == pytest.approx(350, rel=0.05)
    assert lasts.tokens / lasts.seconds == pytest.approx(1100, rel=0.07)


def test_steps_are_counted_as_the_trainer_does_and_capped() -> None:
    config = TrainConfig(epochs=3, accumulate=4, gpus=2)
    assert duration(QWEN32, config, Work(17, 1000, 100, 10_000), H100).steps == 9
    capped = duration(QWEN32, dataclasses.replace(config, max_steps=3), Work(17, 1000, 100, 10_000), H100)
    assert capped.steps == 3 and capped.tokens == 1000


@pytest.mark.parametrize("method", METHODS)
def test_what_a_real_layer_keeps_is_what_the_plan_says(method: str) -> None:
    """Qwen3's own layer under autocast, its saved tensors counted; 192 tokens, so that no weight has that size."""
    shape, config = Shape(1, 128, 384, 256, 64, 512, False), TrainConfig(method=method, rank=8)  # type: ignore[arg-type]
    planned, _ = plan._layer(shape, config, 192)
    assert _kept_by_a_layer(shape, config, 192) == pytest.approx(planned, rel=0.05)


def _kept_by_a_layer(shape: Shape, config: TrainConfig, tokens: int) -> int:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import Qwen3Config, Qwen3ForCausalLM

    qwen = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=shape.vocab, hidden_size=shape.hidden, intermediate_size=shape.ffn, num_hidden_layers=1,
            num_attention_heads=shape.query // 32, num_key_value_heads=shape.key_value // 32, head_dim=32,
        )
    ).to(torch.float32 if config.method == "full" else torch.bfloat16)  # fmt: skip
    if config.method != "full":
        get_peft_model(qwen, LoraConfig(r=config.rank, target_modules="all-linear", task_type="CAUSAL_LM"))
    kept: dict[int, Any] = {}

    def keep(tensor: Any) -> Any:
        if tokens in tensor.shape or tokens * shape.hidden == tensor.numel():
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    states = torch.randn(1, tokens, shape.hidden, dtype=torch.bfloat16, requires_grad=True)
    places = qwen.model.rotary_emb(states, torch.arange(tokens)[None])
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", dtype=torch.bfloat16):
        qwen.model.layers[0](states, position_embeddings=places, attention_mask=None)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def test_what_the_plan_takes_from_the_trainer_is_what_the_trainer_has() -> None:
    from pipeline.train import head, methods

    assert plan.HEAD_CHUNK == head.CHUNK
    for context in (plan.LONG, plan.LONG + 1):
        config = TrainConfig(context_tokens=context)
        assert (plan.checkpointing(config) != "none") == methods.checkpoints_activations(config)


def test_a_base_folder_is_read_and_a_name_that_is_nowhere_is_named(tiny: Path, tmp_path: Path) -> None:
    shape = planning.shape_for(str(tiny))
    assert (shape.layers, shape.hidden, shape.query, shape.key_value) == (2, 64, 64, 32)
    for base, says in (("nobody/none", "not at hand; fetch"), ("not a name", "not at hand; fetch")):
        with pytest.raises(InputError, match=says):
            planning.shape_for(base)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        planning.shape_for(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "says"),
    [({"num_experts": 128}, "mixture of experts"), ({"intermediate_size": None}, "intermediate_size is None")],
)
def test_models_that_no_plan_is_made_for(change: dict[str, Any], says: str) -> None:
    config = {"num_hidden_layers": 1, "hidden_size": 64, "intermediate_size": 64, "vocab_size": 9}
    config["num_attention_heads"] = 2
    assert shape_of(config, "here").query == 64
    assert shape_of({"text_config": config}, "here").key_value == 64
    with pytest.raises(InputError, match=f"here: .*{says}"):
        shape_of(config | change, "here")


def sample(text: str) -> Conversation:
    return Conversation("s", (as_served({"role": "user", "content": text}),), (), None, None, malformed=False)


def test_a_plan_for_people_and_for_programs() -> None:
    config = recipe("qlora-32b-80gb").apply(TrainConfig())
    made = planning.make_plan(config.base, config, [sample("x" * 35_000)] * 64, None, Price(gpu_usd_per_hour=2.0))
    shown, row = "\n".join(planning.lines(made)), made.as_json()
    assert "QLoRA of rank 32 on Qwen/Qwen3-32B (32.8B, of which 268M train)" in shown
    assert "H100, 80 GB (assumed)" in shown
    assert json.loads(json.dumps(row)) == row
    assert row["fits"] is True and row["device"]["at_hand"] is False and row["steps"] == 6
    assert row["tokens_per_epoch"] == pytest.approx(64 * 10_000, rel=0.02)
    assert row["cost_usd"] == pytest.approx(2 * row["seconds"] / 3600, abs=0.01)
    parts = ("weights", "trained", "gathered", "checkpoints", "layer", "overhead")
    assert sum(row["memory"][part] for part in parts) == row["memory"]["total"]
    bare = planning.make_plan(config.base, config, [], H100, None)
    assert bare.as_json()["seconds"] is None and "steps" not in "\n".join(planning.lines(bare))


def test_an_assumed_gpu_is_the_smallest_that_holds_it() -> None:
    def device(name: str) -> str:
        config = recipe(name).apply(TrainConfig())
        return planning.make_plan(config.base, config, [], None, None).device.name

    assert [device(name)[:15] for name in ("lora-8b-24gb", "qlora-32b-80gb", "trial")] == [
        "NVIDIA RTX 4090", "NVIDIA H100, 80", "cpu",
    ]  # fmt: skip


def test_a_device_that_is_plainly_too_small_is_refused() -> None:
    config = recipe("qlora-32b-80gb").apply(TrainConfig())
    small = devices.parsed("NVIDIA GeForce RTX 3090, 24576\n")
    with pytest.raises(InputError, match=r"about 45\.0 GB .* RTX 3090, which has 25\.8 GB; take a larger one"):
        planning.refuse_what_cannot_fit(planning.make_plan(config.base, config, [], small, None))
    planning.refuse_what_cannot_fit(planning.make_plan(config.base, config, [], H100, None))
    unknown = planning.make_plan(config.base, dataclasses.replace(config, method="full", gpus=1), [], None, None)
    planning.refuse_what_cannot_fit(unknown)


@pytest.mark.parametrize(
    ("answer", "device"),
    [
        ("NVIDIA H100 80GB HBM3, 81559\nNVIDIA H100 80GB HBM3, 81559\n", ("NVIDIA H100 80GB HBM3", 989, 2)),
        ("NVIDIA A100, 81920\nTesla T4, 15360\n", ("Tesla T4", 100, 2)),
        ("", None),
        ("NVIDIA-SMI has failed, because\n", None),
    ],
)
def test_what_nvidia_smi_says(answer: str, device: tuple[str, float, int] | None) -> None:
    found = devices.parsed(answer)
    assert (found and (found.name, found.tflops, found.count)) == device


def test_the_plan_is_told_before_training_and_a_strange_base_has_none(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with caplog.at_level("INFO"):
        planning.announce("small", recipe("trial").apply(TrainConfig()), [sample("x")], None)
        planning.announce(str(tmp_path), TrainConfig(), [sample("x")], None)
    assert "plan: LoRA of rank 16 on small" in caplog.text and "no plan: " in caplog.text
    huge = {"num_hidden_layers": 999, "hidden_size": 65536, "intermediate_size": 262144, "num_attention_heads": 512}
    (tmp_path / "config.json").write_text(json.dumps({**huge, "vocab_size": 151936}))
    with pytest.raises(InputError, match="are needed on each of 1 x "):
        planning.announce(str(tmp_path), TrainConfig(), [sample("x")], None)
