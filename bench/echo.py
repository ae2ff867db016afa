"""Round trips of 64 bytes over one TCP connection: `echo.py serve PORT`, `echo.py ask ADDRESS PORT COUNT`.

The client prints the microseconds of each round trip, sorted, one a line.
"""

import socket
import sys
import time

SIZE = 64


def receive(connection):
    got = b""
    while len(got) < SIZE:
        part = connection.recv(SIZE - len(got))
        if not part:
            return None
        got += part
    return got


def serve(port):
    with socket.create_server(("", port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while (got := receive(connection)) is not None:
                    connection.sendall(got)


def ask(address, port, count):
    with socket.create_connection((address, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = []
        for _ in range(count):
            started = time.perf_counter_ns()
            connection.sendall(b"x" * SIZE)
            receive(connection)
            times.append((time.perf_counter_ns() - started) / 1000)
        print("\n".join(f"{each:.1f}" for each in sorted(times)))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
