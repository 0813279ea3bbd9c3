from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_edge.device import RegisterRange
from onebook_edge.links.modbus_frames import HEARD_BYTES_MAX, Fault, RtuFraming, TcpFraming, crc

VECTORS_FILE = Path(__file__).parents[3] / "testdata/vectors/modbus.json"
VECTORS = {vector["id"]: vector for vector in json.loads(VECTORS_FILE.read_text(encoding="utf-8"))["vectors"]}
READS = [
    vector
    for vector in VECTORS.values()
    if vector["device"] != "modbus-tcp" and vector["request_hex"] and vector["request_hex"][2:4] in ("03", "04")
]
TWO_HOLDING = RegisterRange(function=3, address=0, count=2)
ANSWER = bytes.fromhex("0103040292ff9b5a3d")  # mb-11
REGISTERS = (0x0292, 0xFF9B)


def asked(unit_id: int = 1, wanted: RegisterRange = TWO_HOLDING) -> RtuFraming:
    framing = RtuFraming()
    framing.request(unit_id, wanted)
    return framing


def asked_tcp(transactions: int = 1, unit_id: int = 0xFF, wanted: RegisterRange = TWO_HOLDING) -> TcpFraming:
    framing = TcpFraming()
    for _ in range(transactions):
        framing.request(unit_id, wanted)
    return framing


