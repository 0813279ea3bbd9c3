"""From what was gathered to findings. Pure: one function a check, facts in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onebook_edge.doctor.finding import Finding, broken, fine, odd
from onebook_edge.links.line_probe import UnitAnswer
from onebook_edge.links.link import Reason

MIB = 1024 * 1024
DAY_MS = 86_400_000
_SOFTWARE_IS_YOUNGER_MS = 1_750_000_000_000  # June 2025: no clock that is right says less.
_CERTIFICATE_WARNS_DAYS = 30
_MEMORY_FREE_BYTES_MIN = 64 * MIB


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A serial port of the configuration. `holders`: other programs that have it open, as "name (pid)"."""

    device: str
    port: str
    exists: bool
    may_open: bool = True
    group: str = ""
    holders: tuple[str, ...] = ()
    is_held_by_agent: bool = False


def judge_port(facts: PortFacts) -> Finding:
    name, port = facts.device, facts.port
    if not facts.exists:
        return broken(
            "port-missing",
            f"{name}: 端口 {port} 不存在。请检查 USB 线和电源,再用 onebook edge list-ports 核对端口名。",
            f"{name}: port {port} is not there. Check cable and power; compare with `onebook edge list-ports`.",
        )
    if not facts.may_open:
        return broken(
            "port-permission",
            f"{name}: 没有权限打开 {port}。请运行 usermod -aG {facts.group} onebook 后重启服务。",
            f"{name}: no permission to open {port}. Run `usermod -aG {facts.group} onebook` and restart the service.",
        )
    if facts.is_held_by_agent:
        return fine("port-in-use-by-us", f"{name}: 采集程序正在使用 {port}。", f"{name}: the agent has {port} open.")
    if facts.holders:
        who = ", ".join(facts.holders)
        return broken(
            "port-busy",
            f"{name}: {port} 被 {who} 占用。请关闭该程序。",
            f"{name}: {port} is held by {who}. Close that program.",
        )
    return fine("port", f"{name}: 端口 {port} 可用。", f"{name}: port {port} can be used.")


@dataclass(frozen=True, slots=True)
class ToneFacts:
    """What a byte device let hear at the set rate, and at which other rates its driver made sense of it."""

    device: str
    baudrate: int
    heard_bytes: int
    understood: int
    understood_at: tuple[int, ...] = ()
    speaks_unasked: bool = True  # False: a scanner says nothing until somebody scans.


