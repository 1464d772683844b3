"""Exports: the samples of generate in the formats that trainers and viewers elsewhere read. One file a format.

sources ──▶ samples ──▶ choose ──▶ chat, hermes, parquet, tokens  (of samples)
(files)    (first pass)      └───▶ rollouts ──▶ atif, mini       (of rollouts)
"""

from pipeline.export.choose import Mix
from pipeline.export.hermes import THINK
from pipeline.export.hermes import Options as HermesOptions
from pipeline.export.run import FORMATS, Exported, Options, export
from pipeline.export.tokens import Options as TokensOptions

__all__ = ["FORMATS", "THINK", "Exported", "HermesOptions", "Mix", "Options", "TokensOptions", "export"]
