"""`POST /predict`: records in, predictions out.

{"records": [{"tenure": 3, "Contract": "Two year"}]}
→ {"predictions": ["No"], "probabilities": [{"No": 0.93, "Yes": 0.07}], "model_version": "7", "request_id": "5f0c…"}
"""

from __future__ import annotations

from . import observed
from .refusal import Refused
from .request import Receive, Request, Scope, Send, compute, read, refuse, reply, require_json
from .state import State


class Predict:
    """The endpoint as a plain ASGI application: the hot path goes through no framework."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request: Request = scope["request"]
        try:
            body = await read(request, receive, self.state)
            require_json(request)
            served = self.state.served
            response = await compute(self.state, len(body), served.quick(body), served.respond, body, request.id)
        except Refused as refused:
            observed.refused(self.state, request, refused)
            return await refuse(send, request, refused)
        observed.predicted(self.state, request, served, response)
        return await reply(send, request, 200, response.body)
