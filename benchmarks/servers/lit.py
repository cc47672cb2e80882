"""LitServe with the native booster: rows to a numpy matrix, `inplace_predict`."""

import os
import sys

import litserve
import numpy as np
import xgboost


class Api(litserve.LitAPI):
    """One worker process, no batching: the same work for each request as the others do."""

    def setup(self, device):
        self.model = xgboost.Booster(model_file=os.environ["MODEL_FILE"])
        self.names = os.environ["FEATURES"].split(",")

    def decode_request(self, request):
        return np.array([[record[name] for name in self.names] for record in request["records"]], dtype=np.float32)

    def predict(self, matrix):
        return self.model.inplace_predict(matrix)

    def encode_response(self, output):
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1)
    server.run(
        port=int(sys.argv[1]), host="127.0.0.1", num_api_servers=1, log_level="warning", generate_client_file=False
    )
