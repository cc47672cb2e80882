"""What each input adds to one prediction: SHAP values, exact for the model's own sum, with numpy alone.

explanation.npz     what `writing` keeps of a model in its bundle: trees with how many rows went where, or weights
explanation.json    in its place, why a model cannot be explained
`shapley`           from that file and encoded rows to values; copied as it is beside the exported reader
`serving`           the same for a loaded bundle: made when it is first asked for, in the words of the predictor
"""
