#!/usr/bin/env python3
"""Proves, or disproves, a book of onebook. One file, Python 3.11 or newer, the standard library and `cryptography`.

    onebook_verify.py ledger.db --keys checkpoint.key.pub --checkpoints edge-1.json edge-2.json ...

It trusts nobody: neither the program that wrote the book, of which it imports nothing, nor the centre. It is written from
docs/ledger.md and docs/protocol.md, and reads row by row: a large book takes time, not memory.
Exit: 0 proven, 1 something is wrong, 2 wrong call, 3 nothing is wrong but not all is proven.
"""
import argparse, collections, contextlib, functools, hashlib, json, sqlite3, sys
from fractions import Fraction
from pathlib import Path
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASHES = {"sha256": hashlib.sha256, "sm3": functools.partial(hashlib.new, "sm3")}  # SM3: GB/T 32905.
RECORDS = dict.fromkeys(  # Tables to which rows are only added, and what of their rows stays: all columns but of two.
    ("account", "lot", "serial", "log", "envelope", "fork", "fork_release", "quarantine_decision", "discrepancy", "discrepancy_closing",
     "feed_epoch", "checkpoint"), "*") | {"lot": "lot_id, item_id, number", "log": "log_id, edge_id, epoch, stream, first_received_ms"}
STANDING = dict.fromkeys(("site", "edge", "item", "item_unit"), "*") | {  # Tables whose rows may change. Item 23: left out while empty.
    "lot": "lot_id, produced_on, expires_on",
    "log": "log_id, accepted_through, head, is_forked, last_event_ms, waiting, last_received_ms"}
TRIGGERS = [f"{table}_refuses_{change}" for change in ("update", "delete") for table in (
    "envelope", "movement", "posting", "posting_serial", "count_assertion", "discrepancy", "discrepancy_closing", "quarantine_decision",
    "fork", "fork_release", "feed_epoch", "checkpoint")]

def unlike(kept, made):  # The rows that only one of two queries gives.
    return f"SELECT * FROM ({kept} EXCEPT {made}) UNION SELECT * FROM ({made} EXCEPT {kept})"

BALANCES = "SELECT account_id, item_id, lot_id, sum(quantity), max(ledger_seq) FROM posting GROUP BY 1, 2, 3"
DAY_NETS = "SELECT account_id, item_id, lot_id, (event_time + 28800000) / 86400000, sum(quantity) FROM posting GROUP BY 1, 2, 3, 4"  # UTC+8
PLACES = """SELECT serial_id, account_id, lot_id, event_time, ledger_seq FROM (SELECT *, row_number() OVER (PARTITION BY serial_id ORDER BY
    ledger_seq DESC, line DESC, leg DESC) n FROM posting JOIN posting_serial USING (ledger_seq, line, leg) WHERE quantity > 0) WHERE n = 1"""
