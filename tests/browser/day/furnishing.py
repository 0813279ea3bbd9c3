"""The warehouse of the day, given as the centre's people give it: one import of spreadsheets."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

from onebook_schemas.reference import DOCUMENTS
from tests.browser.console_bench import EDGE, ConsoleBench
from tests.browser.warehouse import PIN
from tests.end_to_end.plant import CATALOGUE, Plant

SITE = "hz-02"
PIECE_WEIGHT_G = {"LS02004": "800"}  # Towels that are counted on the scale.
BINS = ("A-01", "A-02", "B-01", "B-02", "C-01", "C-02", "G-01", "Q-01", "R-01")

FILES = {
    "sites": f"""\
site_id,name_zh,name_en,division_code,lon,lat
{SITE},杭州市救灾物资储备库,Hangzhou relief warehouse,330105,120.2,30.3
""",
    "edges": f"edge_id,site_id\n{EDGE},{SITE}\n",
    "setup": f"""\
site_id,maker_number,issue_without_order_max,second_person_from,count_difference_review_pct,inspect_receipts
{SITE},7,20,500,2,yes
""",
    "zones": f"""\
site_id,code,name_zh,name_en,temp_min_c,temp_max_c,rh_min_pct,rh_max_pct,probes
{SITE},COOL,阴凉库,Cool store,2,30,,75,{EDGE}/probe
""",
    "bins": "site_id,code,name_zh,zone\n" + "".join(f"{SITE},{code},,COOL\n" for code in BINS),
    "people": f"""\
site_id,badge,name,role,pin,may_authorise,until
{SITE},1001,李敏,keeper,{PIN},no,
{SITE},1002,张建国,warehouse_head,135790,yes,
""",
    "tasks": f"""\
site_id,kind,number,action,title_zh,title_en,counterpart,due_on,is_urgent,note,item,amount,unit,lot,bin
{SITE},RW,RW-2026-17,RECEIVE,采购到货,Purchase arrives,供应商,,no,,LS01001,50,EA,,A-01
{SITE},DB,DB-2026-3,ISSUE,调拨温州,Dispatch to Wenzhou,温州市防汛物资储备库,,yes,,LS01001,20,EA,,
{SITE},RW,RW-2026-18,RECEIVE,指挥帐篷到货,Command tents arrive,供应商,,no,,LS01004,6,EA,,R-01
{SITE},DB,DB-2026-4,ISSUE,指挥帐篷调出,Command tents leave,宁波市综合应急物资储备库,,no,,LS01004,4,EA,,
""",
}


@dataclass(frozen=True)
class Furnished:
    """A centre that has taken all of it over, and headers that may read there. Made once, for any number of days."""

    centre: Path
    key: dict[str, str]

    async def open_for_work(self, bench: ConsoleBench) -> None:
        """Start everything, and return when the box holds all that it works by."""
        plant = bench.plant
        shutil.copytree(self.centre, plant.centre_folder)
        plant.key = self.key
        plant.broker.start()
        plant.collector.start()
        await bench.start()  # While the centre starts too: a port that was free should not wait long for its owner.
        shelf = plant.edge_folder(EDGE) / "reference"
        await bench.until(lambda: all((shelf / f"{name}.document").exists() for name in DOCUMENTS), limit_s=90)


def furnish(folder: Path) -> Furnished:
    """By one import, with the catalogue of onebook in which some pieces have their weight."""
    with Plant(folder) as plant:
        options: list[str] = []
        for kind, text in {**FILES, "catalogue": _catalogue()}.items():
            path = folder / f"{kind}.csv"
            path.write_text(text, encoding="utf-8")
            options += [f"--{kind}", str(path)]
        plant.centre("import", *options)
        return Furnished(plant.centre_folder, plant.key)


def _catalogue() -> str:
    rows = list(csv.DictReader(io.StringIO(Path(str(CATALOGUE)).read_text(encoding="utf-8-sig"), newline="")))
    written = io.StringIO()
    table = csv.DictWriter(written, [*rows[0], "piece_weight_g"], lineterminator="\n")
    table.writeheader()
    table.writerows({**row, "piece_weight_g": PIECE_WEIGHT_G.get(row["code"], "")} for row in rows)
    return written.getvalue()
