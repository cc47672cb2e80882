"""Models of your own. To use the one below, uncomment it, then train it by its name, with its settings beside it:

    train model=random_forest model.n_estimators=500

A model is a function that returns an unfitted estimator of scikit-learn, or LightGBM's or XGBoost's in scikit-learn's
form. Its arguments are its settings; `seed` and `threads`, where it has them, are the run's. It competes with baselines
and champion like any other model, and is served from ONNX: one that answers otherwise there is refused.
"""

# from mlgen_runtime.extend import model
# from sklearn.ensemble import RandomForestClassifier
#
#
# @model
# def random_forest(n_estimators: int = 300, seed: int = 0) -> RandomForestClassifier:
#     """Many deep trees, each grown on a sample of the rows."""
#     return RandomForestClassifier(n_estimators=n_estimators, random_state=seed)
