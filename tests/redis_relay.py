"""Between a client and its Redis: counts round trips, and can hold back, garble or cut what comes back."""

import contextlib
import socket
import threading


class Relay:
    """
    Listens on a port of its own; a thread for each direction of a connection.

    Attributes:
        turns: How often the client has spoken after the server, or first.
        spoil: What becomes of a piece of the server's answer; None: the connection is cut.
    """

    def __init__(self, port: int) -> None:
        self.turns = 0
        self.spoil = lambda piece: piece
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                said_by: list[str] = []
                for own, other, name in ((client, server, "client"), (server, client, "server")):
                    threading.Thread(target=self._pass_on, args=(own, other, name, said_by), daemon=True).start()

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
