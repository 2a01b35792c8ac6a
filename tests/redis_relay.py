"""Between a client and its Redis: counts round trips, and can hold back, garble or cut what comes back."""

import contextlib
import socket
import threading

from .listener import Listener


class Relay:
    """
    Has a port of its own, and a thread for each direction of a connection.

    Attributes:
        turns: How often the client has spoken after the server, or first.
        spoil: What becomes of a piece of the server's answer; None: the connection is cut.
    """

    def __init__(self, port: int) -> None:
        self.turns = 0
        self.spoil = lambda piece: piece
        self._port = port
        listener = Listener(self._serve)
        self.url = f"redis://{listener.address}/0"
        self.close = listener.close

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._port))
        said_by: list[str] = []
        threading.Thread(target=self._pass_on, args=(server, client, "server", said_by), daemon=True).start()
        self._pass_on(client, server, "client", said_by)

    def _pass_on(self, own: socket.socket, other: socket.socket, name: str, said_by: list[str]) -> None:
        with contextlib.suppress(OSError), own, other:
            while piece := own.recv(65536):
                if said_by[-1:] != [name]:
                    said_by.append(name)
                    self.turns += name == "client"
                if name == "server":
                    piece = self.spoil(piece)
                    if piece is None:
                        # Wakes the other thread too.
                        own.shutdown(socket.SHUT_RDWR)
                        break
                other.sendall(piece)
