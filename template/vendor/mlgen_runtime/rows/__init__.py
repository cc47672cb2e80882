"""What use cases share whose examples are independent rows: split, metrics, evaluation, answers, batch scoring."""
