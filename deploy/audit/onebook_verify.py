#!/usr/bin/env python3
"""Proves, or disproves, a book of onebook. One file, Python 3.11 or newer, the standard library and `cryptography`.

    onebook_verify.py ledger.db --keys checkpoint.key.pub --checkpoints edge-1.json edge-2.json ...

It trusts nobody: neither the program that wrote the book, of which it imports nothing, nor the centre. It is written from
docs/ledger.md and docs/protocol.md. Exit: 0 proven, 1 something is wrong, 2 wrong call, 3 nothing is wrong but not all is proven.
"""
import argparse
import collections
import hashlib
import json
import sqlite3
import sys
from fractions import Fraction
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RECORDS = {
    "account": "account_id code kind site_id bin owner_org custodian_org reserve_mode status document_no",
    "lot": "lot_id item_id number",
    "serial": "serial_id item_id number",
    "log": "log_id edge_id epoch stream first_received_ms",
    "envelope": "log_id sequence event_type body chain_hash event_time time_quality received_at verdict reason ledger_seq",
    "fork": "fork_id log_id digest upload reason received_at",
    "fork_release": "fork_release_id log_id actor note released_at",
    "quarantine_decision": "log_id sequence decision actor reason decided_at ledger_seq replacement",
    "discrepancy": "discrepancy_id ledger_seq kind site_id account_id item_id lot_id quantity detail opened_at",
    "discrepancy_closing": "discrepancy_id actor note closed_at ledger_seq",
    "feed_epoch": "ledger_seq feed_epoch started_at reason",
    "checkpoint": "made_at ledger_seq statement key_id signature",
}
STANDING = (  # table, columns, key
    ("site", "site_id name_zh name_en division_code lon lat", "site_id"),
    ("edge", "edge_id site_id", "edge_id"),
    ("item", "item_id code name_zh name_en pinyin_initials category category_zh subcategory subcategory_zh unit_code unit_zh"
     " base_unit tracking shelf_life_days storage_class temperature_c_min temperature_c_max humidity_pct_min humidity_pct_max"
     " is_hazardous is_reusable inspection_days", "item_id"),
    ("item_unit", "item_id unit_code name_zh numerator denominator gtin", "item_id, unit_code"),
    ("lot", "lot_id produced_on expires_on", "lot_id"),
    ("log", "log_id accepted_through head is_forked last_event_ms waiting last_received_ms", "log_id"),
)
APPEND_ONLY = ["envelope", "movement", "posting", "posting_serial", "count_assertion", "discrepancy", "discrepancy_closing", "quarantine_decision", "fork", "fork_release", "feed_epoch", "checkpoint"]
DAY_MS, ZONE_MS = 86_400_000, 8 * 3_600_000  # A business day is one of Asia/Shanghai.


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def compact(row):
    values = [value.hex() if isinstance(value, bytes) else value for value in row]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


