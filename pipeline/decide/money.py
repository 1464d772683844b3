"""What an epoch says about money and time: costs, savings, break-even, forecast. Shown, never decided on."""

from __future__ import annotations

from typing import Any

from pipeline.decide.epochs import Epoch
from pipeline.decide.forecast import fewest_pulls, further_pulls
from pipeline.decide.options import Options
from pipeline.decide.tally import Tally
from pipeline.decide.utility import break_even
from pipeline.decide.volume import Volume
from pipeline.decide.wealth import level
from pipeline.settings import DecideConfig


def money(epoch: Epoch | None, options: Options, volume: Volume, trainings: int) -> dict[str, Any]:
    """``own, frontier, base, cost`` of a verdict; money in US dollars, null where a cost is not known.

    ``trainings``: own versions seen so far, which ``options.fixed_usd`` has paid for.
    """
    tally = epoch.tally if epoch else Tally()
    saving = tally.saving_usd()
    net = epoch.utility.per_pull_usd(epoch.alpha) if epoch and epoch.utility else None
    gain = net or {"mean": saving, "low": None, "high": None}
    pays = break_even(options.fixed_usd, gain) if options.fixed_usd is not None and saving is not None else None
    monthly, training = volume.per_month(), _training_per_pull(options, trainings)
    cost = {
        "saving_usd_per_pull": saving,
        "evaluation_usd": tally.evaluation_usd(),
        "pulls_without_cost": epoch.saving.unknown if epoch else 0,
        "cap_usd": options.cost_cap_usd,
        "net_usd_per_pull": net,
        "net_log_e": epoch.utility.log_e if epoch and epoch.utility else None,
        "break_even_pulls": pays,
        "break_even_date": {name: volume.date_after(n) for name, n in pays.items()} if pays else None,
        "fixed_usd": options.fixed_usd,
        "training_usd_per_pull": training,
        "pulls_per_month": monthly,
        "saving_usd_per_month": None if saving is None or monthly is None else (saving - (training or 0.0)) * monthly,
    }
    roles = {"own": tally.own, "frontier": tally.frontier, "base": tally.base}
    return {**{name: role.to_json() for name, role in roles.items()}, "cost": cost}


def _training_per_pull(options: Options, trainings: int) -> float | None:
    """The mean training spread over the PRs that one serves; None where either is not known."""
    if options.fixed_usd is None or options.training_pulls is None:
        return None
    return options.fixed_usd / max(1, trainings) / options.training_pulls


def forecast(epoch: Epoch | None, settings: DecideConfig, volume: Volume) -> dict[str, Any]:
    """PRs, dollars and date until non-inferiority could be shown; null where the rate so far leads nowhere."""
    alpha = epoch.alpha if epoch else level(settings.error_chance, 1.0)
    process = epoch.noninferior if epoch else None
    further = further_pulls(process.log_e, process.growth, alpha) if process else None
    spent = epoch.tally.evaluation_usd() if epoch else None
    per_pull = spent / epoch.n if epoch and spent is not None else None
    shown = epoch is not None and "noninferior" in epoch.latched
    return {
        "pulls": 0 if shown else further,
        "usd": None if further is None or per_pull is None else further * per_pull,
        "date": None if shown else volume.date_after(further),
        "growth": process.growth if process else None,
        "fewest_pulls": fewest_pulls(settings.margin, alpha),
    }
