"""A gRPC server and a client of it, without generated code: messages are bytes, as they would be serialised."""

import sys
import time
from concurrent import futures

import grpc

SERVICE = "shop.v1.Orders"


def text(words):
    """A message whose field 1 is a string."""
    data = words.encode()
    return b"\x0a" + bytes([len(data)]) + data


def get(request, context):
    if b"missing" in request:
        context.abort(grpc.StatusCode.NOT_FOUND, "no such order: größer")
    if b"slow" in request:
        time.sleep(1)
    context.set_trailing_metadata([("cost", "3"), ("trace-bin", b"\x00\x01")])
    return text("order paid")


def watch(request, _context):
    for number in range(3):
        yield text(f"event {number}")
        time.sleep(0.05)


def add(requests, _context):
    return text(f"{len(list(requests))} added")


def chat(requests, _context):
    for request in requests:
        yield request


def serve(port):
    handlers = {
        "Get": grpc.unary_unary_rpc_method_handler(get),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
        "Add": grpc.stream_unary_rpc_method_handler(add),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    server.wait_for_termination()


def talk(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        order = channel.unary_unary(f"/{SERVICE}/Get")
        order(text("order 1"), metadata=[("user", "bob")])
        order(text("order 2" * 10), compression=grpc.Compression.Gzip)
        for request, timeout in [("missing", 5), ("slow", 0.2)]:
            failing(order, text(request), timeout=timeout)
        failing(channel.unary_unary(f"/{SERVICE}/Nothing"), b"")
        list(channel.unary_stream(f"/{SERVICE}/Watch")(text("all")))
        channel.stream_unary(f"/{SERVICE}/Add")(iter([text("a"), text("b"), text("c")]))
        list(channel.stream_stream(f"/{SERVICE}/Chat")(iter([text("hello"), text("bye")])))
        events = channel.unary_stream(f"/{SERVICE}/Watch")(text("cancelled"))
        next(events)
        events.cancel()
        time.sleep(0.1)
        waiting = [order.future(text(f"order {number}")) for number in range(5)]
        [call.result() for call in waiting]


def failing(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except grpc.RpcError:
        pass


command, port = sys.argv[1:]
{"serve": serve, "talk": talk}[command](int(port))
