"""The kernel's round trip of TCP handshakes, read by a program that has nothing in common with weft: a JSON list of ns."""

import json
import socket
import struct
import sys
import time

PAUSE_S = 0.01
TCP_INFO_BYTES = 104
RTT_OFFSET = 68  # tcpi_rtt of struct tcp_info, us

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
times = []
for _ in range(count):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.connect((host, port))
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        times.append(struct.unpack_from("I", info, RTT_OFFSET)[0] * 1000)
    time.sleep(PAUSE_S)
print(json.dumps(times))
