"""Other formats, read and written: one file for each."""