@pytest.mark.parametrize("vector", READS, ids=lambda vector: vector["id"])
def test_requests_and_answers_are_those_of_the_manuals(vector: dict[str, str]) -> None:
    request, response = bytes.fromhex(vector["request_hex"]), bytes.fromhex(vector["response_hex"])
    framing = RtuFraming()
    wanted = RegisterRange(request[1], int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big"))
    assert framing.request(request[0], wanted) == request
    registers = framing.receive(response)
    assert isinstance(registers, tuple)
    assert b"".join(register.to_bytes(2, "big") for register in registers) == response[3:-2]


@pytest.mark.parametrize(
    ("name", "unit_id", "function", "reason"),
    [("mb-20", 1, 3, "exception-2"), ("mb-25", 1, 4, "exception-6"), ("mb-26", 0x11, 3, "exception-4")],
)
def test_an_exception_answer_is_a_fault_that_the_device_itself_spoke(
    name: str, unit_id: int, function: int, reason: str
) -> None:
    fault = asked(unit_id, RegisterRange(function, 0, 2)).receive(bytes.fromhex(VECTORS[name]["response_hex"]))
    assert fault == Fault(reason)
    assert fault.from_device


@given(st.data())
def test_an_answer_in_any_pieces_behind_noise_and_echo_is_found(data: st.DataObject) -> None:
    framing = RtuFraming()
    echo = framing.request(1, TWO_HOLDING) if data.draw(st.booleans()) else b""
    framing.request(1, TWO_HOLDING)
    noise = data.draw(st.binary(max_size=6).filter(lambda noise: 1 not in noise))
    stream = echo + noise + ANSWER
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    answers = [framing.receive(piece) for piece in pieces if piece]
    assert answers[-1] == REGISTERS
    assert all(answer is None for answer in answers[:-1])


@given(st.integers(0, len(ANSWER) * 8 - 1))
def test_a_flipped_bit_never_gives_registers(bit: int) -> None:
    broken = bytearray(ANSWER)
    broken[bit // 8] ^= 1 << bit % 8
    assert asked().receive(bytes(broken)) is None


@pytest.mark.parametrize(
    ("heard", "reason"),
    [
        (b"", "no-answer"),
        (ANSWER[:6], "truncated"),
        (bytes.fromhex(VECTORS["mb-22"]["response_hex"]), "bad-crc"),
        (b"\x02" + ANSWER[1:-2] + crc(b"\x02" + ANSWER[1:-2]), "wrong-device"),
        (b"\x01\x04\x02\x01\x31" + crc(b"\x01\x04\x02\x01\x31"), "wrong-function"),
        (b"\x00\xff\xfe", "garbled"),
    ],
)
def test_what_came_instead_of_an_answer_is_named(heard: bytes, reason: str) -> None:
    framing = asked()
    assert framing.receive(heard) is None
    assert framing.give_up() == Fault(reason)


def test_the_echo_of_the_request_alone_is_silence() -> None:
    framing = RtuFraming()
    echo = framing.request(1, TWO_HOLDING)
    assert framing.receive(echo) is None
    assert framing.give_up() == Fault("no-answer")


def test_fewer_registers_than_asked_are_a_short_response_and_more_a_bad_length() -> None:
    one_register = bytes.fromhex(VECTORS["mb-08"]["response_hex"])
    assert asked().receive(one_register) == Fault("short-response")
    assert asked(wanted=RegisterRange(3, 0, 1)).receive(ANSWER) == Fault("bad-length")


def test_a_babbling_line_is_given_up_before_its_bytes_fill_the_memory() -> None:
    assert asked().receive(b"\x55" * (HEARD_BYTES_MAX + 1)) == Fault("overrun")


def test_a_new_request_forgets_what_was_heard_before() -> None:
    framing = asked()
    framing.receive(ANSWER[:6])
    framing.request(1, TWO_HOLDING)
    assert framing.receive(ANSWER) == REGISTERS


def test_a_tcp_answer_may_come_byte_by_byte() -> None:
    framing = asked_tcp(0x1C, wanted=RegisterRange(3, 0, 1))
    *before, last = _bytes_of("mt-04")
    assert [framing.receive(piece) for piece in before] == [None] * len(before)
    assert framing.receive(last) == (0,)


def test_a_tcp_request_and_its_exception_are_those_of_the_vector() -> None:
    framing = TcpFraming()
    framing.request(0xFF, TWO_HOLDING)
    assert framing.request(0xFF, RegisterRange(4, 1, 2)).hex() == VECTORS["mt-02"]["request_hex"]
    assert framing.receive(bytes.fromhex(VECTORS["mt-02"]["response_hex"])) == Fault("exception-2")


def test_an_answer_to_an_earlier_transaction_is_dropped_and_the_right_one_behind_it_taken() -> None:
    framing = asked_tcp(2)
    late = bytes.fromhex("000100000007ff0304aaaabbbb")
    right = bytes.fromhex("000200000007ff030400010002")
    assert framing.receive(late) is None
    assert framing.give_up() == Fault("wrong-transaction")
    assert framing.receive(late + right) == (1, 2)


def test_a_late_tcp_answer_may_end_within_the_next_transaction() -> None:
    framing = asked_tcp(1)
    late = bytes.fromhex("000100000007ff0304aaaabbbb")
    framing.receive(late[:8])
    assert framing.give_up() == Fault("truncated")
    framing.request(0xFF, TWO_HOLDING)
    assert framing.receive(late[8:] + bytes.fromhex("000200000007ff030400010002")) == (1, 2)


def test_a_tcp_answer_of_another_unit_is_named_wrong_device() -> None:
    framing = asked_tcp(1, unit_id=5)
    assert framing.receive(bytes.fromhex("000100000007060304aaaabbbb")) is None
    assert framing.give_up() == Fault("wrong-device")


@pytest.mark.parametrize("header", ["000100010007ff", "00010000ffffff", "00010000000201"])
def test_a_stream_that_is_no_modbus_tcp_is_out_of_step(header: str) -> None:
    assert asked_tcp().receive(bytes.fromhex(header)) == Fault("out-of-step")


def test_a_tcp_answer_whose_byte_count_lies_is_a_bad_length() -> None:
    assert asked_tcp().receive(bytes.fromhex("000100000007ff030600010002")) == Fault("bad-length")


def test_transaction_numbers_start_again_after_65535_and_are_never_zero() -> None:
    framing = TcpFraming()
    numbers = [framing.request(1, TWO_HOLDING)[:2] for _ in range(65_536)]
    assert numbers[65_534:] == [b"\xff\xff", b"\x00\x01"]


def _bytes_of(name: str) -> list[bytes]:
    frame = bytes.fromhex(VECTORS[name]["response_hex"])
    return [frame[i : i + 1] for i in range(len(frame))]
