#!/usr/bin/env bash
# POCO 1.11.0: ServerSocket(address) and bind(address, true) turn on SO_REUSEPORT, which no one asked for.
# The documentation of both names SO_REUSEADDR alone ("If reuseAddress is true, sets the SO_REUSEADDR socket
# option"). Two processes of one user listen on one port then, and neither gets "Address already in use":
# the kernel gives each of them a part of the connections. A server that was started twice, or one that was
# not quite stopped, answers some of its clients out of old state. bind(address) and bind(address, true,
# false) do what one thinks.
#
# Seen: Debian 12, libpoco 1.11.0-3+deb12u1, two processes and 200 connections for each row:
#   ServerSocket(address): the second process listens too and got 99 of 200 connections (by chance)
#   bind(address, true): the second process listens too and got 104 of 200 connections (by chance)
#   bind(address): the second process: Address already in use
#   bind(address, true, false): the second process: Address already in use
# Needs: g++, apt-get, Linux. Exits 1 if the behaviour has changed.
set -euo pipefail
version=1.11.0-3+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for name in libpoco-dev libpocofoundation80 libpoconet80; do
  apt-get download -q "$name=$version" >/dev/null 2>&1
done
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >program.cc <<'PROGRAM'
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <functional>
#include <iostream>
#include <vector>
using namespace Poco::Net;
using Listen = std::function<ServerSocket(const SocketAddress&)>;

// The number of connections that a second process was given, or -1 if it could not listen.
int second_process_got(const char* name, const Listen& listen) {
  ServerSocket first = listen(SocketAddress("127.0.0.1", 0));
  const SocketAddress address = first.address();
  int ready[2], result[2];
  if (pipe(ready) != 0 || pipe(result) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    first.close();
    int got = -1;
    std::string failure;
    try {
      ServerSocket second = listen(address);
      got = 0;
      write(ready[1], "1", 1);
      while (second.poll(Poco::Timespan(1, 0), Socket::SELECT_READ)) {
        second.acceptConnection();
        ++got;
      }
    } catch (const Poco::IOException& refused) {
      std::cout << name << ": the second process: " << refused.message().substr(0, 22) << std::endl;
      write(ready[1], "0", 1);
    }
    write(result[1], &got, sizeof got);
    _exit(0);
  }
  char listens = 0;
  read(ready[0], &listens, 1);
  std::vector<StreamSocket> clients;
  if (listens == '1') {
    for (int i = 0; i < 200; ++i) clients.emplace_back(address);
  }
  int got = 0;
  read(result[0], &got, sizeof got);
  waitpid(child, nullptr, 0);
  if (got >= 0) {
    std::cout << name << ": the second process listens too and got " << got << " of 200 connections" << std::endl;
  }
  return got;
}

ServerSocket bound(const std::function<void(ServerSocket&)>& bind) {
  ServerSocket socket;
  bind(socket);
  socket.listen(250);
  return socket;
}

int main() {
  const int one = second_process_got("ServerSocket(address)",
                                     [](const SocketAddress& a) { return ServerSocket(a, 250); });
  const int two = second_process_got("bind(address, true)", [](const SocketAddress& a) {
    return bound([&](ServerSocket& s) { s.bind(a, true); });
  });
  const int three = second_process_got("bind(address)", [](const SocketAddress& a) {
    return bound([&](ServerSocket& s) { s.bind(a); });
  });
  const int four = second_process_got("bind(address, true, false)", [](const SocketAddress& a) {
    return bound([&](ServerSocket& s) { s.bind(a, true, false); });
  });
  return one > 0 && two > 0 && three == -1 && four == -1 ? 0 : 1;
}
PROGRAM
library=root/usr/lib/$(gcc -print-multiarch)
g++ -w -std=c++17 program.cc -Iroot/usr/include "$library"/libPocoNet.so.80 \
  "$library"/libPocoFoundation.so.80 -Wl,-rpath-link,"$library" -o program
LD_LIBRARY_PATH=$library ./program
