"""Three reserve warehouses for the demonstration, with invented people and bins. Division codes are those of GB/T 2260."""

from __future__ import annotations

from onebook_firmware_sim.site import Probe, ScaleModel, SitePlan
from onebook_firmware_sim.warehouse import Zone

_DRY = frozenset({"ambient_dry", "ambient_any", "battery", "cotton", "drink", "food_dry", "rubber", "sugar_salt"})
_MEDICAL = frozenset({"med_normal"})
_GRAIN = frozenset({"grain_normal", "grain_quasi_low"})


def _dry(racks: int) -> Zone:
    return Zone(
        name="A", bins=_bins("A", racks), storage_classes=_DRY, mean_c=25, swing_c=4, mean_rh=60, swing_rh=6
    )  # fmt: skip


def _medical(racks: int) -> Zone:
    return Zone(
        name="M", bins=_bins("M", racks), storage_classes=_MEDICAL, mean_c=21, swing_c=1.5, mean_rh=50, swing_rh=4
    )  # fmt: skip


def _grain(racks: int) -> Zone:
    return Zone(
        name="G", bins=_bins("G", racks), storage_classes=_GRAIN, mean_c=17, swing_c=0.8, mean_rh=62, swing_rh=2
    )  # fmt: skip


def _bins(zone: str, racks: int) -> tuple[str, ...]:
    """货位: zone, rack, level."""
    return tuple(f"{zone}-{rack:02}-{level:02}" for rack in range(1, racks + 1) for level in (1, 2))


HANGZHOU = SitePlan(
    key="hangzhou",
    name_zh="杭州市综合应急物资储备库",
    name_en="Hangzhou reserve warehouse",
    division="330100",
    people=("HZ-CHEN", "HZ-SHEN"),
    zones=(_dry(4), _medical(2), _grain(2)),
    scale=ScaleModel.YAOHUA_TF0,
    probe=Probe.XY_MD02,
)
WENZHOU = SitePlan(
    key="wenzhou",
    name_zh="温州市综合应急物资储备库",
    name_en="Wenzhou reserve warehouse",
    division="330300",
    people=("WZ-LIN", "WZ-HUANG"),
    zones=(_dry(5), _medical(2)),
    scale=ScaleModel.MT_SICS,
    probe=Probe.PR3000,
)
LISHUI = SitePlan(
    key="lishui",
    name_zh="丽水市综合应急物资储备库",
    name_en="Lishui reserve warehouse",
    division="331100",
    people=("LS-YE", "LS-MAO"),
    zones=(_dry(3), _medical(1), _grain(3)),
    scale=ScaleModel.YAOHUA_TF0,
    probe=Probe.PR3000,
)
SITES = {plan.key: plan for plan in (HANGZHOU, WENZHOU, LISHUI)}
