"""The words of coverage for staff and operations, Chinese first: what the figure is, and what to do next. Pure."""

from __future__ import annotations

from typing import NamedTuple

from onebook_collector.clock import BUSINESS_ZONE, utc
from onebook_collector.coverage.evidence import Key, Reason


class Text(NamedTuple):
    zh: str
    en: str


NAMES: dict[Key, Text] = {
    Key.E1_ENROLLED: Text("设备与资料", "Enrolled"),
    Key.E2_ALIVE: Text("在线", "Alive"),
    Key.E3_CAPTURED: Text("设备采集", "Captured by devices"),
    Key.E4_COUNTED: Text("盘点", "Counted"),
    Key.E5_TELEMETRY: Text("温湿度", "Telemetry"),
    Key.E6_RECONCILED: Text("账账相符", "Reconciled"),
}

TEXTS: dict[str, Text] = {
    "e1_pass": Text(
        "{devices} 台采集设备已用过，{lines} 条库存在目录内",
        "{devices} capture devices have worked, {lines} stock lines are in the catalogue",
    ),
    "e1_no_edge": Text("没有登记采集端，请登记并安装", "no edge is registered here; register and install one"),
    "e1_no_certificate": Text("采集端没有有效证书，请重新登记设备", "no edge has a valid certificate; enrol it again"),
    "e1_no_device": Text(
        "没有采集设备扫过、称过、读过任何物资，请用设备做一笔",
        "no capture device has read anything yet; book or count something with one",
    ),
    "e1_no_keeper": Text(
        "没有登记库管员，请在人员表中加上", "no keeper is named; add one to the people of this warehouse"
    ),
    "e1_unmapped": Text(
        "{unmapped} 条因目录中没有的物资被隔离，请补目录或改正",
        "{unmapped} events wait for items that the catalogue lacks; add them, or correct the events",
    ),
    "e1_no_stock": Text("账上还没有库存，请先做期初入库", "the book has no stock here yet; book the opening stock"),
    "e2_pass": Text("{days} 天内在线 {percent}%", "heard {percent} % of the last {days} days"),
    "e2_no_edge": Text("没有采集端，无从在线", "there is no edge to be heard"),
    "e2_unrecorded": Text(
        "中心尚无在线记录，满 {days} 天后才能判断", "the centre has no record of heartbeats yet; it takes {days} days"
    ),
    "e2_unknown": Text(
        "在线记录自 {since_at} 起，满 {days} 天且中心自己大半时间在听，才能判断",
        "heartbeats are recorded since {since_at}; it takes {days} days in most of which the centre listened itself",
    ),
    "e2_low": Text(
        "在线 {percent}%，须 {needed}%，请检查供电和网络",
        "heard {percent} % of the time, {needed} % are needed; check power and network",
    ),
    "e2_gap": Text("曾连续 {hours} 小时没有消息", "was silent for {hours} hours on end"),
    "e3_pass": Text(
        "{days} 天内 {lines} 笔中 {captured} 笔由设备及时采集",
        "devices captured {captured} of {lines} lines in time, in {days} days",
    ),
    "e3_by_hand": Text(
        "{days} 天内 {lines} 笔中 {by_hand} 笔为手工或调整，请改用设备采集",
        "{by_hand} of {lines} lines in {days} days were entered by hand or adjusted; use the devices",
    ),
    "e3_late": Text(
        "{days} 天内 {lines} 笔中 {late} 笔过迟记账，请检查网络和时钟",
        "{late} of {lines} lines in {days} days were recorded late; check the line and the clock",
    ),
    "e3_quiet": Text(
        "出入库很少，{days} 天内扫码核对 {checked} 条",
        "hardly anything moves here; {checked} lines were checked by scanning in {days} days",
    ),
    "e3_no_scan_check": Text(
        "出入库很少，{days} 天内只扫码核对 {checked} 条，须 {needed} 条",
        "hardly anything moves here, and {checked} lines were checked by scanning in {days} days; {needed} are needed",
    ),
    "e4_pass": Text(
        "盘点已过 {days} 天，{lines} 条中 {agreeing} 条相符",
        "counted {days} days ago, {agreeing} of {lines} lines agree",
    ),
    "e4_never": Text(
        "{days} 天内没有一次盘点盖过 {needed}% 的库存，请全盘一次",
        "no stocktake in {days} days covered {needed} % of the stock; count all of it",
    ),
    "e4_old": Text(
        "盘点已过 {days} 天，不得超过 {max} 天，请再盘一次",
        "the last count is {days} days old, {max} at most; count again",
    ),
    "e4_differs": Text(
        "{lines} 条中 {differing} 条账实不符，请查明原因",
        "{differing} of {lines} lines do not agree with the book; find out why",
    ),
    "e4_value": Text(
        "差异价值 {difference} 元，超过 {max}%", "the differences are worth {difference} CNY, more than {max} %"
    ),
    "e4_unpriced": Text(
        "{lines} 条有差异而没有单价，差异价值不明，请导入单价",
        "{lines} lines differ and have no price, so the value is unknown; import prices",
    ),
    "e5_pass": Text(
        "{days} 天内 {zones} 个库区读数至少到齐 {percent}%",
        "of {zones} zones at least {percent} % of the readings came in {days} days",
    ),
    "e5_not_applicable": Text("没有限温限湿的物资", "no goods with limits lie here"),
    "e5_low": Text(
        "库区 {zone} 的读数只到 {percent}%，请检查探头和接线",
        "of zone {zone} only {percent} % of the readings came; check its probes and wiring",
    ),
    "e5_outside": Text(
        "{lines} 条限温限湿的库存不在任何库区，请给货位划库区",
        "{lines} stock lines with limits lie in no zone; give their bins a zone",
    ),
    "e6_pass": Text("{days} 天天天相符", "agreed on each of {days} days"),
    "e6_no_edge": Text("没有采集端，无从核对", "there is no edge to compare with"),
    "e6_not_passed": Text(
        "有超过 {hours} 小时的记录可能尚未入账，请检查网络",
        "records older than {hours} hours may not be booked; check the line",
    ),
    "e6_broken": Text(
        "采集端的记录与中心不一致，请查分叉", "the edge's record and the centre's do not fit; look at the forks"
    ),
    "e6_quarantined": Text(
        "{events} 件隔离超过 {days} 天，请处理",
        "{events} events wait in quarantine for more than {days} days; decide on them",
    ),
    "e6_book_broken": Text(
        "账本核对发现错误，请联系省级运维", "the check of the book found something wrong; call the centre"
    ),
    "e6_not_always": Text("{days} 天内有 {failed} 天不符", "on {failed} of {days} days it did not agree"),
    "e6_unknown": Text(
        "{days} 天中只有 {known} 天的核对记录，尚不能判断",
        "only {known} of {days} days are known; it cannot be said yet",
    ),
}


def words(reason: Reason) -> Text:
    """A reason with its values put in. A value whose name ends in `_at` is a moment."""
    shown = {name: _moment(value) if name.endswith("_at") else value for name, value in reason.values.items()}
    zh, en = TEXTS[reason.text]
    return Text(zh.format(**shown), en.format(**shown))


def _moment(at_ms: int | str) -> str:
    return utc(int(at_ms)).astimezone(BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M")