MUST_NOT_BE = {  # Each query gives what contradicts the rules of the book.
    "数据库损坏 / the database file is damaged": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    "指向不存在的行 / (table, row, parent) names a row that is not there": 'SELECT "table", rowid, parent FROM pragma_foreign_key_check',
    "缺少触发器，已写的行可被修改 / a trigger is missing, written rows could be changed":
        f"SELECT value FROM json_each('{json.dumps(TRIGGERS)}') EXCEPT SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "不属于任何一笔 / (entry) has postings or a count, but is not there":
        "SELECT ledger_seq FROM posting LEFT JOIN movement USING (ledger_seq) WHERE kind IS NULL"
        " UNION SELECT ledger_seq FROM count_assertion LEFT JOIN movement USING (ledger_seq) WHERE kind IS NULL",
    "分录之和不为零 / legs of (entry, line, item, lot) do not sum to zero":
        "SELECT ledger_seq, line, item_id, lot_id FROM posting GROUP BY 1, 2, 3, 4 HAVING sum(quantity) <> 0",
    "没有实物账户 / no leg of (entry, line) is real":
        "SELECT ledger_seq, line FROM posting JOIN account USING (account_id) GROUP BY 1, 2 HAVING sum(kind = 'real') = 0",
    "结存不等于分录之和 / balance is not the sum of its postings (account, item, lot)": unlike("SELECT * FROM balance", BALANCES),
    "日净额不等于分录之和 / day net is not the sum of its postings (account, item, lot, day)": unlike("SELECT * FROM day_net", DAY_NETS),
    "序列号位置不符 / a serial is not where its last posting put it (serial, account)": unlike("SELECT * FROM serial_place", PLACES),
    "分录时刻与本笔不符 / (entry) has postings of another time":
        "SELECT DISTINCT ledger_seq FROM posting p JOIN movement m USING (ledger_seq) WHERE p.event_time <> m.event_time",
    "件数与序列号数不符 / (entry, line, leg) moves another number of pieces than it names serials":
        "SELECT ledger_seq, line, leg FROM posting p JOIN item USING (item_id) WHERE tracking = 'serial' AND abs(quantity) <>"
        " (SELECT count(*) FROM posting_serial s WHERE (s.ledger_seq, s.line, s.leg) = (p.ledger_seq, p.line, p.leg))",
    "批次或序列号属于别的物资 / (entry) a lot or serial belongs to another item":
        "SELECT ledger_seq FROM posting p JOIN lot l USING (lot_id) WHERE l.item_id <> p.item_id UNION SELECT ledger_seq FROM posting p"
        " JOIN posting_serial USING (ledger_seq, line, leg) JOIN serial s USING (serial_id) WHERE s.item_id <> p.item_id",
    "序列号次序有缺，或不属于任何一笔 / (entry, line, leg) numbers its serials with holes, or is not there":
        "SELECT ledger_seq, line, leg FROM posting_serial LEFT JOIN posting USING (ledger_seq, line, leg) GROUP BY 1, 2, 3"
        " HAVING min(position) <> 1 OR max(position) <> count(*) OR max(quantity) IS NULL",
    "恢复记录不符 / (entry) a feed epoch and the entry `restored` are not alike":
        unlike("SELECT * FROM feed_epoch WHERE ledger_seq <> 0",
               "SELECT ledger_seq, movement_id, recorded_at, reason FROM movement WHERE kind = 'restored'"),
    "首个时代不符 / the book has so many first feed epochs": "SELECT count(*) n FROM feed_epoch WHERE ledger_seq = 0 HAVING n <> 1",
    "重复冲销 / (movement) is reversed more than once": "SELECT reverses FROM movement WHERE reverses NOT NULL GROUP BY 1 HAVING count(*) > 1",
    "冲销不是恰好相反 / (entry) is not the exact opposite of what it reverses":
        "SELECT DISTINCT r.ledger_seq FROM movement r JOIN movement o ON o.movement_id = r.reverses JOIN posting p ON p.ledger_seq IN"
        " (r.ledger_seq, o.ledger_seq) GROUP BY r.ledger_seq, account_id, item_id, lot_id HAVING sum(quantity) <> 0"
        " OR sum(iif(p.ledger_seq = r.ledger_seq, 1, -1)) <> 0",
    "账户名称与各部分不符 / (account) has another name than its parts give":
        "SELECT account_id, code FROM account WHERE code <> CASE kind WHEN 'real' THEN path(kind, site_id, bin, owner_org, custodian_org,"
        " reserve_mode, status) ELSE path(kind, iif(site_id <> '', site_id, document_no)) END",
    "事件的结论与账不符 / (log, event, type, verdict) the entries say otherwise":
        "SELECT log_id, sequence, event_type, verdict FROM envelope e WHERE (verdict = 'posted') <> EXISTS (SELECT 1 FROM movement m"
        " WHERE m.ledger_seq = e.ledger_seq AND m.log_id = e.log_id AND m.sequence = e.sequence)",
    "遥测的散列或游标不符 / (telemetry log) its hashes or its cursor are not what its bytes give":
        "SELECT log_id FROM log LEFT JOIN envelope USING (log_id) WHERE stream IS NOT 'journal' AND (accepted_through < sequence OR head IS NOT"
        " digest(hash_algorithm, edge_id || '/' || epoch || '/' || stream) OR chain_hash <> digest(hash_algorithm, coalesce(body, '')))",
}

def digest(algorithm, data):
    return HASHES[algorithm](data.encode() if isinstance(data, str) else data).digest()

def compact(row):  # The text of a row: JSON, bytes in hex.
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=bytes.hex).encode()

