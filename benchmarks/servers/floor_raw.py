"""The floor: raw ASGI, msgspec and onnxruntime; no validation beyond the types, no metrics, no ids, no limits."""

from floor import decode, predict


async def app(scope, receive, send):
    """Answer any request."""
    if scope["type"] != "http":
        return  # uvicorn asks for start-up and shut-down, and does without an answer
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    answer = predict(decode(body)) if body else b"{}"
    length = (b"content-length", b"%d" % len(answer))
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"), length]}
    )
    await send({"type": "http.response.body", "body": answer})
