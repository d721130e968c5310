"""A WebSocket server that echoes, and a client that tries all that the protocol has."""

import asyncio
import http
import sys

import websockets


async def echo(socket):
    async for message in socket:
        if message == "close":
            return await socket.close(4001, "as you wish")
        if message == "fragments":
            await socket.send(iter(["one ", "two ", "three"]))
        elif len(message) > 60_000:
            await socket.send(f"{len(message)} bytes")
        else:
            await socket.send(message)


def refuse(path, _headers):
    return (http.HTTPStatus.FORBIDDEN, [], b"no\n") if path == "/secret" else None


async def serve(port):
    async with websockets.serve(echo, "127.0.0.1", port, subprotocols=["chat"], process_request=refuse):
        await asyncio.Future()


async def talk(port):
    site = f"ws://127.0.0.1:{port}"
    async with websockets.connect(f"{site}/plain?user=bob", compression=None, subprotocols=["chat"]) as socket:
        for message in ["hello", "", "grüße", b"\x00\x01\xff", "x" * 300, b"\x07" * 66_000]:
            await socket.send(message)
            await socket.recv()
        await socket.send(iter(["in ", "three ", "parts"]))
        await socket.recv()
        await (await socket.ping(b"are you there"))
        await socket.pong(b"unasked")
        await socket.send("fragments")
        await socket.recv()
    async with websockets.connect(f"{site}/deflate") as socket:
        for message in ["hello", "hello", '{"event": "tick"}' * 40, b"\x00" * 500]:
            await socket.send(message)
            await socket.recv()
        await socket.close(1001, "going away")
    async with websockets.connect(f"{site}/ended") as socket:
        await socket.send("close")
        try:
            await socket.recv()
        except websockets.ConnectionClosed:
            pass
    try:
        await websockets.connect(f"{site}/secret")
    except websockets.InvalidStatusCode:
        pass
    # Lost without a word.
    socket = await websockets.connect(f"{site}/lost", compression=None)
    await socket.send("still here")
    await socket.recv()
    socket.transport.abort()
    await asyncio.sleep(0.1)


command, port = sys.argv[1:]
asyncio.run({"serve": serve, "talk": talk}[command](int(port)))
