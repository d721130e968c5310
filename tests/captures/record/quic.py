"""HTTP/3 over QUIC: a server that answers everything, and one on the next port that proves addresses first; and a client of both."""

import asyncio
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve as listen
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion


class Server(QuicConnectionProtocol):
    http = None

    def quic_event_received(self, event):
        self.http = self.http or H3Connection(self._quic)
        for heard in self.http.handle_event(event):
            if isinstance(heard, HeadersReceived):
                self.http.send_headers(heard.stream_id, [(b":status", b"200"), (b"server", b"demo")])
                self.http.send_data(heard.stream_id, b"hello\n" * 20, end_stream=True)
                self.transmit()


class Client(QuicConnectionProtocol):
    http = None
    answered = None

    def quic_event_received(self, event):
        if self.http:
            for heard in self.http.handle_event(event):
                if isinstance(heard, DataReceived) and heard.stream_ended:
                    self.answered.set_result(True)

    async def get(self, path):
        self.http = self.http or H3Connection(self._quic)
        self.answered = asyncio.get_running_loop().create_future()
        stream = self._quic.get_next_available_stream_id()
        head = {":method": "GET", ":scheme": "https", ":authority": "shop.example.com", ":path": path}
        self.http.send_headers(stream, [(name.encode(), value.encode()) for name, value in head.items()], end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.answered, 3)


class Tickets(dict):
    def add(self, ticket):
        self[ticket.ticket] = ticket


async def serve(port):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain("/srv/cert.pem", "/srv/key.pem")
    tickets = Tickets()
    for number, retry in [(port, False), (port + 1, True)]:
        await listen(
            "127.0.0.1", number, configuration=configuration, create_protocol=Server, retry=retry,
            session_ticket_fetcher=tickets.get, session_ticket_handler=tickets.add,
        )
    await asyncio.Future()


async def talk(port):
    tickets = []

    async def visit(port, paths, **options):
        configuration = QuicConfiguration(
            is_client=True, verify_mode=ssl.CERT_NONE, server_name="shop.example.com", **({"alpn_protocols": H3_ALPN} | options)
        )
        try:
            async with connect(
                "127.0.0.1", port, configuration=configuration, create_protocol=Client, session_ticket_handler=tickets.append
            ) as client:
                for path in paths:
                    await client.get(path)
        except (ConnectionError, asyncio.TimeoutError) as error:
            print(repr(error))

    await visit(port, ["/", "/orders?page=1"])
    await visit(port, ["/resumed"], session_ticket=tickets[-1] if tickets else None)
    await visit(port, ["/second"], supported_versions=[QuicProtocolVersion.VERSION_2], original_version=QuicProtocolVersion.VERSION_2)
    await visit(port + 1, ["/proved"])
    await visit(port, [], alpn_protocols=["nonsense"])
    await visit(port, ["/greased"], original_version=0x1A2A3A4A, supported_versions=[0x1A2A3A4A, QuicProtocolVersion.VERSION_1])


command, port = sys.argv[1:]
asyncio.run({"serve": serve, "talk": talk}[command](int(port)))
