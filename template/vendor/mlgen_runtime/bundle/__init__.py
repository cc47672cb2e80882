"""The production artefact (`format`), where it is published (`store`), who serves (`ledger`, `promotion`), and how."""
