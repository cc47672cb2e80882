"""The model behind HTTP: a FastAPI service built from a bundle alone.

    settings      what can be set: the verb fills it from conf/rest, a container from REST_… variables
    records       the contract → the request model: typed decoding, and every fault by its field's name
    served        one loaded bundle with all that is made from it: model, decoder, OpenAPI, page
    watch         the champion pointer moved → load, warm up, swap; a broken bundle changes nothing
    app           FastAPI: the routes       middleware   pure ASGI around it: ids, key, metrics, log
    predict invocations outcome health page docs         the endpoints
    listening     the port: opened, and closed without losing a connection
    connections   slow clients, their deadlines and limits
    server        uvicorn, warm-up, draining on SIGTERM  workers      more than one process on a port
    try_service   one request to a service that is started for it

It reads no `conf/` and imports no pandas, MLflow or training library for the default bundle (a test asserts it).
"""
