"""Every reason why a device cannot be used, with what to do about it."""

from __future__ import annotations

import errno
import socket

from onebook_edge.links.link import Reason

_NOT_THERE = (errno.ENOENT, errno.ENXIO, errno.ENODEV)
_HELD = (errno.EBUSY, errno.EAGAIN)  # EAGAIN: the advisory lock of an exclusive open is taken.
_NOT_ALLOWED = (errno.EACCES, errno.EPERM)


def port_not_opened(port: str, error: OSError) -> Reason:
    """Why a serial port could not be opened."""
    if error.errno in _NOT_THERE:
        return unplugged(port)
    if error.errno in _HELD:
        return Reason(
            "in-use",
            f"端口 {port} 正被另一个程序占用。请关闭那个程序（例如串口调试工具、ModemManager）。",
            f"Port {port} is held by another program. Close that program (a serial terminal, ModemManager).",
        )
    if error.errno in _NOT_ALLOWED:
        return Reason(
            "no-permission",
            f"没有权限打开端口 {port}。请把运行本程序的用户加入 dialout 组，然后重新启动。",
            f"No permission to open port {port}. Add the user who runs this program to group dialout and restart.",
        )
    return port_not_configured(port, error)


def port_not_configured(port: str, error: Exception) -> Reason:
    """The port exists but refuses its settings, or is no serial port at all."""
    return Reason(
        "not-a-usable-port",
        f"端口 {port} 不接受这些串口参数。请检查端口名、波特率、数据位、校验位和停止位。（{error}）",
        f"Port {port} does not accept these settings. Check port name, rate, data bits, parity and stop bits. ({error})",
    )


def unplugged(port: str) -> Reason:
    return Reason(
        "unplugged",
        f"端口 {port} 不存在：设备没有插好或没有通电。请检查 USB 线和电源；插好后自动恢复。",
        f"Port {port} is not there: the device is unplugged or off. Check cable and power; it recovers by itself.",
    )


def not_connected(address: str, error: OSError) -> Reason:
    """Why a TCP connection could not be made."""
    if isinstance(error, socket.gaierror):
        return Reason(
            "unknown-host",
            f"找不到地址 {address}。请检查主机名，或直接填写 IP 地址。",
            f"Address {address} cannot be found. Check the host name, or give the IP address.",
        )
    if isinstance(error, ConnectionRefusedError):
        return Reason(
            "refused",
            f"{address} 拒绝连接。请检查端口号，并确认设备没有被另一台电脑占用。",
            f"{address} refuses the connection. Check the port number, and that no other computer holds the device.",
        )
    return Reason(
        "unreachable",
        f"连接不到 {address}。请检查设备电源、网线和 IP 地址。",
        f"{address} cannot be reached. Check power, network cable and IP address.",
    )


def connection_lost(address: str) -> Reason:
    return Reason(
        "connection-lost",
        f"与 {address} 的连接断开了，正在自动重连。若反复出现，请检查网线和设备电源。",
        f"The connection to {address} was lost; it is being made again. If it recurs, check network cable and power.",
    )


def write_stuck(where: str) -> Reason:
    return Reason(
        "write-stuck",
        f"{where} 不再接收数据。请重新插拔或重启该设备。",
        f"{where} no longer takes data. Unplug and re-plug the device, or restart it.",
    )


def out_of_step(where: str) -> Reason:
    return Reason(
        "out-of-step",
        f"{where} 发来的不是 Modbus TCP 数据。请检查端口号和网关的协议设置（Modbus TCP 或 RTU）。",
        f"{where} does not speak Modbus TCP. Check port number and protocol of the gateway (Modbus TCP or RTU).",
    )


def bad_recording(path: str, problem: str) -> Reason:
    return Reason(
        "bad-recording",
        f"录制文件 {path} 不能使用：{problem}。每一行应为“毫秒 十六进制字节”。",
        f"Recording {path} cannot be used: {problem}. Each line must be '<milliseconds> <bytes in hex>'.",
    )


def driver_bug() -> Reason:
    return Reason(
        "driver-bug",
        "处理该设备的程序出错，已自动重新开始。若反复出现，请把日志发给技术支持。",
        "The program for this device failed and was started again. If it recurs, send the log to support.",
    )


def silent(seconds: float) -> Reason:
    return Reason(
        "silent",
        f"设备已连接，但 {seconds:g} 秒没有数据。请检查设备是否开机、是否设为连续发送。",
        f"The device is connected but sent nothing for {seconds:g} s. Check that it is on and set to send continuously.",
    )


def no_good_answer(fault: str) -> Reason:
    """Why a Modbus device counts as silent. `fault` is the last fault, see `modbus_frames`."""
    if fault in ("no-answer", "exception-10", "exception-11"):
        return Reason(
            fault,
            "设备不应答。请检查电源、设备地址、波特率以及 A/B 接线。",
            "The device does not answer. Check power, device address, rate and the A/B wires.",
        )
    if fault == "wrong-device":
        return Reason(
            fault,
            "应答来自另一个设备地址。请检查地址设置。",
            "The answer came from another device address. Check the address settings.",
        )
    if fault in ("wrong-transaction", "late-answer"):
        return Reason(
            fault,
            "设备应答太晚。请调大应答等待时间（answer_timeout_ms、drain_ms）。",
            "The device answers too late. Raise answer_timeout_ms and drain_ms.",
        )
    return Reason(
        fault,
        f"设备的应答损坏或不完整（{fault}）。请检查终端电阻、接地、波特率，以及是否有两台设备地址相同。",
        f"The answers are damaged or incomplete ({fault}). Check termination, grounding, rate, "
        "and that no two devices share an address.",
    )
