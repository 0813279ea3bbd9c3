from __future__ import annotations

from onebook_firmware_sim.device import HostSent, PoweredOn
from onebook_firmware_sim.devices.r200 import AA_DD, R200, with_wrong_checksum
from onebook_firmware_sim.truth import AntennaField, Tag
from tests.unit.firmware_sim.bench import Bench, vectors

VECTORS = {
    name: bytes.fromhex(vector["hex"]) for name, vector in vectors("rfid_frames.json").items() if "hex" in vector
}
SINGLE_POLL, MANY, STOP = VECTORS["r2-01"], VECTORS["r2-02"], bytes.fromhex("bb00280000287e")
STOPPED = bytes.fromhex("bb01280001002a7e")
NO_TAG, UNKNOWN = VECTORS["r2-08"], bytes.fromhex("bb01ff000117187e")


def module(field: AntennaField, **settings: bytes) -> Bench:
    bench = Bench(R200(field, **settings))  # type: ignore[arg-type]
    bench.run(1000)
    return bench


def test_a_single_poll_sends_the_published_notice() -> None:
    field = AntennaField()
    field.enter(Tag("E200471BB0006013044509D0", rssi_dbm=-53, pc=0x3400))
    assert module(field).ask(SINGLE_POLL) == VECTORS["r2-07"]


def test_the_other_delimiters_give_the_other_published_notice() -> None:
    field = AntennaField()
    field.enter(Tag("E28068900000500E88C6A4A7", rssi_dbm=-57))
    assert module(field, delimiters=AA_DD).ask(bytes.fromhex("aa0022000022dd")) == VECTORS["r2-18"]


def test_no_tag_is_the_published_error_each_empty_round() -> None:
    bench = module(AntennaField())
    assert bench.ask(SINGLE_POLL) == NO_TAG
    assert bench.ask(bytes.fromhex("bb00270003220003" + "4f7e")) == NO_TAG * 3


def test_power_and_region_are_set_and_read_back() -> None:
    bench = module(AntennaField())
    assert bench.ask(VECTORS["r2-09"]) == VECTORS["r2-10"]
    assert bench.ask(bytes.fromhex("bb00b70000b77e")) == bytes.fromhex("bb01b7000207d0917e")
    assert bench.ask(VECTORS["r2-12"]) == bytes.fromhex("bb0107000100097e")
    assert bench.ask(bytes.fromhex("bb00080000087e")) == bytes.fromhex("bb01080001020c7e")


def test_the_hardware_version_is_the_published_text_with_a_right_sum() -> None:
    published_wrongly = VECTORS["r2-17"]
    answer = module(AntennaField()).ask(bytes.fromhex("bb000300010004" + "7e"))
    assert answer[:-2] == published_wrongly[:-2]
    assert answer[-2] == sum(answer[1:-2]) & 0xFF


def test_an_unknown_command_or_parameter_is_error_17() -> None:
    bench = module(AntennaField())
    assert bench.ask(VECTORS["r2-15"]) == UNKNOWN
    assert bench.ask(bytes.fromhex("bb0007000105" + "0d7e")) == UNKNOWN


def test_while_polling_it_ignores_all_but_stop() -> None:
    field = AntennaField()
    field.enter(Tag("E200471BB0006013044509D0", rssi_dbm=-53, pc=0x3400))
    bench = module(field)
    polled = bench.ask(MANY, wait_ms=300)
    assert polled == VECTORS["r2-07"] * 10
    assert set(bench.ask(VECTORS["r2-09"]).split(VECTORS["r2-07"])) == {b""}
    assert bench.ask(STOP) == STOPPED
    assert bench.ask(VECTORS["r2-09"]) == VECTORS["r2-10"]


def test_rounds_go_on_when_nobody_listens_until_their_number_is_done() -> None:
    bench = module(AntennaField())
    assert bench.ask(MANY, wait_ms=10_000 * 30) == NO_TAG * 10_000
    bench.run(60_000)
    assert len(bench.sent) == 10_000


def test_tags_come_and_go_between_rounds() -> None:
    field = AntennaField()
    bench = module(field)
    bench.tell(HostSent(MANY))
    bench.run(60)
    field.enter(Tag("3074257BF7194E4000001A85"))
    field.enter(Tag("3174257BF4499602D2000000", rssi_dbm=-66))
    bench.run(30)
    field.leave("3074257BF7194E4000001A85")
    bench.run(30)
    seen = [(data[5] - 256, data[8:20].hex().upper()) for _, data in bench.sent[2:]]
    first, second = (-55, "3074257BF7194E4000001A85"), (-66, "3174257BF4499602D2000000")
    assert seen == [first, second, second]


def test_a_long_epc_with_frame_marks_inside_is_sent_whole() -> None:
    field = AntennaField()
    epc = "BB7E" * 15 + "02BB"
    field.enter(Tag(epc))
    notice = module(field).ask(SINGLE_POLL)
    assert notice[6:8] == (16 << 11).to_bytes(2)
    assert notice[8:-4].hex().upper() == epc
    assert int.from_bytes(notice[3:5]) == len(notice) - 7


def test_broken_commands_are_passed_over_and_the_next_whole_one_is_obeyed() -> None:
    bench = module(AntennaField())
    wrong_sum = SINGLE_POLL[:-2] + b"\x00\x7e"
    assert bench.ask(b"\x00\xff" + wrong_sum + MANY[:5] + SINGLE_POLL) == NO_TAG
    bench.tell(HostSent(SINGLE_POLL[:3]))
    assert bench.ask(SINGLE_POLL[3:]) == NO_TAG


def test_it_is_deaf_for_a_second_after_power_up_and_no_longer_polls() -> None:
    bench = module(AntennaField())
    bench.ask(MANY, wait_ms=100)
    bench.tell(PoweredOn())
    assert bench.ask(SINGLE_POLL, wait_ms=1000) == b""
    assert bench.ask(SINGLE_POLL) == NO_TAG


def test_the_spoiler_makes_the_sum_wrong_and_nothing_else() -> None:
    spoiled = with_wrong_checksum(NO_TAG)
    assert spoiled[-2] != sum(spoiled[1:-2]) & 0xFF
    assert (spoiled[:-2], spoiled[-1:]) == (NO_TAG[:-2], NO_TAG[-1:])
