"""What a use case is (`protocol`), which there are (`registry`), and how a bundle of any of them is opened (`loading`)."""
