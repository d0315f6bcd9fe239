"""The SLO model: objectives, counts, burn rates, budgets. Pure: no clock, no I/O (SRE Workbook ch. 5)."""
