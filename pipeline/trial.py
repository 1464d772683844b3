"""The trial config: what a cycle uses in a repository that has no config of its own."""

from __future__ import annotations

import logging
from importlib import resources
from pathlib import Path

from pipeline import config
from pipeline.config import Config

log = logging.getLogger(__name__)


def trial_config() -> Config:
    """Scripted teacher and frontier, the small real model as base: ``pipeline/trial.yml``."""
    return config.parse(resources.files("pipeline").joinpath("trial.yml").read_text(), "trial.yml")


def config_or_trial(path: Path | None, repo: Path) -> Config:
    """The config at ``path`` or in ``repo``; the trial config, said on stderr, where there is neither."""
    if path is None and not (repo / config.DEFAULT_PATH).exists():
        log.info(
            "%s has no %s, so this is a trial: the teacher and the frontier are the scripted stand-in and the own "
            "model is a small one that trains on a CPU. 'switchover init %s' writes a config.",
            repo, config.DEFAULT_PATH, repo,
        )  # fmt: skip
        return trial_config()
    return config.load(path, repo)
