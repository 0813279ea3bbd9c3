"""What somebody may see: one division and all below it, or one site of it, and of the goods there those that concern them."""

from __future__ import annotations

from dataclasses import dataclass

from onebook_collector.errors import RefusedError

PROVINCE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """`division` is the beginning of a division code: 33 the province, 3301 a prefecture, 330106 a county.

    A centre keeps the book of one province, so whoever sees the province also sees what stands at no site: goods on the way,
    edges that are not registered yet. None means all. `department`: goods that this unit owns or keeps, for goods that one
    stores for another concern both. `site`: of this division, this one warehouse only.
    """

    division: str
    department: str | None = None
    categories: frozenset[str] | None = None
    modes: frozenset[str] | None = None
    site: str | None = None

    @property
    def is_province(self) -> bool:
        return len(self.division) <= PROVINCE_DIGITS and self.site is None

    @property
    def narrows_goods(self) -> bool:
        return not (self.department is None and self.categories is None and self.modes is None)

    def covers(self, other: Scope) -> bool:
        """Whether nothing is in `other` that is not in this one."""
        return (
            other.division.startswith(self.division)
            and self.department in (None, other.department)
            and self.site in (None, other.site)
            and _within(other.categories, self.categories)
            and _within(other.modes, self.modes)
        )


EVERYTHING = Scope("")
"""For the centre's own work. No person and no token has it."""


def checked_scope(scope: Scope) -> Scope:
    """The scope, if it can be given to somebody. Raises RefusedError."""
    if not (scope.division.isascii() and scope.division.isdecimal() and len(scope.division) in (2, 4, 6)):
        detail = f"{scope.division!r}: 区划代码为 2、4 或 6 位数字 / a division has 2, 4 or 6 digits, such as 3301"
        raise RefusedError("no_division", detail, status=400)
    if scope.site is not None and not scope.site.strip():
        detail = "仓库编号为空 / the site_id is empty; leave it out, or name a warehouse"
        raise RefusedError("no_site", detail, status=400)
    return scope


def _within(narrow: frozenset[str] | None, wide: frozenset[str] | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)
