"""tokens: what trainers elsewhere read of it is what our own training reads, and nothing unfit is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.errors import InputError
from pipeline.export import Options, TokensOptions, export
from pipeline.jsonl import read
from pipeline.train.base import load_template
from pipeline.train.samples import read_conversations
from pipeline.train.tokens import IGNORED, encode
from pipeline.types import Sample
from tests.export.conftest import renamed, said, written
from tests.export.test_chat import load
from tests.train.tiny import make_model, make_tokenizer


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_model(tmp_path_factory.mktemp("base")))


def exported(sources: list[Path], out: Path, base: str, **options: Any) -> list[dict[str, list[int]]]:
    export(sources, out, Options(("tokens",), tokens=TokensOptions(base, **options)))
    return list(read(out / "tokens" / "train.jsonl"))


def test_the_rows_are_the_sequences_that_our_training_reads(shards: list[Path], tmp_path: Path, base: str) -> None:
    rows = exported(shards[:1], tmp_path / "out", base)
    template = load_template(base)
    ours = {c.id: encode(template, c, 32768) for c in read_conversations(shards[0] / "samples.jsonl")}
    about = list(read(tmp_path / "out" / "tokens" / "rows.jsonl"))
    assert len(rows) == len(about) > 1
    for row, of in zip(rows, about, strict=True):
        (tokens,) = ours[of["id"]]  # type: ignore[misc]
        assert row == {
            "input_ids": list(tokens.input_ids), "attention_mask": [1] * len(row["input_ids"]), "labels": tokens.labels,
        }  # fmt: skip
        assert of == {"id": of["id"], "tokens": len(row["input_ids"]), "labelled": tokens.labelled}


def test_the_folder_says_what_it_is_for(shards: list[Path], tmp_path: Path, base: str) -> None:
    rows = exported(shards, tmp_path / "out", base, too_long="cut")
    folder = tmp_path / "out" / "tokens"
    about = json.loads((folder / "about.json").read_text())
    assert (about["base"], about["rows"], about["stop_tokens"]) == (base, len(rows), ["<|im_end|>"])
    assert about["longest"] == max(len(row["input_ids"]) for row in rows)
    assert (folder / "chat_template.jinja").read_text() == load_template(base).source
    assert f"base {base}, context_tokens 32768, too_long cut" in (tmp_path / "out" / "card.md").read_text()


def test_other_libraries_read_it(shards: list[Path], tmp_path: Path, base: str) -> None:
    """axolotl and TRL load it with ``datasets`` and pad with a collator such as transformers' own."""
    from transformers import DataCollatorForSeq2Seq

    rows = exported(shards, tmp_path / "out", base)
    table = load(tmp_path / "cache", "json", data_files=str(tmp_path / "out" / "tokens" / "train.jsonl"))
    assert table == rows and list(table[0]) == ["input_ids", "attention_mask", "labels"], "axolotl: exactly these"
    short, long = sorted(table, key=lambda row: len(row["input_ids"]))[:: len(table) - 1]
    batch = DataCollatorForSeq2Seq(make_tokenizer())([dict(short), dict(long)])
    size = len(long["input_ids"])
    assert batch["input_ids"].shape == batch["labels"].shape == batch["attention_mask"].shape == (2, size)
    padding = size - len(short["input_ids"])
    assert padding and batch["labels"][0].tolist() == short["labels"] + [IGNORED] * padding
    assert batch["attention_mask"][0].sum() == len(short["input_ids"])


def test_transformers_trainer_trains_on_the_labels_as_they_are(shards: list[Path], tmp_path: Path, base: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    rows = exported(shards[:1], tmp_path / "out", base)[:2]
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    labels = torch.tensor([rows[0]["labels"]])
    logits = model(input_ids=torch.tensor([rows[0]["input_ids"]])).logits[:, :-1].float()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED)
    expected = loss.item()
    trainer = Trainer(
        model=model,
        args=TrainingArguments(str(tmp_path / "run"), max_steps=1, per_device_train_batch_size=1, logging_steps=1,
                               use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True,
                               dataloader_pin_memory=False),
        train_dataset=rows[:1],  # type: ignore[arg-type]
        data_collator=DataCollatorForSeq2Seq(make_tokenizer()),
    )  # fmt: skip
    trainer.train()
    assert trainer.state.log_history[0]["loss"] == pytest.approx(expected, abs=2e-3)


def test_what_cannot_be_learnt_from_is_left_out_with_its_reason(sample: Sample, tmp_path: Path, base: str) -> None:
    forged = said(renamed(sample, "forged.1.0"), content="<|im_start|>")
    lone = written(tmp_path / "lone.jsonl", sample, forged, renamed(sample, "long.1.0"))
    whole = exported([lone], tmp_path / "out", base)
    assert len(whole) == 2
    (left,) = read(tmp_path / "out" / "left_out.jsonl")
    assert (left["stage"], left["id"], left["reason"]) == ("export", "forged.1.0", "control_token_in_text")
    assert left["detail"].startswith("tokens: message 2 (assistant) holds the control token")
    size = len(whole[0]["input_ids"])
    exported([lone], tmp_path / "short", base, context_tokens=size - 1)
    reasons = {row["reason"] for row in read(tmp_path / "short" / "left_out.jsonl")}
    assert reasons == {"too_long", "control_token_in_text"}
    cut = exported([lone], tmp_path / "cut", base, context_tokens=size - 1, too_long="cut")
    assert cut and all(row["input_ids"] == whole[0]["input_ids"][: len(row["input_ids"])] for row in cut)
    assert all(row["labels"][-1] == make_tokenizer().eos_token_id for row in cut), "cut after a whole turn"


def test_ids_that_a_server_generated_are_exported_as_they_were(sample: Sample, tmp_path: Path, base: str) -> None:
    (row, *_) = exported([written(tmp_path / "a.jsonl", sample)], tmp_path / "a", base)
    template = load_template(base)
    turn = encode(template, read_conversations(tmp_path / "a.jsonl")[0], 32768)[0].turns[0]  # type: ignore[index]
    text = template.tokenizer.decode(row["input_ids"][turn.start : turn.end - 1])
    letters = [token for character in text for token in template.tokenizer(character)["input_ids"]]
    generated = written(tmp_path / "b.jsonl", said(sample, token_ids=letters))
    (other, *_) = exported([generated], tmp_path / "b", base)
    stop = template.tokenizer.eos_token_id
    assert other["input_ids"][turn.start : turn.start + len(letters) + 1] == [*letters, stop]
    assert len(other["input_ids"]) == len(row["input_ids"]) + len(letters) + 1 - (turn.end - turn.start)


def test_a_broken_rule_stops_the_export_and_leaves_the_old_one(sample: Sample, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    make_tokenizer(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ).save_pretrained(deaf)
    (deaf / "config.json").write_text('{"model_type": "qwen3"}')
    with pytest.raises(InputError, match=rf"sample {sample.id}: rule 8 .* lack its call of bash"):
        exported([written(tmp_path / "a.jsonl", sample)], tmp_path / "out", str(deaf))
    assert not (tmp_path / "out").exists()


def test_the_verb(shards: list[Path], tmp_path: Path, base: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["export", str(shards[0]), "--format", "tokens", "--out", str(tmp_path / "out")]
    assert run(words) == 2
    assert "--format tokens: for which model? give the base with --base" in capsys.readouterr().err
    assert run([*words, "--base", base, "--context-tokens", "0"]) == 2
    assert "--context-tokens: 0 is too small" in capsys.readouterr().err
    assert run([*words, "--base", base, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"]["tokens"] > 0
