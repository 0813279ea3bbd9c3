"""The papers of the last months: found again, printed again, and counted."""
