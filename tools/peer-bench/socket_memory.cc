#include "tools/peer-bench/socket_memory.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>

// The kernel's memory for sockets, asked by netlink (sock_diag(7)): /proc/net/tcp has the bytes in
// the queues, but not the memory that they take. In: the server's port. Out: bytes for each
// established connection of IPv4, which is all that this generator makes. One thread; waits for the
// kernel only.
namespace peer::bench {
namespace {

bool ask(int fd) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = 1U << TCP_ESTABLISHED;
  question.request.idiag_ext = 1U << (INET_DIAG_SKMEMINFO - 1);
  return ::send(fd, &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
}

std::uint64_t memory_in(const nlmsghdr* header, const inet_diag_msg* socket) {
  const auto* attribute = reinterpret_cast<const rtattr*>(socket + 1);
  auto left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *socket));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != INET_DIAG_SKMEMINFO) continue;
    const auto* memory = static_cast<const std::uint32_t*>(RTA_DATA(attribute));
    return std::uint64_t{memory[SK_MEMINFO_WMEM_QUEUED]} + memory[SK_MEMINFO_RMEM_ALLOC];
  }
  return 0;
}

/// Reads one part of the answer; returns false behind the last.
bool read_part(int fd, std::uint16_t port, std::vector<std::uint64_t>& found) {
  alignas(nlmsghdr) std::array<char, 32768> part;
  const ssize_t received = ::recv(fd, part.data(), part.size(), 0);
  if (received <= 0) return false;
  auto left = static_cast<std::uint32_t>(received);
  for (auto* header = reinterpret_cast<nlmsghdr*>(part.data()); NLMSG_OK(header, left);
       header = NLMSG_NEXT(header, left)) {
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;  // done, or an error
    const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
    if (ntohs(socket->id.idiag_sport) == port) found.push_back(memory_in(header, socket));
  }
  return true;
}

}  // namespace

std::vector<std::uint64_t> socket_memory(std::uint16_t port) {
  std::vector<std::uint64_t> found;
  const int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return found;
  if (ask(fd)) {
    while (read_part(fd, port, found)) {
    }
  }
  ::close(fd);
  std::sort(found.begin(), found.end(), std::greater<>());
  return found;
}

}  // namespace peer::bench
