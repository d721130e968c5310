"""TLS connections of a client host of ../capture: tls_sessions.py ADDRESS PORT SEED. New ones and resumed, 1.2 and 1.3."""

import random
import socket
import ssl
import sys

address, port, seeded = sys.argv[1], int(sys.argv[2]), random.Random(f"sessions {sys.argv[3]}")
for _ in range(4):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    if seeded.random() < 0.4:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    name = seeded.choice(["secure.example.com", "login.example.com", "cdn.example.com"])
    session = None
    for _ in range(3):
        with socket.create_connection((address, port)) as plain, context.wrap_socket(plain, server_hostname=name, session=session) as secure:
            for last in (False, True):
                path = f"/{seeded.choice(['api/items', 'img'])}/{seeded.randrange(120)}".replace("items/", "items/x")
                secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: {'close' if last else 'keep-alive'}\r\n\r\n".encode())
                while not last and b"\r\n\r\n" not in secure.recv(65536):
                    pass
            while secure.recv(65536):
                pass
            session = secure.session
