"""Paper for the warehouse: bar codes, labels, the command sheet, and documents as they are printed from a browser."""
