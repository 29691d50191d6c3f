"""Runs the tests' commands in a guest. A connection is a command. There comes a request (its length in 4 bytes, then JSON),
then a byte for each signal to be sent. Back go frames of a letter, a length in 4 bytes and that many bytes: o (stdout),
e (stderr), x (the end: the exit code, negative for a signal). When the connection closes before the end, the command is
killed with its process group. Numbers are big-endian."""

import json
import os
import select
import signal
import socket
import sys

CHUNK = 65536


def main(address, port):
    listener = socket.create_server((address, port), backlog=64)
    # This is process 1: every orphan of the guest is its child, and goes by itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("lab: ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                serve(connection)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(0)
        connection.close()


def serve(connection):
    size = receive(connection, 4)
    request = json.loads(receive(connection, int.from_bytes(size, "big")))
    pid, outputs = start(request)
    try:
        attend(connection, pid, outputs)
    except ConnectionError:
        pass
    finally:
        os.killpg(pid, signal.SIGKILL)


def attend(connection, pid, outputs):
    """Passes outputs and signals on until the command has ended or the connection has closed."""
    end = os.pidfd_open(pid)
    readable = select.poll()
    for fd in (connection.fileno(), end, *outputs):
        readable.register(fd, select.POLLIN)
    while True:
        for fd, _ in readable.poll():
            if fd in outputs:
                if not pass_on(connection, outputs[fd], fd):
                    readable.unregister(fd)
            elif fd == end:
                # Descendants may keep the outputs open: the end of the command is the end.
                for output, letter in outputs.items():
                    os.set_blocking(output, False)
                    while pass_on(connection, letter, output):
                        pass
                info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
                code = info.si_status if info.si_code == os.CLD_EXITED else -info.si_status
                return send(connection, b"x", str(code).encode())
            else:
                numbers = connection.recv(CHUNK)
                for number in numbers:
                    os.killpg(pid, number)
                if not numbers:
                    return


def start(request):
    """Returns the process id and the read ends of its outputs, each with the letter of its frames."""
    stdin = os.memfd_create("stdin")
    with os.fdopen(os.dup(stdin), "wb") as file:
        file.write(request["input"].encode())
    os.lseek(stdin, 0, os.SEEK_SET)
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            for fd, target in ((stdin, 0), (out_end, 1), (err_end, 2)):
                os.dup2(fd, target)
            os.chdir(request["cwd"])
            os.execve("/bin/bash", ["bash", "-c", request["command"]], request["env"])
        except OSError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(127)
    try:
        # Here too: a signal may be due before the child has run.
        os.setpgid(pid, pid)
    except PermissionError:
        pass  # It runs the command already.
    for fd in (stdin, out_end, err_end):
        os.close(fd)
    return pid, {out: b"o", err: b"e"}


def pass_on(connection, letter, fd):
    """Whether there may be more to read."""
    try:
        data = os.read(fd, CHUNK)
    except BlockingIOError:
        return False
    if data:
        send(connection, letter, data)
    return bool(data)


def send(connection, letter, data):
    connection.sendall(letter + len(data).to_bytes(4, "big") + data)


def receive(connection, size):
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("closed in the middle of a request")
        data += chunk
    return data


main(sys.argv[1], int(sys.argv[2]))
