"""What is drawn and said of a run: charts, tables, notes and findings, computed from its numbers."""
