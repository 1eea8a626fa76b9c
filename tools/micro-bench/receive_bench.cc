// What an event loop pays to receive: 200 bytes from each of `range` sockets of 64, by epoll with a
// recv() each, and by io_uring's multishot receive into a ring of buffers, whose descriptor stands
// in the same epoll, as it would in a loop that has timers and listeners, too. The CPU time of
// receiving alone is counted; the other side's sends are not.
#include <benchmark/benchmark.h>
#include <liburing.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/net/socket_calls.h"

namespace peer {
namespace {

constexpr std::size_t kSockets = 64;
constexpr std::size_t kMessage = 200;
constexpr unsigned kBuffers = 256;
constexpr std::size_t kBufferSize = 4096;

/// Both ends of a connection over loopback.
struct TcpPair {
  int client = -1;
  int server = -1;

  TcpPair() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::bind(listener, any, size) != 0 || ::listen(listener, 1) != 0 ||
        ::getsockname(listener, any, &size) != 0) {
      throw std::runtime_error("no port on loopback");
    }
    client = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(client, any, size) != 0) throw std::runtime_error("connect() failed");
    server = ::accept(listener, nullptr, nullptr);
    ::close(listener);
  }
  TcpPair(const TcpPair&) = delete;
  TcpPair& operator=(const TcpPair&) = delete;
  ~TcpPair() {
    ::close(client);
    ::close(server);
  }
};

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Has `count` messages sent and received, again and again.
template <typename Receiver>
void measure(benchmark::State& state, std::deque<TcpPair>& pairs, Receiver& receiver) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const std::array<std::uint8_t, kMessage> message{};
  for ([[maybe_unused]] auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) send_some(pairs[i].client, message);
    const double before = cpu_seconds();
    std::size_t bytes = 0;
    while (bytes < count * kMessage) bytes += receiver.receive();
    state.SetIterationTime(cpu_seconds() - before);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

struct Epoll {
  int fd = ::epoll_create1(0);
  std::array<epoll_event, kSockets> events{};

  ~Epoll() { ::close(fd); }
  void add(int socket, std::size_t number) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    ::epoll_ctl(fd, EPOLL_CTL_ADD, socket, &event);
  }
  std::size_t wait() {
    const int count = ::epoll_wait(fd, events.data(), static_cast<int>(events.size()), -1);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }
};

struct ByRecv {
  std::deque<TcpPair>& pairs;
  Epoll epoll{};
  std::array<std::uint8_t, 16384> buffer{};

  explicit ByRecv(std::deque<TcpPair>& all) : pairs(all) {
    for (std::size_t i = 0; i < all.size(); ++i) epoll.add(all[i].server, i);
  }
  std::size_t receive() {
    std::size_t bytes = 0;
    const std::size_t ready = epoll.wait();
    for (std::size_t i = 0; i < ready; ++i) {
      const ssize_t got = receive_some(pairs[epoll.events[i].data.u64].server, buffer);
      if (got > 0) bytes += static_cast<std::size_t>(got);
    }
    benchmark::DoNotOptimize(buffer.data());
    return bytes;
  }
};

class ByMultishot {
 public:
  explicit ByMultishot(std::deque<TcpPair>& pairs) : memory_(kBuffers * kBufferSize) {
    constexpr unsigned kFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (io_uring_queue_init(256, &ring_, kFlags) < 0) throw std::runtime_error("no io_uring here");
    const std::size_t bytes = kBuffers * sizeof(io_uring_buf);
    if (::posix_memalign(&table_, 4096, bytes) != 0) throw std::bad_alloc();
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(table_);
    registration.ring_entries = kBuffers;
    if (io_uring_register_buf_ring(&ring_, &registration, 0) < 0) {
      throw std::runtime_error("no buffer rings here");
    }
    buffers_ = static_cast<io_uring_buf_ring*>(table_);
    io_uring_buf_ring_init(buffers_);
    for (unsigned i = 0; i < kBuffers; ++i) give_back(i, static_cast<int>(i));
    io_uring_buf_ring_advance(buffers_, kBuffers);
    for (const TcpPair& pair : pairs) arm(pair.server);
    io_uring_submit(&ring_);
    epoll_.add(ring_.ring_fd, 0);
  }
  ~ByMultishot() {
    io_uring_queue_exit(&ring_);
    ::free(table_);
  }

  std::size_t receive() {
    epoll_.wait();
    io_uring_get_events(&ring_);
    std::array<io_uring_cqe*, 128> events{};
    const unsigned count = io_uring_peek_batch_cqe(&ring_, events.data(), events.size());
    std::size_t bytes = 0;
    int given = 0;
    for (unsigned i = 0; i < count; ++i) {
      const io_uring_cqe& event = *events[i];
      if (event.res > 0) {
        bytes += static_cast<std::size_t>(event.res);
        benchmark::DoNotOptimize(memory_.data());
        give_back(event.flags >> IORING_CQE_BUFFER_SHIFT, given++);
      }
      if ((event.flags & IORING_CQE_F_MORE) == 0) arm(static_cast<int>(event.user_data));
    }
    io_uring_buf_ring_advance(buffers_, given);
    io_uring_cq_advance(&ring_, count);
    if (io_uring_sq_ready(&ring_) > 0) io_uring_submit(&ring_);
    return bytes;
  }

 private:
  void give_back(unsigned number, int place) {
    io_uring_buf_ring_add(buffers_, memory_.data() + number * kBufferSize, kBufferSize,
                          static_cast<unsigned short>(number), io_uring_buf_ring_mask(kBuffers),
                          place);
  }
  void arm(int socket) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    io_uring_prep_recv_multishot(entry, socket, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = 0;
    io_uring_sqe_set_data64(entry, static_cast<std::uint64_t>(socket));
  }

  io_uring ring_{};
  std::vector<std::uint8_t> memory_;
  void* table_ = nullptr;
  io_uring_buf_ring* buffers_ = nullptr;
  Epoll epoll_;
};

template <typename Receiver>
void receive(benchmark::State& state) {
  std::deque<TcpPair> pairs(kSockets);
  try {
    Receiver receiver(pairs);
    measure(state, pairs, receiver);
  } catch (const std::runtime_error& reason) {
    state.SkipWithError(reason.what());
  }
}
BENCHMARK(receive<ByRecv>)->Name("receive_by_recv")->Arg(1)->Arg(8)->Arg(64)->UseManualTime();
BENCHMARK(receive<ByMultishot>)
    ->Name("receive_by_multishot")
    ->Arg(1)
    ->Arg(8)
    ->Arg(64)
    ->UseManualTime();

}  // namespace
}  // namespace peer