def judge_tone(facts: ToneFacts) -> Finding:
    name = facts.device
    if facts.understood:
        return fine("device-speaks", f"{name}: 数据正常。", f"{name}: it speaks, and is understood.")
    if facts.understood_at:
        rate = facts.understood_at[0]
        return broken(
            "wrong-rate",
            f"{name}: 波特率 {facts.baudrate} 收到的是乱码,{rate} 正常。请把 baudrate 改为 {rate}。",
            f"{name}: noise at {facts.baudrate} Bd, sense at {rate} Bd. Set baudrate = {rate}.",
        )
    if facts.heard_bytes:
        return broken(
            "noise",
            f"{name}: 收到 {facts.heard_bytes} 字节,但任何波特率都读不懂。请检查驱动选择、校验位、线缆;RS-485 请对调 A/B。",
            f"{name}: {facts.heard_bytes} bytes, and no rate makes sense of them. Check driver, parity and cable; "
            "on RS-485 swap A and B.",
        )
    if not facts.speaks_unasked:
        return fine(
            "quiet",
            f"{name}: 安静,这是正常的。扫一个码试试。",
            f"{name}: quiet, as it should be. Scan a code to try it.",
        )
    return broken(
        "silence",
        f"{name}: 没有任何数据。请检查设备电源、线缆(收发是否接反)、是否设为连续发送。",
        f"{name}: not a byte. Check its power, its cable (are send and receive swapped?), and that it sends continuously.",
    )


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A configured Modbus device: its answer at the set rate, and the rates at which it answered otherwise."""

    device: str
    baudrate: int
    answer: UnitAnswer
    answers_at: tuple[int, ...] = ()


def judge_unit(facts: UnitFacts) -> Finding:
    name, unit = facts.device, facts.answer.unit_id
    if facts.answer.has_answered:
        return fine("unit-answers", f"{name}: 地址 {unit} 应答正常。", f"{name}: unit {unit} answers.")
    if facts.answers_at:
        rate = facts.answers_at[0]
        return broken(
            "wrong-rate",
            f"{name}: 地址 {unit} 在 {facts.baudrate} 不应答,在 {rate} 应答。请把 baudrate 改为 {rate}。",
            f"{name}: unit {unit} is mute at {facts.baudrate} Bd and answers at {rate} Bd. Set baudrate = {rate}.",
        )
    if facts.answer.fault == "wrong-device":
        return broken(
            "wrong-unit",
            f"{name}: 应答的不是地址 {unit}。请用 --scan-bus 查看线上有哪些地址。",
            f"{name}: another unit than {unit} answers. `--scan-bus` shows which units are on the line.",
        )
    if facts.answer.heard_bytes:
        return broken(
            "noise",
            f"{name}: 收到 {facts.answer.heard_bytes} 字节,但不是应答。A/B 可能接反,或地址重复、缺终端电阻。请先对调 A/B。",
            f"{name}: {facts.answer.heard_bytes} bytes, none of them an answer. A and B may be swapped, an address used "
            "twice, or the termination missing. Swap A and B first.",
        )
    return broken(
        "silence",
        f"{name}: 地址 {unit} 无应答。请检查电源和地址,再对调 A/B;用 --scan-bus 查看线上有哪些地址。",
        f"{name}: unit {unit} is silent. Check power and address, then swap A and B; `--scan-bus` shows who is there.",
    )


def judge_scan(line: str, answers: Sequence[UnitAnswer], expected: frozenset[int], asked: int) -> Iterator[Finding]:
    """Who is on a line. `asked` below 247: the time was used up."""
    found = {answer.unit_id for answer in answers if answer.has_answered}
    listed = ", ".join(map(str, sorted(found))) or "-"
    say = fine if found >= expected else broken
    yield say(
        "bus-units",
        f"{line}: 应答的地址:{listed};配置的地址:{', '.join(map(str, sorted(expected))) or '-'}。",
        f"{line}: units that answer: {listed}; configured: {', '.join(map(str, sorted(expected))) or '-'}.",
    )
    if extra := sorted(found - expected):
        text = ", ".join(map(str, extra))
        yield odd(
            "bus-unit-unused",
            f"{line}: 地址 {text} 未配置。请加入 [[buses.devices]]。",
            f"{line}: units {text} are in no configuration. Add them to [[buses.devices]].",
        )
    if asked < 247:
        yield odd(
            "bus-scan-cut",
            f"{line}: 时间用完,只查了 {asked} 个地址。请加大 --scan-seconds。",
            f"{line}: time is up after {asked} units. Raise --scan-seconds.",
        )


def judge_trouble(device: str, reason: Reason) -> Finding:
    return broken(f"port-{reason.code}", f"{device}: {reason.zh}", f"{device}: {reason.en}")


@dataclass(frozen=True, slots=True)
class ClockFacts:
    wall_ms: int
    is_synchronised: bool
    newest_event_ms: int  # Wall time of the newest event in the outbox; 0: none.
    utc_offset_min: int


def judge_clock(facts: ClockFacts) -> Iterator[Finding]:
    if facts.wall_ms < _SOFTWARE_IS_YOUNGER_MS or facts.wall_ms < facts.newest_event_ms - 60_000:
        yield broken(
            "clock-wrong",
            "时钟比最后的记录还早,一定不对。请检查网络对时:timedatectl;必要时 timedatectl set-time。",
            "The clock is behind the last record, so it is wrong. Check `timedatectl`; if need be `timedatectl set-time`.",
        )
    elif not facts.is_synchronised:
        yield odd(
            "clock-unsynchronised",
            "时钟尚未与时间服务器同步。记录照常,时间以后校正。请检查 systemd-timesyncd 和防火墙 (UDP 123)。",
            "The clock follows no time server. Recording goes on and times are corrected later. Check systemd-timesyncd "
            "and the firewall (UDP 123).",
        )
    else:
        yield fine("clock", "时钟已同步。", "The clock is synchronised.")
    if facts.utc_offset_min != 480:
        yield odd(
            "time-zone",
            "时区不是北京时间,屏幕和日志会显示别的时刻。请运行 timedatectl set-timezone Asia/Shanghai。",
            "The time zone is not China's; screens and logs show other hours. Run `timedatectl set-timezone Asia/Shanghai`.",
        )


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """`wear_percent`: what the card says it has used of its life; None when it does not say."""

    folder: str
    exists: bool
    is_read_only: bool = False
    free_bytes: int = 0
    used_bytes: int = 0
    budget_bytes: int = 0
    free_bytes_min: int = 0
    wear_percent: int | None = None


def judge_disk(facts: DiskFacts) -> Iterator[Finding]:
    if not facts.exists:
        yield odd(
            "no-data-folder",
            f"{facts.folder} 不存在:程序从未运行过,或 data_folder 写错。",
            f"{facts.folder} is not there: the agent never ran, or data_folder is wrong.",
        )
        return
    if facts.is_read_only:
        yield broken(
            "disk-read-only",
            f"{facts.folder} 只读:存储卡可能已坏。请立即更换存储卡;保留旧卡。",
            f"{facts.folder} is read-only: the card may be failing. Replace it now, and keep the old one.",
        )
    if facts.free_bytes < facts.free_bytes_min:
        yield broken(
            "disk-full",
            f"磁盘只剩 {facts.free_bytes // MIB} MiB。遥测已停收。请清理日志等其他文件。",
            f"{facts.free_bytes // MIB} MiB are left; telemetry is not taken. Remove other files (logs, packages).",
        )
    elif facts.used_bytes + facts.free_bytes - facts.free_bytes_min < facts.budget_bytes:
        yield odd(
            "disk-below-budget",
            "剩余空间小于待上传的预算。请换更大的存储卡,或调小 telemetry_mib。",
            "There is less room than the outbox may take. Use a larger card, or lower telemetry_mib.",
        )
    else:
        yield fine("disk", f"磁盘剩余 {facts.free_bytes // MIB} MiB。", f"{facts.free_bytes // MIB} MiB free.")
    if facts.wear_percent is not None and facts.wear_percent >= 80:
        yield odd(
            "card-worn",
            f"存储卡寿命已用约 {facts.wear_percent}%。请计划更换。",
            f"The card has used about {facts.wear_percent} % of its life. Plan to replace it.",
        )


@dataclass(frozen=True, slots=True)
class StreamFacts:
    stream: str
    waiting: int = 0
    problem: str = ""  # Of the file; empty: it can be read.


def judge_stream(facts: StreamFacts) -> Finding:
    if facts.problem:
        return broken(
            "outbox-damaged",
            f"{facts.stream}: 文件读不出 ({facts.problem})。不要删除!把整个数据目录复制出来,联系技术支持。",
            f"{facts.stream}: the file cannot be read ({facts.problem}). Do not delete it: copy the data folder, call support.",
        )
    if facts.waiting > 10_000:
        return odd(
            "outbox-fills",
            f"{facts.stream}: {facts.waiting} 条待上传。请看下面的网络检查。",
            f"{facts.stream}: {facts.waiting} events wait. See the network checks.",
        )
    return fine(
        "outbox", f"{facts.stream}: {facts.waiting} 条待上传。", f"{facts.stream}: {facts.waiting} events wait."
    )


@dataclass(frozen=True, slots=True)
class UplinkFacts:
    """How far one came on the way to the centre; each `..._problem` is empty when that step worked, None when not tried."""

    where: str
    name_problem: str | None = None
    tcp_problem: str | None = None
    mqtt_problem: str | None = None
    has_ack: bool | None = None
    agent_delivers: bool | None = None  # The agent runs: whether what waited has been delivered meanwhile.


def judge_uplink(facts: UplinkFacts) -> Finding:
    where = facts.where
    if facts.name_problem:
        return broken(
            "dns",
            f"找不到主机 {where} ({facts.name_problem})。请检查 DNS (resolvectl status),或在 [broker] host 填 IP 地址。",
            f"{where} cannot be resolved ({facts.name_problem}). Check `resolvectl status`, or give an IP address.",
        )
    if facts.tcp_problem:
        return broken(
            "broker-unreachable",
            f"连不上 {where} ({facts.tcp_problem})。请检查网线、隧道、防火墙和端口。",
            f"{where} cannot be reached ({facts.tcp_problem}). Check cable, tunnel, firewall and port.",
        )
    if facts.mqtt_problem:
        return broken(
            "broker-refuses",
            f"{where} 不接受 MQTT 连接:{facts.mqtt_problem}。请核对 edge_id、证书和中心的登记。",
            f"{where} does not accept the connection: {facts.mqtt_problem}. Check edge_id, certificate, registration.",
        )
    if facts.has_ack is False or facts.agent_delivers is False:
        return broken(
            "no-ack",
            f"{where} 已连通,但中心没有回执。请联系中心:采集端是否登记、collector 是否运行、是否被锁定 (fork)。",
            f"{where} is connected, but the centre does not answer. Ask the centre: is this edge registered, does the "
            "collector run, is the edge halted (fork)?",
        )
    return fine("uplink", f"{where} 连通,中心有回执。", f"{where} is connected and the centre answers.")


def judge_memory(available_bytes: int) -> Finding:
    mib = available_bytes // MIB
    if available_bytes < _MEMORY_FREE_BYTES_MIN:
        return odd("memory", f"内存只剩 {mib} MiB。请关闭其他程序。", f"{mib} MiB of memory left. Stop other programs.")
    return fine("memory", f"可用内存 {mib} MiB。", f"{mib} MiB of memory available.")


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A file that the configuration names. `expires_ms` is None for a key."""

    key: str
    path: str
    problem: str = ""
    expires_ms: int | None = None
    is_private_key: bool = False
    mode: int = 0o600


