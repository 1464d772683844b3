"""``datasets``: a folder that ``datasets.load_dataset`` opens: parquet files of about 500 MB and a data card.

Written row group by row group, so that memory does not grow with the number of samples. Tools are a
JSON text, as trl and others read them: Arrow would give every tool the parameters of all others.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.export import schema
from pipeline.export.chat import row
from pipeline.types import LeftOut, Sample

GROUP_BYTES = 16 * 2**20
"""Of one row group, about, before compression."""
SHARD_BYTES = 500 * 10**6
"""Of one file, about, before compression: what the datasets library itself writes."""


def arrow() -> Any:
    """The pyarrow package. Raises InputError where it is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("--format datasets: pyarrow is not installed; run: pip install 'switchover[export]'") from None
    return pyarrow


class Parquet:
    """Writes ``data/train-I-of-N.parquet``."""

    def __init__(
        self,
        folder: Path,
        with_reasoning: bool,
        *,
        group_bytes: int = GROUP_BYTES,
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        self._arrow = arrow()
        self._folder = folder / "data"
        self._folder.mkdir()
        self._with_reasoning = with_reasoning
        self._group_bytes, self._shard_bytes = group_bytes, shard_bytes
        self.columns = schema.columns(with_reasoning, "string")
        self._schema = self._arrow.schema([(name, self._type(type)) for name, type in self.columns.items()])
        self._rows: list[dict[str, Any]] = []
        self._row_bytes = 0
        self._writer: Any = None
        self._written = 0
        self._files: list[Path] = []
        self.total_bytes = 0
        """Of all columns, before compression."""

    def add(self, sample: Sample) -> LeftOut | None:
        made = row(sample, self._with_reasoning)
        made["tools"] = json.dumps(made["tools"], ensure_ascii=False)
        self._rows.append(made)
        self._row_bytes += sum(len(message["content"]) for message in made["messages"])
        if self._row_bytes >= self._group_bytes:
            self._write_group()
        return None

    def close(self) -> None:
        if self._rows or not self._files:
            self._write_group()
        self._end_file()
        count = len(self._files)
        for index, path in enumerate(self._files):
            path.rename(path.with_name(f"train-{index:05}-of-{count:05}.parquet"))

    def _write_group(self) -> None:
        table = self._arrow.Table.from_pylist(self._rows, schema=self._schema)
        if self._writer is None:
            path = self._folder / f"{len(self._files)}.part"
            self._files.append(path)
            self._writer = self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._writer.write_table(table, row_group_size=max(1, len(self._rows)))
        self._rows, self._row_bytes = [], 0
        self._written += table.nbytes
        self.total_bytes += table.nbytes
        if self._written >= self._shard_bytes:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._written = None, 0

    def _type(self, type: schema.Type) -> Any:
        if isinstance(type, list):
            return self._arrow.list_(self._type(type[0]))
        if isinstance(type, dict):
            return self._arrow.struct([(name, self._type(inner)) for name, inner in type.items()])
        return self._arrow.type_for_alias(type)
