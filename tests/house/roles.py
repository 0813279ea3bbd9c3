"""docs/roles.md from the table of rights in the code."""

from __future__ import annotations

from onebook_collector.administration.rights import RIGHTS, Resource, Right, Verb

_HEAD = """# Roles

Generated from `administration/rights.py` by `make docs`; do not edit. A right is a verb on a kind of thing; which things, the
scope says: a division and all below it, or one warehouse of it, and where it is so given, a department, categories, reserve
modes. `metrics`, `audit`, `people`, `tokens` and `checkpoints` are open only to who has the whole province in scope. Edges are no
users: they speak MQTT.

"""


def roles_document() -> str:
    roles = list(RIGHTS)
    lines = ["| | " + " | ".join(f"`{role}`" for role in roles) + " |", "|---|" + "---|" * len(roles)]
    for resource in Resource:
        cells = (", ".join(verb for verb in Verb if Right(verb, resource) in RIGHTS[role]) for role in roles)
        lines.append(f"| `{resource}` | " + " | ".join(cells) + " |")
    return _HEAD + "\n".join(lines) + "\n"
