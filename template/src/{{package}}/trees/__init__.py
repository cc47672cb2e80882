"""Boosted trees on their way from the library that grew them to ONNX. Table of contents.

lightgbm.forest(text, targets)     → Forest: LightGBM's model text as arrays
xgboost.forest(text, targets)      → Forest: XGBoost's JSON as arrays
forest.join([…])                   → Forest: several as one
graph.Graph().forest("x", forest)  → nodes of an ONNX graph
"""
