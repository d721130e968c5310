"""A GraphQL server over HTTP and, on the next port, WebSocket (graphql-transport-ws), and a client of the latter."""

import asyncio
import http.server
import inspect
import json
import sys
import threading
import urllib.parse

import graphql
import websockets

SCHEMA = graphql.build_schema(
    """
    type Order { id: ID! state: String total: Float }
    type Query { orders: [Order!]! order(id: ID!): Order broken: String }
    type Mutation { pay(id: ID!): Order }
    type Subscription { ticks(count: Int!): Int }
    """
)


def order(id, state="open"):
    return {"id": id, "state": state, "total": 9.5}


class Root:
    def orders(self, _info):
        return [order(str(number)) for number in range(3)]

    def order(self, _info, id):
        return order(id)

    def pay(self, _info, id):
        return order(id, "paid")

    def broken(self, _info):
        raise RuntimeError("the database is locked")

    async def ticks(self, _info, count):
        for number in range(count):
            yield {"ticks": number}


def answer(call):
    if "query" not in call:
        return {"errors": [{"message": "PersistedQueryNotFound"}]}
    result = graphql.graphql_sync(
        SCHEMA, call["query"], Root(), variable_values=call.get("variables"), operation_name=call.get("operationName")
    )
    return result.formatted


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        self.say(200, answer({name: values[0] for name, values in query.items()}))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers["Content-Type"] == "application/graphql":
            return self.say(200, answer({"query": body}))
        try:
            call = json.loads(body)
        except ValueError:
            return self.say(400, {"errors": [{"message": "the body is no JSON"}]})
        self.say(200, [answer(one) for one in call] if isinstance(call, list) else answer(call))


async def subscriptions(socket):
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "connection_init":
            await socket.send('{"type": "connection_ack"}')
        elif message["type"] == "subscribe":
            events = graphql.subscribe(SCHEMA, graphql.parse(message["payload"]["query"]), Root())
            if inspect.isawaitable(events):
                events = await events
            if isinstance(events, graphql.ExecutionResult):
                errors = events.formatted["errors"]
                await socket.send(json.dumps({"id": message["id"], "type": "error", "payload": errors}))
                continue
            async for event in events:
                await socket.send(json.dumps({"id": message["id"], "type": "next", "payload": event.formatted}))
            await socket.send(json.dumps({"id": message["id"], "type": "complete"}))


async def serve(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    async with websockets.serve(subscriptions, "127.0.0.1", port + 1, subprotocols=["graphql-transport-ws"]):
        await asyncio.Future()


async def talk(port):
    site = f"ws://127.0.0.1:{port + 1}/graphql"
    async with websockets.connect(site, subprotocols=["graphql-transport-ws"], compression=None) as socket:
        await socket.send('{"type": "connection_init", "payload": {}}')
        await socket.recv()
        for number, query in enumerate(["subscription Ticks { ticks(count: 3) }", "subscription { nothing }"]):
            await socket.send(json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": query}}))
            while json.loads(await socket.recv())["type"] == "next":
                pass


command, port = sys.argv[1:]
asyncio.run({"serve": serve, "talk": talk}[command](int(port)))
