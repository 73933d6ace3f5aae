"""Connections of a machine that is suddenly not there any more."""
import os
import socket

import wire
import zmtp
from attack import Attack
from programs import listening_ports


class HalfOpen(Attack):
    """Opens all kinds of connections to all honest programs; then its network drops every packet."""

    def run(self):
        scene = self.scene
        held = []
        content = scene.content
        listener = socket.socket()
        listener.bind((self.address, 0))
        listener.listen(100)
        port = listener.getsockname()[1]
        asks = [
            b"", zmtp.greeting(), zmtp.opening(), zmtp.opening() + zmtp.frames(wire.message("Ping", 1)),
            zmtp.opening() + zmtp.frames(wire.message("Ping", 1))[:-2],
            zmtp.opening() + zmtp.frames(wire.register(port=port, peer=os.urandom(16))),
            zmtp.opening() + zmtp.frames(wire.find("**", wire.BY_PATTERN)) * 100,
            zmtp.opening() + zmtp.frames(wire.message("GetManifests", 3, contents=[content.id])) * 100,
            zmtp.opening() + zmtp.frames(wire.request(wire.want(
                content.id, port, os.urandom(16), 1 << 30, range(content.count), swarm=True, serves=port))),
            zmtp.opening(b"PUSH"), zmtp.opening(b"PUSH") + zmtp.frame(bytes(32), zmtp.MORE)]
        targets = [scene.tracker, scene.source]
        targets += [(scene.host, port) for port in listening_ports(scene.sink_pid)]
        for _ in range(10):
            for target in targets:
                for ask in asks:
                    try:
                        sock = zmtp.connect(target, self.address, window=4096)
                        self.connections += 1
                        held.append(sock)
                        zmtp.say(sock, ask)
                        self.messages += 1
                        self.bytes += len(ask)
                    except OSError:
                        self.note("cut by the victim")
        listener.settimeout(0.2)
        while self.running():
            try:
                sock = listener.accept()[0]
                held.append(sock)
                sock.settimeout(0.5)
                zmtp.greet(sock)
                sock.sendall(zmtp.ready(b"PULL"))
                self.note("data connections")
            except OSError:
                pass
