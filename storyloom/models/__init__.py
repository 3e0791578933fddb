"""Language models: their names, windows, prices, streams and faults. Knows no story."""
