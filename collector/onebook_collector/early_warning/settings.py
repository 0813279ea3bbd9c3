"""The limits of all rules, as the configuration knows them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from onebook_collector.early_warning.rules.backup_overdue import BackupOverdueLimits
from onebook_collector.early_warning.rules.clock_drift import ClockDriftLimits
from onebook_collector.early_warning.rules.edge_silent import EdgeSilentLimits
from onebook_collector.early_warning.rules.environment_breach import EnvironmentBreachLimits
from onebook_collector.early_warning.rules.outbox_filling import OutboxFillingLimits


class WarningSettings(BaseModel):
    """Early warnings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edge_silent: EdgeSilentLimits = EdgeSilentLimits()
    environment: EnvironmentBreachLimits = EnvironmentBreachLimits()
    outbox_filling: OutboxFillingLimits = OutboxFillingLimits()
    clock_drift: ClockDriftLimits = ClockDriftLimits()
    backup: BackupOverdueLimits = BackupOverdueLimits()