def judge_certificate(facts: CertificateFacts, now_ms: int) -> Finding:
    what = f"{facts.key} = {facts.path}"
    if facts.problem:
        return broken(
            "certificate-unreadable",
            f"{what}: 读不出 ({facts.problem})。请重新签发。",
            f"{what}: cannot be read ({facts.problem}). Enrol anew.",
        )
    if facts.is_private_key and facts.mode & 0o037:
        return broken(
            "key-mode",
            f"{what}: 私钥权限 {facts.mode:o} 过宽。请运行 chmod 640 {facts.path}。",
            f"{what}: mode {facts.mode:o} lets others read the key. Run `chmod 640 {facts.path}`.",
        )
    if facts.expires_ms is not None and facts.expires_ms < now_ms:
        return broken("certificate-expired", f"{what}: 已过期。请重新签发。", f"{what}: expired. Enrol anew.")
    if facts.expires_ms is not None and facts.expires_ms < now_ms + _CERTIFICATE_WARNS_DAYS * DAY_MS:
        days = (facts.expires_ms - now_ms) // DAY_MS
        return odd(
            "certificate-expires", f"{what}: {days} 天后过期。请续签。", f"{what}: expires in {days} days. Renew it."
        )
    return fine("certificate", f"{what}: 正常。", f"{what}: in order.")
