"""Brings every part's tables together, for the migrations. A new part adds its import here."""

from __future__ import annotations

from onebook_collector.administration import access_tables, care_tables, coverage_tables, furnishing_tables
from onebook_collector.administration.tables import metadata
from onebook_collector.certificates import tables as _certificates

__all__ = ["_certificates", "access_tables", "care_tables", "coverage_tables", "furnishing_tables", "metadata"]
