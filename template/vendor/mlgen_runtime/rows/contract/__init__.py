"""The contract of independent rows: its words, a first proposal, and the checks of whole columns and rows."""