class Audit:
    def __init__(self, book, keys):
        self.wrong, self.open, self.said = [], [], []
        self.keys, self.rows, self.find = keys, book.execute, self.wrong.append
        self.stated, self.counts = {}, {}  # Text of a statement -> what it says; table -> rows.
        self.said_of = collections.defaultdict(lambda: collections.defaultdict(list))  # Chain -> place -> (head, who says so).

    def signer(self, kind, text, signature, where):
        """The id of the key that signed a text; None: none of those given."""
        for key_id, key in self.keys.items():
            with contextlib.suppress(InvalidSignature):
                Ed25519PublicKey.from_public_bytes(key).verify(signature, f"onebook {kind}\n{text}".encode())
                return key_id
        return self.find(f"{where}：不是给定密钥的签名 / {where}: not signed by any of the keys given")

    def collect(self, documents):
        """Every statement that is signed, from the book and from the edges; and what is said of each edge's logs."""
        for made_at, seq, text, key_id, signature in self.rows("SELECT * FROM checkpoint"):
            if signer := self.signer("checkpoint", text, signature, f"ledger.db {made_at}"):
                said = self.stated[text] = {**json.loads(text), "where": "ledger.db"}
                if (said["made_at"], said["ledger_seq"], signer) != (made_at, seq, key_id):
                    self.find(f"检查点 {made_at} 与其签名文本不同 / checkpoint {made_at}: the row says something else than its text")
        for where, document in documents:
            text, position, where = document["statement"], document["position"], f"{where} {document['version']}"
            if not (self.signer("checkpoint", text, bytes.fromhex(document["statement_signature"]), where)
                    and self.signer("position", position, bytes.fromhex(document["position_signature"]), where)):
                continue
            placed = json.loads(position)
            if placed["statement"] != digest(json.loads(text).get("hash_algorithm", "sha256"), text).hex():
                self.find(f"{where}：两个文本不属一体 / {where}: its two texts do not belong together")
            for log in placed["logs"]:
                chain = f"{placed['edge_id']}/{log['epoch']}/{log['stream']}"
                self.said_of[chain][log["accepted_through"]].append((log["head"], where))
            self.stated.setdefault(text, {**json.loads(text), "where": where, "is_lacking": True})
        (self.algorithm,) = self.rows("SELECT hash_algorithm FROM sequencer").fetchone()
        restores = sorted(self.rows("SELECT ledger_seq, feed_epoch FROM feed_epoch"))
        starts = {epoch: seq for seq, epoch in restores}
        for said in self.stated.values():  # A restore undoes what was booked after the backup: its entry stands in the book.
            later = [seq for seq, epoch in restores if seq > starts.get(said["feed_epoch"], -1)]
            if said["feed_epoch"] not in starts:
                self.find(f"检查点属于账中没有的时代 / a checkpoint is of an unknown feed epoch（{said['where']}）")
            said["is_old"], said["undone"] = bool(later), bool(later) and said["ledger_seq"] >= later[0]
            if said.get("hash_algorithm", "sha256") != self.algorithm:
                self.find(f"检查点的散列算法与账本不同 / a checkpoint is of another hash algorithm than the book（{said['where']}）")
            if said.get("is_lacking") and not later:
                self.find(f"仓库持有的检查点 {said['made_at']} 不在账中 / the book lacks a checkpoint that a site holds（{said['where']}）")
            places = {"movement": (said["ledger_seq"], said["head"])} if not said["undone"] else {}
            for chain, (place, head) in {**places, **(said["records"] if not said["is_old"] else {})}.items():
                self.said_of[chain][place].append((head, said["where"]))
        self.said += [f"{len(self.stated)} signed checkpoints; {len(documents)} documents of edges", f"restored {len(restores) - 1} times"
                      f" (movements `restored`), {sum(said['undone'] for said in self.stated.values())} checkpoints undone by it"]

    def walk(self, chain, algorithm, head, steps):
        """Each of (place, text, hash stored there or ...) follows from the one before; what was said of a place holds. Gives the end."""
        said, last = self.said_of.pop(chain, {}), 0
        furthest = max(said, default=0)
        def hold(place, head):
            for one, where in said.pop(place, ()):
                if one != head.hex():
                    said.clear()  # Of a chain that differs the first place is enough.
                    self.find(f"{chain}：前 {place} 条已被改写 / {chain}: its first {place} are not those of the checkpoint（{where}）")
        hold(last, head)
        for place, text, stored in steps:
            made = digest(algorithm, head + text)
            if place != last + 1:
                self.find(f"{chain}：{last} 之后缺失 / {chain}: {place} follows {last}: there is a hole")
            if stored not in (made, ...):
                self.find(f"{chain}：第 {place} 条的散列与内容不符 / {chain}: {place} has another hash than its content gives")
            last, head = place, made if stored is ... else stored
            hold(last, head)
        if furthest > last:
            self.find(f"{chain}：检查点有 {furthest} 条，账尾被截 / {chain}: a checkpoint had {furthest}, its end is cut off at {last}")
        return last, head

    def check_records(self):
        for table, columns in RECORDS.items():
            rows = self.rows(f"SELECT {columns} FROM {table} ORDER BY rowid")
            steps = ((count, compact(row), ...) for count, row in enumerate(rows, 1))
            self.counts[table], _ = self.walk(table, self.algorithm, digest(self.algorithm, table), steps)

    def check_ledger_chain(self):
        end = self.walk("movement", self.algorithm, bytes(32), self.entries())
        if self.rows("SELECT sequencer_id, ledger_seq, head FROM sequencer").fetchall() != [(1, *end)]:
            self.find(f"序号器与末笔不符 / the sequencer does not stand at the last entry {end[0]}")
        self.said.append(f"{end[0]} entries")

    def entries(self):  # Each entry: its number, the text that its hash is made of, its hash.
        query = """SELECT m.*, l.edge_id, l.epoch, l.stream, e.sequence, e.chain_hash FROM movement m LEFT JOIN log l ON l.log_id = m.log_id
            LEFT JOIN envelope e ON e.log_id = m.log_id AND e.sequence = m.sequence ORDER BY m.ledger_seq"""
        for *columns, log_id, _, stored, edge, epoch, stream, sequence, chain_hash in self.rows(query):
            origin = None if log_id is None else [edge, epoch, stream, sequence, chain_hash]
            count = self.named("a.code, i.code, l.number, counted, book_at, difference, counted_at", "count_assertion", columns[0])
            yield columns[0], compact([*columns, origin, self.legs(columns[0]), count.fetchone()]), stored

    def named(self, columns, table, seq):  # The rows of an entry, with names in the place of numbers.
        return self.rows(f"SELECT {columns} FROM {table} r LEFT JOIN account a USING (account_id) LEFT JOIN item i USING (item_id)"
                         " LEFT JOIN lot l ON l.lot_id = r.lot_id WHERE ledger_seq = ? ORDER BY 1, 2", (seq,))

    def legs(self, seq):  # [line, leg, account, item, lot, quantity, [serial, ...]] of an entry.
        serials = collections.defaultdict(list)
        for *leg, number in self.rows("SELECT line, leg, number FROM posting_serial LEFT JOIN serial USING (serial_id)"
                                      " WHERE ledger_seq = ? ORDER BY line, leg, position", (seq,)):
            serials[tuple(leg)].append(number)
        legs = self.named("line, leg, a.code, i.code, l.number, quantity", "posting", seq)
        return [[*leg, serials[leg[:2]]] for leg in legs]

    def check_edge_chains(self):
        for log_id, name, stream, algorithm, *end in self.rows(
            "SELECT log_id, edge_id || '/' || epoch || '/' || stream, stream, hash_algorithm, accepted_through, head FROM log"):
            if stream == "journal":
                events = self.rows("SELECT sequence, body, chain_hash FROM envelope WHERE log_id = ? ORDER BY sequence", (log_id,))
                if self.walk(name, algorithm, digest(algorithm, name), events) != tuple(end):
                    self.find(f"{name}：游标与末条不符 / {name}: the cursor ({end[0]}) does not stand at the last event")
            elif max(self.said_of.pop(name, {}), default=0) > end[0]:  # There is no chain in telemetry.
                self.find(f"{name}：游标后退 / {name}: the cursor ({end[0]}) has gone back")
        for name in self.said_of:
            self.find(f"整个仓库日志缺失：{name} / the whole log {name} is missing")

    def check_entries(self):
        """Each entry says what its envelope's bytes say."""
        units = {(code, unit): (Fraction(numerator, denominator), tracking) for code, unit, numerator, denominator, tracking in self.rows(
            "SELECT code, u.unit_code, numerator, denominator, tracking FROM item_unit u JOIN item USING (item_id)")}
        kinds = {"movement_reversed": "reversal", "stock_counted": "stocktake"}
        query = """SELECT m.ledger_seq, movement_id, kind, m.actor, m.reason, document_kind, document_no, device, reverses, corrects,
            m.event_time, m.time_quality, e.event_time, e.time_quality, e.verdict, e.ledger_seq, coalesce(d.replacement, e.body), e.body,
            d.decision FROM movement m JOIN envelope e USING (log_id, sequence)
            LEFT JOIN quarantine_decision d ON d.log_id = m.log_id AND d.sequence = m.sequence AND d.ledger_seq = m.ledger_seq"""
        for seq, *booked_as, at, quality, e_at, e_quality, verdict, posted, text, body, decision in self.rows(query):
            event = json.loads(body)
            fact = json.loads(text) if text != body else event["fact"]
            document = fact.get("document") or {}
            said = [fact["movement_id"], kinds.get(fact["type"]) or fact["kind"], fact["actor"], fact.get("reason"), document.get("kind"),
                    document.get("number"), fact.get("device"), fact.get("reverses"), fact.get("corrects")]
            if said != booked_as:
                self.find(f"第 {seq} 笔与仓库原始字节不符 / entry {seq} says something else than the bytes that the site sent")
            if (at, quality) != (e_at, e_quality) or (quality == "synced" and at != event["wall_ms"] and decision is None):
                self.find(f"第 {seq} 笔的时间与原始字节不符 / entry {seq} has another time than the bytes that the site sent")
            if (verdict, posted) != ("posted", seq) and decision != "released":
                self.find(f"第 {seq} 笔来自未过账的事件 / entry {seq} names an event whose verdict is {verdict}")
            legs = self.legs(seq)
            for number, line in enumerate(fact["lines"] if fact["type"] == "goods_moved" else (), 1):
                worth, tracking = units.get((line["item"], line["quantity"]["unit"]), (0, None))
                said = [line["item"], (line.get("lot") or {}).get("number", ""), Fraction(line["quantity"]["amount"]) * worth]
                booked = [leg[3:6] for leg in legs if leg[0] == number]  # Legs before the last make up for doubts; serials have one each.
                if not booked or (booked[-1] != said if tracking != "serial" else {leg[0] for leg in booked} != {line["item"]}):
                    self.find(f"第 {seq} 笔第 {number} 行数量与原始字节不符 / entry {seq} line {number}: booked is not what the site sent")

    def check_rules(self):
        for what, query in MUST_NOT_BE.items():
            for row in self.rows(query).fetchmany(20):
                self.find(f"{what}: {row}")

    def check_standing(self):
        """The book must stand at a signed checkpoint: then even what may change is what was signed."""
        newest = max((said for said in self.stated.values() if not said["is_old"]), key=lambda said: said["made_at"], default=None)
        if newest is None:
            self.open.append("没有本时代的检查点，只核对了账本自身 / no checkpoint of this feed epoch: the book stands alone")
            return
        standing = HASHES[self.algorithm]()
        for table, columns in STANDING.items():
            standing.update(f"{table}\n".encode())
            for row in self.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2"):
                standing.update(compact(row[:-1] if table == "item" and row[22:] == (None,) else row) + b"\n")
        (generation,) = self.rows("SELECT generation FROM sequencer").fetchone() or (-1,)
        added = {name: self.counts.get(name, 0) - (name == "checkpoint") for name in RECORDS}
        same = standing.hexdigest() == newest["standing"] and added == {name: one[0] for name, one in newest["records"].items()}
        if generation < newest["generation"] or (same and generation > newest["generation"]):
            self.find("事务计数不符 / the count of transactions does not fit: the end is cut off, or it was moved by hand")
        elif not same and generation == newest["generation"]:
            self.find("登记表（仓库、物资、批次日期、游标）与检查点不符，或检查点后有行添加 / sites, edges, items, dates of lots or cursors of"
                      " logs are not those signed, or rows were added since")
        elif not same:
            self.open.append(f"末次检查点（第 {newest['ledger_seq']} 笔）之后还有写入：请在中心做检查点、复制账本后再核对 / written to"
                             " since the newest checkpoint: make one at the centre, copy the book, repeat")

def prove(book, keys, documents):
    """All checks. `book`: a sqlite3 connection; `keys`: key id -> raw public key; `documents`: (whose, document) of the edges."""
    book.create_function("path", -1, lambda *parts: "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts))
    book.create_function("digest", 2, digest)
    for table in ("log", "sequencer"):  # Of a book from the time when there was no choice.
        if "hash_algorithm" not in {column[1] for column in book.execute(f"PRAGMA table_info({table})")}:
            book.execute(f"CREATE TEMP VIEW {table} AS SELECT *, 'sha256' AS hash_algorithm FROM main.{table}")
    audit = Audit(book, keys)
    for check in (lambda: audit.collect(documents), audit.check_ledger_chain, audit.check_records,
                  audit.check_edge_chains, audit.check_entries, audit.check_rules, audit.check_standing):
        try:
            check()
        except (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            audit.find(f"无法核对 / what stands there cannot even be read: {error!r}")
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
        if any("sm3" in row for table in ("log", "sequencer") for row in book.execute(f"SELECT * FROM {table}")):
            HASHES["sm3"]()  # ValueError: the OpenSSL of this machine does not have it.
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
