"""Starlette's router and request with msgspec and onnxruntime."""

from floor import decode, predict
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route


async def handle(request):
    """Answer one request."""
    return Response(predict(decode(await request.body())), media_type="application/json")


app = Starlette(routes=[Route("/predict", handle, methods=["POST"])])
