"""What a use case is (`protocol`), which there are (`registry`), how a bundle of any of them is opened (`loading`)."""
