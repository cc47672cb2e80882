"""ONNX graphs of our own making: forests to the bit, and the session that runs them."""
