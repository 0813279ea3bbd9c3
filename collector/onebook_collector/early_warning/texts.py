"""What warehouse and operations staff read, Chinese first. Values are put in by name; a name ending in `_at` is a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from onebook_collector.clock import BUSINESS_ZONE, utc

Value = str | int | float
Language = Literal["zh", "en"]


class Text(NamedTuple):
    zh: str
    en: str


TEXTS: dict[str, Text] = {
    "edge_stale": Text(
        "采集端 {edge_id} 自 {silent_since_at} 起没有消息，请检查供电和网络",
        "Edge {edge_id} has been silent since {silent_since_at}; check its power and network",
    ),
    "edge_dark": Text(
        "采集端 {edge_id} 失联：自 {silent_since_at} 起没有消息，库存画面已不可用于调度",
        "Edge {edge_id} is dark: silent since {silent_since_at}; its stock picture is too old for dispatch",
    ),
    "above_limit": Text(
        "{site} {device} 的 {quantity} 为 {value:g}，自 {outside_since_at} 起超过上限 {limit:g}",
        "{site} {device}: {quantity} is {value:g}, out of limits since {outside_since_at}, upper limit {limit:g}",
    ),
    "below_limit": Text(
        "{site} {device} 的 {quantity} 为 {value:g}，自 {outside_since_at} 起低于下限 {limit:g}",
        "{site} {device}: {quantity} is {value:g}, out of limits since {outside_since_at}, lower limit {limit:g}",
    ),
    "sensor_silent": Text(
        "{site} {device} 的 {quantity} 自 {silent_since_at} 起没有有效读数，请检查传感器和接线",
        "{site} {device}: no valid {quantity} since {silent_since_at}; check the sensor and its wiring",
    ),
    "outbox_filling": Text(
        "采集端 {edge_id} 的待上传存储已用 {used_pct:.0f}%",
        "The outbox of edge {edge_id} is {used_pct:.0f} % full",
    ),
    "outbox_nearly_full": Text(
        "采集端 {edge_id} 的待上传存储已用 {used_pct:.0f}%，即将开始舍弃采样值",
        "The outbox of edge {edge_id} is {used_pct:.0f} % full; it is about to give up samples",
    ),
    "telemetry_lost": Text(
        "采集端 {edge_id} 因存储不足舍弃了 {events} 条采样记录，台账记录不受影响",
        "Edge {edge_id} gave up {events} telemetry events for want of storage; movements are not affected",
    ),
    "clock_drift": Text(
        "采集端 {edge_id} 的时钟偏差 {drift_s:+.0f} 秒，请检查对时服务",
        "The clock of edge {edge_id} is off by {drift_s:+.0f} s; check its time service",
    ),
    "clock_unsynchronised": Text(
        "采集端 {edge_id} 的时钟未对时（偏差 {drift_s:+.0f} 秒），事件时间只能估算",
        "The clock of edge {edge_id} is not synchronised (off by {drift_s:+.0f} s); times of its events are estimates",
    ),
    "backup_overdue": Text(
        "备份逾期：最近一份可用备份是 {last_at} 的，已超过 {days} 天，请运行 onebook collector backup run",
        "Backup overdue: the last good one is of {last_at}, over {days} days old; run onebook collector backup run",
    ),
    "backup_overdue_never": Text(
        "尚无可用备份，请运行 onebook collector backup run",
        "There is no good backup yet; run onebook collector backup run",
    ),
    "proof_overdue": Text(
        "恢复演练逾期：最近一次通过是 {last_at}，已超过 {days} 天，请运行 onebook collector restore-drill",
        "Restore drill overdue: the last that held was at {last_at}, over {days} days ago; run onebook collector restore-drill",
    ),
    "proof_overdue_never": Text(
        "尚未通过恢复演练，请运行 onebook collector restore-drill",
        "No restore drill has held yet; run onebook collector restore-drill",
    ),
    "refill_gap": Text(
        "采集端 {edge_id} 因存储不足已不再保存最近备份之后的 {events} 条台账记录：若此刻用备份恢复中心，这些记录补不回来；"
        "请立即运行 onebook collector backup run，并调大该端的 outbox.journal_mib",
        "Edge {edge_id} no longer keeps {events} journal events that the last backup lacks: a centre restored from it now would "
        "miss them; run onebook collector backup run at once, and raise outbox.journal_mib of that edge",
    ),
    "book_broken": Text(
        "账本核对不符（{findings} 处）：{first}；请停止修改，保留现场，运行 onebook collector verify",
        "The book does not hold ({findings} findings): {first}; touch nothing, run onebook collector verify",
    ),
    "checkpoint_contradicted": Text(
        "采集端 {edge_id} 作为见证指出：中心签名的检查点与其留存的不符（{reason}）；请停止修改，保留现场，通知审计方",
        "Witness {edge_id}: what the centre signed contradicts what the site holds ({reason}); touch nothing, tell the auditor",
    ),
    # Why a warning was closed.
    "checkpoints_agree": Text("新的检查点与留存的相符", "A later checkpoint agrees with what the site holds"),
    "book_holds": Text("完整核对一遍，账本相符", "A full pass found nothing wrong"),
    "backup_made": Text("已补做", "Done since"),
    "backup_holds_all": Text("新的备份已包含这些记录", "A newer backup holds what the edge no longer keeps"),
    "edge_spoke": Text("采集端恢复通信", "The edge is heard again"),
    "back_within_limits": Text("恢复到限值以内", "Back within limits"),
    "sensor_spoke": Text("传感器恢复读数", "The sensor gives readings again"),
    "outbox_drained": Text("待上传存储已回落", "The outbox has drained"),
    "clock_right": Text("时钟已对准", "The clock is right again"),
    "no_longer_watched": Text("不再监视", "No longer watched"),
}


def render(text: str, values: Mapping[str, Value], language: Language) -> str:
    """One text with its values put in."""
    shown = {name: _moment(value) if name.endswith("_at") else value for name, value in values.items()}
    return str(getattr(TEXTS[text], language)).format(**shown)


def _moment(at_ms: Value) -> str:
    return utc(int(at_ms)).astimezone(BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")
