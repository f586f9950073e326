"""Connections as a test wants them, in the network namespace that it is run in, over the loopback or to any address.

load.py serve ADDRESS:PORT[,..] [first]     accepts; closes behind the client, or first; says `ready`
load.py fill ADDRESS:PORT[,..] N            N connections, closed here first: N TIME_WAIT sockets
load.py spend ADDRESS:PORT[,..] [from=ADDRESS] [no-port]
                                            connections, closed here first, to each in turn until none gets through;
                                            prints how many did
load.py hold ADDRESS:PORT STATE N           keeps N sockets in STATE until it is ended: established, close-wait,
                                            fin-wait-2, orphans (of FIN_WAIT_2), listen-full; says `ready`
load.py pace ADDRESS:PORT[,..] RATE SECONDS FILE [from=ADDRESS] [no-port] [wait|keep] [burst=N]
                                            connections at a rate, bound to an address before, closed here first or
                                            behind the server (wait), or never (keep); says `ready` at once, and in the file at the end
                                            `made N failed N first SECONDS ERRNO`
"""

import errno
import os
import select
import socket
import sys
import time

IP_BIND_ADDRESS_NO_PORT = 24


def places(text):
    for place in text.split(","):
        address, port = place.rsplit(":", 1)
        address = address.strip("[]")
        yield (socket.AF_INET6 if ":" in address else socket.AF_INET), (address, int(port))


def listen(family, place, backlog=4096, reuse=True):
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    server.bind(place)
    server.listen(backlog)
    return server


def ready():
    print("ready", flush=True)


def serve(where, first=None):
    poll, servers, clients = select.epoll(), {}, {}
    for family, place in places(where):
        server = listen(family, place)
        server.setblocking(False)
        servers[server.fileno()] = server
        poll.register(server, select.EPOLLIN)
    ready()
    while True:
        for number, _ in poll.poll():
            if number in servers:
                try:
                    client, _ = servers[number].accept()
                except BlockingIOError:
                    continue
                if first:
                    client.close()
                else:
                    clients[client.fileno()] = client
                    poll.register(client, select.EPOLLIN)
            elif not clients[number].recv(4096):
                poll.unregister(number)
                clients.pop(number).close()


def fill(where, number):
    servers = [(listen(family, place), family, place) for family, place in places(where)]
    for at in range(int(number)):
        server, family, place = servers[at % len(servers)]
        client = socket.socket(family)
        client.connect(place)
        accepted, _ = server.accept()
        client.close()
        accepted.recv(1)
        accepted.close()


def client_socket(family, options):
    """A socket that is bound as the options say."""
    client = socket.socket(family)
    source = next((option[5:] for option in options if option.startswith("from=")), None)
    if "no-port" in options:
        client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    if source:
        client.bind((source, 0))
    return client


def spend(where, *options):
    servers = [(listen(family, place), family, place) for family, place in places(where)]
    made = 0
    while servers:
        for entry in list(servers):
            server, family, place = entry
            try:
                client = client_socket(family, options)
                client.connect(place)
            except OSError:
                servers.remove(entry)
                continue
            accepted, _ = server.accept()
            client.close()
            accepted.recv(1)
            accepted.close()
            made += 1
    print(made)


def hold(where, state, number):
    family, place = next(places(where))
    number = int(number)
    kept = [listen(family, place, 1 if state == "listen-full" else 4096)]
    for _ in range(number):
        client = socket.socket(family)
        if state == "listen-full":
            client.setblocking(False)
            client.connect_ex(place)
            kept.append(client)
            continue
        client.connect(place)
        accepted, _ = kept[0].accept()
        if state == "close-wait":
            accepted.close()
        elif state == "fin-wait-2":
            client.shutdown(socket.SHUT_WR)
            kept.append(accepted)
        elif state == "orphans":
            client.close()
            kept.append(accepted)
            continue
        else:
            kept.append(accepted)
        kept.append(client)
    ready()
    time.sleep(600)


def pace(where, rate, seconds, file, *options):
    targets = list(places(where))
    burst = next((int(option[6:]) for option in options if option.startswith("burst=")), 1)
    rate, seconds = float(rate), float(seconds)
    made = failed = 0
    kept = []
    first = None
    ready()
    start = due = time.monotonic()
    while True:
        now = time.monotonic()
        if now - start >= seconds:
            break
        if due > now:
            time.sleep(min(due - now, start + seconds - now))
            continue
        family, place = targets[(made + failed) % len(targets)]
        # What a busy machine held up is not made up for: that would be a burst.
        if (made + failed) % burst == burst - 1:
            due = max(due + burst / rate, now)
        client = None
        try:
            client = client_socket(family, options)
            client.connect(place)
            made += 1
            if "wait" in options:
                client.recv(1)
        except OSError as error:
            failed += 1
            if first is None:
                first = (time.monotonic() - start, error.errno)
        if client is None:
            continue
        if "keep" in options:
            kept.append(client)
        else:
            client.close()
    when, why = first or (0, 0)
    with open(file, "w") as out:
        out.write(f"made {made} failed {failed} first {when:.3f} {errno.errorcode.get(why, '-')}\n")


if __name__ == "__main__":
    command = {"serve": serve, "fill": fill, "spend": spend, "hold": hold, "pace": pace}[sys.argv[1]]
    try:
        command(*sys.argv[2:])
    except KeyboardInterrupt:
        os._exit(0)
