# SPDX-License-Identifier: GPL-2.0
"""
What lttng-relayd is to who reads live sessions, for traces that are made here: it has one
session for each directory of a trace, which ends when all of it was read. It may lose the
connection once, and a session may have no news until it is allowed to.
"""

import os
import socketserver
import struct
import threading

CONNECT, LIST, ATTACH, NEXT_INDEX, PACKET, METADATA, NEW_STREAMS, CREATE, DETACH = range(1, 10)
# The protocol that is spoken here. Of it and a viewer's the older one is taken.
MAJOR, MINOR = 2, 4
OK = 1
NO_NEW = RETRY = 2
HUP = 3
STREAMS_HUP = 4


class Stream:
    """A stream's file and its packets; or the metadata"""

    def __init__(self, number, path, trace):
        self.number, self.trace = number, trace
        self.name = os.path.basename(path)
        with open(path, "rb") as file:
            self.data = file.read()
        self.is_metadata = self.name == "metadata"
        self.at = 0

    def next_index(self):
        """The answer, of the packet that is next"""
        if self.at == len(self.data):
            return struct.pack(">7Q2I", 0, 0, 0, 0, 0, 0, 0, HUP, 0)
        begin, end, content, size, discarded = struct.unpack_from("<5Q", self.data, self.at + 8)
        offset = self.at
        self.at += size // 8
        return struct.pack(">7Q2I", offset, size, content, begin, end, discarded, 0, OK, 0)

    def describe(self):
        return struct.pack(">QQI4096s255s", self.number, self.trace, self.is_metadata,
                           b"", self.name.encode())


class Viewer(socketserver.BaseRequestHandler):
    """A connection of one viewer, with streams of its own"""

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.request.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def handle(self):
        self.streams = {}
        try:
            while True:
                size, what, _ = struct.unpack(">QII", self.take(16))
                self.request.sendall(self.answer(what, self.take(size)))
        except (EOFError, ConnectionError):
            pass

    def answer(self, what, data):
        if what == CONNECT:
            return struct.pack(">QIII", 1, MAJOR, MINOR, 0)
        if what == CREATE:
            return struct.pack(">I", OK)
        if what == DETACH:
            return struct.pack(">I", OK)
        if what == LIST:
            return self.sessions()
        if what == ATTACH:
            return self.attach(struct.unpack(">Q", data[:8])[0])
        if what == NEW_STREAMS:
            return struct.pack(">II", STREAMS_HUP, 0)
        stream = self.streams[struct.unpack(">Q", data[:8])[0]]
        if what == NEXT_INDEX:
            return self.next_index(stream)
        if what == METADATA:
            text, stream.data = stream.data, b""
            return struct.pack(">QI", len(text), OK if text else NO_NEW) + text
        offset, size = struct.unpack(">QI", data[8:])
        return struct.pack(">III", OK, size, 0) + stream.data[offset:offset + size]

    def next_index(self, stream):
        if stream.trace == self.server.held and not self.server.go_on.is_set():
            return struct.pack(">7Q2I", 0, 0, 0, 0, 0, 0, 0, RETRY, 0)
        if self.server.breaks_after is not None:
            self.server.breaks_after -= 1
            if self.server.breaks_after < 0:
                self.server.breaks_after = None
                raise EOFError
        return stream.next_index()

    def sessions(self):
        paths = self.server.paths
        return struct.pack(">I", len(paths)) + b"".join(
            struct.pack(">QIII64s255s", number, 1000, 0, len(os.listdir(path)),
                        os.path.basename(path).encode(), b"s")
            for number, path in enumerate(paths, 1))

    def attach(self, number):
        path = self.server.paths[number - 1]
        for name in sorted(os.listdir(path)):
            key = 1000 * number + len(self.streams)
            self.streams[key] = Stream(key, f"{path}/{name}", number)
        return struct.pack(">II", OK, len(self.streams)) + b"".join(
            stream.describe() for stream in self.streams.values())


class Collector(socketserver.ThreadingTCPServer):
    """
    All of it, until it is closed: breaks_after so many packets the connection is lost, and the
    session of the number held has no news until go_on is set.
    """

    daemon_threads = True

    def __init__(self, paths, breaks_after=None, held=None):
        super().__init__(("127.0.0.1", 0), Viewer)
        self.paths, self.breaks_after, self.held = paths, breaks_after, held
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def urls(self):
        port = self.server_address[1]
        return [f"net://127.0.0.1:{port}/host/{os.path.basename(path)}/s" for path in self.paths]

    def close(self):
        self.shutdown()
        self.server_close()
