"""What an RFID tag's EPC says: GS1 keys in the five 96-bit schemes of the GS1 Tag Data Standard (TDS), sections 14 and 16.

Everything else (TID content, blank tags, longer schemes, tags of another standard) stays a raw EPC: a legal reading, an identity
without a GS1 key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onebook_edge.capture.gs1 import check_digit


@dataclass(frozen=True, slots=True)
class Epc:
    """An EPC. With an `error` (not-gs1, too-short, bad-partition ...) only `hex` is known."""

    hex: str
    error: str | None = None
    scheme: str | None = None  # "sgtin-96"
    filter: int | None = None
    tag_uri: str | None = None
    pure_identity_uri: str | None = None
    element_string: str | None = None  # "(01)80614141123458(21)6789"
    gtin14: str | None = None
    sscc18: str | None = None
    gln13: str | None = None
    serial: str | None = None  # of a SGTIN or GRAI, or the extension of a SGLN


@dataclass(frozen=True, slots=True)
class _Scheme:
    """Widths of the reference behind the company prefix, by partition: (bits, digits). The rest of 96 bits is the serial."""

    name: str
    reference: tuple[tuple[int, int], ...]


_PREFIX = ((40, 12), (37, 11), (34, 10), (30, 9), (27, 8), (24, 7), (20, 6))
_SCHEMES: Mapping[int, _Scheme] = {
    0x30: _Scheme("sgtin", ((4, 1), (7, 2), (10, 3), (14, 4), (17, 5), (20, 6), (24, 7))),
    0x31: _Scheme("sscc", ((18, 5), (21, 6), (24, 7), (28, 8), (31, 9), (34, 10), (38, 11))),
    0x32: _Scheme("sgln", ((1, 0), (4, 1), (7, 2), (11, 3), (14, 4), (17, 5), (21, 6))),
    0x33: _Scheme("grai", ((4, 0), (7, 1), (10, 2), (14, 3), (17, 4), (20, 5), (24, 6))),
    0x34: _Scheme("giai", ((42, 13), (45, 14), (48, 15), (52, 16), (55, 17), (58, 18), (62, 19))),
}
_BITS = 96
_HEAD_BITS = 14  # Header 8, filter 3, partition 3.


def decode(epc: str) -> Epc:
    """Read an EPC in hex digits, as long as the tag's PC word says. What it does not say is in `Epc.error`."""
    epc = epc.upper()
    scheme = _SCHEMES.get(int(epc[:2], 16)) if len(epc) >= 2 else None
    if scheme is None:
        return Epc(epc, "not-gs1" if len(epc) >= 2 else "too-short")
    if len(epc) < _BITS // 4:
        return Epc(epc, "too-short")
    if epc[_BITS // 4 :].strip("0"):
        return Epc(epc, "bad-length")  # Something follows the 96 bits: no tag of this scheme.
    return _decode(epc, scheme, int(epc[: _BITS // 4], 16))


def _decode(epc: str, scheme: _Scheme, bits: int) -> Epc:
    filter_value, partition = bits >> 85 & 7, bits >> 82 & 7
    if partition >= len(_PREFIX):
        return Epc(epc, "bad-partition")
    prefix_bits, prefix_digits = _PREFIX[partition]
    reference_bits, reference_digits = scheme.reference[partition]
    serial_bits = _BITS - _HEAD_BITS - prefix_bits - reference_bits
    serial = bits & (1 << serial_bits) - 1
    reference = bits >> serial_bits & (1 << reference_bits) - 1
    prefix = bits >> serial_bits + reference_bits & (1 << prefix_bits) - 1
    if prefix >= 10**prefix_digits or reference >= 10**reference_digits:
        return Epc(epc, "value-out-of-range")
    if scheme.name == "sscc" and serial:
        return Epc(epc, "reserved-bits-set")
    company = f"{prefix:0{prefix_digits}}"
    width = 1 if scheme.name == "giai" else reference_digits  # The reference of a GIAI has no leading zeros.
    padded = f"{reference:0{width}}" if width else ""
    return _identity(epc, scheme.name, filter_value, company, padded, str(serial))


def _identity(epc: str, scheme: str, filter_value: int, company: str, reference: str, serial: str) -> Epc:
    parts = [company, reference] + ([serial] if scheme in ("sgtin", "sgln", "grai") else [])
    name = ".".join(parts)
    return Epc(
        epc,
        scheme=f"{scheme}-96",
        filter=filter_value,
        tag_uri=f"urn:epc:tag:{scheme}-96:{filter_value}.{name}",
        pure_identity_uri=f"urn:epc:id:{scheme}:{name}",
        **_key(scheme, company, reference, serial),
    )


def _key(scheme: str, company: str, reference: str, serial: str) -> dict[str, str]:
    """The GS1 key. The first digit of the reference of a SGTIN or SSCC is the indicator, which leads the key."""
    match scheme:
        case "sgtin":
            gtin14 = _with_check_digit(reference[0] + company + reference[1:])
            return {"gtin14": gtin14, "serial": serial, "element_string": f"(01){gtin14}(21){serial}"}
        case "sscc":
            sscc18 = _with_check_digit(reference[0] + company + reference[1:])
            return {"sscc18": sscc18, "element_string": f"(00){sscc18}"}
        case "sgln":
            gln13 = _with_check_digit(company + reference)
            if serial == "0":  # No extension: the place as a whole.
                return {"gln13": gln13, "element_string": f"(414){gln13}"}
            return {"gln13": gln13, "serial": serial, "element_string": f"(414){gln13}(254){serial}"}
        case "grai":
            grai = "0" + _with_check_digit(company + reference)
            return {"serial": serial, "element_string": f"(8003){grai}{serial}"}
        case _:
            return {"element_string": f"(8004){company}{reference}"}


def _with_check_digit(body: str) -> str:
    return body + check_digit(body)