class Audit:
    def __init__(self, book, keys):
        self.db, self.keys = book, keys
        self.wrong, self.open, self.said = [], [], []
        self.stated, self.positions, self.counts = {}, [], {}  # Text of a statement -> what it says; what is said of each edge's logs.

    def find(self, zh, en):
        self.wrong.append(f"{zh} / {en}")

    def rows(self, query, *values):
        return self.db.execute(query, values)

    # Checkpoints: whose word is it, and do the words agree? --------------------------------------------------------

    def signer(self, prefix, text, signature, where):
        """The id of the key that signed a text; None: none of those given."""
        for key_id, key in self.keys.items():
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, prefix + text.encode())
                return key_id
            except InvalidSignature:
                continue
        return self.find(f"{where}：不是给定密钥的签名", f"{where}: not signed by any of the keys given")

    def collect(self, documents):
        """Every statement that is signed, from the book and from the edges; and what is said of each edge's logs."""
        for made_at, seq, text, key_id, signature in self.rows("SELECT * FROM checkpoint ORDER BY made_at"):
            if signer := self.signer(b"onebook checkpoint\n", text, signature, f"ledger.db {made_at}"):
                said = self.stated[text] = {**json.loads(text), "where": "ledger.db"}
                if (said["made_at"], said["ledger_seq"], signer) != (made_at, seq, key_id):
                    self.find(f"检查点 {made_at} 与其签名文本不同", f"checkpoint {made_at}: the row says something else than its text")
        for where, document in documents:
            text, position, where = document["statement"], document["position"], f"{where} {document['version']}"
            if not self.signer(b"onebook checkpoint\n", text, bytes.fromhex(document["statement_signature"]), where):
                continue
            if not self.signer(b"onebook position\n", position, bytes.fromhex(document["position_signature"]), where):
                continue
            if json.loads(position)["statement"] != hashlib.sha256(text.encode()).hexdigest():
                self.find(f"{where}：两个文本不属一体", f"{where}: its two texts do not belong together")
            self.positions.append((json.loads(position), where))
            if text not in self.stated:
                self.stated[text] = {**json.loads(text), "where": where, "lacking": True}
        self.said.append(f"{len(self.stated)} signed checkpoints; {len(self.positions)} documents of edges")
        restores = sorted(self.rows("SELECT ledger_seq, feed_epoch FROM feed_epoch"))
        starts = {epoch: seq for seq, epoch in restores}
        for said in self.stated.values():  # A restore undoes what was booked after the backup: its entry stands in the book.
            later = [seq for seq, epoch in restores if seq > starts.get(said["feed_epoch"], -1)]
            if said["feed_epoch"] not in starts:
                self.find(f"检查点属于账中没有的时代（{said['where']}）", f"a checkpoint is of an unknown feed epoch ({said['where']})")
            said["is_old"], said["undone"] = bool(later), bool(later) and said["ledger_seq"] >= later[0]
        if len(restores) > 1:
            undone = sum(said["undone"] for said in self.stated.values())
            self.said.append(f"restored {len(restores) - 1} times (movements `restored`), {undone} checkpoints undone by it")

    # The tables ----------------------------------------------------------------------------------------------------

    def check_shape(self):
        for (problem,) in self.rows("PRAGMA integrity_check"):
            if problem != "ok":
                self.find(f"数据库损坏：{problem}", f"the database file is damaged: {problem}")
        for table, rowid, parent, _ in self.rows("PRAGMA foreign_key_check"):
            self.find(f"{table} 第 {rowid} 行指向不存在的 {parent}", f"{table} row {rowid} names a {parent} that is not there")
        there = {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        for name in (f"{table}_refuses_{change}" for table in APPEND_ONLY for change in ("update", "delete")):
            if name not in there:
                self.find(f"缺少触发器 {name}", f"trigger {name} is missing: written rows could be changed")

    def check_records(self):
        """Hash every added row, and compare at each count that a checkpoint names."""
        wanted = collections.defaultdict(list)
        for said in self.stated.values():
            for table, (count, head) in said["records"].items() if not said["is_old"] else ():
                wanted[table, count].append((head, said["where"]))
        for table, columns in RECORDS.items():
            head, count, held = hashlib.sha256(table.encode()).digest(), 0, []
            rows = self.rows(f"SELECT {columns.replace(' ', ', ')} FROM {table} ORDER BY rowid")
            for row in [None, *rows]:
                if row is not None:
                    head, count = sha(head, compact(row)), count + 1
                for said, where in wanted.pop((table, count), ()):
                    if said != head.hex() and not held:
                        held.append(count)
                        self.find(f"{table}：前 {count} 行与检查点不符（{where}）",
                                  f"{table}: its first {count} rows are not those of the checkpoint ({where})")
            self.counts[table] = count
        for table, count in wanted:
            self.find(f"{table}：检查点有 {count} 行，账中已缺", f"{table}: a checkpoint had {count} rows, the end is cut off")

    def check_ledger_chain(self):
        wanted = collections.defaultdict(list)
        for said in self.stated.values():
            if not said["undone"]:
                wanted[said["ledger_seq"]].append((said["head"], said["where"]))
        names = {table: dict(self.rows(f"SELECT {key}, {name} FROM {table}")) for table, key, name in (
            ("account", "account_id", "code"), ("item", "item_id", "code"), ("lot", "lot_id", "number"),
            ("serial", "serial_id", "number"))}
        legs, serials, counts = collections.defaultdict(list), collections.defaultdict(list), {}
        for seq, line, leg, serial in self.rows("SELECT ledger_seq, line, leg, serial_id FROM posting_serial ORDER BY 1, 2, 3, position"):
            serials[seq, line, leg].append(names["serial"].get(serial))
        for seq, line, leg, account, item, lot, quantity, _at in self.rows("SELECT * FROM posting ORDER BY 1, 2, 3"):
            legs[seq].append([line, leg, names["account"].get(account), names["item"].get(item), names["lot"].get(lot), quantity,
                              serials.pop((seq, line, leg), [])])
        for seq, account, item, lot, *figures in self.rows("SELECT * FROM count_assertion"):
            counts[seq] = [names["account"].get(account), names["item"].get(item), names["lot"].get(lot), *figures]
        query = """SELECT m.*, l.edge_id, l.epoch, l.stream, e.sequence, e.chain_hash FROM movement m
                   LEFT JOIN envelope e ON e.log_id = m.log_id AND e.sequence = m.sequence LEFT JOIN log l ON l.log_id = m.log_id
                   ORDER BY m.ledger_seq"""
        head, expected, first = bytes(32), 1, True
        for row in [None, *self.rows(query)]:
            if row is not None:
                seq, stored, origin = row[0], row[17], row[18:]
                if seq != expected:
                    self.find(f"账序 {expected} 处缺失", f"entry {seq} follows entry {expected - 1}: there is a hole")
                origin = None if row[15] is None else [*origin[:4], origin[4].hex() if origin[4] else None]
                columns = [*row[:15], origin, legs.pop(seq, []), counts.pop(seq, None)]
                computed = sha(head, compact(columns))
                if computed != stored:
                    self.find(f"第 {seq} 笔的散列与内容不符", f"entry {seq} has another hash than its rows give")
                head, expected = stored, seq + 1
            for said, where in wanted.pop(expected - 1, ()):
                if said != head.hex() and first:
                    first = False
                    self.find(f"第 {expected - 1} 笔与检查点不符：此前账被改写（{where}）",
                              f"entry {expected - 1} is not that of the checkpoint: it or one before was rewritten ({where})")
        for seq in sorted(wanted):
            self.find(f"检查点到第 {seq} 笔，账止于第 {expected - 1} 笔：账尾被截",
                      f"a checkpoint names entry {seq}, the book ends at {expected - 1}: its end is cut off")
        for name, left in (("posting", legs), ("posting_serial", serials), ("count_assertion", counts)):
            for key in left:
                self.find(f"{name} {key} 不属于任何一笔", f"{name} {key} belongs to no entry")
        if self.rows("SELECT sequencer_id, ledger_seq, head FROM sequencer").fetchall() != [(1, expected - 1, head)]:
            self.find("序号器与末笔不符", f"the sequencer does not stand at the last entry {expected - 1}")
        self.said.append(f"{expected - 1} entries")

    def check_edge_chains(self):
        held = collections.defaultdict(dict)
        for position, where in self.positions:
            for log in position["logs"]:
                held[position["edge_id"], log["epoch"], log["stream"]][log["accepted_through"]] = (log["head"], where)
        for log_id, edge, epoch, stream, through, stored in self.rows(
            "SELECT log_id, edge_id, epoch, stream, accepted_through, head FROM log"
        ):
            name, start, expected, wanted = f"{edge}/{epoch}/{stream}", f"{edge}/{epoch}/{stream}".encode(), 1, held.pop((edge, epoch, stream), {})
            heads = {0: sha(start)}
            head = heads[0]
            for sequence, body, chain_hash in self.rows(
                "SELECT sequence, body, chain_hash FROM envelope WHERE log_id = ? ORDER BY sequence", log_id
            ):
                if stream == "telemetry":  # Only what could not be read is kept of it; there is no chain.
                    expected, right = sequence + 1, sha(body)
                else:
                    if sequence != expected:
                        self.find(f"{name}：第 {expected} 条缺失", f"{name}: event {sequence} follows event {expected - 1}, a hole")
                    right, expected = sha(head, body), sequence + 1
                    head = heads[sequence] = chain_hash
                if right != chain_hash:
                    self.find(f"{name}：第 {sequence} 条字节与散列不符", f"{name}: event {sequence} has another hash than its bytes give")
            if stored != head or (through != expected - 1 if stream == "journal" else through < expected - 1):
                self.find(f"{name}：游标与末条不符", f"{name}: the cursor ({through}) does not stand at the last event ({expected - 1})")
            for at, (said, where) in wanted.items():
                if at > through or (stream == "journal" and heads.get(at, b"").hex() != said):
                    self.find(f"{name}：与仓库留存的第 {at} 条不符（{where}）",
                              f"{name}: event {at} is not what the site holds as witness, or is gone ({where})")
        for (edge, epoch, stream), _ in held.items():
            self.find(f"整个仓库日志缺失：{edge}/{epoch}/{stream}", f"the whole log {edge}/{epoch}/{stream} is missing")

    # From the bytes to the entries ---------------------------------------------------------------------------------

    def check_entries(self):
        """Each envelope has the verdict that the entries show, and each entry says what its envelope's bytes say."""
        worth = {(code, unit): Fraction(num, den) for code, unit, num, den in self.rows(
            "SELECT code, u.unit_code, numerator, denominator FROM item_unit u JOIN item USING (item_id)")}
        tracked = dict(self.rows("SELECT code, tracking FROM item"))
        legs = collections.defaultdict(list)
        for seq, line, code, lot, quantity in self.rows(
            "SELECT ledger_seq, line, i.code, l.number, quantity FROM posting p JOIN item i USING (item_id)"
            " JOIN lot l ON l.lot_id = p.lot_id ORDER BY 1, 2, leg"
        ):
            legs[seq, line].append((code, lot, quantity))
        query = """SELECT m.ledger_seq, movement_id, kind, m.actor, m.reason, document_kind, document_no, device, reverses, corrects,
                          m.event_time, m.time_quality, e.event_time, e.time_quality, e.verdict, e.ledger_seq,
                          coalesce(d.replacement, e.body), e.body, d.decision
                   FROM movement m JOIN envelope e USING (log_id, sequence)
                   LEFT JOIN quarantine_decision d ON d.log_id = m.log_id AND d.sequence = m.sequence AND d.ledger_seq = m.ledger_seq"""
        for (seq, movement, kind, actor, reason, document_kind, document_no, device, reverses, corrects, at, quality, e_at, e_quality,
             verdict, posted, text, body, decision) in self.rows(query):
            event = json.loads(body)
            fact = json.loads(text) if text != body else event["fact"]
            document = fact.get("document") or {}
            kinds = {"movement_reversed": "reversal", "stock_counted": "stocktake"}
            said = (fact["movement_id"], kinds.get(fact["type"]) or fact["kind"], fact["actor"], fact.get("reason"), document.get("kind"),
                    document.get("number"), fact.get("device"), fact.get("reverses"), fact.get("corrects"))
            if said != (movement, kind, actor, reason, document_kind, document_no, device, reverses, corrects):
                self.find(f"第 {seq} 笔与仓库原始字节不符", f"entry {seq} says something else than the bytes that the site sent")
            if (at, quality) != (e_at, e_quality) or (quality == "synced" and at != event["wall_ms"] and decision is None):
                self.find(f"第 {seq} 笔的时间与原始字节不符", f"entry {seq} has another time than the bytes that the site sent")
            if (verdict, posted) != ("posted", seq) and decision != "released":
                self.find(f"第 {seq} 笔来自未过账的事件", f"entry {seq} names an event whose verdict is {verdict}")
            for number, line in enumerate(fact["lines"] if fact["type"] == "goods_moved" else (), 1):
                amount = Fraction(line["quantity"]["amount"]) * worth.get((line["item"], line["quantity"]["unit"]), 0)
                booked = legs[seq, number]
                main = (line["item"], (line.get("lot") or {}).get("number", ""), amount)
                by_serial = tracked.get(line["item"]) == "serial"
                if not booked or (booked[-1] != main if not by_serial else {code for code, _, _ in booked} != {line["item"]}):
                    self.find(f"第 {seq} 笔第 {number} 行数量与原始字节不符",
                              f"entry {seq} line {number}: what is booked is not what the site sent")
        for log, sequence, kind, verdict in self.rows(
            "SELECT log_id, sequence, event_type, verdict FROM envelope e WHERE (verdict = 'posted') <> EXISTS (SELECT 1"
            " FROM movement m WHERE m.ledger_seq = e.ledger_seq AND m.log_id = e.log_id AND m.sequence = e.sequence)"
        ):
            self.find(f"日志 {log} 第 {sequence} 条的结论与账不符", f"log {log} event {sequence} ({kind}) is {verdict}, the entries say otherwise")

    def check_invariants(self):
        """Sums, places, opposites: each query gives what must not be."""
        restores = "SELECT ledger_seq, movement_id, recorded_at, reason FROM movement WHERE kind = 'restored'"
        day = f"(m.event_time + {ZONE_MS}) / {DAY_MS}"
        sums = "SELECT account_id, item_id, lot_id, sum(quantity), max(ledger_seq) FROM posting GROUP BY 1, 2, 3"
        days = f"SELECT account_id, item_id, lot_id, {day}, sum(quantity) FROM posting p JOIN movement m USING (ledger_seq) GROUP BY 1, 2, 3, 4"
        places = """SELECT serial_id, account_id, lot_id, event_time, ledger_seq FROM (SELECT s.serial_id, p.account_id, p.lot_id,
            m.event_time, p.ledger_seq, row_number() OVER (PARTITION BY s.serial_id ORDER BY p.ledger_seq DESC, p.line DESC, p.leg DESC) n
            FROM posting p JOIN posting_serial s USING (ledger_seq, line, leg) JOIN movement m USING (ledger_seq) WHERE quantity > 0)
            WHERE n = 1"""
        for zh, en, query in (
            ("分录之和不为零", "legs of (entry, line, item, lot) do not sum to zero",
             "SELECT ledger_seq, line, item_id, lot_id FROM posting GROUP BY 1, 2, 3, 4 HAVING sum(quantity) <> 0"),
            ("没有实物账户", "no leg of (entry, line) is real", "SELECT ledger_seq, line FROM posting JOIN account USING (account_id)"
             " GROUP BY 1, 2 HAVING sum(kind = 'real') = 0"),
            ("结存不等于分录之和", "balance is not the sum of its postings (account, item, lot)",
             f"SELECT * FROM (SELECT * FROM balance EXCEPT {sums}) UNION SELECT * FROM ({sums} EXCEPT SELECT * FROM balance)"),
            ("日净额不等于分录之和", "day net is not the sum of its postings (account, item, lot, day)",
             f"SELECT * FROM (SELECT * FROM day_net EXCEPT {days}) UNION SELECT * FROM ({days} EXCEPT SELECT * FROM day_net)"),
            ("序列号位置不符", "a serial is not where its last posting put it (serial, account)",
             f"SELECT * FROM (SELECT * FROM serial_place EXCEPT {places}) UNION SELECT * FROM ({places} EXCEPT SELECT * FROM serial_place)"),
            ("分录时刻与凭证不符", "(entry, line, leg) has another time than its entry", "SELECT p.ledger_seq, line, leg FROM posting p"
             " JOIN movement m USING (ledger_seq) WHERE p.event_time <> m.event_time"),
            ("件数与序列号数不符", "(entry, line, leg) moves another number of pieces than it names serials",
             "SELECT p.ledger_seq, p.line, p.leg FROM posting p JOIN item USING (item_id) WHERE tracking = 'serial' AND abs(quantity) <>"
             " (SELECT count(*) FROM posting_serial s WHERE (s.ledger_seq, s.line, s.leg) = (p.ledger_seq, p.line, p.leg))"),
            ("批次或序列号属于别的物资", "(entry) a lot or serial belongs to another item",
             "SELECT p.ledger_seq FROM posting p JOIN lot l USING (lot_id) WHERE l.item_id <> p.item_id UNION SELECT p.ledger_seq FROM"
             " posting p JOIN posting_serial s USING (ledger_seq, line, leg) JOIN serial USING (serial_id) WHERE serial.item_id <> p.item_id"),
            ("序列号次序有缺", "(entry, line, leg) numbers its serials with holes", "SELECT ledger_seq, line, leg FROM posting_serial"
             " GROUP BY 1, 2, 3 HAVING min(position) <> 1 OR max(position) <> count(*)"),
            ("恢复记录不符", "(entry) a feed epoch and the entry `restored` are not alike", f"SELECT ledger_seq FROM (SELECT * FROM"
             f" feed_epoch WHERE ledger_seq <> 0 EXCEPT {restores}) UNION SELECT ledger_seq FROM ({restores} EXCEPT SELECT * FROM feed_epoch)"
             " UNION SELECT 0 WHERE 1 <> (SELECT count(*) FROM feed_epoch WHERE ledger_seq = 0)"),
            ("重复冲销", "(movement) is reversed more than once", "SELECT reverses FROM movement WHERE reverses NOT NULL"
             " GROUP BY 1 HAVING count(*) > 1"),
            ("冲销不是恰好相反", "(entry) is not the exact opposite of what it reverses",
             """SELECT DISTINCT r.ledger_seq FROM movement r JOIN movement o ON o.movement_id = r.reverses JOIN posting p
                ON p.ledger_seq IN (r.ledger_seq, o.ledger_seq) GROUP BY r.ledger_seq, account_id, item_id, lot_id
                HAVING sum(quantity) <> 0 OR sum(iif(p.ledger_seq = r.ledger_seq, 1, -1)) <> 0"""),
            ("账户名称与各部分不符", "(account) has another name than its parts give",
             """SELECT account_id, code FROM account WHERE code <> CASE kind WHEN 'real' THEN kind||'/'||q(site_id)||'/'||q(bin)||'/'||
                q(owner_org)||'/'||q(custodian_org)||'/'||q(reserve_mode)||'/'||q(status)
                ELSE kind||'/'||q(iif(site_id <> '', site_id, document_no)) END"""),
        ):
            for row in self.rows(query).fetchmany(20):
                self.find(f"{zh}：{row}", f"{en}: {row}")

    def check_standing(self):
        """The book must stand at a signed checkpoint: then even what may change is what was signed."""
        newest = max((said for said in self.stated.values() if not said["is_old"]), key=lambda said: said["made_at"], default=None)
        if newest is None:
            self.open.append("没有本时代的检查点，只核对了账本自身 / no checkpoint of this feed epoch: the book stands alone")
            return
        digest = hashlib.sha256()
        for table, columns, key in STANDING:
            digest.update(f"{table}\n".encode())
            for row in self.rows(f"SELECT {columns.replace(' ', ', ')} FROM {table} ORDER BY {key}"):
                digest.update(compact(row) + b"\n")
        (generation,) = self.rows("SELECT generation FROM sequencer").fetchone() or (-1,)
        added = {name: self.counts.get(name, 0) - (name == "checkpoint") for name in RECORDS}
        same = digest.hexdigest() == newest["standing"] and added == {name: one[0] for name, one in newest["records"].items()}
        if generation < newest["generation"] or (same and generation > newest["generation"]):
            self.find("事务计数不符", "the count of transactions does not fit: the end is cut off, or it was moved by hand")
        elif not same and generation == newest["generation"]:
            self.find("登记表（仓库、物资、批次日期、游标）与检查点不符，或检查点后有行添加",
                      "site, edge, item, item_unit, dates of lot or cursors of log are not those signed, or rows were added since")
        elif not same:
            self.open.append(f"末次检查点（第 {newest['ledger_seq']} 笔）之后还有写入：请在中心做检查点、复制账本后再核对 / written to since the "
                             "newest checkpoint: make one at the centre, copy the book, repeat")
        for said in self.stated.values():
            if said.get("lacking") and not said["is_old"]:
                self.find(f"仓库持有的检查点 {said['made_at']} 不在账中（{said['where']}）",
                          f"the book lacks checkpoint {said['made_at']}, which a site holds ({said['where']})")


def prove(book, keys, documents):
    """All checks. `book`: a sqlite3 connection; `keys`: key id -> raw public key; `documents`: (whose, document) of the edges."""
    book.create_function("q", 1, lambda part: part.replace("%", "%25").replace("/", "%2F"))
    audit = Audit(book, keys)
    for check in (lambda: audit.collect(documents), audit.check_shape, audit.check_ledger_chain, audit.check_edge_chains,
                  audit.check_records, audit.check_entries, audit.check_invariants, audit.check_standing):
        try:
            check()
        except (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            audit.find(f"无法核对：{error!r}", f"what stands there cannot even be read: {error!r}")
    return audit


def main():
    parser = argparse.ArgumentParser(description="核对账本 / prove a book of onebook")
    parser.add_argument("book", help="ledger.db (a copy)")
    parser.add_argument("--keys", required=True, help="public keys of the centre: lines of key_id and key in hex")
    parser.add_argument("--checkpoints", nargs="*", default=[], help="files of `onebook edge checkpoints --export`")
    asked = parser.parse_args()
    try:
        pairs = [line.split()[:2] for line in Path(asked.keys).read_text(encoding="ascii").splitlines() if line.strip()]
        book = sqlite3.connect(f"{Path(asked.book).resolve().as_uri()}?mode=ro", uri=True)
        book.execute("SELECT 1 FROM movement").fetchone()
        documents = [(name, one) for name in asked.checkpoints for one in json.loads(Path(name).read_text("utf-8"))["documents"]]
    except (OSError, ValueError, LookupError, sqlite3.Error) as error:
        print(f"✗ 无法读取 / cannot be read: {error}", file=sys.stderr)
        return 2
    audit = prove(book, {key_id: bytes.fromhex(key) for key_id, key in pairs}, documents)
    for mark, lines in (("·", audit.said), ("✗", audit.wrong), ("?", audit.open)):
        for line in lines:
            print(mark, line)
    print("✗ 账本有误 / the book is wrong" if audit.wrong else "? 未全部证明 / not all is proven" if audit.open else "✓ 账本属实 / proven")
    return 1 if audit.wrong else 3 if audit.open else 0


if __name__ == "__main__":
    sys.exit(main())
